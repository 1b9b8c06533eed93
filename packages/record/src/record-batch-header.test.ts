import { randomBytes } from "node:crypto";
import { isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { compressionCodecs, prepareCompression } from "./compression.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { readBatchHeader } from "./record-batch-header.js";
import {
  batchAttribute,
  batchBaseOffset,
  batchField,
  batchHeaderSizeBytes,
  batchLastOffset,
  batchLeaderEpoch,
  batchMaxTimestampMs,
  batchRecordCount,
  batchSizeBytes,
  stampBatch,
  verifyBatchChecksum,
} from "./record-batch-layout.js";

function someBatch(): Buffer {
  const builder = new RecordBatchBuilder();
  for (let i = 0; i < 3; i++) builder.append({ timestampMs: 1000 + i, key: null, value: Buffer.from("abc") });
  return builder.build();
}

/** Where the batch lies in the middle of other bytes. */
const position = 11;

function embedded(batch: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(position, 0xee), batch, Buffer.alloc(7, 0xee)]);
}

describe("readBatchHeader", () => {
  it("reads at a position, and the accessors say the same", () => {
    const bytes = embedded(someBatch());
    stampBatch(bytes, position, { baseOffset: 2 ** 45 + 3, leaderEpoch: 12 });
    const header = readBatchHeader(bytes, position);
    expect(header).toMatchObject({ baseOffset: 2 ** 45 + 3, lastOffset: 2 ** 45 + 5, leaderEpoch: 12, recordCount: 3 });
    expect({
      baseOffset: batchBaseOffset(bytes, position),
      sizeBytes: batchSizeBytes(bytes, position),
      lastOffset: batchLastOffset(bytes, position),
      maxTimestampMs: batchMaxTimestampMs(bytes, position),
      recordCount: batchRecordCount(bytes, position),
      leaderEpoch: batchLeaderEpoch(bytes, position),
    }).toEqual({
      baseOffset: header.baseOffset,
      sizeBytes: header.sizeBytes,
      lastOffset: header.lastOffset,
      maxTimestampMs: header.maxTimestampMs,
      recordCount: header.recordCount,
      leaderEpoch: header.leaderEpoch,
    });
  });

  it("needs only the 61 bytes of the header", () => {
    const batch = someBatch();
    expect(readBatchHeader(batch.subarray(0, batchHeaderSizeBytes)).sizeBytes).toBe(batch.length);
    expect(() => readBatchHeader(batch.subarray(0, batchHeaderSizeBytes - 1))).toThrow(/60 bytes/);
  });

  it("reads the attributes", () => {
    const batch = someBatch();
    const { logAppendTime, transactional, control, deleteHorizon } = batchAttribute;
    batch.writeInt16BE(4 | logAppendTime | transactional | control | deleteHorizon, batchField.attributes);
    expect(readBatchHeader(batch)).toMatchObject({
      compression: "zstd",
      timestampType: "logAppendTime",
      isTransactional: true,
      isControl: true,
      hasDeleteHorizon: true,
    });
  });

  it.each<[string, (batch: Buffer) => void]>([
    ["magic 1", (batch) => batch.writeInt8(1, batchField.magic)],
    ["magic 3", (batch) => batch.writeInt8(3, batchField.magic)],
    ["a batchLength of 48", (batch) => batch.writeInt32BE(48, batchField.batchLength)],
    ["a negative batchLength", (batch) => batch.writeInt32BE(-1, batchField.batchLength)],
    ["a size beyond 2^31 - 1", (batch) => batch.writeInt32BE(0x7fffffff, batchField.batchLength)],
    ["codec 5", (batch) => batch.writeInt16BE(5, batchField.attributes)],
    ["a negative base offset", (batch) => batch.writeBigInt64BE(-1n, batchField.baseOffset)],
    ["a base offset beyond 2^53", (batch) => batch.writeBigInt64BE(2n ** 53n, batchField.baseOffset)],
    ["a last offset beyond 2^53", (batch) => batch.writeBigInt64BE(2n ** 53n - 2n, batchField.baseOffset)],
    ["a negative last offset delta", (batch) => batch.writeInt32BE(-1, batchField.lastOffsetDelta)],
    ["more records than offsets", (batch) => batch.writeInt32BE(1, batchField.lastOffsetDelta)],
    ["a negative record count", (batch) => batch.writeInt32BE(-1, batchField.recordCount)],
    ["a base timestamp of -2", (batch) => batch.writeBigInt64BE(-2n, batchField.baseTimestamp)],
    ["a max timestamp beyond 2^53", (batch) => batch.writeBigInt64BE(2n ** 60n, batchField.maxTimestamp)],
    ["a producer id of -2", (batch) => batch.writeBigInt64BE(-2n, batchField.producerId)],
  ])("refuses %s", (_what, change) => {
    const batch = someBatch();
    change(batch);
    expect(() => readBatchHeader(batch)).toThrow(expect.objectContaining({ code: "INVALID_RECORD_BATCH" }));
  });
});

describe("stampBatch", () => {
  it("changes 12 bytes and leaves the checksum right", () => {
    const before = someBatch();
    const bytes = embedded(before);
    stampBatch(bytes, position, { baseOffset: 0x1122334455667, leaderEpoch: 0x01020304 });
    const stamped = bytes.subarray(position, position + before.length);
    expect(verifyBatchChecksum(bytes, position, before.length)).toBe(true);
    expect(stamped.readBigInt64BE(0)).toBe(0x1122334455667n);
    expect(stamped.readInt32BE(12)).toBe(0x01020304);
    expect(stamped.subarray(8, 12)).toEqual(before.subarray(8, 12));
    expect(stamped.subarray(16)).toEqual(before.subarray(16));
    expect([bytes[position - 1], bytes[position + before.length]]).toEqual([0xee, 0xee]);
  });
});

describe("a batch of 4 KiB", () => {
  it.each(compressionCodecs)("%s: shows every single bit that flips in bytes 16 and above", async (compression) => {
    await prepareCompression();
    const builder = new RecordBatchBuilder({ compression });
    const noise = randomBytes(4020);
    for (let at = 0; at < noise.length; at += 402)
      builder.append({ timestampMs: 1_700_000_000_000 + at, key: null, value: noise.subarray(at, at + 402) });
    const batch = builder.build();
    expect(batch.length).toBeGreaterThanOrEqual(4096);
    const unseen: number[] = [];
    for (let bit = batchField.magic * 8; bit < batch.length * 8; bit++) {
      const at = bit >> 3;
      const before = batch[at] as number;
      batch[at] = before ^ (1 << (bit & 7));
      if (isGood(batch)) unseen.push(bit);
      batch[at] = before;
    }
    expect(unseen).toEqual([]);
    expect(isGood(batch)).toBe(true);
  });
});

function isGood(batch: Buffer): boolean {
  try {
    return verifyBatchChecksum(batch, 0, readBatchHeader(batch).sizeBytes);
  } catch (error) {
    if (isSluiceError(error) && error.code === "INVALID_RECORD_BATCH") return false;
    throw error;
  }
}
