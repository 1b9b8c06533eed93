/** Cluster.AdoptRestore: has the cluster go on with a store that was restored from a backup, and answers when this broker goes by it. */

import { type ServedMethod, serveUnary } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import type { RestoreAdoption } from "./restore-adoption.js";

/** Serves Cluster.AdoptRestore. */
export function serveAdoptRestore({ adoption }: { readonly adoption: RestoreAdoption }): ServedMethod {
  return serveUnary(clusterService.adoptRestore, async (_request, { signal }) => {
    return { partitions: await adoption.adopt(signal) };
  });
}
