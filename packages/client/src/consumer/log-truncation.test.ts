/** What a consumer says of what it has read, and what it does when that is gone. Time stands still. */

import type { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import type { FetchRequest } from "@sluice/protocol";
import { prepareCompression } from "@sluice/record";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Sluice } from "../sluice.js";
import { FakeCluster } from "../testing/fake-cluster.js";
import { batchOf, settled, testClient } from "../testing/test-client.js";
import type { Consumer } from "./consumer.js";
import type { ConsumerOptions } from "./consumer-options.js";

// It reads files, for which no virtual clock waits.
beforeAll(prepareCompression);

let cluster: FakeCluster;
let clock: VirtualClock;
let client: Sluice;
let errors: object[];
let asked: FetchRequest[];

beforeEach(() => {
  cluster = new FakeCluster({ brokers: 3 });
  cluster.canBeWatched = true;
  cluster.createTopic("t", 1);
  clock = new VirtualClock();
  errors = [];
  asked = [];
  cluster.onFetch = (request) => {
    asked.push(request);
    return undefined;
  };
  const logger = { debug() {}, info() {}, warn() {}, error: (object: object) => void errors.push(object) };
  client = testClient(cluster, { clock, logger });
  return () => client.close();
});

async function assigned(options: ConsumerOptions = {}): Promise<Consumer> {
  const consumer = client.consumer({ startFrom: "earliest", ...options });
  await consumer.assign([{ topic: "t", partition: 0 }]);
  return consumer;
}

/** Reads until there are `count` messages; resolves with their values, or with the code of what went wrong. */
async function read(consumer: Consumer, count: number, seen: string[] = []): Promise<readonly string[] | string> {
  try {
    for await (const { value } of consumer) if (seen.push(String(value)) === count) break;
    return seen;
  } catch (error) {
    return (error as SluiceError).code;
  }
}

/** An unclean election: broker 2 has what comes before `endOffset` alone, and leads. */
function elect(endOffset: number): void {
  const log = cluster.partition("t", 0);
  log.batches.splice(endOffset);
  log.endOffset = endOffset;
  cluster.moveLeader("t", 0, 2);
}

function append(...values: readonly string[]): void {
  for (const value of values) cluster.append("t", 0, batchOf(value));
}

/** Lets the client open its watches, and hear of what has changed. */
async function watched(): Promise<void> {
  await settled();
  clock.advance(20);
  await settled();
}

/** Epochs that the newest request says the records before it and its leader have. */
function lastAsked(): unknown {
  const { fetchOffset, lastFetchedEpoch, leaderEpoch } = asked.at(-1) as FetchRequest;
  return { fetchOffset, lastFetchedEpoch, leaderEpoch };
}

