/** Leaders and coordinators that change while a client works. Time stands still unless a test lets it pass. */

import type { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { groupsService } from "@sluice/protocol";
import { prepareCompression, readBatchHeader } from "@sluice/record";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Message } from "./consumer/message.js";
import type { Sluice } from "./sluice.js";
import { type ArrivedProduce, FakeCluster } from "./testing/fake-cluster.js";
import type { FakeEndpoint } from "./testing/fake-transport.js";
import { batchOf, settled, testClient } from "./testing/test-client.js";

// It reads files, for which no virtual clock waits.
beforeAll(prepareCompression);

let cluster: FakeCluster;
let clock: VirtualClock;
let client: Sluice;

beforeEach(() => {
  cluster = new FakeCluster({ brokers: 3 });
  cluster.canBeWatched = true;
  cluster.createTopic("t", 1);
  clock = new VirtualClock();
  // A pause that a test would have to wait for: whatever happens at once does not.
  client = testClient(cluster, { clock, retry: { initialRetryTime: 1000, maxRetryTime: 1000, factor: 0 } });
  return () => client.close();
});

/** Lets the client open its watches. */
async function watched(): Promise<void> {
  await settled();
  clock.advance(20);
  await settled();
  expect(cluster.watches).toHaveLength(2);
}

describe("the watch of the cluster", () => {
  it("is of two brokers, and of the topics in use alone", async () => {
    cluster.createTopic("unused", 1);
    await client.admin().listTopics();
    clock.advance(20);
    await settled();
    expect(cluster.watches).toHaveLength(0);
    await client.producer().send({ topic: "t", messages: [{ value: "a" }] });
    await watched();
    expect(cluster.watches.map(({ request }) => request.topics)).toEqual([["t"], ["t"]]);
    expect(new Set(cluster.watches.map(({ brokerId }) => brokerId)).size).toBe(2);
  });

  it("is opened again at another broker when one dies, and goes on telling meanwhile", async () => {
    await client.producer().send({ topic: "t", messages: [{ value: "a" }] });
    await watched();
    const died = cluster.watches[0]?.brokerId as number;
    cluster.stopBroker(died);
    await settled();
    cluster.moveLeader("t", 0, died === 3 ? 2 : 3);
    await settled();
    await client.producer().send({ topic: "t", messages: [{ value: "b" }] });
    clock.advance(1000);
    await settled();
    expect(cluster.watches.map(({ brokerId }) => brokerId)).not.toContain(died);
    expect(cluster.watches).toHaveLength(2);
  });

  it("takes a topic in that comes into use later", async () => {
    cluster.createTopic("later", 1);
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [{ value: "a" }] });
    await watched();
    await producer.send({ topic: "later", messages: [{ value: "a" }] });
    clock.advance(1000);
    await settled();
    expect(cluster.watches.at(-1)?.request.topics).toEqual(["t", "later"]);
  });

  it("is done without where brokers are older than that", async () => {
    cluster.canBeWatched = false;
    await client.producer().send({ topic: "t", messages: [{ value: "a" }] });
    for (let second = 0; second < 5; second++) {
      clock.advance(1000);
      await settled();
    }
    expect(clock.timerCount).toBe(0);
  });

  it("lets no broker that lags behind turn the client back", async () => {
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [{ value: "a" }] });
    await watched();
    const stale = { ...cluster.describe({ topics: ["t"], brokersOnly: false, createMissing: false }), isDelta: true };
    cluster.moveLeader("t", 0, 2);
    await settled();
    cluster.watches[1]?.send(stale);
    await settled();
    const arrived: number[] = [];
    cluster.onProduce = (one) => {
      arrived.push(one.brokerId);
      one.answer();
    };
    await producer.send({ topic: "t", messages: [{ value: "b" }] });
    expect(arrived).toEqual([2]);
  });
});

