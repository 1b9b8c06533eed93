/**
 * Recovery of one partition directory at open: first a plan, which only reads, then its execution.
 *
 * What the plan decides:
 *   - A segment whose successor begins at or below the recovery point is settled: its indexes are loaded (or rebuilt where
 *     they make no sense) and only what follows the last index entry is scanned. After a clean stop all are settled.
 *   - Every other segment is scanned from its start, with checksums, and its indexes are made anew.
 *   - Bytes that are no batch, at or above the recovery point: what an unfinished write leaves. The log is cut there, and
 *     later segments go.
 *   - The same below the recovery point: these bytes were durable once, somebody may have been told so, and cutting would
 *     turn damage into silent loss. The partition is quarantined and nothing on disk is touched (P40, P41).
 *
 * After the execution everything that is left is durable: a killed process may have left its writes in the page cache alone.
 */

import { type FileHandle, type FileSystem, isFileError } from "@sluice/model";
import type { RecordBatchHeader } from "@sluice/record";
import { BatchScanner, type ScanProblem } from "./batch-scanner.js";
import { temporarySuffix } from "./checkpoint-file.js";
import { type EpochStart, LeaderEpochCache, loadEpochStarts } from "./leader-epoch-cache.js";
import { logSuffix, parseSegmentFileName, segmentPaths } from "./partition-directory.js";
import type { SegmentState } from "./segment.js";
import { loadSegmentIndexes, SegmentIndexes } from "./segment-indexes.js";

export interface RecoveryOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** Exclusive end of what was durable; undefined where that is not known: then everything counts as promised. */
  readonly recoveryPoint: number | undefined;
  /** The log was closed in order, and nothing was written since. */
  readonly isClean: boolean;
  readonly indexIntervalBytes: number;
}

interface PlannedSegment extends SegmentState {
  /** Its index files are missing or differ from `indexes`. */
  readonly isRebuilt: boolean;
  readonly isSettled: boolean;
}

export interface RecoveryPlan {
  readonly segments: readonly PlannedSegment[];
  readonly epochs: LeaderEpochCache;
  /** Where the last segment is cut: it is longer than what is good of it. */
  readonly cut: ScanProblem | undefined;
  /** Base offsets of segments that follow the cut. */
  readonly removed: readonly number[];
}

/** Why a partition is quarantined. */
export interface QuarantineReason {
  readonly quarantine: string;
}

/** Reads the directory and decides; changes nothing. @throws errors of the file system. */
export async function planRecovery(options: RecoveryOptions): Promise<RecoveryPlan | QuarantineReason> {
  const baseOffsets = await listSegments(options);
  const epochStarts = await loadEpochStarts(options.fileSystem, options.directory);
  const planner = new RecoveryPlanner(options, baseOffsets, epochStarts);
  const plan = await planner.plan();
  // The checkpoint has no checksum, and is a cache: where batches say otherwise, all of them are asked.
  return planner.isEpochDoubted ? new RecoveryPlanner(options, baseOffsets, undefined).plan() : plan;
}

/** Cuts, rebuilds and syncs as planned. @throws errors of the file system: a disk failure. */
export async function executeRecovery(options: RecoveryOptions, plan: RecoveryPlan): Promise<void> {
  const { fileSystem, directory } = options;
  // Newest first: a crash in between leaves a log without a hole.
  for (const baseOffset of [...plan.removed].reverse()) await removeSegment(options, baseOffset);
  await removeStrayFiles(options, plan);
  await fileSystem.syncDirectory(directory);
  for (const segment of plan.segments) {
    const isCut = plan.cut !== undefined && segment === plan.segments.at(-1);
    if (isCut || !segment.isSettled) await cutAndSync(options, segment);
    if (segment.isRebuilt) await segment.indexes.save(fileSystem, directory, segment.baseOffset);
  }
  await fileSystem.syncDirectory(directory);
}

class RecoveryPlanner {
  readonly #options: RecoveryOptions;
  readonly #baseOffsets: readonly number[];
  readonly #hasEpochs: boolean;
  readonly #epochs: LeaderEpochCache;
  readonly #segments: PlannedSegment[] = [];
  #problem: ScanProblem | undefined;
  #isEpochDoubted = false;

