import { isSluiceError, SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it, vi } from "vitest";
import { silentLogger } from "../logger.js";
import { FakeCluster } from "../testing/fake-cluster.js";
import { batchOf, settled, testClient } from "../testing/test-client.js";
import type { Consumer } from "./consumer.js";
import type { Message } from "./message.js";

/** A topic with partitions of 10 records each, in batches of 1, 2, 3 and 4; values are `partition:offset`. */
function filled(partitions: number, brokers = 1): FakeCluster {
  const cluster = new FakeCluster({ brokers });
  cluster.createTopic("t", partitions);
  for (let partition = 0; partition < partitions; partition++) fill(cluster, partition);
  return cluster;
}

function fill(cluster: FakeCluster, partition: number): void {
  let offset = cluster.partition("t", partition).endOffset;
  for (const count of [1, 2, 3, 4]) {
    cluster.append("t", partition, batchOf(...Array.from({ length: count }, () => `${partition}:${offset++}`)));
  }
}

const offsetsOf = (messages: readonly Message[]) => messages.map(({ offset }) => offset);
const upTo = (count: number) => Array.from({ length: count }, (_, offset) => offset);

async function collect(messages: AsyncIterable<Message>): Promise<Message[]> {
  const all: Message[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** Takes `count` messages and leaves the loop. */
async function take(consumer: AsyncIterable<Message>, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  for await (const message of consumer) if (taken.push(message) === count) break;
  return taken;
}

async function assigned(consumer: Consumer, offset?: number): Promise<Consumer> {
  await consumer.assign([{ topic: "t", partition: 0, ...(offset === undefined ? {} : { offset }) }]);
  return consumer;
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "resolved",
    (error: unknown) => (isSluiceError(error) ? error.code : String(error)),
  );
}

describe("read", () => {
  it("gives every message of a topic once, in order in each partition, and ends at the end seen at its start", async () => {
    const cluster = filled(3, 2);
    await using client = testClient(cluster);
    const messages: Message[] = [];
    for await (const message of client.consumer().read({ topic: "t" })) {
      if (messages.length === 0) for (const partition of [0, 1, 2]) fill(cluster, partition);
      messages.push(message);
    }
    for (const partition of [0, 1, 2])
      expect(messages.filter((one) => one.partition === partition).map(({ value }) => String(value))).toEqual(
        upTo(10).map((offset) => `${partition}:${offset}`),
      );
  });

  it.each([
    [{ from: 4 }, [4, 5, 6, 7, 8, 9]],
    [{ from: 4, to: 7 }, [4, 5, 6]],
    [{ to: 2 }, [0, 1]],
    [{ from: "earliest", limit: 3 }, [0, 1, 2]],
    [{ from: "latest" }, []],
    [{ from: "4", to: "6" }, [4, 5]],
    [{ from: { last: 3 } }, [7, 8, 9]],
    [{ from: { last: 100 }, to: 2 }, [0, 1]],
    [{ from: 3, to: 3 }, []],
    [{ to: 1000 }, upTo(10)],
    // Batches begin at offsets 0, 1, 3 and 6, each with timestamps from 1000 on.
    [{ from: { timestamp: 1003 } }, [9]],
    [{ from: { timestamp: new Date(1001) }, to: 5 }, [2, 3, 4]],
  ] as const)("reads the range %j", async (range, expected) => {
    await using client = testClient(filled(1));
    expect(offsetsOf(await collect(client.consumer().read({ topic: "t", ...range })))).toEqual(expected);
  });

  it("follows what is written later, until its signal aborts", async () => {
    const cluster = filled(1);
    await using client = testClient(cluster);
    const controller = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { offset } of client.consumer().read({ topic: "t", follow: true, signal: controller.signal }))
        seen.push(offset);
    })();
    await vi.waitFor(() => expect(seen).toEqual(upTo(10)));
    fill(cluster, 0);
    await vi.waitFor(() => expect(seen).toEqual(upTo(20)));
    controller.abort();
    expect(await codeOf(reading)).toBe("CANCELLED");
  });

  it.each(["earliest", "latest"] as const)("ends where all that it wanted is gone, going on at %s", async (policy) => {
    const cluster = filled(1);
    const log = cluster.partition("t", 0);
    await using client = testClient(cluster);
    const consumer = client.consumer({ onOffsetOutOfRange: policy, maxBytesPerPartition: 1 });
    log.logStartOffset = 6;
    expect(offsetsOf(await collect(consumer.read({ topic: "t", from: 2, to: 5 })))).toEqual([]);
    log.logStartOffset = 0;
    const seen: number[] = [];
    for await (const { offset } of consumer.read({ topic: "t", to: 5 })) {
      // Taken away while it is read, with some of it in hand.
      if (seen.push(offset) === 2) log.logStartOffset = 6;
    }
    expect(seen).toEqual(upTo(seen.length));
  });

  it("refuses topics, partitions and options that do not exist", async () => {
    await using client = testClient(filled(1), { retry: { retries: 0 } });
    const consumer = client.consumer();
    expect(await codeOf(collect(consumer.read({ topic: "missing" })))).toBe("UNKNOWN_TOPIC");
    expect(await codeOf(collect(consumer.read({ topic: "t", partition: 1 })))).toBe("UNKNOWN_PARTITION");
    expect(() => consumer.read({ topic: "t", form: 1 } as never)).toThrow(
      expect.objectContaining({ hint: "Did you mean 'from'?" }),
    );
  });
});

