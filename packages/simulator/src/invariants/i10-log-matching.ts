/** I10: when all has healed, all replicas of a partition hold the same bytes, from the largest of their log starts on. */

import { topicsOf } from "../ghost/image-topics.js";
import { partitionKeyOf } from "../ghost/replica-logs.js";
import type { InvariantDefinition } from "./invariant.js";

export const logMatching: InvariantDefinition = {
  id: "I10",
  title: "replicas are equal below the high watermark",
  create: ({ cluster, violated }) => ({
    atEnd() {
      for (const topic of topicsOf(cluster.image)) {
        for (const { partition, replicas } of topic.partitions) {
          const key = partitionKeyOf(topic.id, partition);
          for (const replica of replicas) {
            const difference = cluster.committed.firstDifference(key, cluster.logs.of(replica, key));
            if (difference !== undefined)
              violated(`broker ${replica} has not what is committed at ${key}@${difference}`);
          }
        }
      }
    },
  }),
};
