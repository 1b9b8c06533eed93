/** An etcd cluster store as a broker opens it, for tests. */

import { type ClusterStore, type EtcdClusterStoreOptions, openEtcdClusterStore } from "@sluice/coordination";
import { NodeFileSystem } from "@sluice/log";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { onTestFinished } from "vitest";

/** The clock of the stores here. It keeps the test alive while nothing but a retry is waited for. */
export const clock = new NodeClock({ keepsProcessAlive: true });

/** Opens a store with the ports of a broker. The caller closes it. */
export function openStore(options: EtcdClusterStoreOptions): Promise<ClusterStore> {
  return openEtcdClusterStore(options, { fileSystem: new NodeFileSystem(), clock, random: new NodeRandom() });
}

/** A store that is closed after the test. Impatient: a call waits half a second for a member, and is tried again for 2.5 s. */
export async function openTestStore(options: EtcdClusterStoreOptions): Promise<ClusterStore> {
  const store = await openStore({ callTimeoutMs: 500, ...options });
  onTestFinished(() => store.close());
  return store;
}