describe("assigned partitions", () => {
  it("are read from the offset given, skipping what comes earlier in its batch", async () => {
    await using client = testClient(filled(1));
    const consumer = await assigned(client.consumer(), 5);
    expect(offsetsOf(await take(consumer, 5))).toEqual([5, 6, 7, 8, 9]);
  });

  it("go on at the message that was not processed when the loop was left", async () => {
    await using client = testClient(filled(1));
    const consumer = await assigned(client.consumer(), 0);
    expect(offsetsOf(await take(consumer, 3))).toEqual([0, 1, 2]);
    expect(offsetsOf(await take(consumer, 2))).toEqual([2, 3]);
  });

  it("commit what is processed, and not the message in hand, when the loop is left", async () => {
    const cluster = filled(1);
    await using client = testClient(cluster);
    await take(await assigned(client.consumer({ groupId: "g", startFrom: "earliest" })), 4);
    expect(cluster.commits.at(-1)).toMatchObject({ memberId: "", generationPlusOne: 0 });
    expect(cluster.committed.get("t-0")).toBe(3);
    const again = await assigned(client.consumer({ groupId: "g" }));
    expect(offsetsOf(await take(again, 1))).toEqual([3]);
  });

  it("commit a message that says so, and never go back behind it", async () => {
    const cluster = filled(1);
    await using client = testClient(cluster);
    const consumer = await assigned(client.consumer({ groupId: "g" }), 0);
    for await (const message of consumer) {
      if (message.offset < 4) continue;
      await message.commit();
      break;
    }
    expect(cluster.committed.get("t-0")).toBe(5);
  });

  it("end a commit that is being retried with CANCELLED when its signal aborts", async () => {
    const cluster = filled(1);
    cluster.onCommit = () => new SluiceError("COORDINATOR_LOADING", { group: "g" });
    await using client = testClient(cluster, { retry: { initialRetryTime: 10_000, maxRetryTime: 10_000 } });
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const commit = client.consumer({ groupId: "g" }).commit([{ topic: "t", partition: 0, offset: 1 }], options);
    await settled();
    controller.abort(new Error("enough"));
    expect(await codeOf(commit)).toBe("CANCELLED");
  });

  it("begin at startFrom where nothing is committed, or fail", async () => {
    const cluster = filled(1);
    await using client = testClient(cluster);
    const earliest = await assigned(client.consumer({ groupId: "g", startFrom: "earliest" }));
    expect(offsetsOf(await take(earliest, 1))).toEqual([0]);
    const failing = await assigned(client.consumer({ groupId: "g", startFrom: "fail" }));
    expect(await codeOf(take(failing, 1))).toBe("NO_COMMITTED_OFFSET");
    const latest = await assigned(client.consumer({ groupId: "g" }));
    const taken = take(latest, 1);
    await vi.waitFor(() => expect(latest.position()).toEqual([{ topic: "t", partition: 0, offset: 10 }]));
    fill(cluster, 0);
    expect(offsetsOf(await taken)).toEqual([10]);
  });

  it("go on elsewhere after a seek, at once", async () => {
    await using client = testClient(filled(1));
    const consumer = await assigned(client.consumer(), 0);
    const seen: number[] = [];
    for await (const { offset } of consumer) {
      seen.push(offset);
      if (seen.length === 2) await consumer.seek({ topic: "t", partition: 0, offset: 8 });
      if (seen.length === 4) await consumer.seek({ topic: "t", offset: "earliest" });
      if (seen.length === 5) break;
    }
    expect(seen).toEqual([0, 1, 8, 9, 0]);
  });

  it("give out nothing while paused, and everything after", async () => {
    const cluster = filled(2);
    await using client = testClient(cluster);
    const consumer = client.consumer();
    await consumer.assign([0, 1].map((partition) => ({ topic: "t", partition, offset: 0 })));
    const seen: string[] = [];
    for await (const { partition, offset } of consumer) {
      if (seen.length === 0) consumer.pause([{ topic: "t", partitions: [partition] }]);
      seen.push(`${partition}:${offset}`);
      if (seen.length === 11) consumer.resume();
      if (seen.length === 20) break;
    }
    const first = seen[0]?.[0];
    expect(seen.slice(1, 11).every((one) => one[0] !== first)).toBe(true);
    expect(new Set(seen).size).toBe(20);
  });

  it("are read on when their leader moves or stops", async () => {
    const cluster = filled(1, 3);
    await using client = testClient(cluster);
    const consumer = await assigned(client.consumer(), 0);
    const seen: number[] = [];
    for await (const { offset } of consumer) {
      if (seen.push(offset) === 10) {
        cluster.moveLeader("t", 0, 2);
        fill(cluster, 0);
      }
      if (seen.length === 20) {
        cluster.stopBroker(2);
        cluster.moveLeader("t", 0, 3);
        fill(cluster, 0);
      }
      if (seen.length === 30) break;
    }
    expect(seen).toEqual(upTo(30));
  });
});

