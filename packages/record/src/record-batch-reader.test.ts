import { describe, expect, it } from "vitest";
import type { RecordInput } from "./record.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { batchAttribute, batchField, batchHeaderSizeBytes, stampBatch } from "./record-batch-layout.js";
import { batchesIn, recordsIn } from "./record-batch-reader.js";
import { writeVarint } from "./varint.js";

function batchOf(values: readonly string[], compression: "none" | "gzip" = "none"): Buffer {
  const builder = new RecordBatchBuilder({ compression });
  for (const value of values) builder.append({ timestampMs: 1000, key: null, value: Buffer.from(value) });
  return builder.build();
}

function batchOfRecord(record: Partial<RecordInput>): Buffer {
  const builder = new RecordBatchBuilder();
  builder.append({ timestampMs: 0, key: null, value: null, ...record });
  return builder.build();
}

const values = (batch: Buffer): (string | undefined)[] =>
  Array.from(recordsIn(batch), ({ value }) => value?.toString());

/** A batch whose record section is `body`, with room for `recordCount` records. */
function batchWithBody(body: readonly number[], recordCount = 1): Buffer {
  const batch = Buffer.concat([batchOf(["x"]).subarray(0, batchHeaderSizeBytes), Buffer.from(body)]);
  batch.writeInt32BE(batch.length - 12, batchField.batchLength);
  batch.writeInt32BE(recordCount - 1, batchField.lastOffsetDelta);
  batch.writeInt32BE(recordCount, batchField.recordCount);
  return batch;
}

const invalid = expect.objectContaining({ code: "INVALID_RECORD_BATCH" });

