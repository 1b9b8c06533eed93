/** Public door of @sluice/model: what every layer shares. */

export type { Brand } from "./brand.js";
export * from "./broker-id.js";
export * from "./clock.js";
export * from "./config-table.js";
export * from "./crc32c.js";
export * from "./error-catalogue.js";
export * from "./file-system.js";
export * from "./invariant.js";
export * from "./leader-epoch.js";
export * from "./nearest-name.js";
export * from "./offset.js";
export * from "./random.js";
export * from "./sluice-error.js";
export * from "./topic-config.js";
export * from "./topic-partition.js";
export * from "./transport.js";
