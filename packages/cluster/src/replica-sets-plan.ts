/**
 * Changes of in-sync replicas, as leaders ask for them, turned into transactions.
 *
 * Only the leader changes them outside of elections, in the life in which it leads. Each change names the version of the partition
 * that it was decided from: whatever was written since refuses it. Members that are added are compared by their registration, so that
 * nobody is in sync for what an earlier life of it had.
 */

import type { BrokerId, LeaderEpoch, TopicId } from "@sluice/model";
import type { ClusterImage, PartitionImage } from "./cluster-image.js";
import { livesStill, PartitionWriteBatches, type PlannedPartitionWrites } from "./partition-writes.js";
import { storedValueOf } from "./replica-sets.js";

/** What a leader wants the store to hold. */
export interface ReplicaSetsChangeRequest {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly leaderEpoch: LeaderEpoch;
  /** Of the partition, from which this was decided. */
  readonly version: number;
  readonly inSyncReplicas: readonly number[];
  readonly eligibleLeaderReplicas: readonly number[];
  readonly lastEligibleLeaderReplicas: readonly number[];
  /** Registrations of the members that are new. */
  readonly added: readonly { readonly replica: number; readonly brokerEpoch: number }[];
}

export interface ReplicaSetsChangePlan<Change extends ReplicaSetsChangeRequest> {
  /** To be carried out. `changes` are those that a transaction makes, in the order of its `writes`. */
  readonly transactions: readonly (PlannedPartitionWrites & { readonly changes: readonly Change[] })[];
  /** The image shows something newer: no store will ever take them. */
  readonly refused: readonly Change[];
  /** The image does not show yet what they were decided from: to be planned again from one of their version. */
  readonly early: readonly Change[];
}

/** @param self the leader of all of them, in its present life */
export function planReplicaSetsChange<Change extends ReplicaSetsChangeRequest>(
  image: ClusterImage,
  self: { readonly id: BrokerId; readonly brokerEpoch: number },
  changes: readonly Change[],
): ReplicaSetsChangePlan<Change> {
  const batches = new PartitionWriteBatches({ what: "changing in-sync replicas of", compares: [livesStill(self)] });
  const byPartition = new Map<PartitionImage, Change>();
  const refused: Change[] = [];
  const early: Change[] = [];
  for (const change of changes) {
    const partition = image.topicsById.get(change.topicId)?.partitions[change.partition];
    if (image.revision < change.version) early.push(change);
    else if (partition === undefined || !isStillSo(partition, self, change) || byPartition.has(partition))
      refused.push(change);
    else {
      byPartition.set(partition, change);
      batches.add(writeOf(partition, change));
    }
  }
  const changesOf = ({ writes }: PlannedPartitionWrites): Change[] => {
    return writes.flatMap(({ partition }) => byPartition.get(partition) ?? []);
  };
  const transactions = batches.finish().map((batch) => ({ ...batch, changes: changesOf(batch) }));
  return { transactions, refused, early };
}

function isStillSo(
  partition: PartitionImage,
  self: { readonly id: BrokerId; readonly brokerEpoch: number },
  change: ReplicaSetsChangeRequest,
): boolean {
  const isLeader = partition.leader === self.id && partition.leaderBrokerEpoch === self.brokerEpoch;
  return isLeader && partition.leaderEpoch === change.leaderEpoch && partition.version === change.version;
}

function writeOf(partition: PartitionImage, change: ReplicaSetsChangeRequest) {
  // The ids come from the partition itself, where they are broker ids.
  const value = {
    ...storedValueOf(partition),
    inSyncReplicas: change.inSyncReplicas as readonly BrokerId[],
    eligibleLeaderReplicas: change.eligibleLeaderReplicas as readonly BrokerId[],
    lastEligibleLeaderReplicas: change.lastEligibleLeaderReplicas as readonly BrokerId[],
  };
  const compares = change.added.map(({ replica, brokerEpoch }) => livesStill({ id: replica as BrokerId, brokerEpoch }));
  return { partition, value, compares };
}
