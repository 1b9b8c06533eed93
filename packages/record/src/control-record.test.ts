import { describe, expect, it } from "vitest";
import { buildEndTransactionMarker, type ControlRecord, readControlRecord } from "./control-record.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";
import { readBatchHeader } from "./record-batch-header.js";
import { verifyBatchChecksum } from "./record-batch-layout.js";
import { recordsIn } from "./record-batch-reader.js";

function read(key: string | null, value: string | null): ControlRecord[] {
  const bytes = (hex: string | null): Buffer | null => (hex === null ? null : Buffer.from(hex, "hex"));
  const builder = new RecordBatchBuilder();
  builder.append({ timestampMs: 1, key: bytes(key), value: bytes(value) });
  return Array.from(recordsIn(builder.build()), readControlRecord);
}

describe("control records", () => {
  it.each(["abort", "commit"] as const)("%s: is read as it was built", (type) => {
    const batch = buildEndTransactionMarker({
      type,
      coordinatorEpoch: 70_000,
      producerId: 2 ** 40,
      producerEpoch: 32_767,
      timestampMs: 1_700_000_000_000,
    });
    expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
    expect(readBatchHeader(batch)).toMatchObject({
      isControl: true,
      isTransactional: true,
      producerId: 2 ** 40,
      producerEpoch: 32_767,
      baseSequence: -1,
      recordCount: 1,
      maxTimestampMs: 1_700_000_000_000,
    });
    expect(Array.from(recordsIn(batch), readControlRecord)).toEqual([{ type, coordinatorEpoch: 70_000 }]);
  });

  it("skips kinds that it does not know, whatever their value is", () => {
    for (const key of ["00000002", "0000ffff", "00000005ab"])
      expect(read(key, null)).toEqual([{ type: "unknown", coordinatorEpoch: -1 }]);
  });

  it("reads later versions as far as it knows them", () => {
    expect(read("00030001ff", "000200000007ffff")).toEqual([{ type: "commit", coordinatorEpoch: 7 }]);
  });

  it.each([
    [null, "000000000001"],
    ["000000", "000000000001"],
    ["ffff0001", "000000000001"],
    ["00000001", null],
    ["00000001", "0000000000"],
    ["00000000", "ffff00000001"],
  ])("refuses key %s with value %s", (key, value) => {
    expect(() => read(key, value)).toThrow(expect.objectContaining({ code: "INVALID_RECORD_BATCH" }));
  });
});
