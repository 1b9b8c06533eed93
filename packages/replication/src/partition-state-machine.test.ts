import { leaderEpoch, offset, SluiceError, type TopicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { PartitionEvent, RequiredAcks } from "./partition-event.js";
import { PartitionStateMachine } from "./partition-state-machine.js";
import { becomeLeader, replicaSets } from "./testing/partition-events.js";
import { transcript } from "./testing/transcript.js";

const lead = (epoch: number, at: { start?: number; end?: number; acked?: number; isr?: number[]; min?: number } = {}) =>
  becomeLeader({
    leaderEpoch: leaderEpoch(epoch),
    replicaSets: replicaSets({ inSyncReplicas: at.isr ?? [1] }),
    inSyncReplicasMin: at.min ?? 1,
    logStartOffset: offset(at.start ?? 0),
    logEndOffset: offset(at.end ?? 0),
    ackedOffset: offset(at.acked ?? at.end ?? 0),
  });
const append = (requestId: number, acks: RequiredAcks, clientEpoch?: number): PartitionEvent => ({
  type: "appendRequested",
  requestId,
  acks,
  clientEpoch,
});
const placed = (requestId: number, from: number, to: number): PartitionEvent => ({
  type: "appendPlaced",
  requestId,
  baseOffset: offset(from),
  endOffset: offset(to),
  sizeBytes: 100,
});
const duplicated = (requestId: number, from: number, to: number): PartitionEvent => ({
  type: "appendDuplicated",
  requestId,
  baseOffset: offset(from),
  endOffset: offset(to),
});
const advanced = (epoch: number, end: number, acked = end): PartitionEvent => ({
  type: "logAdvanced",
  leaderEpoch: leaderEpoch(epoch),
  logEndOffset: offset(end),
  ackedOffset: offset(acked),
});
const fetch = (requestId: number, fetchOffset: number, mayWait = true, clientEpoch?: number): PartitionEvent => ({
  type: "fetchRequested",
  requestId,
  fetchOffset,
  clientEpoch,
  mayWait,
});
const resign = (epoch: number, leader?: number): PartitionEvent => ({
  type: "resign",
  leaderEpoch: leaderEpoch(epoch),
  leader,
});

describe("PartitionStateMachine", () => {
  it("acknowledges each of the acks at its own moment", async () => {
    const scenario = `
The log has 10 records. Three producers append two records each; the write of the first two batches is
reported before the flush, the third is still being written.

    offsets  10        12        14        16
             | all  (1)| leader(2)| none (3)|
    written  ---------------------^
    flushed  ----------^`;
    const events = [
      lead(4, { end: 10 }),
      append(1, "all", 4),
      append(2, "leader"),
      append(3, "none"),
      placed(1, 10, 12),
      placed(2, 12, 14),
      placed(3, 14, 16),
      advanced(4, 14, 10),
      advanced(4, 14, 12),
      advanced(4, 16, 16),
    ];
    await expect(transcript(scenario, events)).toMatchFileSnapshot("./transcripts/acks.txt");
  });

  it("answers a batch that was sent again like the first time, when that one is safe", async () => {
    const scenario = `
Batches at 10 and 12 are on their way to the disk when both are sent again, with other acks: each repetition waits for what it
asks itself. What is committed is answered at once. A repetition of what is taken back is refused like the first.`;
    const error = new SluiceError("DISK_FULL", { path: "/data" });
    const events = [
      lead(4, { end: 10, acked: 10 }),
      append(1, "all"),
      placed(1, 10, 12),
      append(2, "all"),
      placed(2, 12, 14),
      append(3, "all"),
      duplicated(3, 10, 12),
      append(4, "leader"),
      duplicated(4, 12, 14),
      append(5, "none"),
      duplicated(5, 12, 14),
      append(6, "all"),
      placed(6, 14, 16),
      append(7, "all"),
      duplicated(7, 12, 14),
      advanced(4, 14, 10),
      advanced(4, 14, 12),
      append(8, "all"),
      duplicated(8, 10, 12),
      append(9, "all"),
      duplicated(9, 14, 16),
      advanced(4, 14, 14),
      { type: "appendsTakenBack", leaderEpoch: leaderEpoch(4), fromOffset: offset(14), error } as const,
      append(10, "all"),
      duplicated(10, 12, 14),
      append(11, "all"),
      placed(11, 14, 16),
      append(12, "leader"),
      duplicated(12, 14, 16),
      resign(5, 2),
    ];
    await expect(transcript(scenario, events)).toMatchFileSnapshot("./transcripts/duplicates.txt");
  });

  it("lets a fetch that wants many bytes wait until they are committed", async () => {
    const scenario = `
Every batch has 100 bytes. Fetch 1 waits at the high watermark for 250; fetch 2 finds 60 of its 200 and waits for the rest;
fetch 3 gives up and gets what there is; fetch 4 gives up and there is nothing; fetch 5 does not wait.`;
    const short = (requestId: number, missingBytes: number, committedBytes: number) =>
      ({
        type: "fetchFellShort",
        requestId,
        fetchOffset: offset(8),
        minBytes: 200,
        missingBytes,
        leaderEpoch: leaderEpoch(1),
        committedBytes,
      }) as const;
    const events = [
      lead(1, { start: 3, end: 10 }),
      { ...fetch(1, 10), minBytes: 250 },
      { ...fetch(2, 8), minBytes: 200 },
      append(8, "none"),
      placed(8, 10, 12),
      append(9, "none"),
      placed(9, 12, 14),
      advanced(1, 12),
      short(2, 140, 0),
      { ...fetch(3, 12), minBytes: 1000 },
      advanced(1, 14),
      { type: "fetchExpired", requestId: 3 } as const,
      { ...fetch(4, 14), minBytes: 1000 },
      { type: "fetchExpired", requestId: 4 } as const,
      { ...fetch(5, 13, false), minBytes: 1000 },
      append(10, "none"),
      placed(10, 14, 16),
      advanced(1, 16),
    ] as PartitionEvent[];
    await expect(transcript(scenario, events)).toMatchFileSnapshot("./transcripts/min-bytes.txt");
  });

  it("holds a fetch at the high watermark and releases it when records are committed", async () => {
    const scenario = `
Records 0 to 9 are committed, 10 and 11 are appended while fetches wait. Fetch 1 finds records, 2 waits at the high watermark,
3 wants what is not committed yet, 4 does not wait, 5 gives up, 6 and 7 are out of range.`;
    const events = [
      lead(1, { start: 3, end: 10 }),
      fetch(1, 5),
      fetch(2, 10),
      append(9, "all"),
      placed(9, 10, 12),
      fetch(3, 11),
      fetch(4, 10, false),
      fetch(5, 12),
      { type: "fetchExpired", requestId: 5 } as const,
      fetch(6, 13),
      fetch(7, 2),
      advanced(1, 12),
      { type: "fetchExpired", requestId: 2 } as const,
    ];
    await expect(transcript(scenario, events)).toMatchFileSnapshot("./transcripts/fetches.txt");
  });

  it("answers what is pending when its epoch ends, and nothing of it afterwards", async () => {
    const scenario = `
Epoch 1 ends with three appends open: 1 told to the log, 2 and 3 placed. The same broker is elected again in epoch 2
with the same offsets in its log: nothing that the new epoch commits acknowledges an append of the old one (P16).`;
    const events = [
      lead(1),
      append(2, "all"),
      placed(2, 0, 2),
      append(3, "leader"),
      placed(3, 2, 4),
      append(1, "all"),
      fetch(8, 0),
      resign(2),
      append(4, "all"),
      lead(3, { end: 6, acked: 0 }),
      placed(1, 4, 6),
      advanced(1, 6),
      advanced(3, 6),
      fetch(9, 6),
      lead(4, { end: 6 }),
      resign(5, 2),
      fetch(10, 0),
      append(5, "none"),
    ];
    await expect(transcript(scenario, events)).toMatchFileSnapshot("./transcripts/epoch-change.txt");
  });

  it("takes no acks=all and shows nothing new with too few in-sync replicas", async () => {
    const scenario = `
Two in-sync replicas are needed and there is one. acks=all is refused before anything is written; acks=leader is written, and
readers do not see it.`;
    const events = [
      lead(1, { end: 4, acked: 4, min: 2 }),
      append(1, "all"),
      append(2, "leader"),
      placed(2, 4, 6),
      advanced(1, 6),
      fetch(3, 4, false),
      fetch(4, 9),
    ];
    await expect(transcript(scenario, events)).toMatchFileSnapshot("./transcripts/too-few-replicas.txt");
  });

  it("refuses what there is no room for, gives its offsets to what comes later, and goes on", async () => {
    const scenario = `
The disk is full when the second of two batches is written: it was placed at 6 and is taken back. What comes while the disk is
full is refused at once; when there is room again, the next batch is placed at 6.`;
    const error = new SluiceError("DISK_FULL", { path: "/data" });
    const events = [
      lead(1, { end: 4 }),
      append(1, "all"),
      placed(1, 4, 6),
      append(2, "all"),
      placed(2, 6, 8),
      append(3, "leader"),
      placed(3, 8, 10),
      advanced(1, 6),
      { type: "appendsTakenBack", leaderEpoch: leaderEpoch(1), fromOffset: offset(6), error } as const,
      append(4, "all"),
      { type: "appendRefused", requestId: 4, error } as const,
      append(5, "all"),
      placed(5, 6, 8),
      advanced(1, 8),
    ];
    await expect(transcript(scenario, events)).toMatchFileSnapshot("./transcripts/disk-full.txt");
  });

  it("goes on reading after its log has failed, and appends no more", async () => {
    const scenario = `
The disk fails under two appends. Their outcome is open; later ones are refused, in a later epoch too.`;
    const events = [
      lead(1, { end: 4 }),
      append(1, "all"),
      placed(1, 4, 6),
      append(2, "leader"),
      { type: "logFailed", reason: "EIO" } as const,
      append(3, "none"),
      fetch(4, 0),
      lead(2, { end: 4 }),
      append(5, "all"),
    ];
    await expect(transcript(scenario, events)).toMatchFileSnapshot("./transcripts/log-failed.txt");
  });

  it("fences clients of an older and of a newer epoch", async () => {
    const scenario = "Epoch 5 is current; clients come with 4 and 6.";
    const events = [
      lead(5, { end: 4 }),
      append(1, "all", 4),
      append(2, "all", 6),
      fetch(3, 0, true, 4),
      fetch(4, 0, true, 6),
    ];
    await expect(transcript(scenario, events)).toMatchFileSnapshot("./transcripts/fencing.txt");
  });

  it("acknowledges an append whose write was reported before its placement", () => {
    const machine = new PartitionStateMachine({ topic: "t" as TopicName, partition: 0, broker: 1 });
    machine.step(lead(1));
    machine.step(append(1, "all"));
    machine.step(append(2, "leader"));
    machine.step(advanced(1, 4));
    expect(machine.step(placed(1, 0, 2))).toMatchObject([{ type: "acknowledgeProduce", requestId: 1, baseOffset: 0 }]);
    expect(machine.step(placed(2, 2, 4))).toMatchObject([{ type: "acknowledgeProduce", requestId: 2, baseOffset: 2 }]);
  });

  it("does not acknowledge acks=all for being written: only what is acknowledged counts", () => {
    const machine = new PartitionStateMachine({ topic: "t" as TopicName, partition: 0, broker: 1 });
    machine.step(lead(1));
    machine.step(append(1, "all"));
    // Written before it was placed, and flushed after.
    expect(machine.step(advanced(1, 2, 0))).toEqual([]);
    expect(machine.step(placed(1, 0, 2))).toEqual([]);
    expect(machine.step(advanced(1, 2, 2))).toMatchObject([
      { type: "highWatermarkAdvanced", highWatermark: 2 },
      { type: "acknowledgeProduce", requestId: 1 },
    ]);
  });

  it("knows the latest offset only once the high watermark has reached the start of its epoch", () => {
    const machine = new PartitionStateMachine({ topic: "t" as TopicName, partition: 0, broker: 1 });
    expect(machine.offsetsRefusal(undefined)?.code).toBe("LEADER_NOT_AVAILABLE");
    machine.step(lead(1, { end: 8, acked: 5 }));
    expect(machine.offsetsRefusal(undefined)?.code).toBe("LEADER_NOT_AVAILABLE");
    expect(machine.step(fetch(1, 9))).toMatchObject([{ type: "parkFetch" }]);
    expect(machine.step(advanced(1, 8)).at(-1)).toMatchObject({ type: "rejectFetch", requestId: 1 });
    expect(machine.offsetsRefusal(undefined)).toBeUndefined();
    expect(machine.offsetsRefusal(0)?.code).toBe("FENCED_LEADER_EPOCH");
    machine.step(resign(2, 3));
    expect(machine.offsetsRefusal(undefined)?.code).toBe("NOT_LEADER");
  });

  it("does not read below a log start that moved", () => {
    const machine = new PartitionStateMachine({ topic: "t" as TopicName, partition: 0, broker: 1 });
    machine.step(lead(1, { end: 8 }));
    machine.step({ type: "logStartMoved", logStartOffset: offset(5) });
    expect(machine.step(fetch(1, 4))).toMatchObject([{ type: "rejectFetch", error: { code: "OFFSET_OUT_OF_RANGE" } }]);
    expect(machine.step(fetch(2, 5))).toMatchObject([{ type: "readLog", logStartOffset: 5 }]);
    expect(() => machine.step({ type: "logStartMoved", logStartOffset: offset(9) })).toThrow("not committed");
  });

  describe("a reader that names the epoch that it has read last", () => {
    // The log: epoch 2 up to 5, epoch 4 up to 8. Epoch 5 has begun and written nothing.
    const ends: Record<number, number> = { 2: 5, 4: 8 };
    const machine = new PartitionStateMachine({ topic: "t" as TopicName, partition: 0, broker: 1 });
    machine.step(lead(5, { end: 8, start: 1, acked: 3 }));
    let requestId = 0;

    /** The answer to a reader at that offset, for whom the log's largest epoch up to `read` is `found`. */
    function answerTo(fetchOffset: number, read: number, found?: number): unknown {
      const epochEnd =
        found === undefined ? undefined : { epoch: leaderEpoch(found), endOffset: offset(ends[found] as number) };
      const [effect] = machine.step({
        type: "fetchRequested",
        requestId: ++requestId,
        fetchOffset,
        clientEpoch: 5,
        mayWait: true,
        lastFetchedEpoch: read,
        epochEnd,
      });
      if (effect?.type !== "rejectFetch") return effect?.type;
      return [effect.error.code, effect.error.details.endOffset, effect.diverging];
    }

    it.each([
      ["in the middle of the log", 3, 2, 2],
      ["at the end of an epoch", 5, 2, 2],
      ["at the end of the log", 8, 4, 4],
    ])("waits %s for what comes", (_where, fetchOffset, read, found) => {
      expect(answerTo(fetchOffset, read, found)).toBe("parkFetch");
    });

    it.each([
      ["the log ends before it", 9, 4, 4],
      ["another epoch goes on before it", 6, 2, 2],
      ["the epoch is not in the log", 4, 3, 2],
      ["no record of the log is so new", 7, 5, 4],
    ])("is told at once where the logs part: %s", (_why, fetchOffset, read, found) => {
      expect(answerTo(fetchOffset, read, found)).toEqual([
        "LOG_TRUNCATED",
        ends[found],
        { epoch: found, endOffset: ends[found] },
      ]);
    });

    it("is compared with nothing below the log start, nor where there is nothing", () => {
      expect(answerTo(0, 3, 2)).toEqual(["OFFSET_OUT_OF_RANGE", undefined, undefined]);
      expect(answerTo(2, 2)).toBe("readLog");
    });

    it("is sent for a newer leader where one wrote what it has read", () => {
      expect(answerTo(3, 6, 4)).toEqual(["UNKNOWN_LEADER_EPOCH", undefined, undefined]);
      expect(answerTo(3, -1, 2)).toEqual(["FENCED_LEADER_EPOCH", undefined, undefined]);
    });
  });

  it("refuses to lead twice in one epoch", () => {
    const machine = new PartitionStateMachine({ topic: "t" as TopicName, partition: 0, broker: 1 });
    machine.step(lead(3));
    machine.step(resign(3));
    expect(() => machine.step(lead(3))).toThrow("does not follow");
    expect(machine.step(resign(2, 9))).toEqual([]);
    // To hear of an epoch is not to lead in it.
    machine.step(resign(4));
    expect(machine.step(lead(4))).toMatchObject([{ type: "highWatermarkAdvanced" }]);
  });
});
