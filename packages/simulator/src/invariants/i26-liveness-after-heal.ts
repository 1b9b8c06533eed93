/** I26: when all has healed, every partition has a leader, all its replicas are in sync and equal, and nothing is left uncommitted. */

import type { ObservedCluster } from "../ghost/observed-cluster.js";
import { partitionKeyOf } from "../ghost/replica-logs.js";
import { allPartitions } from "./changed-partitions.js";

/** What is not yet as it should be; undefined: nothing. */
export function livenessProblem(cluster: ObservedCluster): string | undefined {
  for (const { topicId, partition, leader, replicas, inSyncReplicas } of allPartitions(cluster.image)) {
    const name = `${cluster.image.topicsById.get(topicId)?.name}-${partition}`;
    if (leader === undefined) return `${name} has no leader`;
    if (inSyncReplicas.length < replicas.length)
      return `${name} has in-sync replicas ${inSyncReplicas.join()} of ${replicas.join()}`;
    const key = partitionKeyOf(topicId, partition);
    const ends = replicas.map((replica) => cluster.logs.of(replica, key)?.endOffset ?? 0);
    if (new Set(ends).size > 1) return `${name} ends at ${ends.join()} on brokers ${replicas.join()}`;
  }
  return undefined;
}
