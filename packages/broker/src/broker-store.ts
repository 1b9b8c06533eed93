/**
 * The cluster store of a broker: one in etcd where there are endpoints for it, else a file store of its own, else one that others in
 * its process use too.
 */

import { type ClusterStore, FileClusterStore, openEtcdClusterStore } from "@sluice/coordination";
import type { Clock, FileSystem, Random } from "@sluice/model";
import type { BrokerConfig } from "./broker-config.js";

/** A store that others in this process use too; it stays open. */
export interface SharedClusterStore {
  readonly store: ClusterStore;
  /** Why it takes no changes now; undefined while it does. */
  problem(): Error | undefined;
}

export interface BrokerStore {
  readonly store: ClusterStore;
  /** Why the store in this process takes no changes now; undefined while it does, or is kept elsewhere. */
  problem(): Error | undefined;
  /** What waits for room on the disk of the store fails from now on: the broker stops. */
  stopWaitingForRoom(): void;
  /** Closes what was opened. */
  close(): Promise<void>;
}

export interface BrokerStoreDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws SluiceError what opening a store throws */
export async function openBrokerStore(
  config: BrokerConfig,
  shared: SharedClusterStore | undefined,
  dependencies: BrokerStoreDependencies,
): Promise<BrokerStore> {
  if (shared !== undefined) {
    const { store } = shared;
    return {
      store,
      problem: () => shared.problem(),
      stopWaitingForRoom: () => undefined,
      close: async () => undefined,
    };
  }
  if (config.etcdEndpoints !== "") return openEtcdStore(config, dependencies);
  const store = await FileClusterStore.open({ path: clusterStorePath(config) }, dependencies);
  return {
    store,
    problem: () => store.failure ?? store.diskFull,
    stopWaitingForRoom: () => store.stopWaitingForRoom(),
    close: () => store.close(),
  };
}

/** Directory of the file store of a broker. */
export function clusterStorePath(config: BrokerConfig): string {
  return config.clusterStoreDirectory === "" ? `${config.dataDirectory}/cluster-store` : config.clusterStoreDirectory;
}

async function openEtcdStore(config: BrokerConfig, dependencies: BrokerStoreDependencies): Promise<BrokerStore> {
  const endpoints = config.etcdEndpoints.split(",").map((endpoint) => endpoint.trim());
  const { etcdPrefix: prefix, etcdUser: user, etcdPassword: password } = config;
  const { etcdCaFile: caFile, etcdCertFile: certFile, etcdKeyFile: keyFile } = config;
  const options = { endpoints, prefix, user, password, caFile, certFile, keyFile };
  const store = await openEtcdClusterStore(options, dependencies);
  return { store, problem: () => undefined, stopWaitingForRoom: () => undefined, close: () => store.close() };
}
