/**
 * What recovery reads of each segment: nothing but its size, what follows its last index entry, or all of it with checksums.
 * Batches that are read tell of leader epochs; where they say otherwise than the checkpoint, that is noted. Where compaction has
 * taken the first batches of an epoch, only the checkpoint knows where it began.
 */

import type { FileHandle, FileSystem } from "@sluice/model";
import type { RecordBatchHeader } from "@sluice/record";
import { BatchScanner, type ScanProblem } from "./batch-scanner.js";
import { LeaderEpochCache } from "./leader-epoch-cache.js";
import { offsetIndexSuffix, segmentPaths, timeIndexSuffix } from "./partition-directory.js";
import type { SegmentState } from "./segment.js";
import { loadSegmentIndexes, SegmentIndexes } from "./segment-indexes.js";

export interface PlannedSegment extends SegmentState {
  /** `indexes` are to be written: the files are missing or differ from them. */
  readonly mustSaveIndexes: boolean;
  /** It was durable before this start. */
  readonly isSettled: boolean;
}

export interface SegmentScansOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly recoveryPoint: number | undefined;
  readonly isClean: boolean;
  readonly indexIntervalBytes: number;
  readonly gapsBelow: number;
  /** Names in the directory. */
  readonly names: readonly string[];
  /** Undefined: they are to be found in the batches, all of which are read for it. */
  readonly epochs: LeaderEpochCache | undefined;
}

/** How far a scan came. */
interface ScanEnd {
  readonly position: number;
  /** Undefined where no batch was found, and none had to be at a certain offset. */
  readonly nextOffset: number | undefined;
  readonly problem: ScanProblem | undefined;
}

interface SegmentScan {
  readonly baseOffset: number;
  /** Bytes of the log file. */
  readonly sizeBytes: number;
  readonly isSettled: boolean;
  readonly isLast: boolean;
}

export class SegmentScans {
  readonly epochs: LeaderEpochCache;
  readonly #options: SegmentScansOptions;
  /** The checkpoint as it was read: it has a checksum, and the epochs of batches have none. */
  readonly #recorded: LeaderEpochCache;
  /** Exclusive end of the offsets whose epochs the checkpoint knows: it is written before the recovery point is. */
  readonly #recordedBelow: number;
  /** Exclusive end of the batches that were read in the segment. */
  #readTo = 0;
  #problem: ScanProblem | undefined;
  #isEpochDoubted = false;

  constructor(options: SegmentScansOptions) {
    this.#options = options;
    this.epochs = options.epochs ?? new LeaderEpochCache();
    this.#recorded = new LeaderEpochCache(options.epochs?.entries);
    this.#recordedBelow = options.isClean ? Number.POSITIVE_INFINITY : (options.recoveryPoint ?? 0);
  }

  /** Where the segment planned last ends before its file does; undefined where it does not. */
  get problem(): ScanProblem | undefined {
    return this.#problem;
  }

  get isEpochDoubted(): boolean {
    return this.#isEpochDoubted;
  }

  /** Notes that the checkpoint must know the epoch of `offset`. */
  expectEpochAt(offset: number): void {
    this.#isEpochDoubted ||= this.#options.epochs !== undefined && this.epochs.epochAt(offset) === undefined;
  }

