/**
 * One segment of a partition: a log file and its two indexes.
 *
 * The segment knows how much of its file is written (`sizeBytes`, `endOffset`) and never reads beyond that, so reading and
 * appending need no lock. Where bytes go or move under a reader, by a truncation or because compaction replaced the segment,
 * the reader notices and reads again what is there then.
 *
 * The active segment has its indexes in memory. A closed one loads them when they are asked for, within a budget that all
 * segments share, and makes them anew in memory and on disk where they make no sense. No entry of an index is believed
 * before the batch that it leads to says the same (P42).
 *
 * It decides nothing about rolling, syncing or recovery.
 */

import { type FileHandle, type FileSystem, isFileError, isSluiceError, SluiceError } from "@sluice/model";
import { batchBaseOffset, batchLastOffset, batchMaxTimestampMs } from "@sluice/record";
import { BatchScanner, type ScannedBatch } from "./batch-scanner.js";
import type { LeaderEpochCache } from "./leader-epoch-cache.js";
import { deletedSuffix, segmentPaths } from "./partition-directory.js";
import { PositionHints } from "./position-hints.js";
import { planCut } from "./segment-cut.js";
import { SegmentFile } from "./segment-file.js";
import { SegmentIndexCache } from "./segment-index-cache.js";
import type { SegmentExtent } from "./segment-index-check.js";
import type { SegmentIndexes } from "./segment-indexes.js";
import { type BatchPlace, readBatches, type SeekableSegment, seekOffset, seekWithoutIndex } from "./segment-reading.js";
import type { SegmentResources } from "./segment-resources.js";
import { findMaxTimestamp, findTimestamp, readFirstTimestamp, type TimestampedSegment } from "./segment-timestamps.js";

/** What recovery, a roll or compaction knows of a segment. */
export interface SegmentState extends SegmentExtent {
  /** Not given for a closed segment: they are loaded when they are needed. */
  readonly indexes?: SegmentIndexes | undefined;
}

export interface SegmentDependencies {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly indexIntervalBytes: number;
  readonly resources: SegmentResources;
  /** Of the log: what a batch is held against when it is read. Not given: nothing. */
  readonly epochs?: LeaderEpochCache | undefined;
}

interface Timestamps {
  readonly firstMs?: number;
  readonly maxMs?: number;
}

export class Segment {
  readonly baseOffset: number;
  readonly #dependencies: SegmentDependencies;
  readonly #file: SegmentFile;
  readonly #indexes: SegmentIndexCache;
  #hints = new PositionHints();
  #sizeBytes: number;
  #endOffset: number;
  #gapsBelow: number;
  #timestamps: Timestamps = {};
  /** Raised when bytes that were written go or move: what was read meanwhile is read again. */
  #generation = 0;
  #successor: Segment | undefined;

