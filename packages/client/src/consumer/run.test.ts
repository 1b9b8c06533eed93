/** What `run` makes of handlers: retries, dead letters, keys in parallel, commits, and time limits. */

import { isSluiceError, SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { RecordBatchBuilder, recordsIn } from "@sluice/record";
import { describe, expect, it, vi } from "vitest";
import type { Sluice } from "../sluice.js";
import { FakeCluster } from "../testing/fake-cluster.js";
import { batchOf, settled, testClient } from "../testing/test-client.js";
import type { Consumer } from "./consumer.js";
import type { ErrorPolicy } from "./run-options.js";

/** Records with these keys, whose values are their keys and their numbers: a0, b1 ... */
function keyed(...keys: readonly (string | null)[]): Buffer {
  const builder = new RecordBatchBuilder();
  keys.forEach((key, index) => {
    builder.append({
      timestampMs: 1000 + index,
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(`${key}${index}`),
      headers: [{ key: "trace", value: Buffer.from(`of-${index}`) }],
    });
  });
  return builder.build();
}

async function assigned(client: Sluice, partitions = [0], options = {}): Promise<Consumer> {
  const consumer = client.consumer({ groupId: "g", ...options });
  await consumer.assign(partitions.map((partition) => ({ topic: "t", partition, offset: 0 })));
  return consumer;
}

const upTo = (count: number) => Array.from({ length: count }, (_, offset) => offset);
const policy = (onError: ErrorPolicy): ErrorPolicy => ({
  backoff: { initialRetryTime: 1, maxRetryTime: 1 },
  ...onError,
});

describe("a handler that throws", () => {
  it("is called again with the same message, which knows its attempt, and the rest follows in order", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf("a", "b", "c"));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    const seen: string[] = [];
    const { finished } = await consumer.run({
      onError: policy({ retries: 3 }),
      eachMessage: async ({ message }) => {
        seen.push(`${String(message.value)}${message.attempt}`);
        if (String(message.value) === "b" && message.attempt < 3) throw new Error("not yet");
        if (String(message.value) === "c") void consumer.stop();
      },
    });
    await finished;
    expect(seen).toEqual(["a1", "b1", "b2", "b3", "c1"]);
    expect(cluster.committed.get("t-0")).toBe(3);
  });

  it("ends the run after the last retry, with a crash that says so", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf("a", "b"));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    const crashes: unknown[] = [];
    consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload));
    const poison = new Error("poison");
    let calls = 0;
    const { finished } = await consumer.run({
      onError: policy({ retries: 2 }),
      eachMessage: ({ message }) => {
        if (message.offset === 0) return;
        calls++;
        throw poison;
      },
    });
    await expect(finished).rejects.toBe(poison);
    expect(calls).toBe(3);
    expect(crashes).toEqual([{ error: poison, groupId: "g", restart: false }]);
    expect(cluster.committed.get("t-0")).toBe(1);
  });

  it("needs nobody to look at `finished` where somebody listens for the crash", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf("a"));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    const crashed = new Promise<Error>((resolve) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error));
    });
    await consumer.run({
      eachMessage: () => {
        throw new Error("poison"); // A rejection that nobody handles fails this test.
      },
    });
    expect((await crashed).message).toBe("poison");
  });

  it("lets other partitions go on while it waits for the next attempt", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 2);
    for (const partition of [0, 1]) cluster.append("t", partition, batchOf("a", "b"));
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = await assigned(client, [0, 1]);
    const seen: string[] = [];
    await consumer.run({
      onError: { retries: 1, backoff: { initialRetryTime: 5000, factor: 0 } },
      eachMessage: async ({ partition, message }) => {
        seen.push(`${partition}:${message.offset}`);
        if (partition === 0 && message.attempt === 1) throw new Error("not yet");
      },
    });
    await vi.waitFor(() => expect(seen).toEqual(["0:0", "1:0", "1:1"]));
    clock.advance(5000);
    await vi.waitFor(() => expect(seen.slice(3)).toEqual(["0:0", "0:1"]));
    clock.advance(5000);
    await vi.waitFor(() => expect(seen.slice(5)).toEqual(["0:1"]));
    await client.close();
    expect(clock.timerCount).toBe(0);
  });

  it("may be left to wait: stop ends the wait at once, and the message comes again", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf("a", "b"));
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = await assigned(client);
    const seen: number[] = [];
    const run = {
      onError: { retries: 5, backoff: { initialRetryTime: 60_000, maxRetryTime: 60_000 } },
      eachMessage: ({ message }: { message: { offset: number } }) => {
        seen.push(message.offset);
        if (seen.length < 3) throw new Error("not yet");
      },
    };
    const { finished } = await consumer.run(run);
    await vi.waitFor(() => expect(seen).toEqual([0]));
    await consumer.stop();
    await finished;
    expect(cluster.commits).toEqual([]);
    const again = await consumer.run({ ...run, onError: { retries: 0, otherwise: "skip" } });
    await vi.waitFor(() => expect(seen).toEqual([0, 0, 1]));
    await client.close();
    await again.finished;
  });

  it.each([1, 4])(
    "skips, or pauses at, what it cannot process, where it is told to (keyConcurrency %i)",
    async (keyConcurrency) => {
      const cluster = new FakeCluster({ brokers: 1 });
      cluster.createTopic("t", 1);
      cluster.append("t", 0, keyed("a", "b", "c"));
      await using client = testClient(cluster);
      const consumer = await assigned(client);
      const seen: string[] = [];
      let isBroken = true;
      const eachMessage = ({ message }: { message: { value: Buffer | null } }): void => {
        seen.push(String(message.value));
        if (isBroken && String(message.value) === "b1") throw new Error("poison");
      };
      const skipping = await consumer.run({ keyConcurrency, onError: { retries: 0, otherwise: "skip" }, eachMessage });
      await vi.waitFor(() => expect(seen).toEqual(["a0", "b1", "c2"]));
      await consumer.stop();
      await skipping.finished;
      expect(cluster.committed.get("t-0")).toBe(3);

      await consumer.seek({ topic: "t", offset: 0 });
      seen.length = 0;
      const pausing = await consumer.run({ keyConcurrency, onError: { retries: 0, otherwise: "pause" }, eachMessage });
      await vi.waitFor(() => expect(consumer.paused()).toEqual([{ topic: "t", partitions: [0] }]));
      await settled();
      expect(seen.slice(0, 2)).toEqual(["a0", "b1"]);
      isBroken = false;
      seen.length = 0;
      consumer.resume();
      await vi.waitFor(() => expect(seen).toEqual(["b1", "c2"]));
      await consumer.stop();
      await pausing.finished;
      expect(cluster.committed.get("t-0")).toBe(3);
    },
  );
});

