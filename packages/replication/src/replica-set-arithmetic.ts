/**
 * What becomes of the eligible leaders when the in-sync replicas of a partition change.
 *
 * While there are fewer in-sync replicas than `min.insync.replicas`, the high watermark stands, so that whoever was in sync before
 * still has everything that is committed: it stays eligible. Once there are enough, the high watermark moves without it, and
 * nobody but the in-sync replicas is eligible.
 *
 * Invariant: the in-sync, the eligible and the formerly eligible replicas are disjoint.
 */

import type { ReplicaSets } from "./partition-event.js";

export type ElectableReplicas = Pick<
  ReplicaSets,
  "inSyncReplicas" | "eligibleLeaderReplicas" | "lastEligibleLeaderReplicas"
>;

/** The sets with those in-sync replicas instead; undefined where nothing changes. */
export function planElectableReplicas(
  present: ElectableReplicas,
  inSyncReplicas: readonly number[],
  inSyncReplicasMin: number,
): ElectableReplicas | undefined {
  const isEnough = inSyncReplicas.length >= inSyncReplicasMin;
  const electable = [...present.inSyncReplicas, ...present.eligibleLeaderReplicas];
  const eligibleLeaderReplicas = isEnough ? [] : electable.filter((replica) => !inSyncReplicas.includes(replica));
  if (
    isSameSet(inSyncReplicas, present.inSyncReplicas) &&
    isSameSet(eligibleLeaderReplicas, present.eligibleLeaderReplicas)
  ) {
    return undefined;
  }
  const lastEligibleLeaderReplicas = isEnough
    ? []
    : present.lastEligibleLeaderReplicas.filter((replica) => !inSyncReplicas.includes(replica));
  return { inSyncReplicas, eligibleLeaderReplicas, lastEligibleLeaderReplicas };
}

/** Both without repetitions. */
function isSameSet(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((replica) => b.includes(replica));
}
