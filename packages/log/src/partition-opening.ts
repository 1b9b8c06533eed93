/**
 * Opens one partition of a data directory: finishes what a crash left half done, recovers, decides whether something may have
 * been lost, and makes the log. After a clean stop it only reads, and little.
 */

import { type Clock, type FileSystem, isFileError, offset, SluiceError } from "@sluice/model";
import type { ClosedPartition } from "./clean-marker.js";
import {
  assumedCheckpoint,
  loadCompactionCheckpoint,
  neverCompacted,
  saveCompactionCheckpoint,
} from "./compaction/compaction-checkpoint.js";
import type { CompactionRunner } from "./compaction/compaction-job.js";
import { finishSwaps } from "./compaction/segment-swap.js";
import type { DirectoryState } from "./directory-state.js";
import type { OpenPartitionOptions } from "./log-directory.js";
import { LogProducers } from "./log-producers.js";
import { executeRecovery, planRecovery, type RecoveryOptions, type RecoveryPlan } from "./log-recovery.js";
import { isLossyAfterCrash } from "./lossy-verdict.js";
import { readPartitionTopic, writePartitionMetadata } from "./partition-directory.js";
import { PartitionLog } from "./partition-log.js";
import { Segment, type SegmentDependencies, type SegmentState } from "./segment.js";
import { SegmentIndexes } from "./segment-indexes.js";
import { SegmentList } from "./segment-list.js";

export interface PartitionOpeningOptions extends OpenPartitionOptions {
  /** Path of the partition's directory, and its name. */
  readonly directory: string;
  readonly name: string;
  /** Of the data directory, for messages. */
  readonly broker: number;
  /** What the clean marker says; undefined where the log was not closed in order. */
  readonly closed: ClosedPartition | undefined;
}

export interface PartitionOpeningDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly state: DirectoryState;
  readonly compactionRunner: CompactionRunner;
  /** Something in the directory is about to change. */
  onTouched(): void;
  onWritten(sizeBytes: number): void;
  onDiskFull(): void;
  onFailed(error: SluiceError): void;
  onClosed(isClean: boolean, hasProducers: boolean): void;
}

/** @throws SluiceError PARTITION_QUARANTINED, and errors of the file system */
export async function openPartitionLog(
  options: PartitionOpeningOptions,
  dependencies: PartitionOpeningDependencies,
): Promise<PartitionLog> {
  const { fileSystem, state } = dependencies;
  const { directory, name, closed } = options;
  // Thousands are made at one time: in what was not there a moment ago nothing has to be looked for.
  const isAbsent = state.takeName(name) && closed === undefined;
  if (isAbsent) await makePartitionDirectory(options, dependencies);
  else if (closed === undefined) await finishInterrupted(options, dependencies);
  const checkpoint = isAbsent ? undefined : await loadCompactionCheckpoint(fileSystem, directory);
  const recovery: RecoveryOptions = {
    fileSystem,
    directory,
    recoveryPoint: state.recoveryPoints.get(name).offset,
    isClean: closed !== undefined,
    hasProducers: closed?.hasProducers,
    indexIntervalBytes: options.config["index.interval.bytes"],
    resources: state.resources,
    logStartOffset: state.logStartOffsets.get(name) ?? 0,
    gapsBelow: checkpoint?.gapsBelow ?? (options.config["cleanup.policy"] === "delete" ? 0 : "lastSegment"),
  };
  const plan = await planRecovery(recovery, isAbsent ? [] : undefined).catch(async (error: unknown) => {
    if (!isFileError(error, "ENOENT")) throw error;
    // Its directory went while nobody looked: what was promised of it is known all the same.
    await finishInterrupted(options, dependencies);
    return planRecovery(recovery);
  });
  if ("quarantine" in plan) throw quarantined(options, plan.quarantine);
  dependencies.onTouched();
  await recordVerdict(options, dependencies, plan);
  await executeRecovery(recovery, plan);
  if (isNew(plan) || (await readPartitionTopic(fileSystem, directory)) !== options.topic) {
    await writePartitionMetadata(fileSystem, directory, options);
    // That of a new partition is synced with the first segment.
    if (plan.segments.length > 0) await fileSystem.syncDirectory(directory);
  }
  await recordRecoveryPoint(options, dependencies, plan);
  // So that a missing checkpoint of a compacted log is known to be lost.
  if (isNew(plan) && options.config["cleanup.policy"] !== "delete") {
    await saveCompactionCheckpoint(fileSystem, directory, neverCompacted);
  }
  return makeLog(options, dependencies, plan, checkpoint?.tombstonesDroppedTo);
}

/** There was no log. */
function isNew(plan: RecoveryPlan): boolean {
  return plan.segments.length === 0 && plan.restartsAt === undefined;
}

/** Makes the directory, or finishes what a crash left in it. */
async function finishInterrupted(
  options: PartitionOpeningOptions,
  dependencies: PartitionOpeningDependencies,
): Promise<void> {
  const { fileSystem } = dependencies;
  await makePartitionDirectory(options, dependencies);
  const finished = await finishSwaps(fileSystem, options.directory);
  if (finished.quarantine !== undefined) throw quarantined(options, finished.quarantine);
}

/** Nothing happens to one that is there, but that its name is durable. */
async function makePartitionDirectory(
  { directory }: PartitionOpeningOptions,
  { fileSystem, state }: PartitionOpeningDependencies,
): Promise<void> {
  await fileSystem.makeDirectory(directory);
  await state.syncNames();
}

