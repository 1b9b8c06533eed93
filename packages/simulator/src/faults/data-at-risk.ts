/**
 * Whether the cluster promises to survive that some machines lose what is on their disks, in part or whole.
 *
 * It does where every partition keeps a candidate for leadership that has lost nothing. What is beyond that is no fault of the
 * cluster, so the simulator does not do it.
 */

import type { TopicImage } from "@sluice/cluster";
import type { ObservedCluster } from "../ghost/observed-cluster.js";
import { partitionKeyOf } from "../ghost/replica-logs.js";

/** `power`: what was not synced; `disk`: everything. */
export type Loss = "power" | "disk";

/** Whether acknowledged records may go with that loss of that topic. */
function losesRecords(topic: TopicImage, loss: Loss): boolean {
  return loss === "disk" || topic.config.flush !== "always";
}

export function mayLose(cluster: ObservedCluster, brokers: readonly number[], loss: Loss): boolean {
  for (const topic of cluster.image.topics.values()) {
    if (!losesRecords(topic, loss)) continue;
    for (const { partition, inSyncReplicas, eligibleLeaderReplicas } of topic.partitions) {
      const key = partitionKeyOf(topic.id, partition);
      const isLeft = [...inSyncReplicas, ...eligibleLeaderReplicas].some(
        (replica) => !brokers.includes(replica) && !cluster.isLossy(replica, key),
      );
      if (!isLeft) return false;
    }
  }
  return true;
}

/** Marks what those machines may have lost. */
export function markLost(cluster: ObservedCluster, brokers: readonly number[], loss: Loss): void {
  for (const topic of cluster.image.topics.values()) {
    if (!losesRecords(topic, loss)) continue;
    for (const { partition, replicas } of topic.partitions) {
      for (const replica of replicas) {
        if (brokers.includes(replica)) cluster.markLossy(replica, partitionKeyOf(topic.id, partition));
      }
    }
  }
}
