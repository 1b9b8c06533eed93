/** Cluster.DescribeReassignments: moves of replicas that are under way, as this broker's image shows them. */

import { isBeingMoved } from "@sluice/cluster";
import type { ImageWatcher } from "@sluice/coordination";
import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";

/** Serves Cluster.DescribeReassignments. Topics that do not exist have none. */
export function serveDescribeReassignments({ images }: { readonly images: ImageWatcher }): ServedMethod {
  return serveUnary(clusterService.describeReassignments, async ({ topics }) => {
    const asked = new Set<string>(topics);
    const inOrder = [...images.image.topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const reassignments = inOrder
      .filter(({ name }) => asked.size === 0 || asked.has(name))
      .flatMap(({ name, partitions }) =>
        partitions.filter(isBeingMoved).map((partition) => ({
          topic: name,
          partition: partition.partition,
          replicas: [...partition.replicas],
          addingReplicas: [...partition.addingReplicas],
          removingReplicas: [...partition.removingReplicas],
          caughtUpReplicas: partition.addingReplicas.filter((id) => partition.inSyncReplicas.includes(id)),
        })),
      );
    return { reassignments };
  });
}