describe("a producer whose leader is replaced", () => {
  it("sends what the old one has not answered to the new one at once, with the same numbers", async () => {
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [{ value: "a" }] });
    await watched();
    const arrived: ArrivedProduce[] = [];
    // Broker 1 stands still: it appends nothing more and answers nothing.
    cluster.onProduce = (one) => {
      arrived.push(one);
      if (one.brokerId !== 1) one.answer();
    };
    const sends = ["b", "c", "d"].map(async (value) => {
      const sent = producer.send({ topic: "t", messages: [{ value }] });
      await settled();
      return { sent };
    });
    const [b, c, d] = await Promise.all(sends);
    cluster.moveLeader("t", 0, 2);
    const sent = await Promise.all([b?.sent, c?.sent, d?.sent]);
    expect(sent.map((metadata) => metadata?.[0]?.offset)).toEqual([1, 2, 3]);
    expect(cluster.values("t", 0)).toEqual(["a", "b", "c", "d"]);
    const numbers = (id: number) =>
      arrived
        .filter(({ brokerId }) => brokerId === id)
        .map(({ request }) => {
          const { producerId, producerEpoch, baseSequence } = readBatchHeader(request.records);
          return [producerId, producerEpoch, baseSequence];
        });
    expect(numbers(2)).toEqual(numbers(1));
  });

  it("does not send a batch twice that nobody could tell from another, and says that it may be written", async () => {
    const producer = client.producer({ idempotent: false });
    await producer.send({ topic: "t", messages: [{ value: "a" }] });
    await watched();
    let held: ArrivedProduce | undefined;
    cluster.onProduce = (one) => {
      held = one;
    };
    const sent = producer.send({ topic: "t", messages: [{ value: "b" }] });
    const outcome = sent.catch((error: SluiceError) => error.code);
    await settled();
    cluster.moveLeader("t", 0, 2);
    await settled();
    cluster.stopBroker(held?.brokerId ?? 0);
    expect(await outcome).toBe("INDETERMINATE");
  });

  it("ends the pause of a retry", async () => {
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [{ value: "a" }] });
    await watched();
    cluster.stopBroker(1);
    const sent = producer.send({ topic: "t", messages: [{ value: "b" }] });
    await settled();
    cluster.moveLeader("t", 0, 3);
    expect(await sent).toMatchObject([{ offset: 1 }]);
  });

  it("waits for no connection to a leader that is none any more", async () => {
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [{ value: "a" }] });
    await watched();
    cluster.transport.fullAfter = 1;
    const held: ArrivedProduce[] = [];
    cluster.onProduce = (one) => (one.brokerId === 1 ? void held.push(one) : one.answer());
    const first = producer.send({ topic: "t", messages: [{ value: "b" }] });
    await settled();
    const second = producer.send({ topic: "t", messages: [{ value: "c" }] });
    await settled();
    expect(held).toHaveLength(1);
    cluster.transport.fullAfter = Number.POSITIVE_INFINITY;
    cluster.moveLeader("t", 0, 2);
    await Promise.all([first, second]);
    expect(cluster.values("t", 0)).toEqual(["a", "b", "c"]);
  });
});

describe("a reader whose leader is replaced", () => {
  it("asks the new one at once", async () => {
    cluster.append("t", 0, batchOf("a"));
    const seen: string[] = [];
    const consumer = client.consumer({ startFrom: "earliest" });
    await consumer.assign([{ topic: "t", partition: 0 }]);
    const reading = (async () => {
      for await (const { value } of consumer) if (seen.push(String(value)) === 3) break;
    })();
    await vi.waitFor(() => expect(seen).toEqual(["a"]));
    await watched();
    // What broker 1 owes it owes for ever.
    cluster.isMute = true;
    cluster.append("t", 0, batchOf("b", "c"));
    await settled();
    expect(seen).toEqual(["a"]);
    cluster.isMute = false;
    cluster.moveLeader("t", 0, 2);
    await reading;
    expect(seen).toEqual(["a", "b", "c"]);
  });

  it.each(["fail", "earliest"] as const)("is told that records that it has read are gone (%s)", async (policy) => {
    const errors: unknown[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (object: object) => void errors.push(object) };
    await using reader = testClient(cluster, { clock, logger });
    for (const value of ["a", "b", "c"]) cluster.append("t", 0, batchOf(value));
    const seen: string[] = [];
    const consumer = reader.consumer({ startFrom: "earliest", onOffsetOutOfRange: policy });
    await consumer.assign([{ topic: "t", partition: 0 }]);
    const reading = (async () => {
      for await (const { value } of consumer) if (seen.push(String(value)) === 5) break;
    })();
    const outcome = reading.catch((error: SluiceError) => [error.code, error.details.offset, error.details.endOffset]);
    await vi.waitFor(() => expect(seen).toHaveLength(3));
    await watched();
    // An unclean election: broker 2 has the first record alone.
    const log = cluster.partition("t", 0);
    log.batches.splice(1);
    log.endOffset = 1;
    cluster.moveLeader("t", 0, 2);
    await settled();
    if (policy === "fail") {
      expect(await outcome).toEqual(["LOG_TRUNCATED", 3, 1]);
      return;
    }
    cluster.append("t", 0, batchOf("x", "y"));
    await outcome;
    expect(seen).toEqual(["a", "b", "c", "x", "y"]);
    expect(errors).toMatchObject([{ topic: "t", partition: 0, position: 3, endOffset: 1 }]);
  });

  it("takes an offset that was never there for what it is", async () => {
    const consumer = client.consumer();
    await consumer.assign([{ topic: "t", partition: 0, offset: 9 }]);
    const error = await consumer[Symbol.asyncIterator]()
      .next()
      .catch((thrown: SluiceError) => thrown);
    expect(error).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
  });
});

