/**
 * The one writer of a log: places batches, writes them in order, makes them durable as the topic says, and begins segments.
 *
 * A placed batch is queued. One loop writes the queue: whatever came while a write was under way goes into the next, in one
 * call, and under flush=always one fdatasync covers all of it. Three offsets follow each other:
 *
 *     flushedOffset (survives a power loss)  <=  writtenOffset (can be read)  <=  logEndOffset (placed)
 *
 * A new segment is begun only when the old one is durable (always) or is being made so in the background (interval, os).
 *
 * A full disk is no failure: the file is cut back to its last good batch, everything placed behind that is taken back and told
 * to `onAppendsFailed`, and appends are refused until `resume`. Every other error of a write, and every error of a sync, is
 * final: what is on disk after it is not known, and a second fdatasync that succeeds would prove nothing (P38).
 */

import {
  type Clock,
  type FileSystem,
  invariant,
  isDiskFull,
  isSluiceError,
  type LeaderEpoch,
  type Offset,
  offset,
  SluiceError,
  type Timer,
  type TopicConfig,
} from "@sluice/model";
import { batchLastOffset } from "@sluice/record";
import { removeIfThere } from "./checkpoint-file.js";
import type { DirectoryFlusher } from "./directory-flusher.js";
import { diskFailure, unlessDiskFull } from "./disk-failure.js";
import type { LeaderEpochCache } from "./leader-epoch-cache.js";
import type { LogProducers } from "./log-producers.js";
import { epochCheckpointName } from "./partition-directory.js";
import type { Segment } from "./segment.js";
import { segmentAgeMsMax } from "./segment-age.js";
import type { SegmentList } from "./segment-list.js";
import { segmentBytesMax } from "./segment-size.js";

export interface LogWriterDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  /** Path of the partition's directory. */
  readonly directory: string;
  readonly config: TopicConfig;
  readonly segments: SegmentList;
  readonly epochs: LeaderEpochCache;
  readonly producers: LogProducers;
  readonly flusher: DirectoryFlusher;
  /** What is recorded durably as flushed already. */
  readonly recoveryPoint: Offset;
  /** Makes a segment object for a file that does not exist yet. */
  newSegment(baseOffset: number): Segment;
  /** Records durably that everything below `flushedOffset` is on disk, and how the topic flushes from there on. */
  saveRecoveryPoint(flushedOffset: Offset, flush: TopicConfig["flush"]): Promise<void>;
  onWritten(sizeBytes: number): void;
  /** What can be read, or what is durable, has grown. */
  onAdvanced(writtenOffset: Offset, flushedOffset: Offset): void;
  /** Everything that was placed from `endOffset` on is taken back: it was never written. */
  onAppendsFailed(endOffset: Offset, error: SluiceError): void;
  /** The first error that is final. `isDisk`: it says something of the disk, and not of this log alone. */
  onFailed(error: SluiceError, isDisk: boolean): void;
}

interface ExclusiveWork {
  /** Everything placed before it is written first. */
  readonly after: Offset;
  run(): Promise<void>;
  cancel(error: SluiceError): void;
}

interface FlushWaiter {
  readonly target: Offset;
  resolve(): void;
  reject(error: SluiceError): void;
}

export class LogWriter {
  readonly #dependencies: LogWriterDependencies;
  readonly #segments: SegmentList;
  #config: TopicConfig;
  #queue: Buffer[] = [];
  /** Bytes of what is placed and not written: the queue, and what is being written. */
  #queuedBytes = 0;
  #works: ExclusiveWork[] = [];
  #logEndOffset: Offset;
  #writtenOffset: Offset;
  #flushedOffset: Offset;
  #recoveryPoint: Offset;
  /** The policy that is recorded beside it. */
  #recordedFlush: TopicConfig["flush"];
  /** Everything below it is to be flushed, whatever the policy says. */
  #flushTarget = 0;
  #flushWaiters: FlushWaiter[] = [];
  #flushTimer: Timer | undefined;
  /** When the active segment got its first batch from this process, by the monotonic clock. */
  #activeSinceMs: number | undefined;
  #running: Promise<void> | undefined;
  /** Segments that are made durable in the background, one after the other. */
  #retiring: Promise<void> = Promise.resolve();
  /** Base offsets of these segments, ascending. */
  readonly #retiringBaseOffsets: number[] = [];
  /** Recovery points are recorded one after the other. */
  #saving: Promise<void> = Promise.resolve();
  #diskFull: SluiceError | undefined;
  /** While what found no room is taken back: nothing is placed behind it before that is done. */
  #takingBack: SluiceError | undefined;
  #failure: SluiceError | undefined;

