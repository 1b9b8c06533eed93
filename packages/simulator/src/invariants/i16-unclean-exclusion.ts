/** I16: a replica that lost records is in neither ISR nor ELR when its broker takes part again, before it has caught up. */

import { partitionKeyOf } from "../ghost/replica-logs.js";
import { allPartitions } from "./changed-partitions.js";
import type { InvariantDefinition } from "./invariant.js";

export const uncleanExclusion: InvariantDefinition = {
  id: "I16",
  title: "a replica that lost records is excluded before it takes part",
  create: ({ cluster, violated }) => ({
    onImage(image, previous) {
      if (!cluster.isStoreTrusted) return;
      for (const { id, isActive } of image.brokers.values()) {
        if (!isActive || previous.brokers.get(id)?.isActive === true || !cluster.isTakingPart(id)) continue;
        for (const { topicId, partition, inSyncReplicas, eligibleLeaderReplicas } of allPartitions(image)) {
          const key = partitionKeyOf(topicId, partition);
          const isCandidate = inSyncReplicas.includes(id) || eligibleLeaderReplicas.includes(id);
          if (!isCandidate || !cluster.isLossy(id, key)) continue;
          const difference = cluster.committed.firstDifference(key, cluster.logs.of(id, key));
          if (difference === undefined) continue;
          violated(`broker ${id} takes part again, lost ${key}@${difference}, and is still a candidate there`);
        }
      }
    },
  }),
};