  /** The next segment of the log. @throws errors of the file system */
  async plan(baseOffset: number, nextBaseOffset: number | undefined): Promise<PlannedSegment> {
    const { fileSystem, directory, isClean, recoveryPoint, epochs } = this.#options;
    this.#problem = undefined;
    const path = segmentPaths(directory, baseOffset).log;
    const isLast = nextBaseOffset === undefined;
    const isSettled = isClean || (!isLast && nextBaseOffset <= (recoveryPoint ?? 0));
    const sizeBytes = await fileSystem.size(path);
    const scan = { baseOffset, sizeBytes, isSettled, isLast };
    if (sizeBytes === 0 && isSettled && isLast) return this.#emptySegment(baseOffset);
    // A lost epoch checkpoint is found again in the batches only: then everything is scanned.
    const isByName = isSettled && !isLast && epochs !== undefined && sizeBytes > 0;
    const { gapsBelow } = this.#options;
    if (isByName) {
      return { baseOffset, sizeBytes, endOffset: nextBaseOffset, gapsBelow, mustSaveIndexes: false, isSettled };
    }
    const file = await fileSystem.open(path, "read");
    try {
      const loaded = isSettled && isLast && epochs !== undefined ? await this.#scanTail(file, scan) : undefined;
      return loaded ?? (await this.#scanAll(file, scan));
    } finally {
      await file.close();
    }
  }

  #emptySegment(baseOffset: number): PlannedSegment {
    const indexes = new SegmentIndexes({ baseOffset, intervalBytes: this.#options.indexIntervalBytes });
    const { gapsBelow } = this.#options;
    const extent = { baseOffset, sizeBytes: 0, endOffset: baseOffset, gapsBelow };
    return { ...extent, indexes, mustSaveIndexes: false, isSettled: true };
  }

  /** The segment by its index files and what follows their last entry; undefined where the indexes make no sense. */
  async #scanTail(file: FileHandle, segment: SegmentScan): Promise<PlannedSegment | undefined> {
    const { fileSystem, directory, indexIntervalBytes: intervalBytes } = this.#options;
    const { baseOffset, sizeBytes } = segment;
    const logSizeBytes = sizeBytes;
    const indexes = await loadSegmentIndexes(fileSystem, directory, { baseOffset, logSizeBytes, intervalBytes });
    if (indexes === undefined) return undefined;
    const entryCount = indexes.offsets.entryCount;
    const last = indexes.offsets.lastEntry;
    const maxTimestampMs = indexes.maxTimestampMs;
    const start = last === undefined ? { position: 0, baseOffset } : { position: last.position };
    const end = await this.#scan(file, segment, indexes, start, last?.offset);
    // The index leads to no batch, lacks entries or a timestamp: it is not the one of this log. Scan from the start.
    if (end === undefined || end.problem !== undefined) return undefined;
    if (indexes.offsets.entryCount !== entryCount || indexes.maxTimestampMs !== maxTimestampMs) return undefined;
    const endOffset = end.nextOffset ?? baseOffset;
    const extent = { baseOffset, sizeBytes, endOffset, gapsBelow: this.#options.gapsBelow };
    return { ...extent, indexes, mustSaveIndexes: false, isSettled: segment.isSettled };
  }

  async #scanAll(file: FileHandle, segment: SegmentScan): Promise<PlannedSegment> {
    const { baseOffset, isSettled } = segment;
    const indexes = new SegmentIndexes({ baseOffset, intervalBytes: this.#options.indexIntervalBytes });
    this.epochs.truncateFrom(baseOffset);
    const end = await this.#scan(file, segment, indexes, { position: 0, baseOffset });
    this.#problem = end?.problem;
    const endOffset = end?.nextOffset ?? baseOffset;
    const mustSaveIndexes = !segment.isLast || segment.isSettled || this.#hasIndexFiles(baseOffset);
    const extent = { baseOffset, sizeBytes: end?.position ?? 0, endOffset, gapsBelow: this.#options.gapsBelow };
    return { ...extent, indexes, mustSaveIndexes, isSettled };
  }

  /** The last segment gets its index files when the log is closed; only those that are there are to be put right. */
  #hasIndexFiles(baseOffset: number): boolean {
    const stem = String(baseOffset).padStart(20, "0");
    return [offsetIndexSuffix, timeIndexSuffix].some((suffix) => this.#options.names.includes(stem + suffix));
  }

  /** Scans to the end of the file. Undefined where the first batch does not end with `firstLastOffset`. */
  async #scan(
    file: FileHandle,
    segment: SegmentScan,
    indexes: SegmentIndexes,
    start: { position: number; baseOffset?: number },
    firstLastOffset?: number,
  ): Promise<ScanEnd | undefined> {
    const { gapsBelow } = this.#options;
    const range = { ...start, endPosition: segment.sizeBytes, verifiesChecksums: true, gapsBelow };
    const scanner = new BatchScanner(file, range);
    let isFirst = true;
    this.#readTo = segment.baseOffset;
    for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
      for (const { position, header } of batches) {
        if (isFirst && firstLastOffset !== undefined && header.lastOffset !== firstLastOffset) return undefined;
        isFirst = false;
        const reason = this.#damageOf(header, segment);
        if (reason !== undefined) {
          return { position, nextOffset: header.baseOffset, problem: { position, reason, isTorn: false } };
        }
        if (start.position === 0) this.#findEpochs(header);
        this.#readTo = header.lastOffset + 1;
        this.#isEpochDoubted ||= this.epochs.epochAt(header.baseOffset) !== header.leaderEpoch;
        indexes.add({ ...header, position });
      }
    }
    return scanner;
  }

  /** What is wrong with a batch whose checksum fits, and that follows the one before; undefined where nothing is. */
  #damageOf({ lastOffset, leaderEpoch }: RecordBatchHeader, { baseOffset }: SegmentScan): string | undefined {
    if (lastOffset - baseOffset > 0x7fffffff) return `offset ${lastOffset} in the segment of offset ${baseOffset}`;
    const recorded = this.#recorded.epochAt(lastOffset);
    if (recorded === undefined || recorded === leaderEpoch) return undefined;
    // Above, the checkpoint may speak of what was lost or cut since, and other batches be in its place: a cache cuts nothing.
    if (lastOffset >= this.#recordedBelow) return undefined;
    return `leader epoch ${leaderEpoch} at offset ${lastOffset}, where epoch ${recorded} was recorded`;
  }

  /**
   * Only a scan from the start of a segment sees where an epoch begins. What began in a gap before the batch, the checkpoint
   * says: it was written before compaction made the gap.
   */
  #findEpochs({ leaderEpoch, baseOffset }: RecordBatchHeader): void {
    const latestEpoch = this.epochs.latestEpoch ?? -1;
    if (leaderEpoch <= latestEpoch) return;
    for (const { epoch, startOffset } of this.#recorded.entries) {
      const isInGap = startOffset >= this.#readTo && startOffset < baseOffset;
      if (isInGap && epoch > latestEpoch && epoch <= leaderEpoch) this.epochs.assign(epoch, startOffset);
    }
    if (leaderEpoch > (this.epochs.latestEpoch ?? -1)) this.epochs.assign(leaderEpoch, baseOffset);
  }
}