  constructor(options: RecoveryOptions, baseOffsets: readonly number[], epochStarts: EpochStart[] | undefined) {
    this.#options = options;
    this.#baseOffsets = baseOffsets;
    this.#hasEpochs = epochStarts !== undefined;
    this.#epochs = new LeaderEpochCache(epochStarts);
  }

  /** A batch has another epoch than the checkpoint says. */
  get isEpochDoubted(): boolean {
    return this.#isEpochDoubted;
  }

  async plan(): Promise<RecoveryPlan | QuarantineReason> {
    const first = this.#baseOffsets[0];
    if (first === undefined) return this.#planEmpty();
    let endOffset = first;
    for (const [index, baseOffset] of this.#baseOffsets.entries()) {
      if (baseOffset !== endOffset) {
        this.#problem = missing(endOffset, baseOffset);
        break;
      }
      const segment = await this.#planSegment(baseOffset, this.#baseOffsets[index + 1]);
      this.#segments.push(segment);
      endOffset = segment.endOffset;
      if (this.#problem !== undefined) break;
    }
    const { recoveryPoint } = this.#options;
    if (this.#problem !== undefined && (recoveryPoint === undefined || endOffset < recoveryPoint)) {
      return { quarantine: `${this.#problem.reason} (offset ${endOffset}, ${promisedText(recoveryPoint)})` };
    }
    if (endOffset < (recoveryPoint ?? 0)) {
      return { quarantine: `the log ends at offset ${endOffset}, ${promisedText(recoveryPoint)}` };
    }
    this.#epochs.truncateFrom(endOffset);
    const removed = this.#baseOffsets.slice(this.#segments.length);
    return { segments: this.#segments, epochs: this.#epochs, cut: this.#problem, removed };
  }

  #planEmpty(): RecoveryPlan | QuarantineReason {
    const { recoveryPoint = 0 } = this.#options;
    if (recoveryPoint > 0) return { quarantine: `there is no segment file, ${promisedText(recoveryPoint)}` };
    return { segments: [], epochs: new LeaderEpochCache(), cut: undefined, removed: [] };
  }

  async #planSegment(baseOffset: number, nextBaseOffset: number | undefined): Promise<PlannedSegment> {
    const { fileSystem, directory, isClean, recoveryPoint, indexIntervalBytes: intervalBytes } = this.#options;
    const isSettled = isClean || (nextBaseOffset !== undefined && nextBaseOffset <= (recoveryPoint ?? 0));
    const file = await fileSystem.open(segmentPaths(directory, baseOffset).log, "read");
    try {
      const sizeBytes = await file.size();
      const scan = { baseOffset, sizeBytes, intervalBytes, isSettled };
      // A lost epoch checkpoint is found again in the batches only: then everything is scanned.
      const loaded = isSettled && this.#hasEpochs ? await this.#scanTail(file, scan) : undefined;
      return loaded ?? (await this.#scanAll(file, scan));
    } finally {
      await file.close();
    }
  }

  /** The segment by its index files and what follows their last entry; undefined where the indexes make no sense. */
  async #scanTail(file: FileHandle, segment: SegmentScan): Promise<PlannedSegment | undefined> {
    const { fileSystem, directory } = this.#options;
    const { baseOffset, sizeBytes, intervalBytes } = segment;
    const logSizeBytes = sizeBytes;
    const indexes = await loadSegmentIndexes(fileSystem, directory, { baseOffset, logSizeBytes, intervalBytes });
    if (indexes === undefined) return undefined;
    const entryCount = indexes.offsets.entryCount;
    const last = indexes.offsets.lastEntry;
    const maxTimestampMs = indexes.maxTimestampMs;
    const start = last === undefined ? { position: 0, baseOffset } : { position: last.position };
    const scanner = await this.#scan(file, segment, indexes, start, last?.offset);
    // The index leads to no batch, lacks entries or a timestamp: it is not the one of this log. Scan from the start.
    if (scanner === undefined || scanner.problem !== undefined) return undefined;
    if (indexes.offsets.entryCount !== entryCount || indexes.maxTimestampMs !== maxTimestampMs) return undefined;
    return {
      baseOffset,
      sizeBytes,
      endOffset: scanner.nextOffset ?? baseOffset,
      indexes,
      isRebuilt: false,
      isSettled: segment.isSettled,
    };
  }

