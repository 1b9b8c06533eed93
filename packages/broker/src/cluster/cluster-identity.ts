/** Which cluster this is: a UUID that the first broker ever writes into the store, and that every data directory carries. */

import { clusterKey, formatClusterValue, parseClusterValue } from "@sluice/cluster";
import type { ClusterStore } from "@sluice/coordination";
import { invariant, type Random, randomUuid } from "@sluice/model";

/**
 * The cluster's id, made up and written where there is none yet. All who ask at one time get the same.
 *
 * @throws SluiceError CORRUPT_CLUSTER_KEY
 */
export async function establishClusterId(dependencies: {
  readonly store: ClusterStore;
  readonly random: Random;
}): Promise<string> {
  const { store, random } = dependencies;
  const known = await store.get(clusterKey);
  if (known !== undefined) return parseClusterValue(clusterKey, known.value).clusterId;
  const clusterId = randomUuid(random);
  const { succeeded } = await store.transact(
    [{ key: clusterKey, target: "createRevision", equals: 0 }],
    [{ type: "put", key: clusterKey, value: formatClusterValue({ clusterId }) }],
  );
  if (succeeded) return clusterId;
  const winner = await store.get(clusterKey);
  invariant(winner !== undefined, "the cluster key was deleted, which nobody does");
  return parseClusterValue(clusterKey, winner.value).clusterId;
}