describe("recordsIn", () => {
  it("counts offsets from the base offset that was stamped", () => {
    const batch = batchOf(["a", "b", "c"]);
    stampBatch(batch, 0, { baseOffset: 2 ** 40, leaderEpoch: 5 });
    expect(Array.from(recordsIn(batch), ({ offset }) => offset - 2 ** 40)).toEqual([0, 1, 2]);
  });

  it("gives keys and values that are views of the batch", () => {
    const batch = batchOf(["abc"]);
    const value = [...recordsIn(batch)][0]?.value;
    expect(value?.buffer).toBe(batch.buffer);
  });

  it("can be iterated again, compressed too", () => {
    for (const compression of ["none", "gzip"] as const) {
      const records = recordsIn(batchOf(["a", "b"], compression));
      expect(Array.from(records, ({ offset }) => offset)).toEqual([0, 1]);
      expect(Array.from(records, ({ offset }) => offset)).toEqual([0, 1]);
    }
  });

  it("gives the records before a broken one, then the error", () => {
    const batch = batchOf(["a", "b"]);
    const second = batchHeaderSizeBytes + (batch.length - batchHeaderSizeBytes) / 2;
    batch[second] = 0x7e;
    const seen: number[] = [];
    expect(() => {
      for (const { offset } of recordsIn(batch)) seen.push(offset);
    }).toThrow(invalid);
    expect(seen).toEqual([0]);
  });

  it("gives the time of the append in a logAppendTime batch", () => {
    const batch = batchOf(["a"]);
    batch.writeInt16BE(batchAttribute.logAppendTime, batchField.attributes);
    batch.writeBigInt64BE(777n, batchField.maxTimestamp);
    expect(Array.from(recordsIn(batch), ({ timestampMs }) => timestampMs)).toEqual([777]);
  });

  it("keeps the gaps that compaction leaves", () => {
    const batch = batchOf(["a", "b"]);
    batch.writeInt32BE(9, batchField.lastOffsetDelta);
    expect(values(batch)).toEqual(["a", "b"]);
  });

  it("reads a batch that compaction has emptied", () => {
    const batch = batchWithBody([], 1);
    batch.writeInt32BE(0, batchField.recordCount);
    expect(values(batch)).toEqual([]);
  });

  it("ignores what follows the batch in the buffer", () => {
    expect(values(Buffer.concat([batchOf(["a"]), Buffer.from("rest")]))).toEqual(["a"]);
  });

  it.each<[string, number[], number]>([
    ["ends inside a length", [0x80], 1],
    ["has no records but says so", [], 1],
    ["is longer than the batch", [0x20, 0, 0, 0, 1, 1, 0], 1],
    ["has a negative length", [0x01, 0, 0, 0, 1, 1, 0], 1],
    ["is shorter than its fields", [0x0a, 0, 0, 0, 1, 1, 0], 1],
    ["is longer than its fields", [0x0e, 0, 0, 0, 1, 1, 0, 0], 1],
    ["has a key that runs over", [0x0c, 0, 0, 0, 0x7e, 1, 0], 1],
    ["has a key length of -2", [0x0c, 0, 0, 0, 3, 1, 0], 1],
    ["has a value that runs over", [0x0c, 0, 0, 0, 1, 0x7e, 0], 1],
    ["has -1 headers", [0x0c, 0, 0, 0, 1, 1, 1], 1],
    ["has more headers than bytes", [0x0c, 0, 0, 0, 1, 1, 0x7e], 1],
    ["has a header without a key", [0x10, 0, 0, 0, 1, 1, 2, 1, 1], 1],
    ["has a header value that runs over", [0x10, 0, 0, 0, 1, 1, 2, 0, 0x7e], 1],
    ["has an offset beyond the last", [0x0c, 0, 0, 2, 1, 1, 0], 1],
    ["has a negative offset delta", [0x0c, 0, 0, 1, 1, 1, 0], 1],
    ["has the offset of the one before", [0x0c, 0, 0, 0, 1, 1, 0, 0x0c, 0, 0, 0, 1, 1, 0], 2],
    ["is followed by bytes", [0x0c, 0, 0, 0, 1, 1, 0, 0], 1],
  ])("refuses a record that %s", (_what, body, recordCount) => {
    expect(() => [...recordsIn(batchWithBody(body, recordCount))]).toThrow(invalid);
  });

  it("refuses a record count of 2^31 - 1 without making room for it", () => {
    const batch = batchWithBody([0x0c, 0, 0, 0, 1, 1, 0], 0x7fffffff);
    expect(() => [...recordsIn(batch)]).toThrow(invalid);
  });

  it("refuses a header count of 2^31 - 1 without making room for it", () => {
    const count = Buffer.alloc(5);
    writeVarint(count, 0, 0x7fffffff);
    expect(() => [...recordsIn(batchWithBody([0x14, 0, 0, 0, 1, 1, ...count]))]).toThrow(invalid);
  });

  it("refuses a batch that is cut short, at once", () => {
    const batch = batchOf(["abc"]);
    for (let sizeBytes = 0; sizeBytes < batch.length; sizeBytes++) {
      expect(() => recordsIn(batch.subarray(0, sizeBytes))).toThrow(invalid);
    }
  });
});

describe("headers of a record", () => {
  it("keep order, repeated and empty keys, null and empty values", () => {
    const headers = [
      { key: "a", value: Buffer.from("1") },
      { key: "a", value: null },
      { key: "", value: Buffer.alloc(0) },
      { key: "ключ", value: Buffer.from("2") },
    ];
    expect([...recordsIn(batchOfRecord({ headers }))][0]?.headers).toEqual(headers);
  });
});

describe("batchesIn", () => {
  it("gives whole batches as views and leaves out a partial one", () => {
    const [a, b] = [batchOf(["a"]), batchOf(["b", "bb"])];
    const whole = Buffer.concat([a, b]);
    for (let cut = 0; cut < a.length; cut++) {
      const bytes = Buffer.concat([whole, a.subarray(0, cut)]);
      const batches = [...batchesIn(bytes)];
      expect(batches).toEqual([a, b]);
      expect(batches[0]?.buffer).toBe(bytes.buffer);
    }
  });

  it.each([-1, 0, 48, -0x80000000, 0x7fffffff])("refuses a batchLength of %i after the batches before it", (length) => {
    const broken = batchOf(["b"]);
    broken.writeInt32BE(length, batchField.batchLength);
    const seen: Buffer[] = [];
    expect(() => {
      for (const batch of batchesIn(Buffer.concat([batchOf(["a"]), broken]))) seen.push(batch);
    }).toThrow(invalid);
    expect(seen).toHaveLength(1);
  });
});
