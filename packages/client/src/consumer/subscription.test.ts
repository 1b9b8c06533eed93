/** What a member asks the group for, where its partitions begin, and what it tells about them. */

import { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it, vi } from "vitest";
import { FakeCluster, type FakeSession } from "../testing/fake-cluster.js";
import { batchOf, settled, testClient } from "../testing/test-client.js";
import type { Consumer } from "./consumer.js";

function filled(...topics: readonly string[]): FakeCluster {
  const cluster = new FakeCluster({ brokers: 1 });
  for (const topic of topics) {
    cluster.createTopic(topic, 2);
    for (const partition of [0, 1]) cluster.append(topic, partition, batchOf("a", "b", "c"));
  }
  return cluster;
}

async function session(cluster: FakeCluster, index = 0): Promise<FakeSession> {
  await vi.waitFor(() => expect(cluster.sessions[index]?.received.length).toBeGreaterThan(0));
  return cluster.sessions[index] as FakeSession;
}

function join(to: FakeSession): void {
  to.send({ event: "joined", joined: { memberId: "m-1", heartbeatIntervalMs: 1000 } });
}

function assign(to: FakeSession, generation: number, ...partitions: readonly (readonly [string, number])[]): void {
  const assigned = partitions.map(([topic, partition]) => ({ topic, partition }));
  to.send({ event: "assignment", assignment: { generation, partitions: assigned } });
}

const joined = (of: FakeSession) => of.received.flatMap(({ join: sent }) => (sent ? [sent] : []));
const resubscribed = (of: FakeSession) =>
  of.received.flatMap(({ resubscribe }) => (resubscribe ? [resubscribe.topics] : []));
const idle = { eachMessage: () => undefined };

/** A member that reads and does nothing with it. */
async function member(cluster: FakeCluster, consumer: Consumer, index = 0): Promise<FakeSession> {
  const running = consumer.run({ autoCommit: false, eachMessage: () => undefined });
  const opened = await session(cluster, index);
  join(opened);
  await running;
  return opened;
}

describe("a pattern", () => {
  it("asks for the topics that match, also those made later, and no more for those that are gone", async () => {
    const cluster = filled("orders-1", "orders-2", "users");
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topics: [/^orders-/g, "users"] });
    const running = consumer.run(idle);
    const opened = await session(cluster);
    expect(joined(opened)).toMatchObject([{ topics: ["orders-1", "orders-2", "users"] }]);
    join(opened);
    await running;
    cluster.createTopic("orders-3", 1);
    clock.advance(10_000);
    await vi.waitFor(() => expect(resubscribed(opened)).toEqual([["orders-1", "orders-2", "orders-3", "users"]]));
    clock.advance(10_000);
    await settled();
    expect(resubscribed(opened)).toHaveLength(1);
    cluster.deleteTopic("orders-1");
    clock.advance(10_000);
    await vi.waitFor(() => expect(resubscribed(opened).at(-1)).toEqual(["orders-2", "orders-3", "users"]));
    await client.close();
    expect(clock.timerCount).toBe(0);
  });

  it("is said with the join where the topics changed while there was no session", async () => {
    const cluster = filled("a-1");
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = client.consumer({ groupId: "g", metadataMaxAge: 1000 });
    await consumer.subscribe({ topic: /^a-/ });
    const running = consumer.run(idle);
    const opened = await session(cluster);
    cluster.createTopic("a-2", 1);
    // The join is not answered yet.
    clock.advance(1000);
    await settled();
    join(opened);
    await running;
    await vi.waitFor(() => expect(resubscribed(opened)).toEqual([["a-1", "a-2"]]));
    opened.end(new SluiceError("NOT_COORDINATOR", { broker: 1, group: "g", coordinator: 1 }));
    await settled();
    clock.advance(100);
    const again = await session(cluster, 1);
    expect(joined(again)).toMatchObject([{ topics: ["a-1", "a-2"] }]);
    const closed = client.close();
    await settled();
    clock.advance(1000);
    await closed;
  });

  it("joins although nothing matches yet", async () => {
    const cluster = filled("users");
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topic: /^none/ });
    const opened = await member(cluster, consumer);
    expect(joined(opened)).toMatchObject([{ topics: [] }]);
  });
});