  async #scanAll(file: FileHandle, segment: SegmentScan): Promise<PlannedSegment> {
    const { baseOffset, intervalBytes, isSettled } = segment;
    const indexes = new SegmentIndexes({ baseOffset, intervalBytes });
    this.#epochs.truncateFrom(baseOffset);
    const scanner = await this.#scan(file, segment, indexes, { position: 0, baseOffset });
    this.#problem = scanner?.problem;
    const endOffset = scanner?.nextOffset ?? baseOffset;
    return { baseOffset, sizeBytes: scanner?.position ?? 0, endOffset, indexes, isRebuilt: true, isSettled };
  }

  /** Scans to the end of the file. Undefined where the first batch does not end with `firstLastOffset`. */
  async #scan(
    file: FileHandle,
    segment: SegmentScan,
    indexes: SegmentIndexes,
    start: { position: number; baseOffset?: number },
    firstLastOffset?: number,
  ): Promise<BatchScanner | undefined> {
    const range = { ...start, endPosition: segment.sizeBytes, verifiesChecksums: true };
    const scanner = new BatchScanner(file, range);
    let isFirst = true;
    for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
      for (const { position, header } of batches) {
        if (isFirst && firstLastOffset !== undefined && header.lastOffset !== firstLastOffset) return undefined;
        isFirst = false;
        if (start.position === 0) this.#findEpoch(header);
        this.#isEpochDoubted ||= this.#epochs.epochAt(header.baseOffset) !== header.leaderEpoch;
        indexes.add({ ...header, position });
      }
    }
    return scanner;
  }

  /** Only a scan from the start of a segment sees where an epoch begins. */
  #findEpoch({ leaderEpoch, baseOffset }: RecordBatchHeader): void {
    if (leaderEpoch > (this.#epochs.latestEpoch ?? -1)) this.#epochs.assign(leaderEpoch, baseOffset);
  }
}

interface SegmentScan {
  readonly baseOffset: number;
  /** Bytes of the log file. */
  readonly sizeBytes: number;
  readonly intervalBytes: number;
  readonly isSettled: boolean;
}

function missing(endOffset: number, baseOffset: number): ScanProblem {
  const reason = `a segment begins at offset ${baseOffset} where ${endOffset} follows`;
  return { position: 0, reason, isTorn: false };
}

function promisedText(recoveryPoint: number | undefined): string {
  return recoveryPoint === undefined
    ? "and how much of it was durable is not known"
    : `and all below offset ${recoveryPoint} was durable`;
}

async function listSegments(options: RecoveryOptions): Promise<number[]> {
  const names = await options.fileSystem.list(options.directory);
  return names.flatMap((name) => {
    const file = parseSegmentFileName(name);
    return file?.kind === "log" ? [file.baseOffset] : [];
  });
}

async function removeSegment({ fileSystem, directory }: RecoveryOptions, baseOffset: number): Promise<void> {
  const paths = segmentPaths(directory, baseOffset);
  // The log file last: index files without a log are removed as strays by the next recovery.
  for (const path of [paths.timeIndex, paths.offsetIndex, paths.log]) {
    try {
      await fileSystem.removeFile(path);
    } catch (error) {
      if (!isFileError(error, "ENOENT")) throw error;
    }
  }
}

/** Removes what a crash left behind: half-written temporary files, and index files without a log. */
async function removeStrayFiles({ fileSystem, directory }: RecoveryOptions, plan: RecoveryPlan): Promise<void> {
  const kept = new Set(plan.segments.map((segment) => segment.baseOffset));
  for (const name of await fileSystem.list(directory)) {
    const file = parseSegmentFileName(name);
    const isStray = file !== undefined && !name.endsWith(logSuffix) && !kept.has(file.baseOffset);
    if (isStray || name.endsWith(temporarySuffix)) await fileSystem.removeFile(`${directory}/${name}`);
  }
}

async function cutAndSync({ fileSystem, directory }: RecoveryOptions, segment: PlannedSegment): Promise<void> {
  const file = await fileSystem.open(segmentPaths(directory, segment.baseOffset).log, "write");
  try {
    if ((await file.size()) > segment.sizeBytes) await file.truncate(segment.sizeBytes);
    await file.syncData();
  } finally {
    await file.close();
  }
}
