/** What a follower does with what its leader sends, seen from outside. Broker 1 follows broker 2 in epoch 5. */

import { leaderEpoch, offset, SluiceError, type TopicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { EpochEnd, PartitionEvent } from "./partition-event.js";
import { PartitionStateMachine } from "./partition-state-machine.js";
import { becomeFollower, recordsReceived } from "./testing/partition-events.js";

const epoch = leaderEpoch(5);

/** Has 10 records, up to epoch 4, of which 6 are known to be committed; asked its leader already. */
function following(fields: Parameters<typeof becomeFollower>[0] = {}): PartitionStateMachine {
  const machine = new PartitionStateMachine({ topic: "flights" as TopicName, partition: 0, broker: 1 });
  const at = { leaderEpoch: epoch, logEndOffset: offset(10), lastEpoch: leaderEpoch(4), highWatermark: offset(6) };
  machine.step(becomeFollower({ ...at, ...fields }));
  machine.step({ type: "leaderConnected", leader: 2 });
  return machine;
}

/** One batch of epoch 5 in [10, 11). */
const records = (fields: Parameters<typeof recordsReceived>[0] = {}): PartitionEvent =>
  recordsReceived({
    leaderEpoch: epoch,
    fetchOffset: offset(10),
    nextOffset: offset((fields.fetchOffset ?? 10) + 1),
    epochs: { first: epoch, last: epoch },
    ...fields,
  });
const marks = (highWatermark: number, logStartOffset = 0): PartitionEvent => {
  const at = { highWatermark: offset(highWatermark), logStartOffset: offset(logStartOffset) };
  return records({ nextOffset: offset(10), epochs: undefined, ...at });
};
const advanced = (end: number, acked = end): PartitionEvent => ({
  type: "logAdvanced",
  leaderEpoch: epoch,
  logEndOffset: offset(end),
  ackedOffset: offset(acked),
});
const diverged = (leaderEnd: EpochEnd, ownEnd: EpochEnd): PartitionEvent => ({
  type: "leaderDiverged",
  leader: 2,
  leaderEpoch: epoch,
  epochEnd: leaderEnd,
  ownEnd,
});
const endOf = (ofEpoch: number, endOffset: number): EpochEnd => ({
  epoch: leaderEpoch(ofEpoch),
  endOffset: offset(endOffset),
});
const settled = (end: number, lastEpoch: number | undefined, start = 0): PartitionEvent => ({
  type: "logSettled",
  leaderEpoch: epoch,
  logStartOffset: offset(start),
  logEndOffset: offset(end),
  lastEpoch: lastEpoch === undefined ? undefined : leaderEpoch(lastEpoch),
  ackedOffset: offset(end),
});
const outOfRange: PartitionEvent = {
  type: "leaderRefused",
  leader: 2,
  leaderEpoch: epoch,
  error: new SluiceError("OFFSET_OUT_OF_RANGE", {
    topic: "flights",
    partition: 0,
    offset: 10,
    logStartOffset: 40,
    highWatermark: 50,
  }),
  copyStartOffset: offset(40),
};
const lagChecked: PartitionEvent = { type: "lagChecked", nowMs: 0 };

describe("a follower", () => {
  it("says where it is when the stream opens, and again when it opens anew", () => {
    const machine = following();
    expect(machine.step({ type: "leaderConnected", leader: 2 })).toEqual([
      {
        type: "fetchFromLeader",
        leader: 2,
        leaderEpoch: 5,
        fetchOffset: 10,
        lastFetchedEpoch: 4,
        ackedOffset: 10,
        isRestart: true,
      },
    ]);
    expect(machine.step({ type: "leaderConnected", leader: 3 })).toEqual([]);
  });

  it("appends what follows, and reports what it acknowledges: nothing for a write that is not flushed", () => {
    const machine = following();
    expect(machine.step(records({ highWatermark: offset(9) }))).toEqual([
      { type: "appendReplicated", receiptId: 1, leaderEpoch: 5 },
      { type: "highWatermarkAdvanced", highWatermark: 9, leaderEpoch: 5 },
    ]);
    expect(machine.step(advanced(11, 10))).toEqual([]);
    expect(machine.step(advanced(11, 11))).toMatchObject([
      { type: "fetchFromLeader", fetchOffset: 11, ackedOffset: 11, lastFetchedEpoch: 5, isRestart: false },
    ]);
    expect(machine.step(advanced(11, 11))).toEqual([]);
  });

  it("throws away what comes from another broker, in an older epoch, or out of turn", () => {
    const machine = following();
    for (const event of [
      records({ leader: 3 }),
      records({ leaderEpoch: leaderEpoch(4) }),
      records({ fetchOffset: offset(9) }),
      records({ fetchOffset: offset(11) }),
    ]) {
      expect(machine.step(event)).toEqual([{ type: "dropReplicated", receiptId: 1, reason: undefined }]);
    }
    // If something is missing, it does not wait for ever.
    expect(machine.step(lagChecked)).toMatchObject([{ type: "fetchFromLeader", isRestart: true }]);
    expect(machine.step(lagChecked)).toEqual([]);
  });

  it.each([
    ["an epoch before its own last one", { epochs: { first: leaderEpoch(3), last: epoch } }],
    ["an epoch beyond the leader's", { epochs: { first: epoch, last: leaderEpoch(6) } }],
    ["offsets without batches", { epochs: undefined }],
    ["batches without offsets", { nextOffset: offset(10) }],
  ] as const)("refuses %s, says why and asks again later", (_name, fields) => {
    const machine = following();
    expect(machine.step(records(fields))).toMatchObject([{ type: "dropReplicated", reason: expect.any(String) }]);
    expect(machine.step(records())).toMatchObject([{ type: "dropReplicated", reason: undefined }]);
    expect(machine.step(lagChecked)).toMatchObject([{ type: "fetchFromLeader", isRestart: true }]);
  });

  it("cuts its log at the lower end of an epoch that both have, and asks again", () => {
    const machine = following();
    expect(machine.step(diverged(endOf(3, 9), endOf(3, 8)))).toEqual([
      { type: "truncateLog", leaderEpoch: 5, endOffset: 8 },
    ]);
    expect(machine.step(records())).toMatchObject([{ type: "dropReplicated" }]);
    expect(machine.step({ type: "leaderConnected", leader: 2 })).toEqual([]);
    expect(machine.step(settled(8, 3))).toMatchObject([
      { type: "fetchFromLeader", fetchOffset: 8, lastFetchedEpoch: 3, isRestart: true },
    ]);
  });

  it("cuts nothing for an answer to something else, nor for a stale leader", () => {
    const machine = following();
    const stale = { ...diverged(endOf(3, 9), endOf(3, 8)), leaderEpoch: leaderEpoch(4) } as PartitionEvent;
    expect(machine.step(stale)).toEqual([]);
    expect(machine.step(diverged(endOf(4, 12), endOf(4, 10)))).toEqual([]);
    expect(machine.step(lagChecked)).toMatchObject([{ type: "fetchFromLeader" }]);
  });

  it("does not cut what is committed: it stays as it is", () => {
    const machine = following();
    expect(machine.step(diverged(endOf(2, 5), endOf(2, 5)))).toMatchObject([
      { type: "quarantineReplica", reason: expect.stringContaining("below its high watermark 6") },
    ]);
    expect(machine.step(records())).toMatchObject([{ type: "dropReplicated" }]);
    expect(machine.step(lagChecked)).toEqual([]);
  });

  it("cuts what was committed after an unclean election, if that is newer than its log", () => {
    const cut = diverged(endOf(2, 5), endOf(2, 5));
    const machine = following({ uncleanEpoch: leaderEpoch(5) });
    expect(machine.step(cut)).toMatchObject([{ type: "truncateLog", endOffset: 5 }]);
    machine.step(settled(5, 2));
    expect(machine.highWatermark).toBe(5);
    expect(following({ uncleanEpoch: leaderEpoch(4) }).step(cut)).toMatchObject([{ type: "quarantineReplica" }]);
    const early = following({ uncleanEpoch: leaderEpoch(5), logStartOffset: offset(6) });
    expect(early.step(cut)).toMatchObject([{ type: "restartLog", logStartOffset: 0 }]);
  });

  it("begins again where a copy of the leader's log begins, when what it needs is deleted", () => {
    const machine = following();
    expect(machine.step(outOfRange)).toEqual([{ type: "restartLog", leaderEpoch: 5, logStartOffset: 40 }]);
    expect(machine.step(settled(40, undefined, 40))).toMatchObject([
      { type: "fetchFromLeader", fetchOffset: 40, lastFetchedEpoch: undefined, isRestart: true },
    ]);
  });

  it("asks again instead, when what was refused is a position that it has left", () => {
    const machine = following();
    machine.step(records());
    machine.step(advanced(11));
    expect(machine.step(outOfRange)).toMatchObject([{ type: "fetchFromLeader", fetchOffset: 11, isRestart: true }]);
  });

  it("asks again later where it was refused for another reason, and once where it hears so twice", () => {
    const machine = following();
    const error = new SluiceError("LEADER_NOT_AVAILABLE", { topic: "flights", partition: 0 });
    const refused = { ...outOfRange, error, leaderEpoch: undefined } as PartitionEvent;
    expect(machine.step(refused)).toEqual([]);
    expect(machine.step(refused)).toEqual([]);
    expect(machine.step(lagChecked)).toMatchObject([{ type: "fetchFromLeader", isRestart: true }]);
  });

  it("waits until its own writes are done before it asks anew", () => {
    const machine = following();
    machine.step(records());
    expect(machine.step({ type: "leaderConnected", leader: 2 })).toEqual([]);
    expect(machine.step(advanced(11, 10))).toMatchObject([
      { type: "fetchFromLeader", fetchOffset: 11, ackedOffset: 10, isRestart: true },
    ]);
  });

  it("says at once, and once, that there was no room for what it appended, and asks again after a while", () => {
    const machine = following();
    machine.step(records());
    expect(machine.step(settled(10, 4))).toMatchObject([
      { type: "fetchFromLeader", fetchOffset: 10, ackedOffset: 10, isRestart: false, isFull: true },
    ]);
    expect(machine.step(settled(10, 4))).toEqual([]);
    expect(machine.step(records({ fetchOffset: offset(11) }))).toMatchObject([{ type: "dropReplicated" }]);
    const [again] = machine.step(lagChecked);
    expect(again).toMatchObject({ type: "fetchFromLeader", fetchOffset: 10, isRestart: true });
    expect(again).not.toHaveProperty("isFull");
  });

  it("knows as committed at most what it has, and deletes at most what is committed", () => {
    const machine = following();
    expect(machine.step(marks(30, 8))).toEqual([
      { type: "dropReplicated", receiptId: 1, reason: undefined },
      { type: "highWatermarkAdvanced", highWatermark: 10, leaderEpoch: 5 },
      { type: "deleteRecordsBefore", logStartOffset: 8 },
    ]);
    expect(machine.step(marks(30, 8))).toHaveLength(1);
    expect(machine.step(marks(30, 12)).at(-1)).toEqual({ type: "deleteRecordsBefore", logStartOffset: 10 });
  });

  it("ends when its leader, or anybody, is in a newer epoch", () => {
    const newer = leaderEpoch(6);
    const machine = following();
    expect(machine.step(records({ leaderEpoch: newer }))).toEqual([
      { type: "readPartition", leaderEpoch: 6 },
      { type: "dropReplicated", receiptId: 1, reason: undefined },
    ]);
    expect(machine.roleEpoch).toBeUndefined();
    const refused = { ...outOfRange, leaderEpoch: newer } as PartitionEvent;
    expect(following().step(refused)).toEqual([{ type: "readPartition", leaderEpoch: 6 }]);
  });

  it("takes nothing more when its log has failed, in a later epoch too", () => {
    const machine = following();
    machine.step({ type: "logFailed", reason: "EIO" });
    expect(machine.step(records())).toMatchObject([{ type: "dropReplicated" }]);
    machine.step(becomeFollower({ leaderEpoch: leaderEpoch(6) }));
    expect(machine.step({ type: "leaderConnected", leader: 2 })).toEqual([]);
  });

  it("ignores what belongs to an epoch that is over", () => {
    const machine = following();
    expect(machine.step({ ...advanced(12), leaderEpoch: leaderEpoch(4) } as PartitionEvent)).toEqual([]);
    expect(machine.step({ ...settled(3, 1), leaderEpoch: leaderEpoch(4) } as PartitionEvent)).toEqual([]);
    expect(machine.step(records())).toMatchObject([{ type: "appendReplicated" }]);
  });
});
