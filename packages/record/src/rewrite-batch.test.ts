import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { compressionCodecs, prepareCompression } from "./compression.js";
import { crc32c } from "./crc32c.js";
import type { RecordInput, RecordView } from "./record.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { readBatchHeader } from "./record-batch-header.js";
import {
  batchAttribute,
  batchField,
  batchHeaderSizeBytes,
  stampBatch,
  verifyBatchChecksum,
} from "./record-batch-layout.js";
import { recordsIn } from "./record-batch-reader.js";
import { rewriteBatch } from "./rewrite-batch.js";

const nowMs = 1_700_000_000_000;
// Now and then so long that the length takes two bytes.
const anyBytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 9 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 120, size: "max" }) },
);
const bytes = fc.option(anyBytes);
const record: fc.Arbitrary<RecordInput> = fc.record({
  timestampMs: fc.oneof(
    fc.nat({ max: 100_000 }).map((delta) => nowMs - delta),
    fc.nat(),
  ),
  key: bytes,
  value: bytes,
  headers: fc.array(fc.record({ key: fc.string(), value: bytes }), { maxLength: 2 }),
});
const producer = fc.record({
  producerId: fc.nat(),
  producerEpoch: fc.nat({ max: 32_767 }),
  baseSequence: fc.nat(),
  isTransactional: fc.boolean(),
});

interface Plain {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly headers: string;
}

const plain = ({ offset, timestampMs, key, value, headers }: RecordView): Plain => ({
  offset,
  timestampMs,
  key: key?.toString("hex"),
  value: value?.toString("hex"),
  headers: JSON.stringify(headers),
});

function batchOf(records: readonly RecordInput[], compression: (typeof compressionCodecs)[number] = "none"): Buffer {
  const builder = new RecordBatchBuilder({ compression });
  for (const input of records) builder.append(input);
  const batch = builder.build();
  stampBatch(batch, 0, { baseOffset: 1000, leaderEpoch: 4 });
  return batch;
}

function withAttribute(batch: Buffer, bit: number): Buffer {
  batch.writeInt16BE(batch.readInt16BE(batchField.attributes) | bit, batchField.attributes);
  batch.writeUInt32BE(crc32c(batch.subarray(batchField.attributes)), batchField.crc);
  return batch;
}

const plainBatch = (count: number): Buffer =>
  batchOf(
    Array.from({ length: count }, (_, i) => ({ timestampMs: nowMs + i, key: Buffer.from(`k${i}`), value: null })),
  );

beforeAll(prepareCompression);

