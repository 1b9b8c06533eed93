import { leaderEpoch, offset } from "@sluice/model";
import { RecordBatchBuilder, stampBatch } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { receivedBatches } from "./received-batches.js";

/** A batch of so many records, as a leader stamps it. */
function batchAt(baseOffset: number, count: number, epoch: number): Buffer {
  const builder = new RecordBatchBuilder({});
  for (let index = 0; index < count; index += 1) {
    builder.append({ timestampMs: 1000, key: null, value: Buffer.from(`${baseOffset + index}`) });
  }
  const batch = builder.build();
  stampBatch(batch, 0, { baseOffset: offset(baseOffset), leaderEpoch: leaderEpoch(epoch) });
  return batch;
}

function receive(range: readonly [number, number], ...batches: Buffer[]) {
  const [fetchOffset, nextOffset] = [offset(range[0]), offset(range[1])];
  const marks = { highWatermark: offset(0), logStartOffset: offset(0) };
  const records = Buffer.concat(batches);
  return receivedBatches({ leaderEpoch: leaderEpoch(9), fetchOffset, nextOffset, ...marks, records }, "a-0");
}

function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return (error as { code: unknown }).code;
  }
  return undefined;
}

describe("receivedBatches", () => {
  it("takes them apart, and says in which epochs they were appended", () => {
    const [first, second] = [batchAt(5, 3, 1), batchAt(8, 1, 2)];
    const received = receive([5, 9], first, second);
    expect(received).toMatchObject({ baseOffset: 5, epochs: { first: 1, last: 2 } });
    expect(received.batches).toEqual([first, second]);
  });

  it("takes gaps, as compaction leaves them", () => {
    expect(receive([5, 20], batchAt(7, 1, 1), batchAt(12, 2, 1)).batches).toHaveLength(2);
  });

  it("takes a first batch that begins below the range, and holds its first offset", () => {
    expect(receive([5, 9], batchAt(3, 6, 1)).baseOffset).toBe(3);
    expect(codeOf(() => receive([5, 9], batchAt(3, 2, 1)))).toBe("INVALID_RECORD_BATCH");
  });

  it.each<[string, readonly [number, number], Buffer[]]>([
    ["two batches with one offset", [5, 9], [batchAt(5, 3, 1), batchAt(7, 1, 1)]],
    ["a batch before the one ahead of it", [5, 9], [batchAt(8, 1, 1), batchAt(5, 3, 1)]],
    ["an older epoch after a newer", [5, 9], [batchAt(5, 3, 2), batchAt(8, 1, 1)]],
    ["more than the range", [5, 8], [batchAt(5, 3, 1), batchAt(8, 1, 1)]],
    ["a batch that is cut short", [5, 8], [batchAt(5, 3, 1).subarray(0, 70)]],
    ["bytes that are no batch", [5, 8], [Buffer.alloc(100)]],
  ])("refuses %s", (_, range, batches) => {
    expect(codeOf(() => receive(range, ...batches))).toBe("INVALID_RECORD_BATCH");
  });

  it("refuses a batch of which any byte under its checksum has changed", () => {
    const batch = batchAt(5, 3, 1);
    for (let at = 21; at < batch.length; at += 1) {
      const damaged = Buffer.from(batch);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      expect(
        codeOf(() => receive([5, 8], damaged)),
        `byte ${at}`,
      ).toMatch(/^(CORRUPT|INVALID)_RECORD_BATCH$/);
    }
  });
});
