/**
 * I18: no replica that may lead ever cuts its log below what is committed, at a start neither; and no log is cut below its recovery
 * point, which is lowered first, so that a start never cuts what was durable.
 */

import { partitionByKey } from "./changed-partitions.js";
import type { InvariantDefinition } from "./invariant.js";

export const noCommittedTruncation: InvariantDefinition = {
  id: "I18",
  title: "nothing committed is cut by a candidate, and nothing that was promised to be durable by anybody",
  create: ({ cluster, violated }) => ({
    onTruncated(broker, key, fromOffset, toOffset) {
      const recoveryPoint = cluster.recoveryPoints.of(broker, key);
      if (toOffset < recoveryPoint) {
        violated(
          `broker ${broker} cut ${key} from ${fromOffset} to ${toOffset}, below its recovery point ${recoveryPoint}`,
        );
      }
      const committed = cluster.committed.highWatermark(key);
      if (toOffset >= committed || cluster.isLossy(broker, key) || !cluster.isStoreTrusted) return;
      const partition = partitionByKey(cluster.image, key);
      const candidates = [...(partition?.inSyncReplicas ?? []), ...(partition?.eligibleLeaderReplicas ?? [])];
      if (!candidates.some((candidate) => candidate === broker)) return;
      violated(`broker ${broker} cut ${key} from ${fromOffset} to ${toOffset}, and ${committed} is committed`);
    },
  }),
};