describe("what cannot be read", () => {
  it("is told, and again each time, until somebody seeks", async () => {
    const cluster = filled(1);
    await using client = testClient(cluster);
    const batch = cluster.partition("t", 0).batches[1] as Buffer;
    batch.writeUInt8(batch.readUInt8(70) ^ 1, 70);
    const consumer = await assigned(client.consumer(), 0);
    expect(await codeOf(take(consumer, 3))).toBe("CORRUPT_RECORD_BATCH");
    expect(await codeOf(take(consumer, 3))).toBe("CORRUPT_RECORD_BATCH");
    await consumer.seek({ topic: "t", partition: 0, offset: 3 });
    expect(offsetsOf(await take(consumer, 2))).toEqual([3, 4]);
  });

  it("fails on an offset out of range, or goes where onOffsetOutOfRange says", async () => {
    const cluster = filled(1);
    cluster.partition("t", 0).logStartOffset = 6;
    await using client = testClient(cluster);
    expect(await codeOf(take(await assigned(client.consumer(), 2), 1))).toBe("OFFSET_OUT_OF_RANGE");
    const earliest = await assigned(client.consumer({ onOffsetOutOfRange: "earliest" }), 2);
    expect(offsetsOf(await take(earliest, 2))).toEqual([6, 7]);
  });

  it("fails when its topic is deleted", async () => {
    const cluster = filled(1);
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const consumer = await assigned(client.consumer(), 0);
    const taken = codeOf(take(consumer, 11));
    await settled();
    cluster.topics.delete("t");
    cluster.transport.cut(cluster.address(1));
    for (let ms = 0; ms < 1100; ms++) {
      await settled();
      clock.advance(1);
    }
    expect(await taken).toBe("UNKNOWN_TOPIC");
  });
});

describe("batches", () => {
  it("come whole, and are processed when the next is asked for", async () => {
    const cluster = filled(1);
    await using client = testClient(cluster);
    const consumer = await assigned(client.consumer({ groupId: "g", maxBytesPerPartition: 1 }), 0);
    const sizes: number[] = [];
    for await (const batch of consumer.batches()) {
      expect([batch.firstOffset(), batch.lastOffset()]).toEqual([
        offsetsOf(batch.messages)[0],
        offsetsOf(batch.messages).at(-1),
      ]);
      if (sizes.push(batch.messages.length) === 4) break;
    }
    expect(sizes).toEqual([1, 2, 3, 4]);
    expect(cluster.committed.get("t-0")).toBe(6);
  });

  it("end with CANCELLED when their signal aborts", async () => {
    await using client = testClient(filled(1));
    const consumer = await assigned(client.consumer(), 10);
    const controller = new AbortController();
    const next = codeOf(consumer.batches({ signal: controller.signal }).next());
    controller.abort();
    expect(await next).toBe("CANCELLED");
  });
});

