import { isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { checkProducedBatch, type ProducedBatchLimits } from "./check-produced-batch.js";
import { type CompressionCodec, compressionCodecs } from "./compression.js";
import { crc32c } from "./crc32c.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { batchAttribute, batchField } from "./record-batch-layout.js";

const nowMs = 1_700_000_000_000;
const limits: ProducedBatchLimits = {
  sizeBytesMax: 1_048_588,
  where: "flights-3",
  nowMs,
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
};

function batchOf(
  options: { timestampsMs?: readonly number[]; valueBytes?: number; codec?: CompressionCodec } = {},
): Buffer {
  const builder = new RecordBatchBuilder({ compression: options.codec ?? "none" });
  for (const timestampMs of options.timestampsMs ?? [nowMs]) {
    builder.append({ timestampMs, key: Buffer.from("k"), value: Buffer.alloc(options.valueBytes ?? 3, "v") });
  }
  return builder.build();
}

/** A batch with a field changed and the checksum made right again. */
function resigned(change: (batch: Buffer) => void, batch = batchOf()): Buffer {
  change(batch);
  batch.writeUInt32BE(crc32c(batch.subarray(batchField.attributes)), batchField.crc);
  return batch;
}

function codeOf(batch: Buffer, changes: Partial<ProducedBatchLimits> = {}): string | undefined {
  try {
    checkProducedBatch(batch, { ...limits, ...changes });
    return undefined;
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return error.code;
  }
}

describe("checkProducedBatch", () => {
  it("returns the header of a good batch", () => {
    for (const codec of ["none", "gzip"] as const) {
      const batch = batchOf({ codec, timestampsMs: [nowMs, nowMs + 5] });
      expect(checkProducedBatch(batch, limits)).toMatchObject({
        sizeBytes: batch.length,
        recordCount: 2,
        compression: codec,
        maxTimestampMs: nowMs + 5,
      });
    }
  });

  it("takes every codec of the format without looking at the records", () => {
    for (const [number, compression] of compressionCodecs.entries()) {
      const batch = resigned((bytes) => bytes.writeInt16BE(number, batchField.attributes));
      expect(checkProducedBatch(batch, limits)).toMatchObject({ compression });
    }
  });

  it("keeps the producer id and sequence of an idempotent producer", () => {
    const batch = resigned((bytes) => {
      bytes.writeBigInt64BE(17n, batchField.producerId);
      bytes.writeInt16BE(2, batchField.producerEpoch);
      bytes.writeInt32BE(40, batchField.baseSequence);
    });
    expect(checkProducedBatch(batch, limits)).toMatchObject({ producerId: 17, producerEpoch: 2, baseSequence: 40 });
  });

  it("takes a batch of exactly the limit and refuses one byte more, naming both sizes and the partition", () => {
    const batch = batchOf({ valueBytes: 1000 });
    expect(codeOf(batch, { sizeBytesMax: batch.length })).toBeUndefined();
    expect(() => checkProducedBatch(batch, { ...limits, sizeBytesMax: batch.length - 1 })).toThrow(
      expect.objectContaining({
        code: "RECORD_BATCH_TOO_LARGE",
        details: { sizeBytes: batch.length, sizeBytesMax: batch.length - 1, where: "flights-3" },
      }),
    );
  });

  it.each<[string, Buffer, string]>([
    ["no bytes", Buffer.alloc(0), "INVALID_RECORD_BATCH"],
    ["60 bytes", batchOf().subarray(0, 60), "INVALID_RECORD_BATCH"],
    ["two batches", Buffer.concat([batchOf(), batchOf()]), "INVALID_RECORD_BATCH"],
    ["a batch cut short", batchOf().subarray(0, -1), "INVALID_RECORD_BATCH"],
    ["magic 1", resigned((batch) => batch.writeInt8(1, batchField.magic)), "INVALID_RECORD_BATCH"],
    ["base offset 1", resigned((batch) => batch.writeBigInt64BE(1n, batchField.baseOffset)), "INVALID_RECORD_BATCH"],
    ["codec 5", resigned((batch) => batch.writeInt16BE(5, batchField.attributes)), "INVALID_RECORD_BATCH"],
    ["codec 7", resigned((batch) => batch.writeInt16BE(7, batchField.attributes)), "INVALID_RECORD_BATCH"],
    [
      "a last delta off by one",
      resigned((batch) => batch.writeInt32BE(1, batchField.lastOffsetDelta)),
      "INVALID_RECORD_BATCH",
    ],
    ["no records", resigned((batch) => batch.writeInt32BE(0, batchField.recordCount)), "INVALID_RECORD_BATCH"],
    [
      "a control batch",
      resigned((batch) => batch.writeInt16BE(batchAttribute.control, batchField.attributes)),
      "INVALID_RECORD_BATCH",
    ],
    [
      "a transaction",
      resigned((batch) => batch.writeInt16BE(batchAttribute.transactional, batchField.attributes)),
      "UNSUPPORTED",
    ],
    [
      "a producer id without an epoch",
      resigned((batch) => {
        batch.writeBigInt64BE(17n, batchField.producerId);
        batch.writeInt32BE(0, batchField.baseSequence);
      }),
      "INVALID_RECORD_BATCH",
    ],
    [
      "a producer id without a sequence",
      resigned((batch) => {
        batch.writeBigInt64BE(17n, batchField.producerId);
        batch.writeInt16BE(0, batchField.producerEpoch);
      }),
      "INVALID_RECORD_BATCH",
    ],
    [
      "log append time",
      resigned((batch) => batch.writeInt16BE(batchAttribute.logAppendTime, batchField.attributes)),
      "INVALID_RECORD_BATCH",
    ],
    [
      "a delete horizon",
      resigned((batch) => batch.writeInt16BE(batchAttribute.deleteHorizon, batchField.attributes)),
      "INVALID_RECORD_BATCH",
    ],
    [
      "a max timestamp before the base",
      resigned((batch) => batch.writeBigInt64BE(5n, batchField.maxTimestamp)),
      "INVALID_RECORD_BATCH",
    ],
    ["no timestamp", resigned((batch) => batch.writeBigInt64BE(-1n, batchField.baseTimestamp)), "INVALID_TIMESTAMP"],
  ])("refuses %s", (_what, batch, code) => {
    expect(codeOf(batch)).toBe(code);
  });

  it("takes timestamps at the bounds and refuses those beyond", () => {
    const bounds = { timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 500 };
    expect(codeOf(batchOf({ timestampsMs: [nowMs - 1000, nowMs + 500] }), bounds)).toBeUndefined();
    expect(codeOf(batchOf({ timestampsMs: [nowMs - 1001] }), bounds)).toBe("INVALID_TIMESTAMP");
    expect(codeOf(batchOf({ timestampsMs: [nowMs, nowMs + 501] }), bounds)).toBe("INVALID_TIMESTAMP");
  });

  it("checks the size before the format, the format before the checksum, the checksum before the fields", () => {
    const broken = batchOf();
    broken.writeInt8(1, batchField.magic);
    broken.writeInt32BE(7, batchField.recordCount);
    expect(codeOf(broken, { sizeBytesMax: 10 })).toBe("RECORD_BATCH_TOO_LARGE");
    expect(codeOf(broken)).toBe("INVALID_RECORD_BATCH");
    broken.writeInt8(2, batchField.magic);
    expect(codeOf(broken)).toBe("CORRUPT_RECORD_BATCH");
  });

  it("sees every single bit that flips in a 4 KiB batch, but for the leader epoch, which an append rewrites", () => {
    const batch = batchOf({ valueBytes: 4096 - 61 - 11 });
    const unseen = new Set<number>();
    for (let bit = 0; bit < batch.length * 8; bit++) {
      const at = bit >> 3;
      const before = batch[at] as number;
      batch[at] = before ^ (1 << (bit & 7));
      if (codeOf(batch) === undefined) unseen.add(at);
      batch[at] = before;
    }
    expect([...unseen]).toEqual([12, 13, 14, 15]);
  });
});