  constructor(state: SegmentState, dependencies: SegmentDependencies) {
    const { fileSystem, directory, indexIntervalBytes: intervalBytes, resources } = dependencies;
    this.baseOffset = state.baseOffset;
    this.#dependencies = dependencies;
    const path = segmentPaths(directory, state.baseOffset).log;
    this.#file = new SegmentFile(path, { fileSystem, budget: resources.files });
    const cache = { fileSystem, directory, intervalBytes, budget: resources.indexBytes, file: this.#file };
    this.#indexes = new SegmentIndexCache(cache, state.indexes);
    this.#sizeBytes = state.sizeBytes;
    this.#endOffset = state.endOffset;
    this.#gapsBelow = state.gapsBelow ?? state.endOffset;
  }

  /** Path of the log file. */
  get path(): string {
    return this.#file.path;
  }

  /** Bytes that are written. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Offset after the last written record; the base offset where there is none. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Exclusive end of the offsets that may be missing between two of its batches. */
  get gapsBelow(): number {
    return this.#gapsBelow;
  }

  /**
   * True where the batch still fits after `queued` bytes of others: by size, by what an index entry can hold, and by the size
   * of an index. An empty segment takes any batch.
   */
  hasRoomFor(
    batch: { sizeBytes: number; lastOffset: number },
    limits: { segmentBytes: number; indexBytes: number; queued: number },
  ): boolean {
    const size = this.#sizeBytes + limits.queued;
    if (size === 0) return true;
    const queuedBytes = limits.queued + batch.sizeBytes;
    if (size + batch.sizeBytes > limits.segmentBytes || batch.lastOffset - this.baseOffset > 0x7fffffff) return false;
    return !this.#indexes.active.isFull({ indexBytes: limits.indexBytes, queuedBytes });
  }

  /** Writes stamped batches at the end, in one call, and then counts them in. After an error none of them counts. */
  async write(batches: readonly Buffer[]): Promise<void> {
    const indexes = this.#indexes.active;
    await this.#file.write(batches, this.#sizeBytes);
    for (const batch of batches) {
      const baseOffset = batchBaseOffset(batch);
      // A leader that compacts sends what is left.
      if (baseOffset > this.#endOffset) this.#gapsBelow = Math.max(this.#gapsBelow, baseOffset);
      const lastOffset = batchLastOffset(batch);
      const maxTimestampMs = batchMaxTimestampMs(batch);
      indexes.add({ position: this.#sizeBytes, sizeBytes: batch.length, lastOffset, maxTimestampMs });
      this.#sizeBytes += batch.length;
      this.#endOffset = lastOffset + 1;
    }
  }

  /** Removes from the file what a failed `write` left of its batches, durably: no power loss brings them back. */
  async cutToWritten(): Promise<void> {
    await this.#file.truncate(this.#sizeBytes);
    await this.#file.syncData();
  }

  /** Opens the segment for `write`. `create`: makes its file, whose name is durable once the directory is synced. */
  async openForAppend(mode: "write" | "create"): Promise<void> {
    await this.#file.openForAppend(mode);
  }

  /** Makes all that is written durable. */
  async syncData(): Promise<void> {
    await this.#file.syncData();
  }

  /**
   * The segment grows no more: writes the index files durably, apart from their names, and lets the indexes leave the memory.
   * Where they cannot be written they are made anew when they are missed.
   */
  async seal(): Promise<void> {
    const indexes = this.#indexes.active;
    this.#timestamps = { ...this.#timestamps, maxMs: indexes.maxTimestampMs };
    try {
      await this.saveIndexes();
    } finally {
      this.#indexes.lend();
    }
  }

  /** Writes the index files durably, apart from their names. */
  async saveIndexes(): Promise<void> {
    const { fileSystem, directory } = this.#dependencies;
    await this.#indexes.active.save(fileSystem, directory, this.baseOffset);
  }

  /** Says that the segment is not the active one: indexes that it has may leave the memory. */
  lendIndexes(): void {
    this.#indexes.lend();
  }

  /**
   * Keeps the whole batches whose last offset is below `endOffset`, durably, and is appended to from here on. The index files
   * are left behind: those of the last segment count only after a clean stop, which writes them.
   * @throws SluiceError CORRUPT_FILE, errors of the file system
   */
  async truncateTo(endOffset: number): Promise<void> {
    const indexes = await this.#loadIndexes();
    const { indexIntervalBytes: intervalBytes } = this.#dependencies;
    const { cut, kept } = await this.#file.use((file) =>
      planCut(file, this.#seekable(indexes), { indexes, endOffset, intervalBytes }),
    );
    // Before the bytes go: no reader that begins from here on looks at them.
    this.#generation += 1;
    this.#hints = new PositionHints();
    this.#timestamps = {};
    this.#sizeBytes = cut.position;
    this.#endOffset = cut.endOffset;
    this.#indexes.keep(kept);
    await this.#file.truncate(cut.position);
    await this.#file.syncData();
  }

  /**
   * Whole batches from the one that holds `fromOffset` on: those whose last offset is below `upToOffset`, as many as fit in
   * `sizeBytesMax`, at least one if there is any. Going on where the last read ended costs one read of the file.
   * @throws SluiceError CORRUPT_FILE, CLOSED
   */
  read(fromOffset: number, limits: { upToOffset: number; sizeBytesMax: number }): Promise<Buffer> {
    return this.#steadily(
      () => this.#file.use((file) => this.#read(file, fromOffset, limits)),
      (successor) => successor.read(fromOffset, limits),
    );
  }

  /**
   * First record at or after `timestampMs` whose offset is below `upToOffset` and not below `fromOffset`; undefined where there
   * is none.
   * @throws SluiceError CORRUPT_FILE, CLOSED
   */
  findTimestamp(
    timestampMs: number,
    upToOffset: number,
    fromOffset: number = this.baseOffset,
  ): Promise<{ offset: number; timestampMs: number } | undefined> {
    return this.#steadily(
      () => this.#file.use((file) => findTimestamp(this.#timestamped(file), timestampMs, { fromOffset, upToOffset })),
      (successor) => successor.findTimestamp(timestampMs, upToOffset, fromOffset),
    );
  }

  /** Largest timestamp of its records in that range, ms; -1 where there is none. @throws SluiceError CORRUPT_FILE, CLOSED */
  maxTimestampIn(
    range: { readonly fromOffset: number; readonly upToOffset: number },
    options: { readonly usesIndex: boolean },
  ): Promise<number> {
    return this.#steadily(
      () => this.#file.use((file) => findMaxTimestamp(this.#timestamped(file), range, options)),
      (successor) => successor.maxTimestampIn(range, options),
    );
  }

  /** Largest timestamp of its records, ms; -1 where there is none. Read once. @throws SluiceError CORRUPT_FILE, CLOSED */
  maxTimestampMs(): Promise<number> {
    return this.#steadily(
      async () => {
        if (this.#indexes.isActive) return this.#indexes.active.maxTimestampMs;
        const maxMs = this.#timestamps.maxMs ?? (await this.#loadIndexes()).maxTimestampMs;
        this.#timestamps = { ...this.#timestamps, maxMs };
        return maxMs;
      },
      (successor) => successor.maxTimestampMs(),
    );
  }

  /** Timestamp of its first record, ms; -1 where there is none. Read once. @throws SluiceError CORRUPT_FILE, CLOSED */
  firstTimestampMs(): Promise<number> {
    return this.#steadily(
      async () => {
        if (this.#sizeBytes === 0) return -1;
        const firstMs =
          this.#timestamps.firstMs ?? (await this.#file.use((file) => readFirstTimestamp(this.#timestamped(file))));
        this.#timestamps = { ...this.#timestamps, firstMs };
        return firstMs;
      },
      (successor) => successor.firstTimestampMs(),
    );
  }

  /**
   * Batches from the one that holds `fromOffset` on, as they are in the file when this begins. The segment is neither
   * truncated nor replaced meanwhile. What is yielded is valid until the next is asked for.
   * @throws SluiceError CORRUPT_FILE, CLOSED
   */
  async *batches(
    fromOffset: number,
    options: { readonly verifiesChecksums: boolean },
  ): AsyncGenerator<readonly ScannedBatch[]> {
    const { file, release } = await this.#file.acquire();
    try {
      const endPosition = this.#sizeBytes;
      const start = fromOffset <= this.baseOffset ? undefined : await this.#locate(file, fromOffset);
      const { position, endOffset: baseOffset } = start ?? { position: 0, endOffset: this.baseOffset };
      const { gapsBelow } = this;
      const scanner = new BatchScanner(file, { position, endPosition, baseOffset, gapsBelow, ...options });
      for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore())
        yield batches;
      const reason = scanner.problem?.reason;
      if (reason !== undefined) throw new SluiceError("CORRUPT_FILE", { path: this.path, reason });
    } finally {
      release();
    }
  }

