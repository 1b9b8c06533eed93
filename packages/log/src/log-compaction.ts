/**
 * Compaction of one log, seen from the log: decides whether it is time, has the work done elsewhere, and swaps the result in.
 *
 * The work reads closed segments and writes new files beside them; readers and the writer go on meanwhile. Only the swap is a
 * change of the log, and takes its turn among these. Whoever takes records away in between, aborts the work first: a result
 * that was made from other segments is thrown away.
 */

import { type FileSystem, isSluiceError, type Offset, SluiceError, type TopicConfig } from "@sluice/model";
import { removeCleaned } from "./compaction/cleaned-segment.js";
import {
  assumedCheckpoint,
  type CompactionCheckpoint,
  loadCompactionCheckpoint,
  neverCompacted,
  saveCompactionCheckpoint,
} from "./compaction/compaction-checkpoint.js";
import type { CompactionResult, CompactionRunner, CompactionSwap } from "./compaction/compaction-job.js";
import { type ClosedSegment, planCompaction } from "./compaction/compaction-plan.js";
import { commitSwap } from "./compaction/segment-swap.js";
import type { DeferredRemoval } from "./deferred-removal.js";
import { asUnreadable, diskFailure, unlessDiskFull } from "./disk-failure.js";
import type { Segment, SegmentState } from "./segment.js";
import type { SegmentList } from "./segment-list.js";

export interface LogCompactionDependencies {
  readonly fileSystem: FileSystem;
  readonly runner: CompactionRunner;
  readonly removal: DeferredRemoval;
  /** Highest offset of a tombstone that was dropped, as the log was opened; -1: none. */
  readonly tombstonesDroppedTo: number;
  readonly limits: { readonly compactionBytesPerSecMax: number; readonly compactionMapBytesMax: number };
  /** A segment object for files that are there. */
  segmentOf(state: SegmentState): Segment;
}

/** The log at this moment. */
export interface CompactedLog {
  readonly nowMs: number;
  readonly config: TopicConfig;
  readonly closedSegments: readonly ClosedSegment[];
  readonly highWatermark: Offset;
  readonly firstOpenTransactionOffset: number | undefined;
  /** Idempotent producers that are remembered: their last sequences survive. */
  readonly liveProducerIds: readonly number[];
  /** Writes the epoch checkpoint where it changed; false: there is no room. */
  saveEpochs(): Promise<boolean>;
  /** Runs a change of the list of segments in its turn. */
  change<Result>(work: () => Promise<Result>): Promise<Result>;
}

export class LogCompaction {
  readonly #directory: string;
  readonly #segments: SegmentList;
  readonly #dependencies: LogCompactionDependencies;
  #running: AbortController | undefined;
  /** Ends when the runner reads no segment of this log any more. Never rejects. */
  #job: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  /** Changes of the segments that are under way. */
  #changeCount = 0;
  /** When a tombstone may be dropped next. After a start nobody knows: the first look at the log finds out. */
  #nextHorizonMs: number | undefined = 0;
  #tombstonesDroppedTo: number;
  /** End of what a job looked at without getting on: a transaction in it ends later. */
  #fruitlessUpTo: number | undefined;

  constructor(directory: string, segments: SegmentList, dependencies: LogCompactionDependencies) {
    this.#directory = directory;
    this.#segments = segments;
    this.#dependencies = dependencies;
    this.#tombstonesDroppedTo = dependencies.tombstonesDroppedTo;
  }

  /** Highest offset of a tombstone that may have been dropped; -1: none. */
  get tombstonesDroppedTo(): number {
    return this.#tombstonesDroppedTo;
  }

  /** Gives up what is under way, since its segments are about to change, and resolves when nothing reads them any more. */
  async stop(): Promise<void> {
    this.#running?.abort(new SluiceError("CANCELLED", { operation: `Compaction of ${this.#directory}` }));
    await this.#job;
  }

