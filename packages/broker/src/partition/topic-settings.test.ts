import { gzipSync } from "node:zlib";
import { MemoryFileSystem } from "@sluice/log/testing";
import { SeededRandom } from "@sluice/model/testing";
import {
  batchesIn,
  batchHeaderSizeBytes,
  type CompressionCodec,
  crc32c,
  prepareCompression,
  RecordBatchBuilder,
  readBatchHeader,
  recordsIn,
} from "@sluice/record";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { batchOf, KeepingSink, producerBatch, RegistryFixture } from "../testing/registry-fixture.js";
import type { PartitionRuntime } from "./partition-runtime.js";

let fileSystem: MemoryFileSystem;
let fixture: RegistryFixture;

beforeAll(prepareCompression);

beforeEach(async () => {
  fileSystem = new MemoryFileSystem(new SeededRandom(1));
  fixture = await RegistryFixture.open(fileSystem);
});

afterEach(() => fixture.close());

function led(partition = 0): PartitionRuntime {
  return fixture.registry.ledOrThrow("a", partition);
}

/** Applies an image in which only the settings differ, and lets the log record them. */
async function configure(config: Record<string, string>): Promise<void> {
  await fixture.settle({ name: "a", config });
}

async function produce(batch: Buffer): Promise<KeepingSink> {
  const sink = new KeepingSink();
  try {
    led().startProduce({ ...led().acceptBatch(batch), acks: "all", clientEpoch: undefined }, sink);
  } catch (error) {
    sink.onRefused(error as never);
  }
  await sink.settled();
  return sink;
}

async function codeOf(batch: Buffer): Promise<string | undefined> {
  return (await produce(batch)).refused?.code;
}

async function readBatches(): Promise<Buffer[]> {
  const { records } = await led().fetch({
    fromOffset: 0,
    sizeBytesMax: 1e7,
    waitMsMax: 0,
  });
  return [...batchesIn(records)];
}

function compressed(compression: CompressionCodec, size = 2000): Buffer {
  const builder = new RecordBatchBuilder({ compression });
  for (const value of ["x", "y".repeat(size)]) {
    builder.append({ timestampMs: fixture.clock.nowMs(), key: Buffer.from("k"), value: Buffer.from(value) });
  }
  return builder.build();
}

