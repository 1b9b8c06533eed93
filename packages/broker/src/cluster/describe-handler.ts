/** Cluster.Describe: brokers, and topics with the leaders of their partitions, from this broker's image. */

import type { ImageWatcher } from "@sluice/coordination";
import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import { describeCluster } from "./metadata.js";
import type { MissingTopics } from "./missing-topics.js";

export interface DescribeClusterDependencies {
  readonly images: ImageWatcher;
  /** Name of the listener at which this is served. Undefined or empty: the only one. */
  readonly listener?: string | undefined;
  /** Makes the topics that are asked for and do not exist. Undefined: this broker makes none. */
  readonly missingTopics?: MissingTopics | undefined;
}

/** Serves Cluster.Describe. Answers at once, or when the topics that it makes for the request have leaders. */
export function serveDescribeCluster(dependencies: DescribeClusterDependencies): ServedMethod {
  const { images, listener, missingTopics } = dependencies;
  return serveUnary(clusterService.describe, async (request, { signal, authority }) => {
    const { createMissing, brokersOnly, topics } = request;
    const isCreating = createMissing && !brokersOnly && missingTopics !== undefined;
    const failures = isCreating ? await missingTopics.create(topics, signal) : undefined;
    return describeCluster(images.image, request, { dialled: { listener, authority }, failures });
  });
}