  constructor(dependencies: LogWriterDependencies) {
    this.#dependencies = dependencies;
    this.#config = dependencies.config;
    this.#segments = dependencies.segments;
    const end = offset(dependencies.segments.active.endOffset);
    this.#logEndOffset = end;
    this.#writtenOffset = end;
    this.#flushedOffset = end;
    this.#recoveryPoint = dependencies.recoveryPoint;
    this.#recordedFlush = dependencies.config.flush;
  }

  get config(): TopicConfig {
    return this.#config;
  }

  get logEndOffset(): Offset {
    return this.#logEndOffset;
  }

  get writtenOffset(): Offset {
    return this.#writtenOffset;
  }

  get flushedOffset(): Offset {
    return this.#flushedOffset;
  }

  /** Bytes that are placed and not written. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Why nothing is written any more. */
  get failure(): SluiceError | undefined {
    return this.#failure;
  }

  /** Why nothing is taken for now. */
  get diskFull(): SluiceError | undefined {
    return this.#takingBack ?? this.#diskFull;
  }

  /** Base offset of the oldest segment that is being made durable: nothing from there on may be taken away. */
  get retiringFrom(): number {
    return this.#retiringBaseOffsets[0] ?? Number.POSITIVE_INFINITY;
  }

  /** New settings, from the next write on. */
  updateConfig(config: TopicConfig): void {
    this.#config = config;
    if (config.flush === "always" && this.#flushedOffset < this.#logEndOffset) this.#start();
  }

  /** Queues a stamped batch that ends before `endOffset`. */
  place(batch: Buffer, leaderEpoch: LeaderEpoch, range: { baseOffset: Offset; endOffset: Offset }): void {
    invariant(
      range.endOffset > range.baseOffset && range.baseOffset >= this.#logEndOffset,
      "batches follow each other",
    );
    this.#dependencies.epochs.assign(leaderEpoch, range.baseOffset);
    this.#dependencies.producers.placed(batch);
    this.#logEndOffset = range.endOffset;
    this.#queue.push(batch);
    this.#queuedBytes += batch.length;
    this.#start();
  }

  /** Resolves when everything placed so far survives a power loss. @throws SluiceError DISK_FAILED, DISK_FULL */
  flush(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const target = this.#logEndOffset;
    if (this.#flushedOffset >= target) return Promise.resolve();
    this.#flushTarget = target;
    return new Promise((resolve, reject) => {
      this.#flushWaiters.push({ target, resolve, reject });
      this.#start();
    });
  }

  /**
   * Runs `work` when everything placed before is written, while nothing is being written, synced or retired.
   * @throws SluiceError as `failUnlessDiskFull`
   */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const run = async (): Promise<void> => {
        await this.#retiring;
        if (this.#failure !== undefined) return reject(this.#failure);
        await work().then(resolve, (error: unknown) => reject(this.failUnlessDiskFull(error)));
      };
      this.#works.push({ after: this.#logEndOffset, run, cancel: reject });
      this.#start();
    });
  }

