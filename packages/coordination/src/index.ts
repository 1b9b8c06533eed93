/** Public door of @sluice/coordination: keep the cluster image in a store. */

export * from "./broker-lease.js";
export * from "./cluster-store.js";
export * from "./file-cluster-store.js";
export * from "./image-watcher.js";
export * from "./memory-cluster-store.js";
export * from "./open-etcd-cluster-store.js";
export { type StoreChange, type StoreSnapshot, StoreState, type TransactionOutcome } from "./store-state.js";
