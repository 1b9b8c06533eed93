/** I12: every member of ISR and ELR whose broker takes part in its present life has everything that is committed. */

import type { PartitionImage } from "@sluice/cluster";
import { partitionKeyOf } from "../ghost/replica-logs.js";
import { allPartitions, changedPartitions, partitionByKey } from "./changed-partitions.js";
import type { InvariantDefinition } from "./invariant.js";

export const candidateCompleteness: InvariantDefinition = {
  id: "I12",
  title: "every candidate for leadership has all that is committed",
  create: ({ cluster, violated }) => {
    const check = (partition: PartitionImage): void => {
      const key = partitionKeyOf(partition.topicId, partition.partition);
      for (const member of new Set([...partition.inSyncReplicas, ...partition.eligibleLeaderReplicas])) {
        if (!cluster.isTakingPart(member)) continue;
        const difference = cluster.committed.firstDifference(key, cluster.logs.of(member, key));
        if (difference !== undefined)
          violated(`broker ${member} may lead ${key} and lacks what is committed at ${difference}`);
      }
    };
    return {
      onImage(image, previous) {
        const activeChanged = [...image.brokers.values()].some(
          ({ id, isActive }) => isActive && previous.brokers.get(id)?.isActive !== true,
        );
        if (!cluster.isStoreTrusted) return;
        if (activeChanged || image.history !== previous.history)
          for (const partition of allPartitions(image)) check(partition);
        else for (const { now } of changedPartitions(image, previous)) check(now);
      },
      onCommitted(key) {
        if (!cluster.isStoreTrusted) return;
        const partition = partitionByKey(cluster.image, key);
        if (partition !== undefined) check(partition);
      },
    };
  },
};
