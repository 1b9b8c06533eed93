/** Public door of @sluice/coordination: keep the cluster image in a store. */

export * from "./broker-lease.js";
export * from "./cluster-store.js";
export * from "./file-cluster-store.js";
export * from "./image-watcher.js";
export * from "./memory-cluster-store.js";
