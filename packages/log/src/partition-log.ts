/**
 * The log of one partition: its segments, its writer and its readers.
 *
 * `append` places a batch at once and in order: it gets its offsets, is stamped in place and queued. One loop writes the
 * queue: whatever came while a write was under way goes into the next, in one call, and under flush=always one fdatasync
 * covers all of it (group commit). Three offsets follow each other:
 *
 *     flushedOffset (survives a power loss)  <=  writtenOffset (can be read)  <=  logEndOffset (placed)
 *
 * A new segment is begun only when the old one is durable (always) or is being made so in the background (os). The first
 * error of a write or a sync takes the log offline for good: what is on disk after it is not known, and a second fdatasync
 * that succeeds would prove nothing (P38). Reads go on. The queue has no bound of its own: who appends bounds the bytes.
 *
 * It checks nothing of the bytes: the produce path has. It knows nothing of leaders, replicas or the high watermark.
 */

import {
  type FileSystem,
  invariant,
  type LeaderEpoch,
  type Offset,
  offset,
  SluiceError,
  type TopicConfig,
  type TopicId,
  type TopicName,
} from "@sluice/model";
import { batchLastOffset, stampBatch } from "@sluice/record";
import type { EpochEnd, LeaderEpochCache } from "./leader-epoch-cache.js";
import type { Segment } from "./segment.js";
import type { SegmentList } from "./segment-list.js";

export interface PartitionLogOptions {
  readonly topicId: TopicId;
  readonly topic: TopicName;
  /** Number of the partition, from 0. */
  readonly partition: number;
  readonly config: TopicConfig;
  /** Path of the partition's directory. */
  readonly directory: string;
}

export interface PartitionLogDependencies {
  readonly fileSystem: FileSystem;
  /** What recovery found: everything in it is durable. */
  readonly segments: SegmentList;
  readonly epochs: LeaderEpochCache;
  /** Makes a segment object for a file that does not exist yet. */
  newSegment(baseOffset: number): Segment;
  /** Records durably that everything below `flushedOffset` is on disk. */
  saveRecoveryPoint(flushedOffset: Offset): Promise<void>;
  /** The log was closed; `isClean`: everything in it is durable and recorded. */
  onClosed(isClean: boolean): void;
}

export class PartitionLog {
  readonly topicId: TopicId;
  readonly topic: TopicName;
  readonly partition: number;
  readonly directory: string;
  /** Called after each write with the offset up to which can be read, and after each sync with the one that is durable. */
  onAdvanced: (writtenOffset: Offset, flushedOffset: Offset) => void = () => {};
  /** Called once, when the log goes offline. */
  onFailed: (error: SluiceError) => void = () => {};

