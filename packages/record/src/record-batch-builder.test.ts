import { InvariantError } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { compressionCodecs, prepareCompression } from "./compression.js";
import type { RecordInput } from "./record.js";
import { RecordBatchBuilder, recordSizeBytesMax } from "./record-batch-builder.js";
import { readBatchHeader } from "./record-batch-header.js";
import { verifyBatchChecksum } from "./record-batch-layout.js";
import { recordsIn } from "./record-batch-reader.js";

const nowMs = 1_700_000_000_000;
// Now and then so long that the length takes two bytes.
const anyBytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 9 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300, size: "max" }) },
);
const bytes = fc.option(anyBytes);
const record: fc.Arbitrary<RecordInput> = fc.record(
  {
    timestampMs: fc.oneof(
      fc.maxSafeNat(),
      fc.nat({ max: 1000 }).map((delta) => nowMs - delta),
    ),
    key: bytes,
    value: bytes,
    headers: fc.array(fc.record({ key: fc.string({ unit: "binary" }), value: bytes }), { maxLength: 4 }),
  },
  { requiredKeys: ["timestampMs", "key", "value"] },
);

function builderOf(records: readonly RecordInput[], initialBytes?: number): RecordBatchBuilder {
  const builder = new RecordBatchBuilder(initialBytes === undefined ? {} : { initialBytes });
  for (const input of records) builder.append(input);
  return builder;
}

const buffer = (part: Uint8Array | null): Buffer | null => (part === null ? null : Buffer.from(part));

describe("RecordBatchBuilder", () => {
  it("builds what the reader reads back, whatever the records, the codec and the first size", async () => {
    await prepareCompression();
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 30, size: "max" }),
        fc.constantFrom(...compressionCodecs),
        fc.nat({ max: 3000 }),
        (records, compression, initialBytes) => {
          const builder = new RecordBatchBuilder({ compression, initialBytes });
          for (const input of records) builder.append(input);
          const batch = builder.build();
          expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
          const read = Array.from(recordsIn(batch), ({ offset, timestampMs, key, value, headers }) => ({
            offset,
            timestampMs,
            key,
            value,
            headers,
          }));
          expect(read).toEqual(
            records.map(({ timestampMs, key, value, headers }, offset) => ({
              offset,
              timestampMs,
              key: buffer(key),
              value: buffer(value),
              headers: (headers ?? []).map((header) => ({ key: header.key, value: buffer(header.value) })),
            })),
          );
        },
      ),
      { numRuns: propertyRuns({ usual: 200, long: 10_000 }) },
    );
  });

  it("writes the header of a producer without an id", () => {
    const batch = builderOf([
      { timestampMs: nowMs, key: null, value: Buffer.from("a") },
      { timestampMs: nowMs + 9, key: null, value: Buffer.from("b") },
      { timestampMs: nowMs - 5, key: null, value: Buffer.from("c") },
    ]).build();
    expect(readBatchHeader(batch)).toMatchObject({
      baseOffset: 0,
      sizeBytes: batch.length,
      leaderEpoch: -1,
      magic: 2,
      compression: "none",
      timestampType: "createTime",
      isTransactional: false,
      isControl: false,
      lastOffsetDelta: 2,
      lastOffset: 2,
      baseTimestampMs: nowMs,
      maxTimestampMs: nowMs + 9,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      recordCount: 3,
    });
  });

  it("knows its size and count after each record, exactly", () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 10 }), (records) => {
        for (let count = 1; count <= records.length; count++) {
          const builder = builderOf(records.slice(0, count));
          expect(builder.recordCount).toBe(count);
          expect(builder.sizeBytes).toBe(builder.build().length);
        }
      }),
    );
    expect(new RecordBatchBuilder().sizeBytes).toBe(61);
  });

  it("never adds more than recordSizeBytesMax", () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 10 }), (records) => {
        const builder = new RecordBatchBuilder();
        for (const input of records) {
          const before = builder.sizeBytes;
          builder.append(input);
          expect(builder.sizeBytes - before).toBeLessThanOrEqual(recordSizeBytesMax(input));
        }
      }),
    );
  });

  it("copies the bytes of a record: they may change afterwards", () => {
    const value = Buffer.from("before");
    const builder = builderOf([{ timestampMs: 0, key: null, value }]);
    value.write("after!");
    expect([...recordsIn(builder.build())][0]?.value?.toString()).toBe("before");
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    "refuses the timestamp %d and stays as it was",
    (t) => {
      const builder = builderOf([{ timestampMs: 1, key: null, value: null }]);
      const { sizeBytes } = builder;
      expect(() => builder.append({ timestampMs: t, key: null, value: null })).toThrow(
        expect.objectContaining({ code: "INVALID_TIMESTAMP" }),
      );
      expect([builder.recordCount, builder.sizeBytes]).toEqual([1, sizeBytes]);
    },
  );

  it("writes the producer that numbers its batches", () => {
    const producer = { producerId: 2 ** 41 + 5, producerEpoch: 32_767, baseSequence: 2 ** 31 - 1 };
    const input = { timestampMs: nowMs, key: null, value: Buffer.from("a") };
    for (const isTransactional of [undefined, false, true]) {
      const batch = builderOf([input]).build({
        ...producer,
        ...(isTransactional === undefined ? {} : { isTransactional }),
      });
      expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
      expect(readBatchHeader(batch)).toMatchObject({ ...producer, isTransactional: isTransactional === true });
    }
  });

  it("makes one batch, and none of no records", () => {
    expect(() => new RecordBatchBuilder().build()).toThrow(InvariantError);
    const builder = builderOf([{ timestampMs: 1, key: null, value: null }]);
    builder.build();
    expect(() => builder.build()).toThrow(InvariantError);
    expect(() => builder.append({ timestampMs: 1, key: null, value: null })).toThrow(InvariantError);
  });

  it("leaves records uncompressed where readers would take the result for a bomb", () => {
    const builder = new RecordBatchBuilder({ compression: "gzip" });
    for (let i = 0; i < 17; i++) builder.append({ timestampMs: i, key: null, value: Buffer.alloc(1024 * 1024) });
    const batch = builder.build();
    expect(readBatchHeader(batch).compression).toBe("none");
    expect([...recordsIn(batch)]).toHaveLength(17);
  });
});