describe("what was read last", () => {
  it("is named to whoever is asked for more", async () => {
    append("a", "b");
    const reading = read(await assigned(), 3);
    await vi.waitFor(() => expect(asked.at(-1)?.fetchOffset).toBe(2));
    expect(asked[0]).toMatchObject({ fetchOffset: 0, lastFetchedEpoch: undefined });
    expect(lastAsked()).toEqual({ fetchOffset: 2, lastFetchedEpoch: 0, leaderEpoch: 0 });
    await watched();
    cluster.moveLeader("t", 0, 2);
    await watched();
    expect(lastAsked()).toEqual({ fetchOffset: 2, lastFetchedEpoch: 0, leaderEpoch: 1 });
    append("c");
    await reading;
    expect(asked.find(({ fetchOffset }) => fetchOffset === 3)).toMatchObject({ lastFetchedEpoch: 1, leaderEpoch: 1 });
  });

  it("is unknown where the application has gone elsewhere", async () => {
    append("a", "b", "c");
    const consumer = await assigned();
    const reading = read(consumer, 5);
    await vi.waitFor(() => expect(asked.at(-1)?.fetchOffset).toBe(3));
    await consumer.seek({ topic: "t", partition: 0, offset: 1 });
    await reading;
    expect(asked.find(({ fetchOffset }) => fetchOffset === 1)).toMatchObject({ lastFetchedEpoch: undefined });
  });

  it("says nothing of another topic with the same name", async () => {
    cluster.moveLeader("t", 0, 1);
    append("a");
    const consumer = await assigned();
    const seen: string[] = [];
    const reading = read(consumer, 2, seen);
    await vi.waitFor(() => expect(seen).toEqual(["a"]));
    await watched();
    expect(lastAsked()).toMatchObject({ fetchOffset: 1, lastFetchedEpoch: 1 });
    cluster.deleteTopic("t");
    cluster.createTopic("t", 1);
    append("x", "y");
    await vi.waitFor(() => {
      clock.advance(100);
      expect(seen).toEqual(["a", "y"]);
    });
    await reading;
    expect(asked.filter(({ leaderEpoch }) => leaderEpoch === 0)[0]).toMatchObject({
      fetchOffset: 1,
      lastFetchedEpoch: undefined,
    });
  });

  it("is committed with its own epoch, not with that of what came before it", async () => {
    append("a");
    cluster.moveLeader("t", 0, 2);
    append("b");
    const consumer = await assigned({ groupId: "g", autoCommit: false });
    for await (const message of consumer) {
      await message.commit();
      if (message.offset === 1) break;
    }
    const committed = cluster.commits.flatMap(({ offsets }) => offsets);
    expect(committed.map(({ offset, leaderEpochPlusOne }) => [offset, leaderEpochPlusOne])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it("is named again by who begins at a commit", async () => {
    append("a", "b", "c");
    cluster.committed.set("t-0", 3);
    cluster.committedEpochs.set("t-0", 1);
    elect(1);
    append("x", "y", "z");
    const consumer = await assigned({ groupId: "g" });
    expect(await read(consumer, 1)).toBe("LOG_TRUNCATED");
    const tolerant = await assigned({ groupId: "g", onOffsetOutOfRange: "latest" });
    expect(await read(tolerant, 3)).toEqual(["x", "y", "z"]);
  });
});

describe("a log that was cut and has grown past what was read", () => {
  it.each([
    [1, ["x", "y", "z"], ["x", "y", "z"]],
    [0, ["x", "y", "z", "w"], ["x", "y", "z", "w"]],
  ])("is read on from where it was cut, at %i, and the loss is logged", async (endOffset, after, expected) => {
    append("a", "b", "c");
    const consumer = await assigned({ onOffsetOutOfRange: "earliest" });
    const seen: string[] = [];
    const reading = read(consumer, 3 + expected.length, seen);
    await vi.waitFor(() => expect(seen).toHaveLength(3));
    await watched();
    elect(endOffset);
    append(...after);
    await watched();
    expect(await reading).toEqual(["a", "b", "c", ...expected]);
    expect(errors).toMatchObject([{ topic: "t", partition: 0, position: 3, endOffset }]);
    expect(asked.filter(({ fetchOffset }) => fetchOffset === endOffset).at(-1)).toMatchObject({ lastFetchedEpoch: 0 });
  });

  it("ends a consumer that is to fail, after what it had fetched before", async () => {
    append("a", "b", "c");
    const consumer = await assigned();
    const seen: string[] = [];
    const reading = read(consumer, 5, seen);
    await vi.waitFor(() => expect(seen).toHaveLength(3));
    await watched();
    elect(2);
    append("x", "y");
    await watched();
    expect(await reading).toBe("LOG_TRUNCATED");
    expect(seen).toEqual(["a", "b", "c"]);
  });

  it("does not take away from where the reader is when it parts behind it", async () => {
    append("a", "b", "c");
    const consumer = await assigned({ onOffsetOutOfRange: "latest" });
    const seen: string[] = [];
    const reading = read(consumer, 6, seen);
    const log = cluster.partition("t", 0);
    log.leaderEpoch = 1;
    append("d");
    await vi.waitFor(() => expect(seen).toEqual(["a", "b", "c", "d"]));
    await watched();
    // The leader of epoch 2 has nothing of epoch 1: in epoch 0 it had written other records after the third.
    log.batches.splice(3);
    log.endOffset = 3;
    log.leaderEpoch = 0;
    append("e", "f");
    log.leaderEpoch = 1;
    cluster.moveLeader("t", 0, 2);
    append("g");
    expect(await reading).toEqual(["a", "b", "c", "d", "f", "g"]);
    expect(errors).toMatchObject([{ position: 4, endOffset: 5 }]);
  });
});