  /** Closes the file when those who use it are done. Whoever comes later gets CLOSED. */
  async close(): Promise<void> {
    this.#indexes.forget();
    await this.#file.close();
  }

  /**
   * Renames the files to `*.deleted`, the log last, and returns these names; the directory is the caller's to sync. Those who
   * still read the segment can go on for as long as the files are there.
   */
  async renameToDeleted(): Promise<string[]> {
    const { fileSystem, directory } = this.#dependencies;
    // No index is loaded from, or saved under, a name that another segment may get.
    this.#indexes.detach();
    const paths = segmentPaths(directory, this.baseOffset);
    const renamed: string[] = [];
    for (const path of [paths.timeIndex, paths.offsetIndex, paths.log]) {
      try {
        await fileSystem.rename(path, path + deletedSuffix);
        renamed.push(path + deletedSuffix);
      } catch (error) {
        if (!isFileError(error, "ENOENT")) throw error;
      }
    }
    this.#file.moveTo(paths.log + deletedSuffix);
    return renamed;
  }

  /**
   * Opens the file and loads the indexes, and keeps both until the segment is replaced or closed: its files are about to get
   * other names, or others theirs. What cannot be read can go all the same: who asks for it is told.
   */
  async hold(): Promise<void> {
    await this.#loadIfReadable({ isAnew: false });
    this.#indexes.detach();
    await this.#file.hold();
  }

