/** A member of a group against a scripted coordinator: the test is the coordinator. */

import { isSluiceError, SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { toWireError } from "@sluice/protocol";
import { describe, expect, it, vi } from "vitest";
import { FakeCluster, type FakeSession } from "../testing/fake-cluster.js";
import { batchOf, settled, testClient } from "../testing/test-client.js";
import type { Message } from "./message.js";

/** Two partitions of 10 records each, on two brokers. */
function filled(): FakeCluster {
  const cluster = new FakeCluster({ brokers: 2 });
  cluster.createTopic("t", 2);
  const values = Array.from({ length: 10 }, (_, index) => `${index}`);
  for (const partition of [0, 1]) cluster.append("t", partition, batchOf(...values));
  return cluster;
}

async function session(cluster: FakeCluster, index = 0): Promise<FakeSession> {
  await vi.waitFor(() => expect(cluster.sessions[index]?.received.length).toBeGreaterThan(0));
  return cluster.sessions[index] as FakeSession;
}

function join(to: FakeSession, memberId = "m-1"): void {
  to.send({ event: "joined", joined: { memberId, heartbeatIntervalMs: 1000 } });
}

function assign(to: FakeSession, generation: number, ...partitions: readonly number[]): void {
  const assigned = partitions.map((partition) => ({ topic: "t", partition }));
  to.send({ event: "assignment", assignment: { generation, partitions: assigned } });
}

const acknowledged = (of: FakeSession) => of.received.flatMap(({ acknowledge }) => (acknowledge ? [acknowledge] : []));
const text = ({ partition, offset }: Message) => `${partition}:${offset}`;

const unknownMember = () => new SluiceError("UNKNOWN_MEMBER", { member: "m-1", group: "g", reason: "gone" });
const groupOptions = { groupId: "g", startFrom: "earliest", sessionTimeout: 3000 } as const;

describe("a member of a group", () => {
  it("joins, acknowledges, begins where the group is, commits as the member it is, and leaves", async () => {
    const cluster = filled();
    cluster.committed.set("t-0", 7);
    await using client = testClient(cluster, { clientId: "tester" });
    const consumer = client.consumer({ ...groupOptions, assignor: "uniform" });
    await consumer.subscribe({ topics: ["t"] });
    const seen: string[] = [];
    const loop = (async () => {
      for await (const message of consumer) if (seen.push(text(message)) === 3) break;
    })();
    const member = await session(cluster);
    expect(member.received[0]).toMatchObject({
      group: "g",
      memberId: "",
      join: { clientId: "tester", topics: ["t"], sessionTimeoutMs: 3000, assignor: "uniform" },
    });
    join(member);
    assign(member, 4, 0);
    await loop;
    expect(seen).toEqual(["0:7", "0:8", "0:9"]);
    expect(acknowledged(member)).toEqual([{ generation: 4, owned: [{ topic: "t", partition: 0 }] }]);
    expect(cluster.commits).toMatchObject([
      { memberId: "m-1", generationPlusOne: 5, offsets: [{ partition: 0, offset: 9 }] },
    ]);
    // No waiting: whoever closes the client right after has left the group all the same.
    expect(member.received.at(-1)).toMatchObject({ event: "leave", memberId: "m-1" });
  });

  it("heartbeats however long a handler takes", async () => {
    const cluster = filled();
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    let release: () => void = () => undefined;
    const running = consumer.run({
      eachMessage: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    });
    const member = await session(cluster);
    join(member);
    await running;
    assign(member, 1, 0, 1);
    await settled();
    for (let second = 0; second < 60; second++) {
      clock.advance(1000);
      await settled();
    }
    expect(member.received.filter(({ event }) => event === "heartbeat")).toHaveLength(60);
    const closed = client.close();
    release();
    await closed;
    expect(clock.timerCount).toBe(0);
  });

  it("finishes the message in hand, commits, and only then gives a partition up", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    const messages = consumer[Symbol.asyncIterator]();
    const first = messages.next();
    const member = await session(cluster);
    join(member);
    assign(member, 1, 0);
    expect(text((await first).value as Message)).toBe("0:0");
    assign(member, 2, 1);
    await settled();
    expect(acknowledged(member)).toHaveLength(1);
    // Asking for the next message finishes the one in hand.
    expect(text((await messages.next()).value as Message)).toBe("1:0");
    expect(acknowledged(member).at(-1)).toEqual({ generation: 2, owned: [{ topic: "t", partition: 1 }] });
    expect(cluster.commits).toMatchObject([{ generationPlusOne: 3, offsets: [{ partition: 0, offset: 1 }] }]);
    expect(consumer.assignment()).toEqual([{ topic: "t", partition: 1 }]);
    await messages.return?.();
  });

  it("comes back under the same id when its stream breaks or the coordinator moves, and keeps reading", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    const messages = consumer[Symbol.asyncIterator]();
    const first = messages.next();
    const member = await session(cluster);
    join(member);
    assign(member, 1, 0);
    await first;
    cluster.coordinatorId = 2;
    member.end(new SluiceError("NOT_COORDINATOR", { broker: 1, group: "g", coordinator: 2 }));
    const again = await session(cluster, 1);
    expect(again.brokerId).toBe(2);
    expect(again.received[0]).toMatchObject({ memberId: "m-1", event: "join" });
    expect(text((await messages.next()).value as Message)).toBe("0:1");
    join(again);
    assign(again, 1, 0);
    await vi.waitFor(() => expect(acknowledged(again)).toHaveLength(1));
    await messages.return?.();
    expect(cluster.committed.get("t-0")).toBe(1);
  });

  it("joins as a new member when it is not known any more, and drops what it had", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    const messages = consumer[Symbol.asyncIterator]();
    const first = messages.next();
    const member = await session(cluster);
    join(member);
    assign(member, 1, 0);
    await first;
    member.send({ event: "error", error: toWireError(unknownMember()) });
    const again = await session(cluster, 1);
    expect(again.received[0]).toMatchObject({ memberId: "", event: "join" });
    expect(consumer.assignment()).toEqual([]);
    join(again, "m-2");
    assign(again, 5, 0);
    // Nothing was committed, so the message in hand comes again: at least once.
    expect(text((await messages.next()).value as Message)).toBe("0:0");
    await messages.next();
    await messages.return?.();
    expect(cluster.commits).toMatchObject([{ memberId: "m-2", generationPlusOne: 6 }]);
  });

  it("commits again under its new generation when the old one is over", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer({ ...groupOptions, autoCommit: false });
    await consumer.subscribe({ topic: "t" });
    const messages = consumer[Symbol.asyncIterator]();
    const first = messages.next();
    const member = await session(cluster);
    join(member);
    assign(member, 1, 0);
    await first;
    await messages.next();
    cluster.onCommit = ({ generationPlusOne }) => {
      if (generationPlusOne >= 3) return undefined;
      assign(member, 2, 0);
      return new SluiceError("STALE_GENERATION", { generation: 1, group: "g", member: "m-1", currentGeneration: 2 });
    };
    await consumer.commit();
    expect(cluster.commits).toMatchObject([{ generationPlusOne: 3, offsets: [{ partition: 0, offset: 1 }] }]);
    await messages.return?.();
    expect(cluster.commits).toHaveLength(1);
  });

  it("does not begin again with a partition that it lost before what it works on there is done", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const eachMessage = ({ message }: { message: Message }): Promise<void> => {
      begun.push(text(message));
      return new Promise((resolve) => ends.push(resolve));
    };
    const running = consumer.run({ eachMessage, partitionsConsumedConcurrently: 3 });
    const member = await session(cluster);
    join(member);
    assign(member, 1, 0);
    const { finished } = await running;
    await vi.waitFor(() => expect(begun).toEqual(["0:0"]));
    member.send({ event: "error", error: toWireError(unknownMember()) });
    const again = await session(cluster, 1);
    join(again, "m-2");
    assign(again, 5, 0, 1);
    await vi.waitFor(() => expect(begun).toEqual(["0:0", "1:0"]));
    ends[0]?.();
    await vi.waitFor(() => expect(begun).toEqual(["0:0", "1:0", "0:0"]));
    const stopped = consumer.stop();
    for (const end of ends) end();
    await stopped;
    await finished;
  });

  it("does not commit as a new member what it processed as the one before", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer({ ...groupOptions, autoCommit: false });
    await consumer.subscribe({ topic: "t" });
    const messages = consumer[Symbol.asyncIterator]();
    const first = messages.next();
    const member = await session(cluster);
    join(member);
    assign(member, 1, 0);
    await first;
    await messages.next();
    let isLoading = true;
    cluster.onCommit = ({ memberId }) => {
      if (isLoading) return new SluiceError("COORDINATOR_LOADING", { group: "g" });
      return memberId === "m-1" ? unknownMember() : undefined;
    };
    const refused = consumer.commit().catch((error: unknown) => error);
    const waiting = consumer.commit();
    const late = (await messages.next()).value?.commit().catch((error: unknown) => error);
    member.send({ event: "error", error: toWireError(unknownMember()) });
    // Nobody: neither the member that it was nor the one that it will be.
    const between = consumer.commit([{ topic: "t", partition: 0, offset: 1 }]).catch((error: unknown) => error);
    // Meanwhile another member has gone on.
    cluster.committed.set("t-0", 8);
    const again = await session(cluster, 1);
    isLoading = false;
    expect(isSluiceError(await refused, "UNKNOWN_MEMBER")).toBe(true);
    await waiting;
    expect(isSluiceError(await late, "PARTITION_NOT_OWNED")).toBe(true);
    expect(isSluiceError(await between, "PARTITION_NOT_OWNED")).toBe(true);
    join(again, "m-2");
    assign(again, 5, 0);
    expect(text((await messages.next()).value as Message)).toBe("0:8");
    expect(cluster.commits).toEqual([]);
    await messages.return?.();
  });

  it("commits what it gives up although a commit under way left it out", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer({ ...groupOptions, autoCommitInterval: null });
    await consumer.subscribe({ topic: "t" });
    const batches = consumer.batches();
    const first = batches.next();
    const member = await session(cluster);
    join(member);
    assign(member, 1, 0, 1);
    await first;
    await batches.next();
    const third = batches.next();
    await vi.waitFor(() => expect(consumer.position()).toMatchObject([{ offset: 10 }, { offset: 10 }]));
    cluster.onCommit = ({ generationPlusOne }) => {
      if (generationPlusOne >= 3) return undefined;
      assign(member, 2, 1);
      return new SluiceError("STALE_GENERATION", { generation: 1, group: "g", member: "m-1", currentGeneration: 2 });
    };
    await consumer.commit();
    await vi.waitFor(() => expect(acknowledged(member)).toHaveLength(2));
    expect(cluster.commits).toMatchObject([
      { generationPlusOne: 3, offsets: [{ partition: 1, offset: 10 }] },
      { generationPlusOne: 3, offsets: [{ partition: 0, offset: 10 }] },
    ]);
    await consumer.stop();
    await third;
  });

  it("begins where it was sought before it had the partition", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    const messages = consumer[Symbol.asyncIterator]();
    const first = messages.next();
    await consumer.seek({ topic: "t", partition: 1, offset: 6 });
    const member = await session(cluster);
    join(member);
    assign(member, 1, 1);
    expect(text((await first).value as Message)).toBe("1:6");
    await messages.return?.();
  });

  it("begins where it was sought while it looked up where to begin", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    const messages = consumer[Symbol.asyncIterator]();
    const first = messages.next();
    const seeks: Promise<void>[] = [];
    vi.spyOn(cluster.committed, "get").mockImplementationOnce(() => {
      seeks.push(consumer.seek({ topic: "t", partition: 1, offset: 6 }));
      return undefined;
    });
    const member = await session(cluster);
    join(member);
    assign(member, 1, 1);
    expect(text((await first).value as Message)).toBe("1:6");
    expect(await Promise.all(seeks)).toHaveLength(1);
    await messages.return?.();
  });

  it("takes back a join that is not answered yet", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    const running = consumer.run({ eachMessage: () => undefined });
    const member = await session(cluster);
    await consumer.close();
    await running;
    expect(member.received.map(({ event }) => event)).toEqual(["join", "leave"]);
  });

  it.each([["t"], [/^t$/]])("ends well when it is stopped before it has found %s", async (topic) => {
    const cluster = filled();
    await using client = testClient(cluster);
    for (const broker of [1, 2]) cluster.stopBroker(broker);
    const running = client.consumer(groupOptions);
    await running.subscribe({ topic });
    const run = running.run({ eachMessage: () => undefined });
    const iterating = client.consumer(groupOptions);
    await iterating.subscribe({ topic });
    const next = iterating[Symbol.asyncIterator]().next();
    await settled();
    await Promise.all([running.stop(), iterating.stop()]);
    expect(await (await run).finished).toBeUndefined();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("leaves at once although what it processed cannot be committed, because the topic is gone", async () => {
    const cluster = filled();
    cluster.onCommit = () => new SluiceError("UNKNOWN_TOPIC", { topic: "t" });
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    const messages = consumer[Symbol.asyncIterator]();
    const first = messages.next();
    const member = await session(cluster);
    join(member);
    assign(member, 1, 0);
    await first;
    await messages.next();
    await client.close(); // The clock stands still: nothing may wait.
    expect(member.received.at(-1)).toMatchObject({ event: "leave", memberId: "m-1" });
  });

  it("tells the application what keeps it out of the group", async () => {
    const cluster = filled();
    await using client = testClient(cluster);
    const consumer = client.consumer(groupOptions);
    await consumer.subscribe({ topic: "t" });
    const running = consumer.run({ eachMessage: () => undefined }).catch((error: unknown) => error);
    const member = await session(cluster);
    member.send({
      event: "error",
      error: toWireError(new SluiceError("INVALID_REQUEST", { reason: "a test says so" })),
    });
    const error = await running;
    expect(isSluiceError(error, "INVALID_REQUEST")).toBe(true);
  });
});
