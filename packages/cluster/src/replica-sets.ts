/**
 * The rules of the record for replica sets: what every writer of a partition does to them.
 *
 * A replica that leaves the in-sync ones while fewer than `min.insync.replicas` remain stays eligible: the high watermark
 * stands from then on, so it has all that was committed. Once enough are in sync again, nobody else is.
 */

import type { BrokerId } from "@sluice/model";
import type { PartitionImage, TopicImage } from "./cluster-image.js";
import type { PartitionValue } from "./cluster-values.js";

/** The sets that say who may lead. */
export type LeaderCandidates = Pick<
  PartitionValue,
  "inSyncReplicas" | "eligibleLeaderReplicas" | "lastEligibleLeaderReplicas"
>;

/**
 * In-sync replicas without which nothing is committed: what the topic asks for, and never more than the partition has. Those that a move
 * adds do not count yet, and those that it will take away still do: only its end changes the number.
 */
export function inSyncReplicasMinOf(topic: Pick<TopicImage, "config">, partition: PartitionImage): number {
  const { replicas, addingReplicas } = partition;
  return Math.min(topic.config["min.insync.replicas"], replicas.length - addingReplicas.length);
}

/** The sets when these replicas, and no others, are in sync. */
export function candidatesWith(
  before: LeaderCandidates,
  inSyncReplicas: readonly BrokerId[],
  inSyncReplicasMin: number,
): LeaderCandidates {
  if (inSyncReplicas.length >= inSyncReplicasMin) {
    return { inSyncReplicas, eligibleLeaderReplicas: [], lastEligibleLeaderReplicas: [] };
  }
  const eligible = new Set([...before.inSyncReplicas, ...before.eligibleLeaderReplicas]);
  const isNotInSync = (id: BrokerId): boolean => !inSyncReplicas.includes(id);
  const eligibleLeaderReplicas = [...eligible].filter(isNotInSync);
  const lastEligibleLeaderReplicas = before.lastEligibleLeaderReplicas.filter(
    (id) => isNotInSync(id) && !eligible.has(id),
  );
  return { inSyncReplicas, eligibleLeaderReplicas, lastEligibleLeaderReplicas };
}

/** The sets without a replica that may have lost records. It is remembered where too few others are known to have all of them. */
export function candidatesWithout(
  before: LeaderCandidates,
  lossy: BrokerId,
  inSyncReplicasMin: number,
): LeaderCandidates {
  const inSyncReplicas = before.inSyncReplicas.filter((id) => id !== lossy);
  const eligibleLeaderReplicas = before.eligibleLeaderReplicas.filter((id) => id !== lossy);
  const last = before.lastEligibleLeaderReplicas;
  const isShort = new Set([...inSyncReplicas, ...eligibleLeaderReplicas]).size < inSyncReplicasMin;
  const lastEligibleLeaderReplicas = isShort && !last.includes(lossy) ? [...last, lossy] : last;
  return { inSyncReplicas, eligibleLeaderReplicas, lastEligibleLeaderReplicas };
}

/** What is stored of a partition: all but where it lies and its version. */
export function storedValueOf(partition: PartitionImage): PartitionValue {
  const { topicId: _topicId, partition: _partition, version: _version, ...value } = partition;
  return value;
}
