/**
 * Whether the cluster promises to survive that some machines lose what is on their disks, in part or whole.
 *
 * Of the candidates for leadership of a partition one may have lost records at a time, until the cluster counts on it no more, and
 * another one must have lost nothing; while the store was restored from a backup and knows no candidates, the same goes for the replicas
 * that have everything. What is beyond that is no fault of the cluster, so the simulator does not do it.
 */

import type { PartitionImage, TopicImage } from "@sluice/cluster";
import type { BrokerId } from "@sluice/model";
import { topicsOf } from "../ghost/image-topics.js";
import type { ObservedCluster } from "../ghost/observed-cluster.js";
import { partitionKeyOf } from "../ghost/replica-logs.js";

/** `power`: what was not synced; `disk`: everything. */
export type Loss = "power" | "disk";

const lostMax = 1;

/** Whether acknowledged records may go with that loss of that topic. */
function losesRecords(topic: TopicImage, loss: Loss): boolean {
  return loss === "disk" || topic.config.flush !== "always";
}

export function mayLose(cluster: ObservedCluster, brokers: readonly number[], loss: Loss): boolean {
  for (const topic of topicsOf(cluster.image)) {
    if (!losesRecords(topic, loss)) continue;
    for (const partition of topic.partitions) {
      const key = partitionKeyOf(topic.id, partition.partition);
      const holders = holdersOf(cluster, partition);
      const lost = holders.filter((id) => brokers.includes(id) || cluster.isLossy(id, key));
      if (lost.length > lostMax || lost.length === holders.length) return false;
    }
  }
  return true;
}

function holdersOf(cluster: ObservedCluster, partition: PartitionImage): BrokerId[] {
  const { topicId, replicas, inSyncReplicas, eligibleLeaderReplicas } = partition;
  if (cluster.isStoreTrusted) return [...inSyncReplicas, ...eligibleLeaderReplicas];
  const key = partitionKeyOf(topicId, partition.partition);
  return replicas.filter((id) => cluster.committed.firstDifference(key, cluster.logs.of(id, key)) === undefined);
}

/** Marks what those machines may have lost. */
export function markLost(cluster: ObservedCluster, brokers: readonly number[], loss: Loss): void {
  for (const topic of topicsOf(cluster.image)) {
    if (!losesRecords(topic, loss)) continue;
    for (const { partition, replicas } of topic.partitions) {
      for (const replica of replicas) {
        if (brokers.includes(replica)) cluster.markLossy(replica, partitionKeyOf(topic.id, partition));
      }
    }
  }
}
