/**
 * The log of one partition: appends, reads, and everything that changes which records there are.
 *
 * `append` places a batch at once and in order: it gets its offsets, is stamped in place and queued for the one writer
 * (log-writer.ts). Reads never wait for the writer. What takes records away is done one thing at a time (log-changes.ts);
 * compaction takes them from the middle, and offsets stay (log-compaction.ts).
 *
 * The first error of a write or a sync takes the whole data directory offline (P38). Reads go on. The queue has no bound of
 * its own: who appends bounds the bytes. It checks nothing of the bytes: the produce path has. It knows nothing of leaders
 * and replicas; of the high watermark only that nothing at or above it may be deleted or compacted.
 */

import {
  type FileSystem,
  invariant,
  isSluiceError,
  type LeaderEpoch,
  type Offset,
  offset,
  SluiceError,
  type TopicConfig,
  type TopicId,
  type TopicName,
} from "@sluice/model";
import { batchBaseOffset, batchLastOffset, batchLeaderEpoch, type RecordBatchHeader, stampBatch } from "@sluice/record";
import type { DeferredRemoval } from "./deferred-removal.js";
import { asUnreadable } from "./disk-failure.js";
import type { DescribedSegment, HousekeptLog } from "./housekeeping.js";
import type { EpochEnd, LeaderEpochCache } from "./leader-epoch-cache.js";
import { LogChanges } from "./log-changes.js";
import { LogCompaction, type LogCompactionDependencies } from "./log-compaction.js";
import type { LogProducers } from "./log-producers.js";
import { LogWriter, type LogWriterDependencies } from "./log-writer.js";
import type { ProducerVerdict } from "./producer-state.js";
import type { SegmentList } from "./segment-list.js";

export interface PartitionLogOptions {
  readonly topicId: TopicId;
  readonly topic: TopicName;
  /** Number of the partition, from 0. */
  readonly partition: number;
  readonly config: TopicConfig;
  /** Path of the partition's directory. */
  readonly directory: string;
  readonly logStartOffset: Offset;
  /** Lower bound of the high watermark, as it was recorded; it may lie beyond what a crash has left. */
  readonly highWatermark: Offset;
  /** How long an idempotent producer that is silent is remembered, ms. */
  readonly producerExpirationMs: number;
}

export interface PartitionLogDependencies
  extends Omit<LogWriterDependencies, "directory" | "config" | "onAdvanced" | "onAppendsFailed" | "onFailed"> {
  /** What recovery found. */
  readonly segments: SegmentList;
  readonly epochs: LeaderEpochCache;
  readonly producers: LogProducers;
  readonly fileSystem: FileSystem;
  readonly removal: DeferredRemoval;
  readonly compaction: LogCompactionDependencies;
  /** It is new, or nothing was changed since it was last closed in order: the files are as a start wants to find them. */
  readonly isUntouched: boolean;
  /** Records the log start durably. */
  saveLogStart(logStartOffset: Offset): Promise<void>;
  /** Makes the recorded high watermark durably no more than that. */
  lowerHighWatermark(bound: Offset): Promise<void>;
  /** There was no room for a write. */
  onDiskFull(): void;
  /** The first error that is final: the directory goes offline with all its logs. */
  onFailed(error: SluiceError): void;
  /** The log was closed; `isClean`: everything in it is durable and recorded. */
  onClosed(isClean: boolean): void;
}

export class PartitionLog implements HousekeptLog {
  readonly topicId: TopicId;
  readonly topic: TopicName;
  readonly partition: number;
  readonly directory: string;
  /** Called after each write with the offset up to which can be read, and after each sync with the one that is durable. */
  onAdvanced: (writtenOffset: Offset, flushedOffset: Offset) => void = () => {};
  /** Called when the disk was full: what was placed from `endOffset` on was never written, and the log ends there again. */
  onAppendsFailed: (endOffset: Offset, error: SluiceError) => void = () => {};
  /** Called when records at the start have gone; they can be read no more. */
  onLogStartMoved: (logStartOffset: Offset) => void = () => {};
  /** Called once, when the log goes offline. */
  onFailed: (error: SluiceError) => void = () => {};