describe("the dead-letter topic", () => {
  async function giveUp(cluster: FakeCluster, client: Sluice, onError: ErrorPolicy): Promise<unknown> {
    cluster.createTopic("t", 1);
    cluster.append("t", 0, keyed("a", "b"));
    const consumer = await assigned(client);
    const { finished } = await consumer.run({
      onError: policy({ retries: 1, ...onError }),
      eachMessage: ({ message }) => {
        if (String(message.value) === "a0") throw new RangeError("cannot be");
        void consumer.stop();
      },
    });
    return finished.catch((error: unknown) => error);
  }

  it("has the message as it was, with where it is from and why, before the message counts as processed", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t.dlt", 1);
    await using client = testClient(cluster);
    const committedBefore: unknown[] = [];
    cluster.onProduce = (arrived) => {
      committedBefore.push(cluster.committed.get("t-0"));
      arrived.answer();
    };
    expect(await giveUp(cluster, client, { deadLetterTopic: "t.dlt" })).toBeUndefined();
    const [record] = cluster.partition("t.dlt", 0).batches.flatMap((batch) => [...recordsIn(batch)]);
    expect([String(record?.key), String(record?.value), record?.timestampMs]).toEqual(["a", "a0", 1000]);
    expect(Object.fromEntries((record?.headers ?? []).map(({ key, value }) => [key, String(value)]))).toEqual({
      trace: "of-0",
      "sluice-dlt-topic": "t",
      "sluice-dlt-partition": "0",
      "sluice-dlt-offset": "0",
      "sluice-dlt-timestamp": "1000",
      "sluice-dlt-group": "g",
      "sluice-dlt-attempts": "2",
      "sluice-dlt-error-class": "RangeError",
      "sluice-dlt-error-message": "cannot be",
    });
    expect(committedBefore).toEqual([undefined]);
    expect(cluster.committed.get("t-0")).toBe(2);
  });

  it("ends the run when it cannot be written, and the message is not processed", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t.dlt", 1);
    cluster.onProduce = ({ answer, request }) =>
      answer(new SluiceError("INVALID_REQUEST", { reason: `a test refuses ${request.topic}` }));
    await using client = testClient(cluster);
    const error = await giveUp(cluster, client, { deadLetterTopic: "t.dlt", otherwise: "skip" });
    expect(isSluiceError(error)).toBe(true);
    expect(cluster.committed.get("t-0")).toBeUndefined();
  });

  it("is refused where the consumer reads it itself", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    await using client = testClient(cluster);
    const error = await giveUp(cluster, client, { deadLetterTopic: "t" }).catch((thrown: unknown) => thrown);
    expect(isSluiceError(error, "INVALID_OPTION")).toBe(true);
  });
});