  /** Begins a new segment where the active one holds anything. */
  roll(): Promise<void> {
    return this.exclusively(async () => {
      if (this.#segments.active.sizeBytes > 0) await this.#roll();
    });
  }

  /**
   * Says that the log ends at `endOffset` now, on disk and durably: after a truncation or a new beginning, in `exclusively`.
   */
  restartAt(endOffset: Offset): void {
    this.#logEndOffset = endOffset;
    this.#writtenOffset = endOffset;
    this.#flushedOffset = endOffset;
    this.#flushTarget = Math.min(this.#flushTarget, endOffset);
    this.#activeSinceMs = undefined;
    this.#clampWorks();
    // What is left is durable, and what they may have waited for else is gone.
    for (const waiter of this.#flushWaiters.splice(0)) waiter.resolve();
  }

  /** Lowers what recovery takes for promised, durably, before anything from `target` on goes: in `exclusively`. */
  async lowerRecoveryPoint(target: Offset): Promise<void> {
    const flushedBefore = this.#flushedOffset;
    // First, so that a save which comes later does not raise it again; and after those under way.
    this.#flushedOffset = offset(Math.min(flushedBefore, target));
    await this.#saving;
    // A save that failed leaves a recovery point that nobody knows: nothing may be cut below it.
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#recoveryPoint <= target) return;
    try {
      await this.#dependencies.saveRecoveryPoint(target, this.#recordedFlush);
    } catch (error) {
      this.#advanceFlushed(flushedBefore);
      throw error;
    }
    this.#recoveryPoint = target;
  }

  /**
   * Records durably how far the log is flushed, so that recovery need not doubt what is below. Nothing happens while there is
   * nothing new to record, or no room to record it.
   * @throws SluiceError DISK_FAILED
   */
  saveRecoveryPoint(): Promise<void> {
    const saved = this.#saving.then(() => this.#saveRecoveryPoint());
    this.#saving = saved.catch(() => {
      // Told to who asked, and to `onFailed`; whoever asks next finds the log offline.
    });
    return saved;
  }

