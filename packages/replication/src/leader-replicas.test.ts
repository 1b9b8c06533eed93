/** What a leader does with its followers, seen from outside: events in, effects out. Broker 1 leads. */

import { leaderEpoch, offset, SluiceError, type TopicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { PartitionEvent } from "./partition-event.js";
import { PartitionStateMachine } from "./partition-state-machine.js";
import { becomeFollower, becomeLeader, replicaFetched, replicaSets } from "./testing/partition-events.js";

/** Leads in epoch 5 with a log of 10 records, up to epoch 4, of which 6 are known to be committed. */
function leading(sets: Parameters<typeof replicaSets>[0] = {}, fields: Parameters<typeof becomeLeader>[0] = {}) {
  const machine = new PartitionStateMachine({ topic: "flights" as TopicName, partition: 0, broker: 1 });
  const at = { leaderEpoch: leaderEpoch(5), logEndOffset: offset(10), highWatermark: offset(6) };
  machine.step(becomeLeader({ ...at, replicaSets: replicaSets(sets), ...fields }));
  return machine;
}

/** Replica 2 is at 10 and agrees. */
const agreed = (fields: Parameters<typeof replicaFetched>[0] = {}): PartitionEvent =>
  replicaFetched({
    leaderEpoch: leaderEpoch(5),
    fetchOffset: offset(10),
    lastFetchedEpoch: leaderEpoch(4),
    epochEnd: { epoch: leaderEpoch(4), endOffset: offset(10) },
    ...fields,
  });

const third = { replica: 3, brokerEpoch: 30 };
const lagChecked = (nowMs: number): PartitionEvent => ({ type: "lagChecked", nowMs });
const typesOf = (machine: PartitionStateMachine, event: PartitionEvent): string[] =>
  machine.step(event).map(({ type }) => type);

describe("a leader and its followers", () => {
  it("serves a follower whose log agrees, and moves the high watermark when all have answered", () => {
    const machine = leading();
    expect(machine.step(agreed())).toEqual([{ type: "sendRecords", replica: 2, leaderEpoch: 5, fromOffset: 10 }]);
    expect(machine.followersInSync).toBeUndefined();
    expect(machine.step(agreed(third))).toMatchObject([
      { type: "sendRecords", replica: 3 },
      { type: "highWatermarkAdvanced", highWatermark: 10 },
    ]);
    expect(machine.followersInSync).toEqual([2, 3]);
  });

  it("counts what is acknowledged, and not what has only arrived", () => {
    const machine = leading({ inSyncReplicas: [1, 2] });
    expect(typesOf(machine, agreed({ ackedOffset: offset(7) }))).toEqual(["sendRecords", "highWatermarkAdvanced"]);
    expect(machine.highWatermark).toBe(7);
  });

  it("tells a follower where the logs part, and counts nothing that it says before they agree", () => {
    const machine = leading({ inSyncReplicas: [1, 2] });
    const epochEnd = { epoch: leaderEpoch(3), endOffset: offset(8) };
    expect(machine.step(agreed({ epochEnd }))).toEqual([
      { type: "sendDivergence", replica: 2, leaderEpoch: 5, epochEnd },
    ]);
    expect(machine.step(agreed({ isRestart: false }))).toEqual([]);
    expect(machine.highWatermark).toBe(6);
  });

  it("refuses a follower of an older epoch, and of an earlier life", () => {
    const machine = leading();
    machine.step(agreed());
    const older = agreed({ leaderEpoch: leaderEpoch(4) });
    expect(machine.step(older)).toMatchObject([{ type: "refuseReplica", error: { code: "FENCED_LEADER_EPOCH" } }]);
    const earlier = agreed({ brokerEpoch: 19 });
    expect(machine.step(earlier)).toMatchObject([{ type: "refuseReplica", error: { code: "STALE_BROKER_EPOCH" } }]);
  });

  it("forgets what an earlier life of a follower had", () => {
    const machine = leading({ inSyncReplicas: [1, 2] }, { ackedOffset: offset(8) });
    machine.step(agreed());
    expect(machine.highWatermark).toBe(8);
    expect(machine.step(agreed({ brokerEpoch: 21, isRestart: false }))).toEqual([]);
    const written = { type: "logAdvanced", leaderEpoch: leaderEpoch(5), logEndOffset: offset(10) } as const;
    expect(machine.step({ ...written, ackedOffset: offset(10) })).toEqual([]);
    expect(typesOf(machine, agreed({ brokerEpoch: 21 }))).toEqual(["sendRecords", "highWatermarkAdvanced"]);
  });

  it("sends who is below the log start, or has nothing above it, to where a copy begins", () => {
    const machine = leading({}, { logStartOffset: offset(6) });
    const fields = { fetchOffset: offset(3), epochEnd: { epoch: leaderEpoch(4), endOffset: offset(10) } };
    expect(machine.step(agreed({ ...fields, copyStartOffset: offset(4) }))).toMatchObject([
      { type: "refuseReplica", copyStartOffset: 4, error: { code: "OFFSET_OUT_OF_RANGE" } },
    ]);
    const empty = agreed({ fetchOffset: offset(4), lastFetchedEpoch: undefined, copyStartOffset: offset(4) });
    expect(machine.step(empty)).toMatchObject([{ type: "sendRecords", fromOffset: 4 }]);
  });

  it("lets a follower that has missed dropped tombstones begin again, but not one that may be elected", () => {
    const machine = leading({ inSyncReplicas: [1, 3] });
    const at = { fetchOffset: offset(5), droppedTombstonesEnd: offset(6), ackedOffset: offset(5) };
    expect(machine.step(agreed(at))).toMatchObject([{ type: "refuseReplica", copyStartOffset: 0 }]);
    expect(typesOf(machine, agreed({ ...at, ...third }))).toEqual(["sendRecords"]);
    // It copies the log from its start, and what was dropped before is no loss to it.
    const copying = { ...at, fetchOffset: offset(0), lastFetchedEpoch: undefined, ackedOffset: offset(0) };
    expect(typesOf(machine, agreed(copying))).toEqual(["sendRecords"]);
    expect(typesOf(machine, agreed({ ...at, isRestart: false }))).toEqual([]);
    expect(typesOf(machine, agreed({ ...at, isRestart: false, droppedTombstonesEnd: offset(7) }))).toEqual([
      "refuseReplica",
    ]);
  });

  it("takes a follower in when it has all below the high watermark and below the start of the epoch", () => {
    const machine = leading({ inSyncReplicas: [1, 2] });
    expect(typesOf(machine, agreed({ ...third, fetchOffset: offset(9), ackedOffset: offset(9) }))).toEqual([
      "sendRecords",
    ]);
    expect(machine.step(agreed({ ...third, isRestart: false }))).toEqual([
      {
        type: "changeReplicaSets",
        leaderEpoch: 5,
        version: 1,
        inSyncReplicas: [1, 2, 3],
        eligibleLeaderReplicas: [],
        lastEligibleLeaderReplicas: [],
        added: [third],
      },
    ]);
    expect(machine.standingOf(3)).toBe("inSync");
  });

  it("does not take in who is no replica, and does when a move has made it one", () => {
    const machine = leading({ inSyncReplicas: [1], replicas: [1, 2] });
    expect(typesOf(machine, agreed(third))).toEqual(["sendRecords"]);
    const sets = replicaSets({ version: 2, inSyncReplicas: [1], addingReplicas: [3] });
    const changed = { type: "replicaSetsChanged", leaderEpoch: leaderEpoch(5), replicaSets: sets } as const;
    expect(machine.step(changed)).toMatchObject([{ type: "changeReplicaSets", inSyncReplicas: [1, 3] }]);
  });

  it("removes a follower that has not reached in time where the leader was when it fell behind", () => {
    const machine = leading();
    machine.step(agreed());
    for (let nowMs = 500; nowMs < 10_000; nowMs += 500) expect(machine.step(lagChecked(nowMs))).toEqual([]);
    expect(machine.step(lagChecked(10_000))).toMatchObject([{ type: "changeReplicaSets", inSyncReplicas: [1, 2] }]);
    const sets = replicaSets({ version: 2, inSyncReplicas: [1, 2] });
    const taken = { type: "replicaSetsTaken", leaderEpoch: leaderEpoch(5), replicaSets: sets } as const;
    expect(machine.step(taken)).toMatchObject([{ type: "highWatermarkAdvanced", highWatermark: 10 }]);
  });

  it("lets go at once of a follower that has no room, and takes it back when it has asked anew and has everything", () => {
    const machine = leading();
    for (const follower of [{}, third]) machine.step(agreed(follower));
    const appended = { logEndOffset: offset(12), ackedOffset: offset(12) };
    machine.step({ type: "logAdvanced", leaderEpoch: leaderEpoch(5), ...appended });
    machine.step(agreed({ fetchOffset: offset(12), isRestart: false }));
    const full = agreed({ ...third, isRestart: false, isFull: true });
    expect(machine.step(full)).toMatchObject([{ type: "changeReplicaSets", inSyncReplicas: [1, 2] }]);
    const sets = replicaSets({ version: 2, inSyncReplicas: [1, 2] });
    const taken = { type: "replicaSetsTaken", leaderEpoch: leaderEpoch(5), replicaSets: sets } as const;
    expect(machine.step(taken)).toMatchObject([{ type: "highWatermarkAdvanced", highWatermark: 12 }]);
    // Also with everything it does not come back before it asks anew.
    expect(machine.step(agreed({ ...third, fetchOffset: offset(12), isRestart: false, isFull: true }))).toEqual([]);
    const epochEnd = { epoch: leaderEpoch(5), endOffset: offset(12) };
    const anew = { ...third, fetchOffset: offset(12), lastFetchedEpoch: leaderEpoch(5), epochEnd };
    expect(machine.step(agreed(anew))).toMatchObject([
      { type: "sendRecords" },
      { type: "changeReplicaSets", inSyncReplicas: [1, 2, 3] },
    ]);
  });

  it("keeps a follower that has no room eligible where too few are left without it, and takes no acks=all", () => {
    const machine = leading({ inSyncReplicas: [1, 2] });
    machine.step(agreed());
    expect(machine.step(agreed({ isRestart: false, isFull: true }))).toMatchObject([
      { type: "changeReplicaSets", inSyncReplicas: [1], eligibleLeaderReplicas: [2] },
    ]);
  });

  it("names the life in which a follower showed that it has everything, when it has it taken in", () => {
    const machine = leading({ inSyncReplicas: [1, 2] });
    const earlier = { ...third, brokerEpoch: 29 };
    // Its earlier life lacks a record, and the next one has to show it anew.
    machine.step(agreed({ ...earlier, fetchOffset: offset(9), ackedOffset: offset(9) }));
    expect(typesOf(machine, agreed({ ...third, fetchOffset: offset(9), ackedOffset: offset(9) }))).toEqual([
      "sendRecords",
    ]);
    expect(machine.step(agreed({ ...third, isRestart: false }))).toMatchObject([
      { type: "changeReplicaSets", added: [{ replica: 3, brokerEpoch: 30 }] },
    ]);
    // A life that is over by the time of a new proposal is in none.
    const refused = { type: "replicaSetsRefused", leaderEpoch: leaderEpoch(5), version: 1 } as const;
    machine.step(refused);
    machine.step(agreed({ ...third, brokerEpoch: 31, fetchOffset: offset(9), ackedOffset: offset(9) }));
    expect(machine.step(lagChecked(500))).toEqual([]);
    expect(machine.step(agreed({ ...third, brokerEpoch: 31, isRestart: false }))).toMatchObject([
      { type: "changeReplicaSets", added: [{ replica: 3, brokerEpoch: 31 }] },
    ]);
  });

  it("does not commit what it has not flushed itself, though all its followers have", () => {
    const machine = leading();
    for (const follower of [{}, third]) machine.step(agreed(follower));
    const written = { type: "logAdvanced", leaderEpoch: leaderEpoch(5), logEndOffset: offset(12) } as const;
    expect(machine.step({ ...written, ackedOffset: offset(10) })).toEqual([]);
    for (const follower of [{}, third]) {
      expect(machine.step(agreed({ ...follower, fetchOffset: offset(12), isRestart: false }))).toEqual([]);
    }
    expect(machine.step({ ...written, ackedOffset: offset(11) })).toMatchObject([{ highWatermark: 11 }]);
    expect(machine.step({ ...written, ackedOffset: offset(12) })).toMatchObject([{ highWatermark: 12 }]);
  });

  it("has flushed what it once has, whatever is reported later", () => {
    const machine = leading();
    for (const follower of [{}, third]) machine.step(agreed(follower));
    const written = { type: "logAdvanced", leaderEpoch: leaderEpoch(5), logEndOffset: offset(12) } as const;
    machine.step({ ...written, ackedOffset: offset(12) });
    machine.step({ ...written, ackedOffset: offset(10) });
    machine.step(agreed({ fetchOffset: offset(12), isRestart: false }));
    expect(machine.step(agreed({ ...third, fetchOffset: offset(12), isRestart: false }))).toMatchObject([
      { type: "highWatermarkAdvanced", highWatermark: 12 },
    ]);
  });

  it("does not hold against a follower that it stood still itself", () => {
    const machine = leading();
    machine.step(agreed());
    expect(machine.step(lagChecked(60_000))).toEqual([]);
    // What was said meanwhile is heard after it.
    expect(typesOf(machine, agreed(third))).toEqual(["sendRecords", "highWatermarkAdvanced"]);
    expect(machine.step(lagChecked(120_000))).toEqual([]);
    expect(machine.followersInSync).toEqual([2, 3]);
  });

  it("keeps the eligible when it is left alone, and lets nothing be committed or appended with acks=all", () => {
    const machine = leading({ inSyncReplicas: [1, 2] });
    machine.step(agreed({ fetchOffset: offset(8), ackedOffset: offset(8) }));
    const gone = { type: "replicaGone", replica: 2, brokerEpoch: 20 } as const;
    expect(machine.step(gone)).toMatchObject([
      { type: "refuseReplica", replica: 2 },
      { type: "changeReplicaSets", inSyncReplicas: [1], eligibleLeaderReplicas: [2] },
    ]);
    const sets = replicaSets({ version: 2, inSyncReplicas: [1], eligibleLeaderReplicas: [2] });
    expect(machine.step({ type: "replicaSetsTaken", leaderEpoch: leaderEpoch(5), replicaSets: sets })).toEqual([]);
    expect(machine.highWatermark).toBe(8);
    const append = { type: "appendRequested", requestId: 1, acks: "all", clientEpoch: undefined } as const;
    expect(machine.step(append)).toMatchObject([{ type: "rejectProduce", error: { code: "NOT_ENOUGH_REPLICAS" } }]);
    // Fewer are needed from now on: not before nobody else can be elected.
    const lowered = { type: "inSyncReplicasMinChanged", inSyncReplicasMin: 1 } as const;
    expect(machine.step(lowered)).toMatchObject([{ type: "changeReplicaSets", inSyncReplicas: [1], added: [] }]);
    expect(machine.highWatermark).toBe(8);
    const emptied = replicaSets({ version: 3, inSyncReplicas: [1] });
    const taken = { type: "replicaSetsTaken", leaderEpoch: leaderEpoch(5), replicaSets: emptied } as const;
    expect(machine.step(taken)).toMatchObject([{ type: "highWatermarkAdvanced", highWatermark: 10 }]);
  });

  it("ignores that an earlier life of a follower is gone, and takes back one that lives after all", () => {
    const machine = leading();
    machine.step(agreed());
    expect(machine.step({ type: "replicaGone", replica: 2, brokerEpoch: 19 })).toEqual([]);
    machine.step({ type: "replicaGone", replica: 2, brokerEpoch: 20 });
    const sets = replicaSets({ version: 2, inSyncReplicas: [1, 3] });
    machine.step({ type: "replicaSetsTaken", leaderEpoch: leaderEpoch(5), replicaSets: sets });
    expect(machine.step(agreed())).toMatchObject([
      { type: "sendRecords" },
      { type: "changeReplicaSets", inSyncReplicas: [1, 3, 2] },
    ]);
  });

  it("asks again after a while for what was refused, and never for two changes at once", () => {
    const machine = leading({ inSyncReplicas: [1, 2] });
    machine.step(agreed(third));
    expect(machine.step({ type: "replicaGone", replica: 2, brokerEpoch: 20 })).toEqual([]);
    const refused = { type: "replicaSetsRefused", leaderEpoch: leaderEpoch(5), version: 1 } as const;
    expect(machine.step(refused)).toEqual([]);
    expect(machine.step(lagChecked(500))).toMatchObject([{ type: "changeReplicaSets", inSyncReplicas: [1, 3] }]);
    // An outcome of another epoch is none of this one.
    expect(machine.step({ ...refused, leaderEpoch: leaderEpoch(4) })).toEqual([]);
  });

  it("counts in receipts who has the batch", () => {
    const machine = leading();
    for (const follower of [{}, third]) machine.step(agreed(follower));
    machine.step({ type: "appendRequested", requestId: 1, acks: "all", clientEpoch: undefined });
    const batch = { requestId: 1, baseOffset: offset(10), endOffset: offset(12), sizeBytes: 100 };
    machine.step({ type: "appendPlaced", ...batch });
    const written = { logEndOffset: offset(12), ackedOffset: offset(12) };
    machine.step({ type: "logAdvanced", leaderEpoch: leaderEpoch(5), ...written });
    machine.step(agreed({ fetchOffset: offset(12), isRestart: false }));
    expect(machine.step(agreed({ ...third, fetchOffset: offset(12), isRestart: false }))).toMatchObject([
      { type: "highWatermarkAdvanced", highWatermark: 12 },
      { type: "acknowledgeProduce", replicas: 3 },
    ]);
  });

  it("hands over when the candidate has everything and every producer has its answer, and says so once", () => {
    const machine = leading();
    for (const follower of [{}, third]) machine.step(agreed(follower));
    machine.step({ type: "appendRequested", requestId: 1, acks: "all", clientEpoch: undefined });
    expect(machine.step({ type: "handoverStarted", candidate: 2 })).toEqual([]);
    const late = { type: "appendRequested", requestId: 2, acks: "leader", clientEpoch: undefined } as const;
    expect(machine.step(late)).toMatchObject([{ type: "rejectProduce", error: { code: "LEADER_NOT_AVAILABLE" } }]);
    const error = new SluiceError("DISK_FULL", { path: "/data" });
    expect(machine.step({ type: "appendRefused", requestId: 1, error })).toMatchObject([
      { type: "rejectProduce" },
      { type: "handoverReady", candidate: 2, leaderEpoch: 5 },
    ]);
    expect(machine.step(agreed({ isRestart: false }))).toEqual([]);
    machine.step({ type: "handoverEnded" });
    expect(typesOf(machine, late)).toEqual(["appendToLog"]);
  });
});

describe("a newer epoch", () => {
  it("ends leadership whoever tells of it, and the store is read", () => {
    const machine = leading();
    machine.step({ type: "appendRequested", requestId: 1, acks: "all", clientEpoch: undefined });
    expect(machine.step(agreed({ leaderEpoch: leaderEpoch(6) }))).toMatchObject([
      { type: "rejectProduce", error: { code: "INDETERMINATE" } },
      { type: "readPartition", leaderEpoch: 6 },
      { type: "holdReplica", replica: 2 },
    ]);
    expect(machine.isLeader).toBe(false);
    expect(machine.step(agreed({ leaderEpoch: leaderEpoch(6) }))).toEqual([{ type: "holdReplica", replica: 2 }]);
    expect(machine.step({ type: "epochHeard", leaderEpoch: leaderEpoch(6) })).toEqual([]);
  });

  it("is not believed from a client", () => {
    const machine = leading();
    machine.step({ type: "appendRequested", requestId: 1, acks: "all", clientEpoch: 9 });
    expect(machine.isLeader).toBe(true);
  });

  it("makes a role of an older one come too late", () => {
    const machine = leading();
    machine.step({ type: "epochHeard", leaderEpoch: leaderEpoch(8) });
    expect(machine.step(becomeLeader({ leaderEpoch: leaderEpoch(7) }))).toEqual([]);
    expect(machine.step(becomeFollower({ leaderEpoch: leaderEpoch(7) }))).toEqual([]);
    expect(machine.roleEpoch).toBeUndefined();
    expect(typesOf(machine, becomeLeader({ leaderEpoch: leaderEpoch(8) }))).toEqual(["highWatermarkAdvanced"]);
  });

  it("is told to who led before", () => {
    const machine = new PartitionStateMachine({ topic: "flights" as TopicName, partition: 0, broker: 1 });
    machine.step(becomeFollower());
    expect(machine.step(becomeFollower({ leaderEpoch: leaderEpoch(2), leader: 3 }))).toMatchObject([
      { type: "announceEpoch", broker: 2, leaderEpoch: 2 },
      { type: "highWatermarkAdvanced" },
    ]);
    // Who follows asks the wrong broker.
    expect(machine.step(replicaFetched({ leaderEpoch: leaderEpoch(2) }))).toMatchObject([
      { type: "refuseReplica", leaderEpoch: 2, error: { code: "NOT_LEADER" } },
    ]);
    expect(machine.step(replicaFetched())).toMatchObject([{ error: { code: "FENCED_LEADER_EPOCH" } }]);
  });
});