  readonly #dependencies: PartitionLogDependencies;
  readonly #segments: SegmentList;
  readonly #epochs: LeaderEpochCache;
  readonly #producers: LogProducers;
  readonly #writer: LogWriter;
  readonly #compaction: LogCompaction;
  readonly #changes: LogChanges;
  readonly #producerExpirationMs: number;
  #highWatermark: Offset;
  #isUntouched: boolean;
  #closing: Promise<void> | undefined;

  constructor(options: PartitionLogOptions, dependencies: PartitionLogDependencies) {
    this.topicId = options.topicId;
    this.topic = options.topic;
    this.partition = options.partition;
    this.directory = options.directory;
    this.#producerExpirationMs = options.producerExpirationMs;
    this.#dependencies = dependencies;
    this.#segments = dependencies.segments;
    this.#epochs = dependencies.epochs;
    this.#producers = dependencies.producers;
    const { logStartOffset, highWatermark } = options;
    const logEndOffset = dependencies.segments.active.endOffset;
    this.#highWatermark = offset(Math.max(logStartOffset, Math.min(highWatermark, logEndOffset)));
    this.#isUntouched = dependencies.isUntouched;
    this.#writer = new LogWriter({
      ...dependencies,
      directory: options.directory,
      config: options.config,
      onAdvanced: (writtenOffset, flushedOffset) => this.onAdvanced(writtenOffset, flushedOffset),
      onAppendsFailed: (endOffset, error) => {
        dependencies.onDiskFull();
        this.onAppendsFailed(endOffset, error);
      },
      onFailed: (error, isDisk) => this.#failed(error, isDisk),
    });
    this.#compaction = new LogCompaction(options.directory, this.#segments, dependencies.compaction);
    this.#changes = new LogChanges(options, {
      ...dependencies,
      writer: this.#writer,
      compaction: this.#compaction,
      onTouched: () => {
        this.#isUntouched = false;
      },
      onLogStartMoved: (logStartOffset) => this.onLogStartMoved(logStartOffset),
    });
  }

  get config(): TopicConfig {
    return this.#writer.config;
  }

  /** Lowest offset that can be read. */
  get logStartOffset(): Offset {
    return this.#changes.logStartOffset;
  }

  /** The offset that the next record gets; exclusive end of all that was placed, written or not. */
  get logEndOffset(): Offset {
    return this.#writer.logEndOffset;
  }

  /** Exclusive end of what is in the file and can be read. */
  get writtenOffset(): Offset {
    return this.#writer.writtenOffset;
  }

  /** Exclusive end of what survives a power loss. Under flush=os it moves with rolls, `flush` and `close` only. */
  get flushedOffset(): Offset {
    return this.#writer.flushedOffset;
  }

  /** Lower bound of the high watermark, as far as the log was told: nothing at or above it is deleted or compacted. */
  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  /**
   * Highest offset of a tombstone that compaction may have dropped; -1: none. Whoever has the log up to a lower offset, and
   * goes on from there, would keep what the tombstone was to remove.
   */
  get tombstonesDroppedTo(): number {
    return this.#compaction.tombstonesDroppedTo;
  }

  /** Bytes in the log files. */
  get sizeBytes(): number {
    return this.#segments.all().reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** Bytes in the log files, and of what is placed and not written yet. */
  get placedSizeBytes(): number {
    return this.sizeBytes + this.#writer.queuedBytes;
  }

  /** Why the log is offline; undefined while it is not. */
  get failure(): SluiceError | undefined {
    return this.#writer.failure;
  }

  /** Why appends are refused for now, as `append` throws it: DISK_FULL; undefined while they are taken. */
  get appendRefusal(): SluiceError | undefined {
    return this.#writer.diskFull;
  }

  /** First offset of the oldest open transaction; undefined where none is open. */
  get firstOpenTransactionOffset(): number | undefined {
    return this.#producers.firstOpenTransactionOffset;
  }

  /** Whether the batch of an idempotent producer may be appended next, was appended before, or must be refused. */
  checkProducer(header: RecordBatchHeader): ProducerVerdict {
    return this.#producers.check(header, `${this.topic}-${this.partition}`);
  }

  /**
   * Places one checked batch at the end: stamps its base offset and epoch in place, and queues it. From here on the bytes
   * belong to the log. Whether and when it is written, `onAdvanced`, `onAppendsFailed` and `onFailed` say.
   * @throws SluiceError DISK_FAILED when the log is offline, DISK_FULL, CLOSED after `close`.
   */
  append(batch: Buffer, leaderEpoch: LeaderEpoch): { baseOffset: Offset; endOffset: Offset } {
    this.#assertAppendable();
    const baseOffset = this.#writer.logEndOffset;
    stampBatch(batch, 0, { baseOffset, leaderEpoch });
    return this.#place(batch, leaderEpoch);
  }

  /**
   * Places batches that a leader has stamped, as they are, to be written in one call: their base offsets lie at the log end
   * or above, in order, and their epochs do not go back. Offsets that are missing, as a leader that compacts sends them, are
   * recorded durably first: then they are placed when the promise resolves. Undefined: they are placed. One call at a time.
   * @throws SluiceError DISK_FAILED, DISK_FULL, CLOSED
   */
  appendReplicated(batches: readonly Buffer[]): Promise<void> | undefined {
    this.#assertAppendable();
    let expected: number = this.#writer.logEndOffset;
    let gapsBelow = 0;
    for (const batch of batches) {
      if (batchBaseOffset(batch) > expected) gapsBelow = batchBaseOffset(batch);
      expected = batchLastOffset(batch) + 1;
    }
    if (gapsBelow > 0) return this.#appendWithGaps(batches, gapsBelow);
    this.#placeReplicated(batches);
    return undefined;
  }

  /**
   * Whole batches from the one that holds `fromOffset` on, none whose last offset is `upToOffset` or above, in at most
   * `sizeBytesMax` bytes, but at least one where there is one. Empty where there is none. Never crosses a segment.
   * @throws SluiceError OFFSET_OUT_OF_RANGE below the log start, CORRUPT_FILE when the file does not hold what was written,
   *   CLOSED after `close`.
   */
  async read(
    fromOffset: Offset,
    limits: { readonly upToOffset: Offset; readonly sizeBytesMax: number },
  ): Promise<Buffer> {
    const upToOffset = Math.min(limits.upToOffset, this.#writer.writtenOffset);
    if (fromOffset < this.logStartOffset) throw this.#outOfRange(fromOffset);
    if (fromOffset >= upToOffset) return Buffer.alloc(0);
    const { sizeBytesMax } = limits;
    try {
      const segment = this.#segments.floor(fromOffset);
      return await asUnreadable(segment.path, () => segment.read(fromOffset, { upToOffset, sizeBytesMax }));
    } catch (error) {
      // The segment was taken away while it was read.
      if (fromOffset < this.logStartOffset) throw this.#outOfRange(fromOffset);
      if (fromOffset >= this.#writer.writtenOffset) return Buffer.alloc(0);
      throw error;
    }
  }

  /**
   * The first record whose timestamp is `timestampMs` or later and whose offset is below `upToOffset`; undefined where there
   * is none.
   * @throws SluiceError CORRUPT_FILE, CLOSED, MISSING_CODEC_PACKAGE
   */
  async offsetForTimestamp(
    timestampMs: number,
    upToOffset: Offset,
  ): Promise<{ offset: Offset; timestampMs: number } | undefined> {
    this.#assertNotClosed();
    const end = Math.min(upToOffset, this.#writer.writtenOffset);
    for (const segment of [...this.#segments.all()]) {
      if (segment.baseOffset >= end) return undefined;
      if (segment.endOffset <= this.logStartOffset) continue;
      const found = await asUnreadable(segment.path, async () => {
        if ((await segment.maxTimestampMs()) < timestampMs) return undefined;
        return segment.findTimestamp(timestampMs, end, this.logStartOffset);
      });
      if (found !== undefined) return { offset: offset(found.offset), timestampMs: found.timestampMs };
    }
    return undefined;
  }

  /**
   * The first of the records below `upToOffset` that have the largest timestamp there; undefined where there is no record.
   * @throws SluiceError CORRUPT_FILE, CLOSED, MISSING_CODEC_PACKAGE
   */
  async offsetOfMaxTimestamp(upToOffset: Offset): Promise<{ offset: Offset; timestampMs: number } | undefined> {
    this.#assertNotClosed();
    for (const usesIndex of [true, false]) {
      const maxTimestampMs = await this.#maxTimestampBelow(upToOffset, usesIndex);
      if (maxTimestampMs < 0) return undefined;
      const found = await this.offsetForTimestamp(maxTimestampMs, upToOffset);
      if (found !== undefined) return found;
      // Compaction has removed the record that had it, and the batch or the index has not forgotten.
    }
    return undefined;
  }

  async #maxTimestampBelow(upToOffset: Offset, usesIndex: boolean): Promise<number> {
    const range = { fromOffset: this.logStartOffset, upToOffset: Math.min(upToOffset, this.#writer.writtenOffset) };
    let maxTimestampMs = -1;
    for (const segment of [...this.#segments.all()]) {
      if (segment.baseOffset >= range.upToOffset || segment.endOffset <= range.fromOffset) continue;
      const isWhole = segment.baseOffset >= range.fromOffset && segment.endOffset <= range.upToOffset;
      const segmentMaxMs = await asUnreadable(segment.path, () =>
        isWhole && usesIndex ? segment.maxTimestampMs() : segment.maxTimestampIn(range, { usesIndex }),
      );
      maxTimestampMs = Math.max(maxTimestampMs, segmentMaxMs);
    }
    return maxTimestampMs;
  }

  /** The epoch of the last batch placed; undefined while the log is empty. */
  get latestEpoch(): LeaderEpoch | undefined {
    return this.#epochs.latestEpoch;
  }

  /** Where the largest epoch that is not above `epoch` ends (exclusive); undefined where `epoch` is newer than the log. */
  endOffsetOfEpoch(epoch: LeaderEpoch): EpochEnd | undefined {
    return this.#epochs.endOffsetOf(epoch, this.#writer.logEndOffset);
  }

  /** Raises what the log knows of the high watermark. */
  setHighWatermark(highWatermark: Offset): void {
    if (highWatermark > this.#highWatermark) this.#highWatermark = highWatermark;
  }

  /**
   * New settings of the topic, from now on.
   * @throws SluiceError DISK_FAILED
   */
  async updateConfig(config: TopicConfig): Promise<void> {
    this.#assertOpen();
    await this.#changes.run(async () => {
      const isWeaker = config.flush !== this.config.flush && config.flush !== "always";
      const isStronger = config.flush !== this.config.flush && config.flush === "always";
      // A weaker policy is recorded before it counts, a stronger one when what came before it is durable.
      if (isWeaker) await this.#writer.recordFlushPolicy(config.flush);
      this.#writer.updateConfig(config);
      if (!isStronger) return;
      await this.#writer.flush();
      await this.#writer.saveRecoveryPoint();
      await this.#writer.recordFlushPolicy(config.flush);
    });
  }

  /**
   * Resolves when everything placed so far survives a power loss.
   * @throws SluiceError DISK_FAILED, DISK_FULL, CLOSED
   */
  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#writer.flush();
  }

  /** Begins a new segment where the active one holds anything. @throws SluiceError DISK_FAILED, CLOSED */
  async roll(): Promise<void> {
    this.#assertOpen();
    this.#isUntouched = false;
    await this.#writer.roll();
  }

  /** Records durably how far the log is flushed. @throws SluiceError DISK_FAILED */
  saveRecoveryPoint(): Promise<void> {
    return this.#writer.saveRecoveryPoint();
  }

  /**
   * Cuts the log so that it ends at `endOffset`, or at the end of the last whole batch below it. Where that is below the log
   * start, it begins anew there, as after a start: what were appended below it could not be read. Returns where it ends.
   * Whoever calls appends nothing before it resolves.
   * @throws SluiceError DISK_FAILED, CLOSED
   */
  async truncateTo(endOffset: Offset): Promise<Offset> {
    this.#assertOpen();
    await this.#lowerHighWatermark(endOffset);
    await this.#changes.truncateTo(endOffset);
    if (this.#writer.logEndOffset < this.logStartOffset) {
      await this.#changes.restartAt(this.logStartOffset, this.logStartOffset);
    }
    this.#highWatermark = offset(Math.min(this.#highWatermark, this.#writer.logEndOffset));
    return this.#writer.logEndOffset;
  }

  /**
   * Removes every record and begins again at `logStartOffset`: for a replica that lies below everything that its leader has.
   * @param firstBatchOffset where the batch begins that holds the log start and is appended next; at most the log start
   * @throws SluiceError DISK_FULL, DISK_FAILED, CLOSED
   */
  async restartAt(logStartOffset: Offset, firstBatchOffset: Offset = logStartOffset): Promise<Offset> {
    this.#assertOpen();
    await this.#lowerHighWatermark(logStartOffset);
    await this.#changes.restartAt(logStartOffset, firstBatchOffset);
    this.#highWatermark = logStartOffset;
    return this.#writer.logEndOffset;
  }

  /**
   * Removes the records below `beforeOffset`, which is not above the high watermark. Whole segments go from the disk; of the
   * one that holds `beforeOffset` the records below it are read no more.
   * @throws SluiceError OFFSET_OUT_OF_RANGE above the high watermark, DISK_FULL, DISK_FAILED, CLOSED
   */
  async deleteRecordsBefore(beforeOffset: Offset): Promise<void> {
    this.#assertOpen();
    if (beforeOffset > this.#highWatermark) throw this.#outOfRange(beforeOffset);
    // The active segment never goes: what is to go of it goes with its successor's turn.
    const { active } = this.#segments;
    if (beforeOffset > active.baseOffset && beforeOffset > this.logStartOffset) await this.#rollWhereThereIsRoom();
    await this.#changes.deleteBefore(beforeOffset);
  }

  /**
   * Removes the segments that end at `endOffset` or below, which is not above the high watermark; never the active one.
   * @throws SluiceError DISK_FULL, DISK_FAILED, CLOSED
   */
  async deleteSegmentsBelow(endOffset: Offset): Promise<void> {
    this.#assertOpen();
    await this.#changes.deleteSegmentsBelow(offset(Math.min(endOffset, this.#highWatermark)));
  }

  /**
   * Segments, oldest first, the active one last; timestamps in ms, -1 where there is none. The first timestamp of a closed
   * segment costs a look into its file: it is given where compaction may ask for it, and is -1 else.
   */
  async describeSegments(): Promise<DescribedSegment[]> {
    this.#assertNotClosed();
    const described: DescribedSegment[] = [];
    const isCompacted = this.config["cleanup.policy"] !== "delete";
    for (const segment of [...this.#segments.all()]) {
      const { baseOffset, endOffset, sizeBytes } = segment;
      const [maxTimestampMs, firstTimestampMs] = await asUnreadable(segment.path, async () => {
        const isFirstAsked = isCompacted || segment === this.#segments.active;
        return [await segment.maxTimestampMs(), isFirstAsked ? await segment.firstTimestampMs() : -1] as const;
      });
      described.push({ baseOffset, endOffset, sizeBytes, maxTimestampMs, firstTimestampMs });
    }
    return described;
  }

  /** Compacts what is worth it. False: nothing was. @throws SluiceError DISK_FAILED, MISSING_CODEC_PACKAGE, CORRUPT_FILE */
  async maybeCompact(nowMs: number): Promise<boolean> {
    if (this.#closing !== undefined || this.failure !== undefined) return false;
    if (this.config["cleanup.policy"] === "delete") return false;
    try {
      return await this.#compaction.run(async () => ({
        nowMs,
        config: this.config,
        closedSegments: (await this.describeSegments()).slice(0, -1),
        highWatermark: this.#highWatermark,
        firstOpenTransactionOffset: this.firstOpenTransactionOffset,
        liveProducerIds: this.#producers.ids,
        saveEpochs: () => this.#writer.maybeSaveEpochs(),
        change: (work) => this.#changes.run(work),
      }));
    } catch (error) {
      // A log that cannot be compacted is fine otherwise, unless it is the disk that failed.
      throw isSluiceError(error, "DISK_FAILED") ? this.#writer.fail(error) : error;
    }
  }

  /** Forgets idempotent producers that were silent for too long. */
  expireProducers(nowMs: number): void {
    this.#producers.expire(nowMs, this.#producerExpirationMs);
  }

  /** Refuses appends with `error`, until `resumeAppends`: the disk is full. */
  refuseAppends(error: SluiceError): void {
    this.#writer.refuseAppends(error);
  }

  resumeAppends(): void {
    this.#writer.resume();
  }

  /** Takes the log offline because its directory is. */
  takeOffline(error: SluiceError): void {
    this.#writer.fail(error);
  }

  /**
   * Flushes, writes indexes and recovery point, closes the files. What cannot be flushed because the log is offline is left
   * to the recovery of the next start. Closing twice is closing once.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Closes the files and flushes nothing: for a partition that is about to be deleted. */
  abandon(): Promise<void> {
    if (this.failure === undefined) this.#writer.stop(new SluiceError("CLOSED", { subject: this.directory }));
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#compaction.close();
    await this.#changes.settled();
    await this.#writer.close();
    let isClean = false;
    try {
      if (this.failure === undefined && !this.#isUntouched) await this.#saveCaches();
      isClean = true;
    } catch (error) {
      // Without room for its caches the log is whole all the same, and is scanned at the next start.
      this.#writer.failUnlessDiskFull(error);
    }
    for (const segment of this.#segments.all()) await segment.close();
    this.#dependencies.onClosed(isClean && this.failure === undefined);
  }

  /** What the next start reads instead of the batches. */
  async #saveCaches(): Promise<void> {
    await this.#segments.active.saveIndexes();
    await this.#producers.snapshotAt(this.#writer.writtenOffset)();
    await this.#dependencies.fileSystem.syncDirectory(this.directory);
    await this.#writer.saveRecoveryPoint();
    if (!this.#writer.isRecorded) throw new SluiceError("DISK_FULL", { path: this.directory });
  }

  async #rollWhereThereIsRoom(): Promise<void> {
    try {
      await this.roll();
    } catch (error) {
      if (!isSluiceError(error, "DISK_FULL")) throw error;
    }
  }

  async #appendWithGaps(batches: readonly Buffer[], gapsBelow: number): Promise<void> {
    const { logEndOffset } = this;
    await this.#changes.run(() => this.#compaction.allowGaps(gapsBelow));
    this.#assertAppendable();
    // What they were to follow was taken back meanwhile: that would be a gap of another kind.
    if (this.logEndOffset !== logEndOffset) throw new SluiceError("DISK_FULL", { path: this.directory });
    this.#placeReplicated(batches);
  }

  #placeReplicated(batches: readonly Buffer[]): void {
    for (const batch of batches) this.#place(batch, batchLeaderEpoch(batch) as LeaderEpoch);
  }

  #place(batch: Buffer, leaderEpoch: LeaderEpoch): { baseOffset: Offset; endOffset: Offset } {
    const baseOffset = offset(batchBaseOffset(batch));
    const endOffset = offset(batchLastOffset(batch) + 1);
    this.#isUntouched = false;
    this.#writer.place(batch, leaderEpoch, { baseOffset, endOffset });
    return { baseOffset, endOffset };
  }

  /** Before the records go: those that take their place may not be committed. @throws SluiceError DISK_FULL, DISK_FAILED */
  async #lowerHighWatermark(bound: Offset): Promise<void> {
    // First in memory, so that it is not recorded again meanwhile.
    this.#highWatermark = offset(Math.min(this.#highWatermark, bound));
    await this.#changes.run(() => this.#dependencies.lowerHighWatermark(bound));
  }

  #failed(error: SluiceError, isDisk: boolean): void {
    void this.#compaction.stop();
    this.onFailed(error);
    if (isDisk) this.#dependencies.onFailed(error);
  }

  #outOfRange(wanted: number): SluiceError {
    const { topic, partition, logStartOffset, highWatermark } = this;
    return new SluiceError("OFFSET_OUT_OF_RANGE", { topic, partition, offset: wanted, logStartOffset, highWatermark });
  }

  #assertAppendable(): void {
    this.#assertOpen();
    if (this.#writer.diskFull !== undefined) throw this.#writer.diskFull;
    invariant(!this.#changes.isCutting, "nothing is appended while the log is being cut");
  }

  #assertOpen(): void {
    if (this.failure !== undefined) throw this.failure;
    this.#assertNotClosed();
  }

  #assertNotClosed(): void {
    if (this.#closing !== undefined) throw new SluiceError("CLOSED", { subject: this.directory });
  }
}