describe("keyConcurrency", () => {
  it("works on several keys at once, never on two messages of one key, and in the order of the key", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, keyed("a", "a", "b", "a", "c", "b"));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    const open = new Map<string, () => void>();
    const begun: string[] = [];
    const { finished } = await consumer.run({
      keyConcurrency: 2,
      eachMessage: ({ message }) => {
        begun.push(String(message.value));
        return new Promise<void>((resolve) => open.set(String(message.value), resolve));
      },
    });
    const end = async (value: string): Promise<void> => {
      open.get(value)?.();
      await settled();
    };
    await vi.waitFor(() => expect(begun).toEqual(["a0", "b2"]));
    await end("b2");
    // The lane of c waited for longer than the next of b.
    expect(begun).toEqual(["a0", "b2", "c4"]);
    await consumer.commit();
    expect(cluster.committed.get("t-0")).toBeUndefined();
    await end("c4");
    expect(begun.slice(3)).toEqual(["b5"]);
    await end("a0");
    await consumer.commit();
    // a1 is open: nothing behind it is committed, though b2 and c4 are done.
    expect(cluster.committed.get("t-0")).toBe(1);
    await end("b5");
    await end("a1");
    await consumer.commit();
    expect(cluster.committed.get("t-0")).toBe(3);
    await end("a3");
    await consumer.stop();
    await finished;
    expect(cluster.committed.get("t-0")).toBe(6);
  });

  it("takes no more than a window ahead of a message that does not end", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}`);
    for (let batch = 0; batch < 5; batch++) cluster.append("t", 0, keyed(...keys));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    let release: () => void = () => undefined;
    const done: number[] = [];
    const { finished } = await consumer.run({
      keyConcurrency: 4,
      eachMessage: async ({ message }) => {
        if (message.offset === 0)
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        done.push(message.offset);
      },
    });
    // The window is 1000 messages, the open one among them, and the next of its key.
    await vi.waitFor(() => expect(done).toHaveLength(998));
    await settled();
    expect(Math.max(...done)).toBe(999);
    release();
    await vi.waitFor(() => expect(done).toHaveLength(2500));
    await consumer.stop();
    await finished;
    expect(cluster.committed.get("t-0")).toBe(2500);
  });

  it.each([
    ["another partition", 0],
    ["a message of another partition that waits for its next try", 1],
  ])("gives way to %s, though its own partition never runs dry", async (_, failures) => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 2);
    cluster.append("t", 1, keyed("a", "b"));
    await using client = testClient(cluster);
    const consumer = await assigned(client, [0, 1]);
    const appendedMax = 3000;
    let appended = 0;
    let isProcessed = false;
    const { finished } = await consumer.run({
      keyConcurrency: 2,
      onError: policy({ retries: 3 }),
      eachMessage: async ({ partition, message }) => {
        if (partition === 0) {
          if (message.attempt <= failures) throw new Error("as it happens");
          isProcessed = true;
          return;
        }
        const isNearEnd = message.offset >= cluster.partition("t", 1).endOffset - 2;
        if (isProcessed || !isNearEnd || appended === appendedMax) return;
        if (appended++ === 10) cluster.append("t", 0, keyed("c"));
        cluster.append("t", 1, keyed("a", "b"));
        await new Promise(setImmediate);
      },
    });
    await vi.waitFor(() => expect(isProcessed).toBe(true));
    expect(appended).toBeLessThan(appendedMax);
    await consumer.stop();
    await finished;
  });

  it("does not take back what a handler has committed by hand", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, keyed("a", "b", "c"));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    const ends: (() => void)[] = [];
    let hasCommitted = false;
    const { finished } = await consumer.run({
      keyConcurrency: 3,
      eachMessage: async ({ message }) => {
        if (message.offset < 2) return await new Promise((resolve) => ends.push(resolve));
        await message.commit();
        hasCommitted = true;
      },
    });
    await vi.waitFor(() => expect(hasCommitted).toBe(true));
    ends[0]?.();
    await settled();
    await consumer.commit();
    expect(cluster.committed.get("t-0")).toBe(3);
    ends[1]?.();
    await consumer.stop();
    await finished;
    expect(cluster.committed.get("t-0")).toBe(3);
  });

  it("gives messages without a key no order, and all of them", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, keyed(null, null, null));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    let running = 0;
    const { finished } = await consumer.run({
      keyConcurrency: 3,
      eachMessage: async () => {
        running++;
        await vi.waitFor(() => expect(running).toBe(3));
      },
    });
    await vi.waitFor(() => expect(consumer.position()).toMatchObject([{ offset: 3 }]));
    await consumer.stop();
    await finished;
    expect(cluster.committed.get("t-0")).toBe(3);
  });

  it("tries one key again while the others go on", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 2);
    cluster.append("t", 0, keyed("a", "a", "b", "c"));
    cluster.append("t", 1, keyed("z"));
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = await assigned(client, [0, 1]);
    const seen: string[] = [];
    await consumer.run({
      keyConcurrency: 2,
      onError: { retries: 1, backoff: { initialRetryTime: 1000, factor: 0 } },
      eachMessage: async ({ message }) => {
        seen.push(String(message.value));
        if (String(message.value) === "a0" && message.attempt === 1) throw new Error("not yet");
      },
    });
    await vi.waitFor(() => expect([...seen].sort()).toEqual(["a0", "b2", "c3", "z0"]));
    clock.advance(1000);
    await vi.waitFor(() => expect(seen.slice(4)).toEqual(["a0", "a1"]));
    await client.close();
    expect(cluster.committed.get("t-0")).toBe(4);
    expect(clock.timerCount).toBe(0);
  });
});

describe("commits", () => {
  it("come at the threshold, without waiting for the interval", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf(...upTo(10).map(String)));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    let release: () => void = () => undefined;
    const events: unknown[] = [];
    consumer.on(consumer.events.COMMIT_OFFSETS, ({ payload }) => events.push(payload.topics));
    const { finished } = await consumer.run({
      autoCommitInterval: null,
      autoCommitThreshold: 4,
      eachMessage: ({ message }) => {
        if (message.offset < 5) return undefined;
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    });
    await vi.waitFor(() => expect(cluster.commits).toHaveLength(1));
    const committed = cluster.committed.get("t-0") ?? 0;
    expect([4, 5]).toContain(committed);
    expect(events).toEqual([[{ topic: "t", partitions: [{ partition: 0, offset: committed }] }]]);
    const stopped = consumer.stop();
    release();
    await stopped;
    await finished;
  });

  it("that are refused, because the partition moved away, do no harm", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf(...upTo(10).map(String)));
    let refused = 0;
    cluster.onCommit = () => {
      if (++refused > 3) return undefined;
      return new SluiceError("UNKNOWN_MEMBER", { member: "m", group: "g", reason: "a test says so" });
    };
    await using client = testClient(cluster);
    const consumer = await assigned(client, [0], { autoCommitThreshold: 1 });
    const seen: number[] = [];
    const { finished } = await consumer.run({
      eachMessage: async ({ message }) => {
        seen.push(message.offset);
        await settled();
      },
    });
    await vi.waitFor(() => expect(seen).toEqual(upTo(10)));
    await consumer.stop();
    await finished;
    expect([refused > 3, cluster.committed.get("t-0")]).toEqual([true, 10]);
  });

  it("are those of the application alone where it says so, with offsets as text too", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf(...upTo(10).map(String)));
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const consumer = await assigned(client);
    const { finished } = await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        if (message.offset === 3) await consumer.commitOffsets([{ topic, partition, offset: `${message.offset + 1}` }]);
        if (message.offset === 9) void consumer.stop();
      },
    });
    clock.advance(60_000);
    await finished;
    expect(cluster.commits.map(({ offsets }) => offsets.map(({ offset }) => offset))).toEqual([[4]]);
    await expect(consumer.commitOffsets([{ topic: "t", partition: 0, offset: "4x" }])).rejects.toThrow(/not an offset/);
  });

  it("of a batch that resolves for itself stop where it stopped, and the rest comes again", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf(...upTo(6).map(String)));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    const sizes: number[] = [];
    const { finished } = await consumer.run({
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset, uncommittedOffsets, commitOffsetsIfNecessary }) => {
        sizes.push(batch.messages.length);
        resolveOffset(`${batch.firstOffset() + 1}`);
        const topics = [{ topic: "t", partitions: [{ partition: 0, offset: batch.firstOffset() + 2 }] }];
        expect(uncommittedOffsets()).toEqual({ topics });
        await commitOffsetsIfNecessary(uncommittedOffsets());
        if (sizes.length === 3) void consumer.stop();
      },
    });
    await finished;
    expect(sizes).toEqual([6, 4, 2]);
    expect(cluster.committed.get("t-0")).toBe(6);
  });

  it("of a batch never go back behind what is resolved or committed already", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf("a", "b", "c"));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    const committed: unknown[] = [];
    const { finished } = await consumer.run({
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary }) => {
        await batch.messages[1]?.commit();
        resolveOffset(0);
        await commitOffsetsIfNecessary();
        committed.push(cluster.committed.get("t-0"));
        resolveOffset(2);
        void consumer.stop();
      },
    });
    await finished;
    expect(committed).toEqual([2]);
    expect(cluster.committed.get("t-0")).toBe(3);
  });

  it("are tried again for what a batch handler did not resolve before it threw", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf(...upTo(4).map(String)));
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    const first: number[] = [];
    const { finished } = await consumer.run({
      onError: policy({ retries: 1 }),
      eachBatch: async ({ batch, resolveOffset }) => {
        first.push(batch.firstOffset());
        if (first.length > 1) return;
        resolveOffset(1);
        throw new Error("half way");
      },
    });
    await vi.waitFor(() => expect(first).toEqual([0, 2]));
    await consumer.stop();
    await finished;
    expect(cluster.committed.get("t-0")).toBe(4);
  });
});

describe("a handler that takes long", () => {
  it("is told to stop after maxProcessingTime, and is still heard out", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    cluster.append("t", 0, batchOf("a"));
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const consumer = await assigned(client, [0], { maxProcessingTime: 60_000 });
    const stalled: unknown[] = [];
    consumer.on("consumer.stalled", ({ payload }) => stalled.push(payload));
    let aborted = false;
    let release: () => void = () => undefined;
    await consumer.run({
      eachMessage: ({ signal }) => {
        signal.addEventListener("abort", () => {
          aborted = true;
        });
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    });
    await settled();
    clock.advance(59_999);
    expect([aborted, consumer.health().state]).toEqual([false, "running"]);
    clock.advance(1);
    expect([aborted, consumer.health().state]).toEqual([true, "stalled"]);
    expect(stalled).toEqual([{ reason: "handler", topic: "t", partition: 0, offset: 0, runningMs: 60_000 }]);
    release();
    await settled();
    expect(consumer.health().state).toBe("running");
    await client.close();
    expect(cluster.committed.get("t-0")).toBe(1);
    expect(clock.timerCount).toBe(0);
  });
});

const nothing = (): void => undefined;

describe("options of run", () => {
  it.each([
    [{ eachMessage: nothing, eachBatch: nothing }, "INVALID_OPTION"],
    [{ eachBatch: nothing, keyConcurrency: 2 }, "INVALID_OPTION"],
    [{ eachBatch: nothing, onError: { deadLetterTopic: "d" } }, "INVALID_OPTION"],
    [{ eachBatch: nothing, onError: { otherwise: "skip" } }, "INVALID_OPTION"],
    [{ eachMessage: nothing, onError: { otherwise: "ignore" } }, "INVALID_OPTION"],
    [{ eachMessage: nothing, onError: { backoff: { retries: 3 } } }, "UNKNOWN_OPTION"],
    [{ eachMessage: nothing, keyConcurency: 2 }, "UNKNOWN_OPTION"],
    [{ eachMessage: nothing, autoCommitInterval: 0 }, "INVALID_OPTION"],
  ])("refuses %j with %s", async (options, code) => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    await using client = testClient(cluster);
    const consumer = await assigned(client);
    const error = await consumer.run(options as never).catch((thrown: unknown) => thrown);
    expect((error as SluiceError).code).toBe(code);
  });
});