describe("a member whose coordinator is replaced", () => {
  beforeEach(() => {
    cluster.createTopic("__consumer_offsets", 3);
    cluster.append("t", 0, batchOf("a", "b", "c"));
  });

  /** The broker that stood still is no coordinator any more; it has not said so. */
  function moveCoordinator(to: number): void {
    const old = cluster.coordinatorId;
    cluster.coordinatorId = to;
    cluster.moveLeader("__consumer_offsets", old - 1, to);
  }

  it("goes on with the new one, under the same id, and with its commit", async () => {
    const consumer = client.consumer({ groupId: "g", startFrom: "earliest", autoCommitThreshold: 1 });
    await consumer.subscribe({ topic: "t" });
    const seen: string[] = [];
    let release: () => void = () => undefined;
    const running = consumer.run({
      eachMessage: async ({ message }) => {
        seen.push(String(message.value));
        if (seen.length > 1) return;
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    });
    await vi.waitFor(() => expect(cluster.sessions).toHaveLength(1));
    await watched();
    cluster.sessions[0]?.send({ event: "joined", joined: { memberId: "m-1", heartbeatIntervalMs: 1000 } });
    await running;
    const assignment = { generation: 1, partitions: [{ topic: "t", partition: 0 }] };
    cluster.sessions[0]?.send({ event: "assignment", assignment });
    await vi.waitFor(() => expect(seen).toEqual(["a"]));
    moveCoordinator(2);
    await vi.waitFor(() => expect(cluster.sessions).toHaveLength(2));
    await vi.waitFor(() => expect(cluster.sessions[1]?.received[0]).toMatchObject({ memberId: "m-1", event: "join" }));
    expect(cluster.sessions[1]?.brokerId).toBe(2);
    release();
    await vi.waitFor(() => expect(seen).toEqual(["a", "b", "c"]));
    await consumer.disconnect();
    expect(cluster.committed.get("t-0")).toBe(3);
  });

  it("makes a commit again at the new one that the old one leaves unanswered", async () => {
    const commits: number[] = [];
    for (const id of [1, 2]) {
      const { unary } = cluster.transport.endpoints.get(`broker-${id}:9092`) as FakeEndpoint;
      const commit = unary.get(groupsService.commitOffsets.path) as (request: unknown) => Promise<unknown>;
      (unary as Map<string, (request: never) => Promise<unknown>>).set(groupsService.commitOffsets.path, (request) => {
        commits.push(id);
        return id === 1 ? new Promise(() => undefined) : commit(request);
      });
    }
    const consumer = client.consumer({ groupId: "g", startFrom: "earliest" });
    await consumer.subscribe({ topic: "t" });
    const iterator = consumer[Symbol.asyncIterator]();
    const first = iterator.next();
    await vi.waitFor(() => expect(cluster.sessions).toHaveLength(1));
    await watched();
    cluster.sessions[0]?.send({ event: "joined", joined: { memberId: "m-1", heartbeatIntervalMs: 60_000 } });
    const assignment = { generation: 1, partitions: [{ topic: "t", partition: 0 }] };
    cluster.sessions[0]?.send({ event: "assignment", assignment });
    const { value: message } = (await first) as { readonly value: Message };
    const committed = message.commit();
    await vi.waitFor(() => expect(commits).toEqual([1]));
    moveCoordinator(2);
    await vi.waitFor(() => expect(cluster.sessions).toHaveLength(2));
    clock.advance(1000); // The pause before a retry.
    await committed;
    expect(commits).toEqual([1, 2]);
    expect(cluster.committed.get("t-0")).toBe(1);
  });

  it("stays where it is when the coordinator loses another partition", async () => {
    cluster.createTopic("__consumer_offsets", 6);
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topic: "t" });
    const running = consumer.run({ eachMessage: async () => undefined });
    await vi.waitFor(() => expect(cluster.sessions).toHaveLength(1));
    await watched();
    cluster.sessions[0]?.send({ event: "joined", joined: { memberId: "m-1", heartbeatIntervalMs: 60_000 } });
    await running;
    cluster.moveLeader("__consumer_offsets", 3, 2);
    for (let second = 0; second < 10; second++) {
      await settled();
      clock.advance(1000);
    }
    expect(cluster.sessions).toHaveLength(1);
  });
});