  readonly #config: TopicConfig;
  readonly #dependencies: PartitionLogDependencies;
  readonly #segments: SegmentList;
  readonly #epochs: LeaderEpochCache;
  #queue: Buffer[] = [];
  #logEndOffset: Offset;
  #writtenOffset: Offset;
  #flushedOffset: Offset;
  #recoveryPoint: Offset;
  #sizeBytes: number;
  /** Everything below it is to be flushed, whatever the policy says. */
  #flushTarget = 0;
  #flushWaiters: { target: number; resolve: () => void; reject: (error: SluiceError) => void }[] = [];
  #writing: Promise<void> | undefined;
  /** Segments that are made durable in the background, one after the other (flush=os). */
  #retiring: Promise<void> = Promise.resolve();
  /** Recovery points are recorded one after the other. */
  #saving: Promise<void> = Promise.resolve();
  #failure: SluiceError | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PartitionLogOptions, dependencies: PartitionLogDependencies) {
    this.topicId = options.topicId;
    this.topic = options.topic;
    this.partition = options.partition;
    this.directory = options.directory;
    this.#config = options.config;
    this.#dependencies = dependencies;
    this.#segments = dependencies.segments;
    this.#epochs = dependencies.epochs;
    const end = offset(dependencies.segments.active.endOffset);
    this.#logEndOffset = end;
    this.#writtenOffset = end;
    this.#flushedOffset = end;
    this.#recoveryPoint = offset(0);
    this.#sizeBytes = dependencies.segments.all().reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** Lowest offset that can be read. */
  get logStartOffset(): Offset {
    return offset(this.#segments.first.baseOffset);
  }

  /** The offset that the next record gets; exclusive end of all that was placed, written or not. */
  get logEndOffset(): Offset {
    return this.#logEndOffset;
  }

  /** Exclusive end of what is in the file and can be read. */
  get writtenOffset(): Offset {
    return this.#writtenOffset;
  }

  /** Exclusive end of what survives a power loss. Under flush=os it moves with rolls, `flush` and `close` only. */
  get flushedOffset(): Offset {
    return this.#flushedOffset;
  }

  /** Bytes in the log files. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Why the log is offline; undefined while it is not. */
  get failure(): SluiceError | undefined {
    return this.#failure;
  }

  /**
   * Places one checked batch at the end: stamps its base offset and epoch in place, and queues it. From here on the bytes
   * belong to the log. Whether and when it is written, `onAdvanced` and `onFailed` say.
   * @throws SluiceError DISK_FAILED when the log is offline, CLOSED after `close`.
   */
  append(batch: Buffer, leaderEpoch: LeaderEpoch): { baseOffset: Offset; endOffset: Offset } {
    this.#assertOpen();
    const baseOffset = this.#logEndOffset;
    stampBatch(batch, 0, { baseOffset, leaderEpoch });
    const endOffset = offset(batchLastOffset(batch) + 1);
    invariant(endOffset > baseOffset, "a batch has at least one offset");
    this.#epochs.assign(leaderEpoch, baseOffset);
    this.#logEndOffset = endOffset;
    this.#queue.push(batch);
    this.#startWriting();
    return { baseOffset, endOffset };
  }

  /**
   * Whole batches from the one that holds `fromOffset` on, none whose last offset is `upToOffset` or above, in at most
   * `sizeBytesMax` bytes, but at least one where there is one. Empty where there is none. Never crosses a segment.
   * @throws SluiceError CORRUPT_FILE when the file does not hold what was written, CLOSED after `close`.
   */
  async read(
    fromOffset: Offset,
    limits: { readonly upToOffset: Offset; readonly sizeBytesMax: number },
  ): Promise<Buffer> {
    const upToOffset = Math.min(limits.upToOffset, this.#writtenOffset);
    if (fromOffset >= upToOffset) return Buffer.alloc(0);
    return this.#segments.floor(fromOffset).read(fromOffset, { upToOffset, sizeBytesMax: limits.sizeBytesMax });
  }

  /**
   * The first record whose timestamp is `timestampMs` or later and whose offset is below `upToOffset`; undefined where there
   * is none.
   * @throws SluiceError CORRUPT_FILE, CLOSED
   */
  async offsetForTimestamp(
    timestampMs: number,
    upToOffset: Offset,
  ): Promise<{ offset: Offset; timestampMs: number } | undefined> {
    const end = Math.min(upToOffset, this.#writtenOffset);
    for (const segment of [...this.#segments.all()]) {
      if (segment.baseOffset >= end) return undefined;
      if (segment.maxTimestampMs < timestampMs) continue;
      const found = await segment.findTimestamp(timestampMs, end);
      if (found !== undefined) return { offset: offset(found.offset), timestampMs: found.timestampMs };
    }
    return undefined;
  }

  /** The epoch of the last batch placed; undefined while the log is empty. */
  get latestEpoch(): LeaderEpoch | undefined {
    return this.#epochs.latestEpoch;
  }

  /** Where the largest epoch that is not above `epoch` ends (exclusive); undefined where `epoch` is newer than the log. */
  endOffsetOfEpoch(epoch: LeaderEpoch): EpochEnd | undefined {
    return this.#epochs.endOffsetOf(epoch, this.#logEndOffset);
  }

  /**
   * Resolves when everything placed so far survives a power loss.
   * @throws SluiceError DISK_FAILED, CLOSED
   */
  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#flush();
  }

  /**
   * Records durably how far the log is flushed, so that recovery need not doubt what is below. Nothing happens while there is
   * nothing new to record.
   * @throws SluiceError DISK_FAILED
   */
  saveRecoveryPoint(): Promise<void> {
    const saved = this.#saving.then(() => this.#saveRecoveryPoint());
    this.#saving = saved.catch(() => {
      // Told to who asked, and to `onFailed`; whoever asks next finds the log offline.
    });
    return saved;
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
    if (this.#failure === undefined) this.#takeOffline(new SluiceError("CLOSED", { subject: this.directory }));
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      if (this.#failure === undefined) {
        await this.#flush();
        await this.#segments.active.saveIndexes();
        await this.#dependencies.fileSystem.syncDirectory(this.directory);
        await this.saveRecoveryPoint();
      }
    } catch (error) {
      this.#fail(error);
    }
    await this.#writing;
    await this.#retiring;
    for (const segment of this.#segments.all()) await segment.close();
    this.#dependencies.onClosed(this.#failure === undefined);
  }

  async #saveRecoveryPoint(): Promise<void> {
    const flushed = this.#flushedOffset;
    if (this.#failure !== undefined || flushed <= this.#recoveryPoint) return;
    try {
      // Epochs first: what lies below the recovery point is not scanned for them again.
      await this.#epochs.maybeSave(this.#dependencies.fileSystem, this.directory);
      await this.#dependencies.saveRecoveryPoint(flushed);
    } catch (error) {
      throw this.#fail(error);
    }
    this.#recoveryPoint = flushed;
  }

  #flush(): Promise<void> {
    const target = this.#logEndOffset;
    if (this.#flushedOffset >= target) return Promise.resolve();
    this.#flushTarget = target;
    return new Promise((resolve, reject) => {
      this.#flushWaiters.push({ target, resolve, reject });
      this.#startWriting();
    });
  }

  #startWriting(): void {
    this.#writing ??= this.#writeQueue();
  }

  /** The one writer. It never rejects: an error ends in `onFailed`. */
  async #writeQueue(): Promise<void> {
    // What is appended in the same turn goes into the same write.
    await Promise.resolve();
    try {
      while (this.#failure === undefined) {
        if (this.#queue.length > 0) await this.#writeNext();
        else if (this.#flushTarget <= this.#flushedOffset) break;
        if (this.#config.flush === "always" || this.#flushTarget > this.#flushedOffset) await this.#sync();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      // In the same turn as the last look at the queue: an append that comes later starts the writer again.
      this.#writing = undefined;
    }
  }

  async #writeNext(): Promise<void> {
    if (!this.#fits(this.#queue[0] as Buffer, 0)) await this.#roll();
    const batches = this.#takeFitting();
    const { active } = this.#segments;
    const before = active.sizeBytes;
    await active.write(batches);
    this.#sizeBytes += active.sizeBytes - before;
    this.#writtenOffset = offset(active.endOffset);
    this.onAdvanced(this.#writtenOffset, this.#flushedOffset);
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

  #fits(batch: Buffer, queued: number): boolean {
    const limits = { segmentBytes: this.#config["segment.bytes"], queued };
    return this.#segments.active.hasRoomFor({ sizeBytes: batch.length, lastOffset: batchLastOffset(batch) }, limits);
  }

  async #sync(): Promise<void> {
    const target = this.#writtenOffset;
    await this.#retiring;
    if (this.#failure !== undefined) return;
    await this.#segments.active.syncData();
    this.#advanceFlushed(target);
  }

  #advanceFlushed(flushed: Offset): void {
    if (flushed <= this.#flushedOffset) return;
    this.#flushedOffset = flushed;
    const ready = this.#flushWaiters.filter((waiter) => waiter.target <= flushed);
    this.#flushWaiters = this.#flushWaiters.filter((waiter) => waiter.target > flushed);
    for (const waiter of ready) waiter.resolve();
    this.onAdvanced(this.#writtenOffset, flushed);
  }

  /**
   * Begins a new segment. Under flush=always the old one is retired before anything is written to the new one, so that a
   * segment with a successor that holds anything is below the recovery point. Under os that happens in the background, and
   * appends do not wait for the disk.
   */
  async #roll(): Promise<void> {
    const old = this.#segments.active;
    const segment = this.#dependencies.newSegment(old.endOffset);
    await segment.openForAppend("create");
    this.#segments.append(segment);
    const retired = this.#retiring.then(() => this.#retire(old));
    this.#retiring = retired.catch((error: unknown) => void this.#fail(error));
    if (this.#config.flush === "always") await retired;
  }

  /** Makes a segment that grows no more durable, with its indexes and the names of its files and its successor's (P39). */
  async #retire(segment: Segment): Promise<void> {
    await segment.syncData();
    await segment.saveIndexes();
    await this.#dependencies.fileSystem.syncDirectory(this.directory);
    this.#advanceFlushed(offset(segment.endOffset));
    await this.saveRecoveryPoint();
    segment.dropIndexes();
  }

  #assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new SluiceError("CLOSED", { subject: this.directory });
  }

  /** Takes the log offline, the first time; returns why it is. */
  #fail(error: unknown): SluiceError {
    if (this.#failure !== undefined) return this.#failure;
    const reason = error instanceof Error ? error.message : String(error);
    const failure = new SluiceError("DISK_FAILED", { path: this.directory, reason }, { cause: error });
    this.#takeOffline(failure);
    this.onFailed(failure);
    return failure;
  }

  #takeOffline(failure: SluiceError): void {
    this.#failure = failure;
    this.#queue = [];
    const waiters = this.#flushWaiters;
    this.#flushWaiters = [];
    for (const waiter of waiters) waiter.reject(failure);
  }
}
