/** I11: whoever is elected leader has everything that is committed. */

import { partitionKeyOf } from "../ghost/replica-logs.js";
import { changedPartitions } from "./changed-partitions.js";
import type { InvariantDefinition } from "./invariant.js";

export const leaderCompleteness: InvariantDefinition = {
  id: "I11",
  title: "an elected leader has all that is committed",
  create: ({ cluster, violated }) => ({
    onImage(image, previous) {
      if (!cluster.isStoreTrusted) return;
      for (const { now, before } of changedPartitions(image, previous)) {
        // A registration of a dead process may be elected: nobody ever leads under it.
        if (now.leader === undefined || now.leaderEpoch === before?.leaderEpoch) continue;
        if (!cluster.isTakingPart(now.leader)) continue;
        const key = partitionKeyOf(now.topicId, now.partition);
        const difference = cluster.committed.firstDifference(key, cluster.logs.of(now.leader, key));
        if (difference === undefined) continue;
        violated(
          `broker ${now.leader} leads ${key} in epoch ${now.leaderEpoch} and lacks what is committed at ${difference}`,
        );
      }
    },
  }),
};
