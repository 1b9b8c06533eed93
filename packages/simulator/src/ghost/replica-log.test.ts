import { RecordBatchBuilder, stampBatch } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { CommittedRecords } from "./committed-records.js";
import { ReplicaLog } from "./replica-log.js";

const path = "/data/broker-1/11111111-1111-4111-8111-111111111111-0/00000000000000000000.log";

function batch(baseOffset: number, leaderEpoch: number, value: string): Buffer {
  const builder = new RecordBatchBuilder();
  builder.append({ timestampMs: 1, key: null, value: Buffer.from(value) });
  builder.append({ timestampMs: 1, key: null, value: Buffer.from(value) });
  const bytes = builder.build();
  stampBatch(bytes, 0, { baseOffset, leaderEpoch });
  return bytes;
}

function logOf(...batches: Buffer[]): ReplicaLog {
  const log = new ReplicaLog();
  log.written(path, Buffer.concat(batches), 0);
  return log;
}

describe("ReplicaLog", () => {
  it("follows writes, truncations and syncs of its file", () => {
    const [first, second] = [batch(0, 0, "a"), batch(2, 1, "b")];
    const log = logOf(first);
    log.synced(path);
    log.written(path, second, first.length);
    expect([log.endOffset, log.durableEndOffset]).toEqual([4, 2]);
    expect(log.batchAt(3)?.leaderEpoch).toBe(1);
    log.truncated(path, first.length + 10);
    expect([log.endOffset, log.durableEndOffset]).toEqual([2, 2]);
    expect(log.batchAt(2)).toBeUndefined();
  });

  it("counts what a crash has left whole, and nothing behind what it has torn", () => {
    const [first, second, third] = [batch(0, 0, "a"), batch(2, 1, "b"), batch(4, 1, "c")];
    const torn = Buffer.from(second);
    torn.fill(0, torn.length - 10);
    const log = new ReplicaLog();
    log.found(path, Buffer.concat([first, torn, third]));
    expect([log.endOffset, log.durableEndOffset]).toEqual([2, 2]);
    log.found(path, Buffer.concat([first, second, third]));
    expect([log.endOffset, log.durableEndOffset]).toEqual([6, 6]);
  });

  it("does not count files that are being removed", () => {
    const log = logOf(batch(0, 0, "a"));
    log.renamed(path, `${path}.deleted`);
    expect(log.batches).toEqual([]);
  });
});

describe("CommittedRecords", () => {
  it("finds the first offset that a log lacks or has differently", () => {
    const partition = "p";
    const committed = new CommittedRecords();
    const leader = logOf(batch(0, 0, "a"), batch(2, 0, "b"), batch(4, 0, "c"));
    expect(committed.advance(partition, leader, 4)).toBe(true);
    expect(committed.highWatermark(partition)).toBe(4);
    expect(committed.firstDifference(partition, leader)).toBeUndefined();
    expect(committed.firstDifference(partition, logOf(batch(0, 0, "a"), batch(2, 0, "b")))).toBeUndefined();
    expect(committed.firstDifference(partition, logOf(batch(0, 0, "a")))).toBe(2);
    expect(committed.firstDifference(partition, logOf(batch(0, 0, "a"), batch(2, 0, "x")))).toBe(2);
    expect(committed.firstDifference(partition, logOf(batch(0, 0, "a"), batch(2, 1, "b")))).toBe(2);
    expect(committed.firstDifference(partition, undefined)).toBe(0);
  });

  it("says where a leader promises more than it has", () => {
    expect(new CommittedRecords().advance("p", logOf(batch(0, 0, "a")), 3)).toBe(false);
  });
});
