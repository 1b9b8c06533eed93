/** I25: when all has healed, every broker describes the cluster as the store has it, and so does what a client knows that watches it. */

import type { PartitionImage } from "@sluice/cluster";
import type { DescribeClusterResponse, Partition } from "@sluice/protocol";
import { topicsOf } from "../ghost/image-topics.js";
import type { ObservedCluster } from "../ghost/observed-cluster.js";

/** What one broker says of the cluster; undefined where it does not answer. */
export interface ToldCluster {
  /** Asked now. */
  readonly described: DescribeClusterResponse | undefined;
  /** As a watch has told it, change by change. */
  readonly watched: DescribeClusterResponse | undefined;
}

/** What a broker says that is not so; undefined: nothing. */
export function metadataProblem(cluster: ObservedCluster, broker: number, told: ToldCluster): string | undefined {
  return (
    problemOf(cluster, `broker ${broker}`, told.described) ??
    problemOf(cluster, `a watch of broker ${broker}`, told.watched)
  );
}

function problemOf(
  { image }: ObservedCluster,
  who: string,
  told: DescribeClusterResponse | undefined,
): string | undefined {
  if (told === undefined) return `${who} does not answer`;
  const ids = told.brokers.map(({ id }) => id).sort();
  const registered = [...image.brokers.keys()].sort();
  if (ids.join() !== registered.join()) return `${who} knows brokers ${ids.join()} instead of ${registered.join()}`;
  for (const topic of topicsOf(image)) {
    const known = told.topics.find(({ name }) => name === topic.name);
    const behind = topic.partitions.find((partition) => !isAsTold(partition, known?.partitions[partition.partition]));
    if (behind !== undefined) return `${who} is behind with ${topic.name}-${behind.partition}`;
  }
  return undefined;
}

function isAsTold({ leader, leaderEpoch, inSyncReplicas }: PartitionImage, told: Partition | undefined): boolean {
  return (
    told !== undefined &&
    told.leaderIdPlusOne === (leader ?? -1) + 1 &&
    told.leaderEpoch === leaderEpoch &&
    told.inSyncReplicas.join() === inSyncReplicas.join()
  );
}
