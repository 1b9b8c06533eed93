/** Events of a partition with everything filled in that a test does not care about. */

import { leaderEpoch, offset } from "@sluice/model";
import type { PartitionEvent, ReplicaSets } from "../partition-event.js";

type EventOf<Type extends PartitionEvent["type"]> = Extract<PartitionEvent, { readonly type: Type }>;
type Fields<Type extends PartitionEvent["type"]> = Partial<Omit<EventOf<Type>, "type">>;

/** Replicas 1, 2 and 3, all of them in sync, at version 1. */
export function replicaSets(sets: Partial<ReplicaSets> = {}): ReplicaSets {
  return {
    version: 1,
    inSyncReplicas: [1, 2, 3],
    eligibleLeaderReplicas: [],
    lastEligibleLeaderReplicas: [],
    replicas: [1, 2, 3],
    addingReplicas: [],
    removingReplicas: [],
    ...sets,
  };
}

/** Epoch 1, an empty log, two in-sync replicas needed, lag up to 10 s. */
export function becomeLeader(fields: Fields<"becomeLeader"> = {}): EventOf<"becomeLeader"> {
  const logEndOffset = fields.logEndOffset ?? offset(0);
  return {
    type: "becomeLeader",
    leaderEpoch: leaderEpoch(1),
    replicaSets: replicaSets(),
    inSyncReplicasMin: 2,
    logStartOffset: offset(0),
    logEndOffset,
    ackedOffset: logEndOffset,
    highWatermark: offset(0),
    replicaLagMsMax: 10_000,
    nowMs: 0,
    ...fields,
  };
}

/** Epoch 1 under broker 2, an empty log. */
export function becomeFollower(fields: Fields<"becomeFollower"> = {}): EventOf<"becomeFollower"> {
  const logEndOffset = fields.logEndOffset ?? offset(0);
  return {
    type: "becomeFollower",
    leaderEpoch: leaderEpoch(1),
    leader: 2,
    logStartOffset: offset(0),
    logEndOffset,
    lastEpoch: undefined,
    ackedOffset: logEndOffset,
    highWatermark: offset(0),
    uncleanEpoch: undefined,
    ...fields,
  };
}

/** Replica 2, in its life 20 and in epoch 1, with an empty log, asks to be sent records. */
export function replicaFetched(fields: Fields<"replicaFetched"> = {}): EventOf<"replicaFetched"> {
  const fetchOffset = fields.fetchOffset ?? offset(0);
  return {
    type: "replicaFetched",
    replica: 2,
    brokerEpoch: 20,
    leaderEpoch: leaderEpoch(1),
    fetchOffset,
    lastFetchedEpoch: undefined,
    epochEnd: undefined,
    ackedOffset: fetchOffset,
    isRestart: true,
    ...fields,
  };
}

/** Broker 2, which leads in epoch 1, sent one batch of that epoch, [0, 1). */
export function recordsReceived(fields: Fields<"leaderRecordsReceived"> = {}): EventOf<"leaderRecordsReceived"> {
  const fetchOffset = fields.fetchOffset ?? offset(0);
  return {
    type: "leaderRecordsReceived",
    receiptId: 1,
    leader: 2,
    leaderEpoch: leaderEpoch(1),
    fetchOffset,
    nextOffset: offset(fetchOffset + 1),
    epochs: { first: leaderEpoch(1), last: leaderEpoch(1) },
    highWatermark: offset(0),
    logStartOffset: offset(0),
    ...fields,
  };
}