describe("run", () => {
  it("works on several partitions at once, and never twice on one", async () => {
    const cluster = filled(3);
    await using client = testClient(cluster);
    const consumer = client.consumer();
    await consumer.assign([0, 1, 2].map((partition) => ({ topic: "t", partition, offset: 0 })));
    const busy = new Set<number>();
    const seen: Message[] = [];
    let most = 0;
    const { finished } = await consumer.run({
      partitionsConsumedConcurrently: 2,
      eachMessage: async ({ partition, message }) => {
        expect(busy.has(partition)).toBe(false);
        busy.add(partition);
        most = Math.max(most, busy.size);
        await settled();
        busy.delete(partition);
        if (seen.push(message) === 30) void consumer.stop();
      },
    });
    await finished;
    expect(most).toBe(2);
    for (const partition of [0, 1, 2])
      expect(offsetsOf(seen.filter((one) => one.partition === partition))).toEqual(upTo(10));
  });

  it("rejects `finished` with what a handler throws, and does not commit that message", async () => {
    const cluster = filled(1);
    await using client = testClient(cluster);
    const consumer = await assigned(client.consumer({ groupId: "g" }), 0);
    const { finished } = await consumer.run({
      eachMessage: ({ message }) => {
        if (message.offset === 3) throw new Error("poison");
      },
    });
    await expect(finished).rejects.toThrow("poison");
    expect(cluster.committed.get("t-0")).toBe(3);
  });

  it("gives nothing behind a message whose handler threw to a worker that waits", async () => {
    const cluster = filled(1);
    await using client = testClient(cluster);
    const consumer = await assigned(client.consumer({ groupId: "g" }), 0);
    const seen: number[] = [];
    const { finished } = await consumer.run({
      partitionsConsumedConcurrently: 3,
      eachMessage: async ({ message }) => {
        seen.push(message.offset);
        await settled(); // The other workers find nothing to do, and wait.
        if (message.offset === 3) throw new Error("poison");
      },
    });
    await expect(finished).rejects.toThrow("poison");
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(cluster.committed.get("t-0")).toBe(3);
  });

  it("logs the error that ended it, for whoever does not look at `finished`", async () => {
    const errors: unknown[] = [];
    const logger = { ...silentLogger, error: (data: object) => void errors.push(data) };
    await using client = testClient(filled(1), { logger });
    const consumer = await assigned(client.consumer(), 0);
    const poison = new Error("poison");
    const { finished } = await consumer.run({
      eachMessage: () => {
        throw poison;
      },
    });
    await expect(finished).rejects.toThrow("poison");
    expect(errors).toEqual([{ error: poison }]);
  });

  it("may be closed from inside a handler", async () => {
    await using client = testClient(filled(1));
    const consumer = await assigned(client.consumer(), 0);
    const seen: number[] = [];
    const { finished } = await consumer.run({
      eachMessage: async ({ message }) => {
        seen.push(message.offset);
        if (message.offset === 2) await consumer.close();
      },
    });
    await finished;
    expect(seen).toEqual([0, 1, 2]);
    expect(await codeOf(consumer.assign([]))).toBe("CLOSED");
  });

  it("lets eachBatch say how far it got", async () => {
    const cluster = filled(1);
    await using client = testClient(cluster);
    const consumer = await assigned(client.consumer({ groupId: "g" }), 0);
    const { finished } = await consumer.run({
      eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary }) => {
        resolveOffset(batch.firstOffset() + 1);
        await commitOffsetsIfNecessary();
        throw new Error("half way");
      },
    });
    await expect(finished).rejects.toThrow("half way");
    expect(cluster.committed.get("t-0")).toBe(2);
  });
});

describe("the end", () => {
  it("wakes whoever waits for a message, and leaves no timer and no connection", async () => {
    const cluster = filled(1);
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = await assigned(client.consumer({ groupId: "g" }), 10);
    const all = collect(consumer);
    const read = collect(client.consumer().read({ topic: "t", follow: true, from: "latest" }));
    await settled();
    await client.close();
    expect([await all, await read]).toEqual([[], []]);
    expect(clock.timerCount).toBe(0);
    expect(cluster.transport.connections.size).toBe(0);
    await client.close();
  });

  it("comes in its time although a handler hangs", async () => {
    const clock = new VirtualClock();
    const client = testClient(filled(1), { clock });
    const consumer = await assigned(client.consumer(), 0);
    let hung = false;
    const hang = async (): Promise<void> => {
      hung = true;
      await new Promise<never>(() => undefined);
    };
    await consumer.run({ eachMessage: hang });
    await vi.waitFor(() => expect(hung).toBe(true));
    const closed = client.close({ timeoutMs: 100 });
    await settled();
    clock.advance(100);
    await closed;
  });

  it("refuses options and uses that make no sense", async () => {
    await using client = testClient(filled(1));
    expect(() => client.consumer({ groupID: "g" } as never)).toThrow(
      expect.objectContaining({ hint: "Did you mean 'groupId'?" }),
    );
    expect(() => client.consumer({ groupId: "a b" })).toThrow(SluiceError);
    const consumer = client.consumer();
    expect(await codeOf(consumer.subscribe({ topics: ["t"] }))).toBe("INVALID_REQUEST");
    expect(() => consumer[Symbol.asyncIterator]()).toThrow(/assign/);
    await assigned(consumer, 0);
    expect(await codeOf(consumer.run({}))).toBe("INVALID_OPTION");
    expect(await codeOf(consumer.committed())).toBe("INVALID_REQUEST");
    await take(consumer, 1);
  });
});
