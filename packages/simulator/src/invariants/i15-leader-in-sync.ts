/**
 * I15: the leader is in sync, or there is none; and once a partition has had min.insync.replicas candidates it keeps as many, until
 * some of them may have lost records.
 */

import type { PartitionImage } from "@sluice/cluster";
import { partitionKeyOf } from "../ghost/replica-logs.js";
import { changedPartitions } from "./changed-partitions.js";
import type { InvariantDefinition } from "./invariant.js";

export const leaderInSync: InvariantDefinition = {
  id: "I15",
  title: "the leader is in sync, and candidates do not run out",
  create: ({ cluster, violated }) => ({
    onImage(image, previous) {
      for (const { now, before, topic } of changedPartitions(image, previous)) {
        const key = partitionKeyOf(now.topicId, now.partition);
        if (now.leader !== undefined && !now.inSyncReplicas.includes(now.leader)) {
          violated(`${key}: leader ${now.leader} is not in the in-sync replicas ${now.inSyncReplicas.join()}`);
        }
        if (before === undefined || !cluster.isStoreTrusted || now.lastEligibleLeaderReplicas.length > 0) continue;
        const min = cluster.inSyncFloors.of(topic);
        if (candidateCount(before) >= min && candidateCount(now) < min) {
          violated(`${key}: ${candidateCount(now)} candidates, and it had ${candidateCount(before)}`);
        }
      }
    },
  }),
};

function candidateCount(partition: PartitionImage): number {
  return new Set([...partition.inSyncReplicas, ...partition.eligibleLeaderReplicas]).size;
}