describe("rewriteBatch", () => {
  it("keeps the kept records as they were, and everything of the header that is not theirs, again and again", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(record, fc.nat({ max: 3 })), { minLength: 1, maxLength: 20, size: "max" }),
        fc.constantFrom(...compressionCodecs),
        fc.option(producer),
        fc.boolean(),
        fc.option(fc.nat({ max: 2 * nowMs }), { nil: undefined }),
        (inputs, compression, owner, isLogAppendTime, deleteHorizonMs) => {
          const builder = new RecordBatchBuilder({ compression });
          for (const [input] of inputs) builder.append(input);
          let batch = owner === null ? builder.build() : builder.build(owner);
          stampBatch(batch, 0, { baseOffset: 5_000_000_000, leaderEpoch: 7 });
          if (isLogAppendTime) withAttribute(batch, batchAttribute.logAppendTime);
          const { maxTimestampMs: appendMs, ...before } = readBatchHeader(batch);
          let expected = Array.from(recordsIn(batch), plain);
          // A record with number n goes in round n; those with 0 stay.
          for (const round of [1, 2, 3]) {
            const goes = (offset: number): boolean => inputs[offset - before.baseOffset]?.[1] === round;
            const options = deleteHorizonMs === undefined ? {} : { deleteHorizonMs: deleteHorizonMs + round };
            batch = rewriteBatch(batch, ({ offset }) => !goes(offset), round === 2 ? options : {});
            expected = expected.filter(({ offset }) => !goes(offset));
            expect(Array.from(recordsIn(batch), plain)).toEqual(expected);
            expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
            const { baseOffset, leaderEpoch, lastOffsetDelta, timestampType, isTransactional, isControl } = before;
            const { producerId, producerEpoch, baseSequence } = before;
            const isHorizonSet = deleteHorizonMs !== undefined && round >= 2 && expected.length > 0;
            const header = readBatchHeader(batch);
            expect(header).toMatchObject({
              sizeBytes: batch.length,
              ...{ baseOffset, leaderEpoch, lastOffsetDelta, timestampType, isTransactional, isControl },
              ...{ producerId, producerEpoch, baseSequence },
              recordCount: expected.length,
              compression: expected.length === 0 ? "none" : compression,
              hasDeleteHorizon: isHorizonSet,
            });
            if (isHorizonSet) expect(header.baseTimestampMs).toBe(deleteHorizonMs + 2);
            if (isLogAppendTime) expect(header.maxTimestampMs).toBe(appendMs);
            else if (expected.length > 0)
              expect(header.maxTimestampMs).toBe(Math.max(...expected.map(({ timestampMs }) => timestampMs)));
          }
        },
      ),
      { numRuns: propertyRuns({ usual: 300, long: 20_000 }) },
    );
  });

  it("returns the same buffer where nothing changes", () => {
    const batch = plainBatch(3);
    expect(rewriteBatch(batch, () => true)).toBe(batch);
    const withHorizon = rewriteBatch(batch, () => true, { deleteHorizonMs: nowMs });
    expect(withHorizon).not.toBe(batch);
    expect(rewriteBatch(withHorizon, () => true, { deleteHorizonMs: nowMs + 1 })).toBe(withHorizon);
    const empty = rewriteBatch(batch, () => false);
    expect(empty.length).toBe(batchHeaderSizeBytes);
    expect(rewriteBatch(empty, () => true, { deleteHorizonMs: nowMs })).toBe(empty);
  });

  it("leaves the batch that it was given as it was", () => {
    const batch = plainBatch(5);
    const copy = Buffer.from(batch);
    rewriteBatch(batch, ({ offset }) => offset % 2 === 0, { deleteHorizonMs: nowMs + 5000 });
    expect(batch.equals(copy)).toBe(true);
  });

  it("copies header keys that are not UTF-8, and lengths that are longer than need be, byte for byte", () => {
    // Two records: attributes, timestamp delta, offset delta, no key, no value, one header with the key ff fe and no value.
    const tail = Buffer.from("01010204fffe01", "hex");
    const records = [0, 2].map((offsetDelta) => {
      const longOffsetDelta = Buffer.from([offsetDelta | 0x80, 0]);
      const body = Buffer.concat([Buffer.from([0, 0]), longOffsetDelta, tail]);
      return Buffer.concat([Buffer.from([body.length * 2]), body]);
    });
    const batch = Buffer.concat([plainBatch(2).subarray(0, batchHeaderSizeBytes), ...records]);
    batch.writeInt32BE(batch.length - 12, batchField.batchLength);
    const second = rewriteBatch(batch, ({ offset }) => offset === 1001);
    expect(second.subarray(batchHeaderSizeBytes).equals(records[1] as Buffer)).toBe(true);
  });

  it("refuses a batch whose records are damaged, and passes on what keep throws", () => {
    const batch = plainBatch(3);
    const failure = new Error("no memory for the key");
    expect(() =>
      rewriteBatch(batch, () => {
        throw failure;
      }),
    ).toThrow(failure);
    batch[batchHeaderSizeBytes] = 0xff;
    expect(() => rewriteBatch(batch, () => true)).toThrow(expect.objectContaining({ code: "INVALID_RECORD_BATCH" }));
    expect(() => rewriteBatch(plainBatch(3).subarray(0, -1), () => true)).toThrow(/and there are/);
  });

  it("leaves records uncompressed where readers would take the result for a bomb", () => {
    const records = Array.from({ length: 17 }, (_, i) => ({
      timestampMs: nowMs,
      key: Buffer.from(`${i}`),
      value: Buffer.alloc(1024 * 1024),
    }));
    const noise = { timestampMs: nowMs, key: null, value: randomBytes(1024 * 1024) };
    const batch = batchOf([noise, ...records], "gzip");
    expect(readBatchHeader(batch).compression).toBe("gzip");
    const rewritten = rewriteBatch(batch, ({ key }) => key !== null);
    expect(readBatchHeader(rewritten).compression).toBe("none");
    expect(Array.from(recordsIn(rewritten), ({ offset }) => offset)).toEqual(records.map((_, i) => 1001 + i));
  });
});
