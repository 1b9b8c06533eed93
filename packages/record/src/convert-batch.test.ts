import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { writeBatchHeader } from "./batch-header-writer.js";
import { compressionCodecs, prepareCompression } from "./compression.js";
import { recompressBatch, stampLogAppendTime } from "./convert-batch.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { readBatchHeader } from "./record-batch-header.js";
import { batchHeaderSizeBytes, verifyBatchChecksum } from "./record-batch-layout.js";
import { recordsIn } from "./record-batch-reader.js";

const values = Array.from({ length: 40 }, (_, index) => `value ${index} ${"x".repeat(index)}`);
const producer = { producerId: 7, producerEpoch: 2, baseSequence: 30 };
const expandedBytesMax = 1_000_000;

beforeAll(prepareCompression);

function built(compression: (typeof compressionCodecs)[number]): Buffer {
  const builder = new RecordBatchBuilder({ compression });
  values.forEach((value, index) => {
    builder.append({ timestampMs: 1000 + index, key: Buffer.from(`k${index}`), value: Buffer.from(value) });
  });
  return builder.build(producer);
}

function read(batch: Buffer): unknown[] {
  return [...recordsIn(batch)].map(({ offset, timestampMs, key, value }) => [
    offset,
    timestampMs,
    String(key),
    String(value),
  ]);
}

describe("recompressBatch", () => {
  const pairs = compressionCodecs.flatMap((from) => compressionCodecs.map((to) => [from, to] as const));

  it.each(pairs)("makes of a batch in %s one in %s with the same records, producer and offsets", (from, codec) => {
    const batch = built(from);
    const before = Buffer.from(batch);
    const header = readBatchHeader(batch);
    const converted = recompressBatch(batch, header, { codec, expandedBytesMax });
    expect(batch.equals(before)).toBe(true);
    if (from === codec) expect(converted).toBe(batch);
    expect(verifyBatchChecksum(converted, 0, converted.length)).toBe(true);
    const { crc: _, sizeBytes, compression, ...rest } = readBatchHeader(converted);
    expect([sizeBytes, compression]).toEqual([converted.length, codec]);
    expect(header).toMatchObject(rest);
    expect(read(converted)).toEqual(read(built("none")));
  });

  it("refuses records that expand to more than it is to take", () => {
    const records = gzipSync(Buffer.alloc(900_000));
    const batch = Buffer.concat([Buffer.alloc(batchHeaderSizeBytes), records]);
    writeBatchHeader(batch, { ...readBatchHeader(built("gzip")), compression: "gzip" });
    const convert = (most: number): Buffer =>
      recompressBatch(batch, readBatchHeader(batch), { codec: "none", expandedBytesMax: most });
    expect(convert(900_000).length).toBe(batchHeaderSizeBytes + 900_000);
    expect(() => convert(899_999)).toThrow(expect.objectContaining({ code: "INVALID_RECORD_BATCH" }));
  });

  it("leaves a batch as it is where readers would take the result for a bomb", () => {
    const builder = new RecordBatchBuilder({});
    builder.append({ timestampMs: 1, key: null, value: Buffer.alloc(32 * 1024 * 1024) });
    const batch = builder.build();
    const converted = recompressBatch(batch, readBatchHeader(batch), {
      codec: "gzip",
      expandedBytesMax: 64 * 1024 * 1024,
    });
    expect(converted).toBe(batch);
  });
});

describe("stampLogAppendTime", () => {
  it.each(compressionCodecs)("gives every record of a batch in %s the time of the append", (codec) => {
    const batch = built(codec);
    const header = readBatchHeader(batch);
    stampLogAppendTime(batch, 5000);
    expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
    const stamped = readBatchHeader(batch);
    expect(stamped).toEqual({ ...header, crc: stamped.crc, timestampType: "logAppendTime", maxTimestampMs: 5000 });
    expect(new Set([...recordsIn(batch)].map((record) => record.timestampMs))).toEqual(new Set([5000]));
  });
});