describe("where the group has nothing committed", () => {
  /** Where partitions begin, as they come. */
  const beginnings = (consumer: Consumer): string[] => {
    const begun: string[] = [];
    consumer.on(consumer.events.ASSIGN, ({ payload }) => {
      for (const { topic, partition, offset } of payload.partitions) begun.push(`${topic}-${partition}:${offset}`);
    });
    return begun;
  };
  const positions = (consumer: Consumer) =>
    consumer.position().map(({ topic, partition, offset }) => `${topic}-${partition}:${offset}`);

  it("keeps where it began with latest at once, so that a later member loses nothing", async () => {
    const cluster = filled("t");
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topics: ["t"] });
    const opened = await member(cluster, consumer);
    assign(opened, 1, ["t", 0], ["t", 1]);
    await vi.waitFor(() => expect(cluster.committed.size).toBe(2));
    expect([...cluster.committed]).toEqual([
      ["t-0", 3],
      ["t-1", 3],
    ]);
    expect(positions(consumer)).toEqual(["t-0:3", "t-1:3"]);
  });

  it("begins a partition that was added since at its first message, whatever startFrom says", async () => {
    const cluster = filled("t");
    await using client = testClient(cluster);
    const first = client.consumer({ groupId: "g" });
    await first.subscribe({ topics: ["t"] });
    assign(await member(cluster, first), 1, ["t", 0]);
    await vi.waitFor(() => expect(cluster.committed.size).toBe(1));
    await first.close();
    cluster.addPartitions("t", 1);
    cluster.append("t", 2, batchOf("new"));
    const second = client.consumer({ groupId: "g" });
    await second.subscribe({ topics: ["t"] });
    const begun = beginnings(second);
    assign(await member(cluster, second, 1), 2, ["t", 0], ["t", 1], ["t", 2]);
    // Partition 1 was there when the group began, and nobody had it: it begins where startFrom says.
    await vi.waitFor(() => expect(begun).toEqual(["t-0:3", "t-1:3", "t-2:0"]));
  });

  it("takes a partition for newer where all below it are committed by somebody else", async () => {
    const cluster = filled("t");
    cluster.committed.set("t-0", 1);
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topics: ["t"] });
    const begun = beginnings(consumer);
    assign(await member(cluster, consumer), 1, ["t", 1]);
    await vi.waitFor(() => expect(begun).toEqual(["t-1:0"]));
  });

  it.each([
    [{ timestamp: 1001 }, 1],
    [{ timestamp: new Date(1002) }, 2],
    ["latest", 3],
    ["earliest", 0],
  ] as const)("begins at startFrom %j", async (startFrom, offset) => {
    const cluster = filled("t");
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g", startFrom });
    await consumer.subscribe({ topics: ["t"] });
    const begun: unknown[] = [];
    consumer.on(consumer.events.ASSIGN, ({ payload }) => begun.push(payload.partitions));
    assign(await member(cluster, consumer), 1, ["t", 0]);
    await vi.waitFor(() => expect(begun).toEqual([[{ topic: "t", partition: 0, offset }]]));
  });

  it.each([/^t/, "t-later"])("begins a topic that was made later at its first message: %s", async (topic) => {
    const cluster = filled("t");
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = client.consumer({ groupId: "g", allowAutoTopicCreation: false });
    await consumer.subscribe({ topics: [topic] });
    const begun: unknown[] = [];
    consumer.on(consumer.events.ASSIGN, ({ payload }) => begun.push(...payload.partitions));
    const opened = await member(cluster, consumer);
    cluster.createTopic("t-later", 1);
    cluster.append("t-later", 0, batchOf("a", "b"));
    clock.advance(10_000);
    await settled();
    assign(opened, 1, ["t", 1], ["t-later", 0]);
    await vi.waitFor(() =>
      expect(begun).toEqual([
        { topic: "t", partition: 1, offset: 3 },
        { topic: "t-later", partition: 0, offset: 0 },
      ]),
    );
    const closed = client.close();
    await settled();
    clock.advance(1000);
    await closed;
  });

  it("goes by what subscribe said for each topic", async () => {
    const cluster = filled("t", "u");
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topic: "t", fromBeginning: true });
    await consumer.subscribe({ topic: "u" });
    const begun: unknown[] = [];
    consumer.on(consumer.events.ASSIGN, ({ payload }) => begun.push(...payload.partitions));
    assign(await member(cluster, consumer), 1, ["t", 0], ["u", 0]);
    await vi.waitFor(() =>
      expect(begun).toEqual([
        { topic: "t", partition: 0, offset: 0 },
        { topic: "u", partition: 0, offset: 3 },
      ]),
    );
  });

  it("begins where all of a topic was sought before it ran, each partition once", async () => {
    const cluster = filled("t");
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topics: ["t"] });
    await consumer.seek({ topic: "t", offset: "1" });
    const begun: unknown[] = [];
    consumer.on(consumer.events.ASSIGN, ({ payload }) => begun.push(...payload.partitions));
    const opened = await member(cluster, consumer);
    assign(opened, 1, ["t", 0], ["t", 1]);
    await vi.waitFor(() => expect(begun).toHaveLength(2));
    assign(opened, 2, ["t", 0]);
    await vi.waitFor(() => expect(consumer.assignment()).toHaveLength(1));
    assign(opened, 3, ["t", 0], ["t", 1]);
    await vi.waitFor(() => expect(begun).toHaveLength(3));
    expect(begun).toEqual([
      { topic: "t", partition: 0, offset: 1 },
      { topic: "t", partition: 1, offset: 1 },
      { topic: "t", partition: 1, offset: 3 },
    ]);
  });
});