/** A batch in gzip whose records are so many zeros. */
function bombOf(expandedBytes: number): Buffer {
  const records = gzipSync(Buffer.alloc(expandedBytes), { level: 9 });
  const batch = Buffer.concat([compressed("gzip").subarray(0, batchHeaderSizeBytes), records]);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

describe("settings of a topic", () => {
  it("count from the next batch on, in the epoch that goes on", async () => {
    await configure({});
    const runtime = led();
    const waiting = runtime.fetch({ fromOffset: 0, sizeBytesMax: 1000, waitMsMax: 60_000 });
    await configure({ "max.message.bytes": "200" });
    expect(led()).toBe(runtime);
    expect(await codeOf(batchOf(fixture.clock, "x".repeat(300)))).toBe("RECORD_BATCH_TOO_LARGE");
    await configure({ "max.message.bytes": "1000", "message.timestamp.after.max.ms": "0" });
    expect(await codeOf(batchOf(fixture.clock, "x".repeat(300)))).toBeUndefined();
    const builder = new RecordBatchBuilder({});
    builder.append({ timestampMs: fixture.clock.nowMs() + 1, key: null, value: null });
    expect(await codeOf(builder.build())).toBe("INVALID_TIMESTAMP");
    await configure({ "cleanup.policy": "compact" });
    expect(await codeOf(batchOf(fixture.clock, "no key"))).toBe("INVALID_RECORD_BATCH");
    expect((await waiting).records.length).toBeGreaterThan(0);
    expect(runtime.leaderEpoch).toBe(0);
  });

  it("let what waits for the disk be answered when it need not be safe from a power loss any more", async () => {
    await configure({});
    await produce(batchOf(fixture.clock, "x"));
    await configure({ flush: "os" });
    const { produced } = await produce(batchOf(fixture.clock, "y"));
    expect(produced).toMatchObject({ baseOffset: 1, replicasFlushed: 0 });
    await configure({ flush: "always" });
    expect((await produce(batchOf(fixture.clock, "z"))).produced).toMatchObject({ replicasFlushed: 1 });
  });

  it("are the newest when they change while the log is being opened", async () => {
    fixture.apply({ name: "a", config: {} });
    await Promise.resolve();
    fixture.apply({ name: "a", config: { "bounded.bytes": "0" } });
    await fixture.registry.settled();
    expect(await codeOf(batchOf(fixture.clock, "x"))).toBe("TOPIC_FULL");
  });

  it("give new partitions their roles, and leave the others as they are", async () => {
    await fixture.settle({ name: "a" });
    const runtime = led();
    await fixture.settle({ name: "a", partitions: 3 });
    expect(led()).toBe(runtime);
    expect([led(1).leaderEpoch, led(2).leaderEpoch]).toEqual([0, 0]);
  });

  it("that the disk has no room to record are taken when there is room", async () => {
    await configure({});
    fileSystem.setCapacity(fileSystem.usedBytes);
    expect(await codeOf(batchOf(fixture.clock, "x".repeat(100)))).toBe("DISK_FULL");
    await configure({ flush: "os" });
    fileSystem.setCapacity(undefined);
    await fixture.untilRoom();
    await fixture.registry.settled();
    expect((await produce(batchOf(fixture.clock, "y"))).produced).toMatchObject({ replicasFlushed: 0 });
  });
});

describe("roles and a full disk", () => {
  it("are taken when there is room, without a new image", async () => {
    await configure({});
    fileSystem.setCapacity(fileSystem.usedBytes);
    await fixture.settle({ name: "a" }, { name: "b" });
    expect(() => fixture.registry.ledOrThrow("b", 0)).toThrow(expect.objectContaining({ code: "DISK_FULL" }));
    expect(fixture.registry.totals().offline).toBe(1);
    fileSystem.setCapacity(undefined);
    await fixture.untilRoom();
    await fixture.registry.settled();
    expect(fixture.registry.ledOrThrow("b", 0).leaderEpoch).toBe(0);
    expect(fixture.registry.totals().offline).toBe(0);
  });
});

describe("compression.type", () => {
  it.each(["none", "gzip", "snappy", "lz4", "zstd"] as const)(
    "keeps %s of a producer, or makes it another",
    async (codec) => {
      await configure({});
      await produce(compressed(codec));
      await configure({ "compression.type": "gzip" });
      await produce(compressed(codec));
      await configure({ "compression.type": "none" });
      await produce(compressed(codec));
      const batches = await readBatches();
      expect(batches.map((batch) => readBatchHeader(batch).compression)).toEqual([codec, "gzip", "none"]);
      const records = batches.flatMap((batch) => [...recordsIn(batch)]);
      expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(new Set(records.map(({ value }) => String(value)))).toEqual(new Set(["x", "y".repeat(2000)]));
    },
  );

  it("knows a batch again that it compressed itself", async () => {
    await configure({ "compression.type": "gzip" });
    const batch = producerBatch(fixture.clock, { baseSequence: 0 }, "x".repeat(500));
    expect((await produce(Buffer.from(batch))).produced).toMatchObject({ baseOffset: 0, isDuplicate: false });
    expect((await produce(Buffer.from(batch))).produced).toMatchObject({ baseOffset: 0, isDuplicate: true });
  });

  it("refuses a batch that is larger than the topic takes once it is as the topic wants it", async () => {
    await configure({ "compression.type": "none", "max.message.bytes": "1000" });
    expect(await codeOf(compressed("gzip"))).toBe("RECORD_BATCH_TOO_LARGE");
    expect(led().highWatermark).toBe(0);
  });

  it("refuses what expands to more than it takes out of a batch, whatever the batch says of itself", async () => {
    await configure({ "compression.type": "zstd", "max.message.bytes": "1000000" });
    const bomb = bombOf(17 * 1024 * 1024);
    expect(bomb.length).toBeLessThan(20_000);
    expect(await codeOf(bomb)).toBe("INVALID_RECORD_BATCH");
    expect(led().highWatermark).toBe(0);
  });
});

describe("message.timestamp.type=LogAppendTime", () => {
  it("gives records the broker's time, and says so", async () => {
    await configure({ "message.timestamp.type": "LogAppendTime", "message.timestamp.after.max.ms": "0" });
    const builder = new RecordBatchBuilder({});
    for (const timestampMs of [5, 9e15]) builder.append({ timestampMs, key: null, value: null });
    const nowMs = fixture.clock.nowMs();
    const { produced } = await produce(builder.build());
    expect(produced).toMatchObject({ baseOffset: 0, logAppendTimeMs: nowMs });
    const [batch] = (await readBatches()) as [Buffer];
    expect([...recordsIn(batch)].map(({ timestampMs }) => timestampMs)).toEqual([nowMs, nowMs]);
    expect(await led().listOffset({ type: "timestamp", timestampMs: nowMs })).toMatchObject({ offset: 0 });
    expect(await led().listOffset({ type: "maxTimestamp" })).toMatchObject({ offset: 0, timestampMs: nowMs });
  });

  it("answers a batch that was sent again with the time of its append", async () => {
    await configure({ "message.timestamp.type": "LogAppendTime" });
    const batch = producerBatch(fixture.clock, { baseSequence: 0 }, "x");
    const { produced } = await produce(Buffer.from(batch));
    fixture.clock.advance(1000);
    const again = await produce(Buffer.from(batch));
    expect(again.produced).toMatchObject({ isDuplicate: true, logAppendTimeMs: produced?.logAppendTimeMs });
  });
});

describe("bounded.bytes", () => {
  it("refuses what does not fit, whatever is on its way, and goes on when records are deleted", async () => {
    const batch = batchOf(fixture.clock, "x".repeat(100));
    await configure({ "bounded.bytes": String(batch.length * 8), "file.delete.delay.ms": "0" });
    const sinks = Array.from({ length: 10 }, () => {
      const sink = new KeepingSink();
      led().startProduce({ ...led().acceptBatch(Buffer.from(batch)), acks: "all", clientEpoch: undefined }, sink);
      return sink;
    });
    await Promise.all(sinks.map((sink) => sink.settled()));
    expect(sinks.map((sink) => sink.refused?.code)).toEqual([...Array(8).fill(undefined), "TOPIC_FULL", "TOPIC_FULL"]);
    expect(await led().deleteRecordsBefore(4)).toBe(4);
    expect(await codeOf(Buffer.from(batch))).toBeUndefined();
    expect(await led().deleteRecordsBefore(-1)).toBe(9);
    expect(led().logSizeBytes).toBe(0);
    for (let i = 0; i < 8; i += 1) expect(await codeOf(Buffer.from(batch))).toBeUndefined();
    expect(await codeOf(Buffer.from(batch))).toBe("TOPIC_FULL");
    await configure({ "bounded.bytes": "-1" });
    expect(await codeOf(Buffer.from(batch))).toBeUndefined();
  });

  it("makes room of a segment that had grown before there was a bound", async () => {
    const batch = batchOf(fixture.clock, "x".repeat(100));
    await configure({});
    for (let i = 0; i < 8; i += 1) expect(await codeOf(Buffer.from(batch))).toBeUndefined();
    const settings = { "retention.bytes": "0", "file.delete.delay.ms": "0" };
    await configure({ ...settings, "bounded.bytes": String(batch.length * 4) });
    expect(await codeOf(Buffer.from(batch))).toBe("TOPIC_FULL");
    // One look closes the segment, the next deletes it.
    for (let look = 0; look < 2; look += 1) await fixture.logDirectory.runHousekeeping();
    expect(led().logSizeBytes).toBe(0);
    for (let i = 0; i < 4; i += 1) expect(await codeOf(Buffer.from(batch))).toBeUndefined();
    expect(await codeOf(Buffer.from(batch))).toBe("TOPIC_FULL");
  });

  it("has segments small enough for retention to make room", async () => {
    const batch = batchOf(fixture.clock, "x".repeat(100));
    const boundedBytes = batch.length * 8;
    await configure({
      "bounded.bytes": String(boundedBytes),
      "retention.bytes": String(boundedBytes / 2),
      "file.delete.delay.ms": "0",
    });
    for (let i = 0; i < 8; i += 1) await produce(Buffer.from(batch));
    expect(await codeOf(Buffer.from(batch))).toBe("TOPIC_FULL");
    await fixture.logDirectory.runHousekeeping();
    expect(await codeOf(Buffer.from(batch))).toBeUndefined();
  });
});