  /** Runs `work`, which takes segments away: what is under way is given up first, and nothing begins before it is done. */
  async without<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#changeCount += 1;
    try {
      await this.stop();
      return await work();
    } finally {
      this.#changeCount -= 1;
    }
  }

  /** As `stop`, for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.stop();
  }

  /**
   * Compacts where it is time. False: it was not, or the log changed meanwhile.
   * @param describe the log at this moment
   * @throws SluiceError as `CompactionRunner.run`, and what `describe` and `change` throw
   */
  async run(describe: () => Promise<CompactedLog>): Promise<boolean> {
    if (this.#running !== undefined || this.#isClosed || this.#changeCount > 0) return false;
    const running = new AbortController();
    this.#running = running;
    try {
      const log = await describe();
      return log.closedSegments.length > 0 && !running.signal.aborted && (await this.#run(log, running.signal));
    } catch (error) {
      const isGivenUp = running.signal.aborted && !isSluiceError(error, "DISK_FAILED");
      if (isGivenUp || isSluiceError(error, "CANCELLED")) return false;
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  async #run(log: CompactedLog, signal: AbortSignal): Promise<boolean> {
    const { fileSystem, runner, limits } = this.#dependencies;
    const checkpoint = await asUnreadable(this.#directory, () => this.#loadCheckpoint());
    const { reason, ...bounds } = planCompaction({
      ...log,
      checkpoint,
      nextHorizonMs: this.#horizonOf(checkpoint),
      ...(this.#fruitlessUpTo === undefined ? {} : { fruitlessUpTo: this.#fruitlessUpTo }),
    });
    if (reason === undefined || signal.aborted) return false;
    const job = {
      directory: this.#directory,
      sources: bounds.sources,
      dirtyFrom: bounds.dirtyFrom,
      upTo: bounds.upTo,
      segmentBytesMax: log.config["segment.bytes"],
      indexIntervalBytes: log.config["index.interval.bytes"],
      nowMs: log.nowMs,
      deleteRetentionMs: log.config["delete.retention.ms"],
      offsetMapBytesMax: limits.compactionMapBytesMax,
      bytesPerSecMax: limits.compactionBytesPerSecMax,
      liveProducerIds: log.liveProducerIds,
    };
    // Between the look at the signal and here nobody else had a turn.
    signal.throwIfAborted();
    const running = runner.run(job, signal);
    this.#job = running.catch(() => undefined);
    const result = await running;
    this.#fruitlessUpTo = result.cleanedTo <= bounds.dirtyFrom ? bounds.upTo : undefined;
    return log.change(async () => {
      // Where epochs begin must be known without the batches that go.
      const isSaved = !signal.aborted && (await log.saveEpochs());
      const isRaised = isSaved && (await this.#raiseCheckpoint(result, checkpoint));
      if (isRaised) return this.#commit(result, checkpoint, log);
      for (const { baseOffset } of result.swaps) await removeCleaned(fileSystem, this.#directory, baseOffset);
      return false;
    });
  }

  /** The log is to end at `endOffset`: what was compacted beyond that is to be compacted again. Durable before it is cut. */
  async truncate(endOffset: number): Promise<void> {
    const { fileSystem } = this.#dependencies;
    const checkpoint = await loadCompactionCheckpoint(fileSystem, this.#directory);
    if (checkpoint === undefined || checkpoint.cleanedTo <= endOffset) return;
    await saveCompactionCheckpoint(fileSystem, this.#directory, { ...checkpoint, cleanedTo: endOffset });
  }

  /** Offsets below `gapsBelow` may be missing: a leader that compacts sent it so. Durable before such a batch is written. */
  async allowGaps(gapsBelow: number): Promise<void> {
    const found = await loadCompactionCheckpoint(this.#dependencies.fileSystem, this.#directory);
    const checkpoint = found ?? neverCompacted;
    if (checkpoint.gapsBelow >= gapsBelow) return;
    // What is missing may have been tombstones.
    const tombstonesDroppedTo = Math.max(checkpoint.tombstonesDroppedTo, gapsBelow - 1);
    const raised = { ...checkpoint, gapsBelow, tombstonesDroppedTo };
    await saveCompactionCheckpoint(this.#dependencies.fileSystem, this.#directory, raised);
    this.#tombstonesDroppedTo = tombstonesDroppedTo;
  }

  async #loadCheckpoint(): Promise<CompactionCheckpoint> {
    const found = await loadCompactionCheckpoint(this.#dependencies.fileSystem, this.#directory);
    return found ?? assumedCheckpoint({ isCompacted: true, lastBaseOffset: this.#segments.active.baseOffset });
  }

  /** A log that was never compacted has no tombstone that waits. */
  #horizonOf(checkpoint: CompactionCheckpoint): number | undefined {
    return checkpoint.cleanedTo > 0 ? this.#nextHorizonMs : undefined;
  }

  /** Before the first gap exists: a crash in between finds it legal. False: there is no room, and nothing is changed. */
  #raiseCheckpoint(result: CompactionResult, before: CompactionCheckpoint): Promise<boolean> {
    if (result.swaps.length === 0) return Promise.resolve(true);
    const raised = raisedBy(result, before);
    this.#tombstonesDroppedTo = raised.tombstonesDroppedTo;
    return unlessDiskFull(() => saveCompactionCheckpoint(this.#dependencies.fileSystem, this.#directory, raised));
  }

  async #commit(result: CompactionResult, before: CompactionCheckpoint, log: CompactedLog): Promise<boolean> {
    const { fileSystem } = this.#dependencies;
    for (const swap of result.swaps) await this.#swap(swap, log.config);
    const cleanedTo = Math.max(before.cleanedTo, result.cleanedTo);
    const done = { ...raisedBy(result, before), cleanedTo };
    // Without room for it, the same is compacted once more.
    await unlessDiskFull(() => saveCompactionCheckpoint(fileSystem, this.#directory, done));
    this.#nextHorizonMs = result.nextHorizonMs;
    return true;
  }

  async #swap(swap: CompactionSwap, config: TopicConfig): Promise<void> {
    const { fileSystem, removal, segmentOf } = this.#dependencies;
    const { baseOffset, endOffset, sizeBytes, sources } = swap;
    // Readers of the old files go on in them while the names change.
    for (const segment of this.#segments.all()) if (sources.includes(segment.baseOffset)) await segment.hold();
    const deleted = await commitSwap(fileSystem, this.#directory, swap).catch((cause: unknown) => {
      // Half swapped in, list and disk differ: recovery finishes it, and nothing else may.
      throw diskFailure(this.#directory, cause);
    });
    this.#segments.replace(sources, segmentOf({ baseOffset, endOffset, sizeBytes }));
    removal.schedule(deleted, config["file.delete.delay.ms"]);
  }
}

function raisedBy(result: CompactionResult, before: CompactionCheckpoint): CompactionCheckpoint {
  const gapsBelow = Math.max(before.gapsBelow, result.swaps.at(-1)?.endOffset ?? 0);
  const tombstonesDroppedTo = Math.max(before.tombstonesDroppedTo, result.tombstonesDroppedTo);
  return { ...before, gapsBelow, tombstonesDroppedTo };
}