describe("a rebalance", () => {
  it("commits what it gives up once, and no automatic commit comes between", async () => {
    const cluster = filled("t");
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = client.consumer({ groupId: "g", startFrom: "earliest", autoCommitInterval: 100 });
    await consumer.subscribe({ topics: ["t"] });
    let release: () => void = () => undefined;
    const running = consumer.run({
      eachMessage: ({ message }) => {
        if (message.offset === 0) return undefined;
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    });
    const opened = await session(cluster);
    join(opened);
    await running;
    const told: string[] = [];
    consumer.on("consumer.revoke", ({ payload }) => told.push(`revoke ${payload.partitions.length}`));
    consumer.on("consumer.commit_offsets", ({ payload }) => told.push(`commit ${payload.groupGenerationId}`));
    consumer.on("consumer.group_join", ({ payload }) => told.push(`join ${JSON.stringify(payload.memberAssignment)}`));
    consumer.on("consumer.rebalancing", () => told.push("rebalancing"));
    consumer.on("consumer.heartbeat", ({ payload }) => told.push(`heartbeat ${payload.groupGenerationId}`));
    assign(opened, 1, ["t", 0]);
    await vi.waitFor(() => expect(consumer.position()[0]?.offset).toBe(2));
    assign(opened, 2);
    await settled();
    clock.advance(100);
    await settled();
    clock.advance(100);
    await settled();
    expect(told).toEqual(["rebalancing", 'join {"t":[0]}', "rebalancing"]);
    release();
    await vi.waitFor(() => expect(told.slice(3)).toEqual(["commit 2", "revoke 1", "join {}"]));
    expect(cluster.committed.get("t-0")).toBe(2);
    clock.advance(800);
    expect(told.at(-1)).toBe("heartbeat 2");
    expect(consumer.health()).toMatchObject({ state: "running", lastHeartbeat: clock.nowMs() });
    await client.close();
  });

  it("makes a commit of a message that moved away a typed error, even if the partition has come back", async () => {
    const cluster = filled("t");
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g", startFrom: "earliest" });
    await consumer.subscribe({ topics: ["t"] });
    const messages = consumer.messages();
    const first = messages.next();
    const opened = await session(cluster);
    join(opened);
    assign(opened, 1, ["t", 0]);
    const message = (await first).value;
    assign(opened, 2);
    await settled();
    const next = messages.next();
    await vi.waitFor(() => expect(consumer.assignment()).toEqual([]));
    assign(opened, 3, ["t", 0]);
    await next;
    await expect(message?.commit()).rejects.toMatchObject({ code: "PARTITION_NOT_OWNED" });
    await messages.return?.();
  });
});

describe("a subscription", () => {
  it("asks once for topics that are missing to be created, unless told not to", async () => {
    const cluster = filled("t");
    const described = vi.spyOn(cluster, "describe");
    await using client = testClient(cluster, { retry: { retries: 0 } });
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topics: ["missing"] });
    await member(cluster, consumer);
    const asked = () => described.mock.calls.filter(([request]) => request.createMissing).map(([{ topics }]) => topics);
    expect(asked()).toEqual([["missing"]]);
    await consumer.close();
    const other = client.consumer({ groupId: "g", allowAutoTopicCreation: false });
    await other.subscribe({ topics: ["missing"] });
    await member(cluster, other, 1);
    expect(asked()).toHaveLength(1);
  });

  it("is made by the topics that a consumer of a group was made for", async () => {
    const cluster = filled("t", "u");
    await using client = testClient(cluster);
    const consumer = client.consumer({ groupId: "g", topics: ["t", /^u$/], rebalanceTimeout: 7000 });
    const opened = await member(cluster, consumer);
    expect(joined(opened)).toMatchObject([{ topics: ["t", "u"], rebalanceTimeoutMs: 7000 }]);
  });

  it("refuses what is no topic, and keeps nothing of it", async () => {
    await using client = testClient(filled("t"));
    const consumer = client.consumer({ groupId: "g" });
    await expect(consumer.subscribe({ topics: ["t", 7 as never] })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    expect(() => consumer.messages()).toThrow(/subscribe to a topic/);
  });
});
