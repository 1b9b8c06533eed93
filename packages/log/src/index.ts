/** Public door of @sluice/log: keep one partition on disk in segments with sparse indexes, and recover it after a crash. */

export type { CompactionJob, CompactionResult, CompactionRunner, CompactionSwap } from "./compaction/compaction-job.js";
export { CompactionThread } from "./compaction/compaction-thread.js";
export {
  type DataDirectoryReport,
  type DataDirectoryTotals,
  type InspectOptions,
  inspectDataDirectory,
} from "./data-directory-report.js";
export type { BrokerLife, LogDirectoryMeta } from "./directory-meta.js";
export {
  type RebuildIndexesOptions,
  type RebuiltIndexFile,
  type RebuiltSegment,
  rebuildIndexes,
} from "./index-rebuild.js";
export type { KnownEpoch, KnownEpochs, KnownHistory } from "./known-epochs.js";
export type { EpochEnd } from "./leader-epoch-cache.js";
export {
  LogDirectory,
  type LogDirectoryDependencies,
  type LogDirectoryLimits,
  type LogDirectoryOptions,
  type OpenPartitionOptions,
  type PartitionOnDisk,
} from "./log-directory.js";
export { type VerifyLogsOptions, verifyLogDirectory } from "./log-verification.js";
export { NodeFileSystem } from "./node-file-system.js";
export type { OffsetIndexEntry } from "./offset-index.js";
export { PartitionLog } from "./partition-log.js";
export type { CompactionReport, PartitionReport } from "./partition-report.js";
export {
  type DumpedBatch,
  type DumpedDamage,
  type DumpedIndex,
  type DumpedIndexEntry,
  type DumpedRecord,
  type DumpSegmentOptions,
  dumpOffsetIndex,
  dumpSegment,
  dumpTimeIndex,
} from "./segment-dump.js";
export { type DumpedSnapshot, type DumpedSnapshotRow, dumpProducerSnapshot } from "./snapshot-dump.js";
export { type LeftoverSuffix, parseStoredFileName, type StoredFileName } from "./stored-file-name.js";
export { type DumpedEntry, type DumpedTextFile, dumpTextFile } from "./text-file-dump.js";
export type { TimeIndexEntry } from "./time-index.js";
export type { VerificationFinding } from "./verification-finding.js";
