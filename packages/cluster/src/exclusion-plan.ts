/**
 * Replicas that may have lost records leave the in-sync and the eligible ones, before their broker takes part again.
 *
 * A leader among them leads no more: the same record leaves the partition without one, and the next election looks for another.
 * Where too few are left that are known to have everything, it is remembered who was among them: when nobody else can be had, they are
 * all asked before one of them leads.
 *
 * A replica whose disk fails, or that has stopped for another reason, goes in the same way while its broker runs: nobody waits for it.
 */

import { type BrokerId, leaderEpoch, type TopicId } from "@sluice/model";
import type { ClusterImage, PartitionImage, TopicImage } from "./cluster-image.js";
import type { PartitionValue } from "./cluster-values.js";
import { livesStill, PartitionWriteBatches, type PlannedPartitionWrites } from "./partition-writes.js";
import { candidatesWithout, inSyncReplicasMinOf, storedValueOf } from "./replica-sets.js";

export interface LossyReplica {
  readonly topicId: TopicId;
  readonly partition: number;
}

/**
 * Transactions that exclude the replicas of that life of a broker. Planned from an image of its registration or later, and again from
 * later images while any is refused: when nothing is left to plan, every exclusion is confirmed.
 */
export function planExclusions(
  image: ClusterImage,
  self: { readonly id: BrokerId; readonly brokerEpoch: number },
  lossy: readonly LossyReplica[],
): PlannedPartitionWrites[] {
  const exclusions = new PartitionWriteBatches({ what: "excluding a replica from", compares: [livesStill(self)] });
  for (const { topicId, partition: number } of lossy) {
    const topic = image.topicsById.get(topicId);
    const partition = topic?.partitions[number];
    if (topic === undefined || partition === undefined || !isCandidate(partition, self.id)) continue;
    exclusions.add({ partition, value: excludedFrom(topic, partition, self.id), compares: [] });
  }
  return exclusions.finish();
}

/**
 * Transactions that exclude those replicas of that life that can neither lead nor follow any more, where another broker that takes part
 * has all that was committed: it leads, or is elected then. Where there is none, the replica keeps its place until there is.
 */
export function planWithdrawals(
  image: ClusterImage,
  self: { readonly id: BrokerId; readonly brokerEpoch: number },
  failed: readonly LossyReplica[],
): PlannedPartitionWrites[] {
  const expendable = failed.filter(({ topicId, partition: number }) => {
    const partition = image.topicsById.get(topicId)?.partitions[number];
    const others = [...(partition?.inSyncReplicas ?? []), ...(partition?.eligibleLeaderReplicas ?? [])];
    return others.some((id) => id !== self.id && image.brokers.get(id)?.isActive === true);
  });
  return planExclusions(image, self, expendable);
}

/** Whether that broker leads a partition, or may be elected to. */
export function isCountedOn(image: ClusterImage, id: BrokerId): boolean {
  return [...image.topics.values()].some(({ partitions }) =>
    partitions.some((partition) => isCandidate(partition, id)),
  );
}

function isCandidate(partition: PartitionImage, id: BrokerId): boolean {
  const { leader, inSyncReplicas, eligibleLeaderReplicas } = partition;
  return leader === id || inSyncReplicas.includes(id) || eligibleLeaderReplicas.includes(id);
}

function excludedFrom(topic: TopicImage, partition: PartitionImage, id: BrokerId): PartitionValue {
  const candidates = candidatesWithout(partition, id, inSyncReplicasMinOf(topic, partition));
  const kept = { ...storedValueOf(partition), ...candidates };
  if (partition.leader !== id) return kept;
  return { ...kept, leader: undefined, leaderBrokerEpoch: 0, leaderEpoch: leaderEpoch(partition.leaderEpoch + 1) };
}
