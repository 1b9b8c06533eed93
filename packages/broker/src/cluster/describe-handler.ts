/** Cluster.Describe: brokers, and topics with the leaders of their partitions, from this broker's image. */

import type { ImageWatcher } from "@sluice/coordination";
import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import { describeCluster } from "./metadata.js";

/** Serves Cluster.Describe. */
export function serveDescribeCluster(dependencies: { readonly images: ImageWatcher }): ServedMethod {
  return serveUnary(clusterService.describe, async (request) => describeCluster(dependencies.images.image, request));
}