  /** Records durably how the topic flushes from the recovery point on, which stays. @throws an error of the file system */
  recordFlushPolicy(flush: TopicConfig["flush"]): Promise<void> {
    const saved = this.#saving.then(async () => {
      await this.#dependencies.saveRecoveryPoint(this.#recoveryPoint, flush);
      this.#recordedFlush = flush;
    });
    this.#saving = saved.catch(() => {
      // Told to who asked.
    });
    return saved;
  }

  /** Writes the epoch checkpoint where it changed, in turn with recovery points. False: there is no room. */
  maybeSaveEpochs(): Promise<boolean> {
    const { epochs, fileSystem, directory } = this.#dependencies;
    const saved = this.#saving.then(() => unlessDiskFull(() => epochs.maybeSave(fileSystem, directory)));
    // An error is told to who asked.
    this.#saving = saved.then(
      () => undefined,
      () => undefined,
    );
    return saved;
  }

  /** As `maybeSaveEpochs`, and removes the checkpoint where there is no room. */
  saveEpochs(): Promise<void> {
    const { epochs, fileSystem, directory } = this.#dependencies;
    const saved = this.#saving.then(async () => {
      if (await unlessDiskFull(() => epochs.maybeSave(fileSystem, directory))) return;
      // One that speaks of what was cut is worse than none.
      await removeIfThere(fileSystem, `${directory}/${epochCheckpointName}`);
      await fileSystem.syncDirectory(directory);
    });
    this.#saving = saved.catch(() => {
      // Told to who asked.
    });
    return saved;
  }

  /** Everything that is written is recorded as durable. */
  get isRecorded(): boolean {
    return this.#recoveryPoint >= this.#writtenOffset;
  }

  /** Takes no appends until `resume`: the disk is full, or about to be. */
  refuseAppends(error: SluiceError): void {
    this.#diskFull ??= error;
  }

  /** There is room again. */
  resume(): void {
    this.#diskFull = undefined;
  }

  /** Flushes what can be flushed and resolves when nothing is under way any more. Never rejects: `failure` says how it went. */
  async close(): Promise<void> {
    this.#flushTimer?.cancel();
    // A full disk has nothing that waits for a flush: it was taken back.
    if (this.#failure === undefined) await this.flush().catch(() => undefined);
    await this.#running;
    await this.#retiring;
    await this.#saving;
    // A last write may have set it again.
    this.#flushTimer?.cancel();
  }

  /**
   * Takes the log offline, the first time; returns why it is. An error of the file system is one of the disk; a broken file or
   * a broken invariant is the log's alone.
   */
  fail(error: unknown): SluiceError {
    if (this.#failure !== undefined) return this.#failure;
    const isDisk = isSluiceError(error, "DISK_FAILED") || (!isSluiceError(error) && isFileSystemError(error));
    const failure = isSluiceError(error) ? error : diskFailure(this.#dependencies.directory, error);
    this.stop(failure);
    this.#dependencies.onFailed(failure, isDisk);
    return failure;
  }

  /** What a change that failed with `error` throws: DISK_FULL where there was no room, and else the log goes offline. */
  failUnlessDiskFull(error: unknown): SluiceError {
    if (isSluiceError(error)) return error;
    if (!isDiskFull(error)) return this.fail(error);
    return new SluiceError("DISK_FULL", { path: this.#dependencies.directory }, { cause: error });
  }

  /** Ends all writing with `reason`, and says so only to who waits. */
  stop(reason: SluiceError): void {
    this.#failure = reason;
    this.#flushTimer?.cancel();
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#dependencies.producers.stop();
    for (const work of this.#works.splice(0)) work.cancel(reason);
    for (const waiter of this.#flushWaiters.splice(0)) waiter.reject(reason);
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  /** It never rejects: an error ends in `onFailed`. */
  async #run(): Promise<void> {
    // What is appended in the same turn goes into the same write.
    await Promise.resolve();
    try {
      while (this.#failure === undefined) {
        const work = this.#works[0];
        if (work !== undefined && work.after <= this.#writtenOffset) await (this.#works.shift() as ExclusiveWork).run();
        else if (this.#queue.length > 0) await this.#writeNext();
        else if (!this.#isSyncDue()) break;
        if (this.#isSyncDue()) await this.#sync();
      }
    } catch (error) {
      this.fail(error);
    } finally {
      // In the same turn as the last look at the queue: an append that comes later starts the loop again.
      this.#running = undefined;
    }
  }

  #isSyncDue(): boolean {
    if (this.#failure !== undefined) return false;
    const target =
      this.#config.flush === "always" ? this.#writtenOffset : Math.min(this.#flushTarget, this.#writtenOffset);
    return target > this.#flushedOffset;
  }

  async #writeNext(): Promise<void> {
    try {
      if (this.#isRollDue()) await this.#roll();
      const batches = this.#takeFitting();
      const { active } = this.#segments;
      const sizeBytes = active.sizeBytes;
      await active.write(batches);
      this.#queuedBytes -= active.sizeBytes - sizeBytes;
      for (const batch of batches) this.#dependencies.producers.written(batch);
      this.#activeSinceMs ??= this.#dependencies.clock.monotonicMs();
      this.#dependencies.onWritten(active.sizeBytes - sizeBytes);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await this.#takeBack(error);
      return;
    }
    this.#writtenOffset = offset(this.#segments.active.endOffset);
    if (this.#config.flush === "interval") this.#flushSoon();
    this.#dependencies.onAdvanced(this.#writtenOffset, this.#flushedOffset);
  }

  /** There is no room for what was placed: the log ends where it was last written. */
  async #takeBack(cause: unknown): Promise<void> {
    const { directory, epochs, producers } = this.#dependencies;
    const error = new SluiceError("DISK_FULL", { path: directory }, { cause });
    this.#diskFull ??= error;
    this.#takingBack = error;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#logEndOffset = this.#writtenOffset;
    this.#flushTarget = Math.min(this.#flushTarget, this.#writtenOffset);
    epochs.truncateFrom(this.#writtenOffset);
    producers.takeBack();
    this.#clampWorks();
    await this.#segments.active.cutToWritten();
    const hopeless = this.#flushWaiters.filter((waiter) => waiter.target > this.#writtenOffset);
    this.#flushWaiters = this.#flushWaiters.filter((waiter) => waiter.target <= this.#writtenOffset);
    for (const waiter of hopeless) waiter.reject(error);
    this.#dependencies.onAppendsFailed(this.#writtenOffset, error);
    this.#takingBack = undefined;
  }

  /** What waits for batches that are gone need not wait for them. */
  #clampWorks(): void {
    this.#works = this.#works.map((work) => ({ ...work, after: offset(Math.min(work.after, this.#writtenOffset)) }));
  }

  /** Takes from the queue what fits into the active segment: mostly all. */
  #takeFitting(): Buffer[] {
    let queued = 0;
    let count = 0;
    for (const batch of this.#queue) {
      if (!this.#fits(batch, queued)) break;
      queued += batch.length;
      count += 1;
    }
    const taken = this.#queue;
    if (count === taken.length) this.#queue = [];
    else this.#queue = taken.splice(count);
    return taken;
  }

  #isRollDue(): boolean {
    const { active } = this.#segments;
    if (active.sizeBytes === 0) return false;
    const sinceMs = this.#activeSinceMs;
    const isOld =
      sinceMs !== undefined && this.#dependencies.clock.monotonicMs() - sinceMs >= segmentAgeMsMax(this.#config);
    return isOld || !this.#fits(this.#queue[0] as Buffer, 0);
  }

  #fits(batch: Buffer, queued: number): boolean {
    const limits = {
      segmentBytes: segmentBytesMax(this.#config),
      indexBytes: this.#config["segment.index.bytes"],
      queued,
    };
    return this.#segments.active.hasRoomFor({ sizeBytes: batch.length, lastOffset: batchLastOffset(batch) }, limits);
  }

  async #sync(): Promise<void> {
    const target = this.#writtenOffset;
    await this.#retiring;
    if (this.#failure !== undefined) return;
    await this.#dependencies.flusher.sync(this.#segments.active);
    this.#advanceFlushed(target);
  }

  #advanceFlushed(flushed: Offset): void {
    if (flushed <= this.#flushedOffset || this.#failure !== undefined) return;
    this.#flushedOffset = flushed;
    const ready = this.#flushWaiters.filter((waiter) => waiter.target <= flushed);
    this.#flushWaiters = this.#flushWaiters.filter((waiter) => waiter.target > flushed);
    for (const waiter of ready) waiter.resolve();
    this.#dependencies.onAdvanced(this.#writtenOffset, flushed);
  }

  #flushSoon(): void {
    this.#flushTimer ??= this.#dependencies.clock.setTimer(this.#config["flush.ms"], () => {
      this.#flushTimer = undefined;
      // An error takes the log offline, and `onFailed` tells.
      this.flush().catch(() => undefined);
    });
  }

  /**
   * Begins a new segment. Under flush=always the old one is retired before anything is written to the new one, so that a
   * segment with a successor that holds anything is below the recovery point. Otherwise that happens in the background, and
   * appends do not wait for the disk.
   */
  async #roll(): Promise<void> {
    const old = this.#segments.active;
    const segment = this.#dependencies.newSegment(old.endOffset);
    await segment.openForAppend("create");
    this.#segments.append(segment);
    this.#activeSinceMs = undefined;
    const saveProducers = this.#dependencies.producers.snapshotAt(old.endOffset);
    this.#retiringBaseOffsets.push(old.baseOffset);
    const retired = this.#retiring
      .then(() => this.#retire(old, saveProducers))
      .finally(() => this.#retiringBaseOffsets.shift());
    this.#retiring = retired.catch((error: unknown) => void this.fail(error));
    if (this.#config.flush === "always") await retired;
  }

  /** Makes a segment that grows no more durable, with its indexes and the names of its files and its successor's (P39). */
  async #retire(segment: Segment, saveProducers: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) return;
    await this.#dependencies.flusher.sync(segment);
    // Indexes and snapshots are caches: without room for them they are made anew when they are missed.
    await unlessDiskFull(() => segment.seal());
    await this.#dependencies.fileSystem.syncDirectory(this.#dependencies.directory);
    this.#advanceFlushed(offset(segment.endOffset));
    await unlessDiskFull(saveProducers);
    await this.saveRecoveryPoint();
  }

  async #saveRecoveryPoint(): Promise<void> {
    if (this.#failure !== undefined) return;
    const { epochs, fileSystem, directory, saveRecoveryPoint } = this.#dependencies;
    try {
      await unlessDiskFull(async () => {
        const flushed = this.#flushedOffset;
        // Epochs first: what lies below the recovery point is not scanned for them again.
        await epochs.maybeSave(fileSystem, directory);
        if (flushed <= this.#recoveryPoint) return;
        await saveRecoveryPoint(flushed, this.#recordedFlush);
        this.#recoveryPoint = flushed;
      });
    } catch (error) {
      throw this.fail(error);
    }
  }
}

function isFileSystemError(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}
