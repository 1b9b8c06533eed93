/** Cluster.DescribeTopic: one topic with all settings in force, from this broker's image. */

import type { ImageWatcher } from "@sluice/coordination";
import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import { describeTopic } from "./metadata.js";

/** Serves Cluster.DescribeTopic. */
export function serveDescribeTopic(dependencies: { readonly images: ImageWatcher }): ServedMethod {
  return serveUnary(clusterService.describeTopic, async ({ name }) => describeTopic(dependencies.images.image, name));
}
