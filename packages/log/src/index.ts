/** Public door of @sluice/log: keep one partition on disk in segments with sparse indexes, and recover it after a crash. */

export type { EpochEnd } from "./leader-epoch-cache.js";
export {
  LogDirectory,
  type LogDirectoryDependencies,
  type LogDirectoryMeta,
  type LogDirectoryOptions,
  type OpenPartitionOptions,
  type PartitionOnDisk,
} from "./log-directory.js";
export { type VerificationFinding, verifyLogDirectory } from "./log-verification.js";
export { NodeFileSystem } from "./node-file-system.js";
export type { OffsetIndexEntry } from "./offset-index.js";
export { PartitionLog } from "./partition-log.js";
export { type DumpedBatch, dumpOffsetIndex, dumpSegment, dumpTimeIndex } from "./segment-dump.js";
export type { TimeIndexEntry } from "./time-index.js";