/** Durable before recovery cuts a byte: a second crash cannot launder a loss. */
async function recordVerdict(
  { name }: PartitionOpeningOptions,
  { state }: PartitionOpeningDependencies,
  plan: RecoveryPlan,
): Promise<void> {
  const { lossy } = state;
  if (isNew(plan) && lossy.mayMissPartitions) await lossy.record(name, 0);
  if (!lossy.isUnjudged(name)) return;
  const { flush } = state.recoveryPoints.get(name);
  const endOffset = plan.segments.at(-1)?.endOffset ?? 0;
  // What went because its removal had been begun was no loss.
  const isTornTailAtMost = plan.removed.every((base) => base < endOffset) && (plan.cut?.isTorn ?? true);
  if (!isNew(plan) && isLossyAfterCrash({ flush, isTornTailAtMost })) return lossy.record(name, endOffset);
  lossy.remove(name);
  await lossy.save();
}

/**
 * After recovery everything is durable: whatever the policy was, from here on it is this one, and a recovery point that was
 * lost is where the log ends.
 */
async function recordRecoveryPoint(
  { name, config, directory }: PartitionOpeningOptions,
  { fileSystem, state }: PartitionOpeningDependencies,
  plan: RecoveryPlan,
): Promise<void> {
  const { offset: point, flush } = state.recoveryPoints.get(name);
  if (point !== undefined && flush === config.flush) return;
  // Epochs first, as always: what lies below the recovery point is held against them.
  if (point === undefined) await plan.epochs.maybeSave(fileSystem, directory);
  const end = plan.segments.at(-1)?.endOffset ?? plan.restartsAt ?? 0;
  await state.recoveryPoints.set(name, { offset: point ?? end, flush: config.flush });
}

async function makeLog(
  options: PartitionOpeningOptions,
  dependencies: PartitionOpeningDependencies,
  plan: RecoveryPlan,
  tombstonesDroppedTo: number | undefined,
): Promise<PartitionLog> {
  const { fileSystem, state } = dependencies;
  const { directory, name, closed } = options;
  const segmentDependencies: SegmentDependencies = {
    fileSystem,
    directory,
    indexIntervalBytes: options.config["index.interval.bytes"],
    resources: state.resources,
    epochs: plan.epochs,
  };
  let log: PartitionLog | undefined;
  const newSegment = (baseOffset: number): Segment => {
    // The topic may have another by now.
    const intervalBytes = (log?.config ?? options.config)["index.interval.bytes"];
    const indexes = new SegmentIndexes({ baseOffset, intervalBytes });
    return new Segment({ baseOffset, sizeBytes: 0, endOffset: baseOffset, indexes }, segmentDependencies);
  };
  const found = plan.segments.map((segment) => new Segment(segment, segmentDependencies));
  const segments = new SegmentList(found.length > 0 ? found : [newSegment(plan.restartsAt ?? 0)]);
  if (found.length === 0) {
    await segments.active.openForAppend("write");
    await fileSystem.syncDirectory(directory);
  }
  const producers = new LogProducers(plan.producers, {
    fileSystem,
    directory,
    ...(closed?.hasProducers === true ? { snapshotOffset: segments.active.endOffset } : {}),
  });
  const isCompacted = options.config["cleanup.policy"] !== "delete";
  const lastBaseOffset = segments.active.baseOffset;
  const logStartOffset = Math.max(state.logStartOffsets.get(name) ?? 0, segments.first.baseOffset);
  log = new PartitionLog(
    {
      ...options,
      logStartOffset: offset(logStartOffset),
      highWatermark: offset(state.highWatermarks.get(name) ?? 0),
      producerExpirationMs: state.options.limits.producerExpirationMs,
    },
    {
      fileSystem,
      clock: dependencies.clock,
      segments,
      epochs: plan.epochs,
      producers,
      flusher: state.flusher,
      removal: state.removal,
      recoveryPoint: offset(state.recoveryPoints.get(name).offset ?? 0),
      lowerHighWatermark: (bound) => state.highWatermarks.lower(name, bound),
      // Of a new one everything is durable by now, and there is nothing to save: a clean start looks for no index of an empty log.
      isUntouched: isNew(plan) || (closed !== undefined && !plan.changesFiles),
      newSegment,
      saveRecoveryPoint: (flushed, flush) => state.recoveryPoints.set(name, { offset: flushed, flush }),
      saveLogStart: (start) => state.logStartOffsets.set(name, start),
      compaction: {
        fileSystem,
        runner: dependencies.compactionRunner,
        removal: state.removal,
        // Where that was lost, everything that compaction may have seen counts.
        tombstonesDroppedTo:
          tombstonesDroppedTo ?? assumedCheckpoint({ isCompacted, lastBaseOffset }).tombstonesDroppedTo,
        limits: state.options.limits,
        segmentOf: (swapped: SegmentState) => new Segment(swapped, segmentDependencies),
      },
      onWritten: dependencies.onWritten,
      onDiskFull: dependencies.onDiskFull,
      onFailed: dependencies.onFailed,
      onClosed: (isClean) => dependencies.onClosed(isClean, producers.size > 0),
    },
  );
  return log;
}

function quarantined({ topic, partition, broker }: PartitionOpeningOptions, reason: string): SluiceError {
  return new SluiceError("PARTITION_QUARANTINED", { topic, partition, broker, reason });
}
