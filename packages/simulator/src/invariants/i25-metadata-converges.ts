/** I25: when all has healed, every broker describes the cluster as the store has it. */

import type { DescribeClusterResponse } from "@sluice/protocol";
import type { ObservedCluster } from "../ghost/observed-cluster.js";

/** What a broker describes differently; undefined: nothing. */
export function metadataProblem(
  cluster: ObservedCluster,
  broker: number,
  described: DescribeClusterResponse | undefined,
): string | undefined {
  if (described === undefined) return `broker ${broker} does not answer`;
  const { image } = cluster;
  const ids = described.brokers.map(({ id }) => id).sort();
  const registered = [...image.brokers.keys()].sort();
  if (ids.join() !== registered.join())
    return `broker ${broker} knows brokers ${ids.join()} instead of ${registered.join()}`;
  for (const topic of image.topics.values()) {
    const known = described.topics.find(({ name }) => name === topic.name);
    for (const { partition, leader, leaderEpoch, inSyncReplicas } of topic.partitions) {
      const seen = known?.partitions[partition];
      const isEqual =
        seen !== undefined &&
        seen.leaderIdPlusOne === (leader ?? -1) + 1 &&
        seen.leaderEpoch === leaderEpoch &&
        seen.inSyncReplicas.join() === inSyncReplicas.join();
      if (!isEqual) return `broker ${broker} is behind with ${topic.name}-${partition}`;
    }
  }
  return undefined;
}