  /** `successor` holds all that is left of this one. Readers that come later, or are under way, get it from there. */
  replaceBy(successor: Segment): void {
    this.#successor = successor;
    this.#generation += 1;
    // Nobody waits for it: the last reader closes the file.
    void this.close();
  }

  /** Runs `work` again where bytes went or moved while it ran: whatever it then found, or failed with, may be nonsense. */
  async #steadily<Result>(
    work: () => Promise<Result>,
    instead: (successor: Segment) => Promise<Result>,
  ): Promise<Result> {
    for (;;) {
      if (this.#successor !== undefined) return instead(this.#successor);
      const generation = this.#generation;
      try {
        const result = await work();
        if (generation === this.#generation) return result;
      } catch (error) {
        if (generation === this.#generation) throw error;
      }
    }
  }

  async #read(
    file: FileHandle,
    fromOffset: number,
    limits: { upToOffset: number; sizeBytesMax: number },
  ): Promise<Buffer> {
    const { gapsBelow, path } = this;
    const [fileSizeBytes, endOffset] = [this.#sizeBytes, this.#endOffset];
    const upToOffset = Math.min(limits.upToOffset, endOffset);
    if (fromOffset >= upToOffset) return Buffer.alloc(0);
    const hints = this.#hints;
    const { position, endOffset: startOffset } = hints.find(fromOffset) ?? (await this.#locate(file, fromOffset));
    const sizeBytes = fileSizeBytes - position;
    const { epochs } = this.#dependencies;
    const range = { startOffset, upToOffset, gapsBelow, segmentEnd: { endOffset, sizeBytes }, epochs };
    const read = await readBatches(file, { path, position, sizeBytesMax: limits.sizeBytesMax }, range);
    if (read.endOffset > startOffset) hints.add(read.endOffset, position + read.batches.length);
    return read.batches;
  }

  /** Place of the batch that holds `offset`, which is in the segment: from the index, then along the headers. */
  async #locate(file: FileHandle, offset: number): Promise<BatchPlace> {
    for (const isAnew of [false, true]) {
      const indexes = await this.#loadIfReadable({ isAnew });
      const found = indexes && (await seekOffset(file, this.#seekable(indexes), offset));
      if (found !== undefined) return found;
    }
    return seekWithoutIndex(file, this.#seekable(undefined), offset);
  }

  #seekable(indexes: SegmentIndexes | undefined): SeekableSegment {
    const { path, baseOffset, gapsBelow } = this;
    return { path, baseOffset, gapsBelow, sizeBytes: this.#sizeBytes, offsets: indexes?.offsets };
  }

  #timestamped(file: FileHandle): TimestampedSegment {
    const { path, baseOffset, gapsBelow } = this;
    return {
      file,
      path,
      baseOffset,
      gapsBelow,
      sizeBytes: this.#sizeBytes,
      locate: async (offset) => (await this.#locate(file, offset)).position,
      loadIndexes: (options) => this.#loadIndexes(options),
    };
  }

  /** `isAnew`: what there was led astray; the active segment keeps what it has. */
  #loadIndexes(options: { isAnew: boolean } = { isAnew: false }): Promise<SegmentIndexes> {
    const { baseOffset, gapsBelow } = this;
    const [sizeBytes, endOffset] = [this.#sizeBytes, this.#endOffset];
    return this.#indexes.load({ baseOffset, sizeBytes, endOffset, gapsBelow }, options);
  }

  /** Undefined where the log file is damaged: up to there it can be read without indexes. */
  async #loadIfReadable(options: { isAnew: boolean }): Promise<SegmentIndexes | undefined> {
    try {
      return await this.#loadIndexes(options);
    } catch (error) {
      if (isSluiceError(error, "CORRUPT_FILE")) return undefined;
      throw error;
    }
  }
}
