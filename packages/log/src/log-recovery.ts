/**
 * Recovery of one partition directory at open: first a plan, which only reads, then its execution.
 *
 * What the plan decides:
 *   - A segment whose successor begins at or below the recovery point is settled: it is taken by its name and its size, and
 *     ends where its successor begins. Whoever uses it holds its indexes against it. After a clean stop all are settled,
 *     and of the last one what follows its last index entry is scanned.
 *   - Every other segment is scanned from its start, with checksums, and its indexes are made anew.
 *   - Bytes that are no batch, at or above the recovery point: what an unfinished write leaves. The log is cut there, and
 *     later segments go.
 *   - The same below the recovery point: these bytes were durable once, somebody may have been told so, and cutting would
 *     turn damage into silent loss. The partition is quarantined and nothing on disk is touched (P40, P41).
 *   - Segments that end at the log start or below go, whatever is left of them: their removal was interrupted. A log that ends
 *     below its log start begins anew there.
 *
 * After the execution everything that is left is durable: a killed process may have left its writes in the page cache alone.
 * Where nothing has to change it does nothing.
 */

import type { FileSystem } from "@sluice/model";
import type { ScanProblem } from "./batch-scanner.js";
import { removeIfThere, temporarySuffix } from "./checkpoint-file.js";
import { LeaderEpochCache, loadEpochStarts } from "./leader-epoch-cache.js";
import { logSuffix, parseSegmentFileName, segmentPaths } from "./partition-directory.js";
import { recoverProducers } from "./producer-recovery.js";
import { listSnapshots } from "./producer-snapshot.js";
import { ProducerState } from "./producer-state.js";
import type { SegmentResources } from "./segment-resources.js";
import { type PlannedSegment, SegmentScans } from "./segment-scans.js";

export interface RecoveryOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** Exclusive end of what was durable; undefined where that is not known: then everything counts as promised. */
  readonly recoveryPoint: number | undefined;
  /** The log was closed in order, and nothing was written since. */
  readonly isClean: boolean;
  /** False: the log was closed without a producer to remember. Not known where it was not closed in order. */
  readonly hasProducers: boolean | undefined;
  readonly indexIntervalBytes: number;
  readonly resources: SegmentResources;
  /** Lowest offset that was not deleted; 0 where nothing was. */
  readonly logStartOffset: number;
  /** Exclusive end of the offsets that may be missing inside a segment; `lastSegment`: all up to the last segment. */
  readonly gapsBelow: number | "lastSegment";
}

export interface RecoveryPlan {
  readonly segments: readonly PlannedSegment[];
  readonly epochs: LeaderEpochCache;
  /** As of the end of the log. */
  readonly producers: ProducerState;
  /** Where the last segment is cut: it is longer than what is good of it. */
  readonly cut: ScanProblem | undefined;
  /** Base offsets of segments that go: those after the cut, and remains below the log start. */
  readonly removed: readonly number[];
  /** Where the log begins anew, without any of its segments; undefined where it goes on. */
  readonly restartsAt?: number;
  /** Names of files that belong to nothing. */
  readonly strayNames: readonly string[];
  /** Whether the execution does anything. */
  readonly changesFiles: boolean;
}

/** Why a partition is quarantined. */
export interface QuarantineReason {
  readonly quarantine: string;
}

/**
 * Reads the directory and decides; changes nothing.
 *
 * @param known names of the files in it, where the caller knows them
 * @throws errors of the file system
 */
export async function planRecovery(
  options: RecoveryOptions,
  known?: readonly string[],
): Promise<RecoveryPlan | QuarantineReason> {
  const names = known ?? (await options.fileSystem.list(options.directory));
  const hasLog = names.some((name) => name.endsWith(logSuffix));
  const starts = hasLog ? await loadEpochStarts(options.fileSystem, options.directory) : undefined;
  const epochs = starts && new LeaderEpochCache(starts);
  const planner = new RecoveryPlanner(options, names, epochs);
  const plan = await planner.plan();
  // The checkpoint has no checksum, and is a cache: where batches say otherwise, all of them are asked.
  return planner.isEpochDoubted ? new RecoveryPlanner(options, names, undefined).plan() : plan;
}

/** Cuts, rebuilds and syncs as planned. @throws errors of the file system: a disk failure */
export async function executeRecovery(options: RecoveryOptions, plan: RecoveryPlan): Promise<void> {
  if (!plan.changesFiles) return;
  const { fileSystem, directory } = options;
  // Newest first: a crash in between leaves a log without a hole.
  for (const baseOffset of [...plan.removed].reverse()) await removeSegment(options, baseOffset);
  for (const name of plan.strayNames) await removeIfThere(fileSystem, `${directory}/${name}`);
  await fileSystem.syncDirectory(directory);
  for (const segment of plan.segments) {
    const isCut = plan.cut !== undefined && segment === plan.segments.at(-1);
    if (isCut || !segment.isSettled) await cutAndSync(options, segment);
    if (segment.mustSaveIndexes) await segment.indexes?.save(fileSystem, directory, segment.baseOffset);
  }
  await fileSystem.syncDirectory(directory);
}

class RecoveryPlanner {
  readonly #options: RecoveryOptions;
  readonly #names: readonly string[];
  readonly #baseOffsets: readonly number[];
  readonly #scans: SegmentScans;
  #segments: PlannedSegment[] = [];
  #problem: ScanProblem | undefined;

  /** @param epochs of the checkpoint; undefined where there is none to believe: then every batch is asked */
  constructor(options: RecoveryOptions, names: readonly string[], epochs: LeaderEpochCache | undefined) {
    this.#options = options;
    this.#names = names;
    this.#baseOffsets = segmentFiles(names, "log");
    const lastBaseOffset = this.#baseOffsets.at(-1) ?? 0;
    const gapsBelow = options.gapsBelow === "lastSegment" ? lastBaseOffset : options.gapsBelow;
    this.#scans = new SegmentScans({ ...options, gapsBelow, names, epochs });
  }

  /** A batch has another epoch than the checkpoint says, or it says nothing of the first. */
  get isEpochDoubted(): boolean {
    return this.#scans.isEpochDoubted;
  }

  async plan(): Promise<RecoveryPlan | QuarantineReason> {
    const lost = this.#lostLog();
    if (lost !== undefined) return { quarantine: lost };
    const endOffset = await this.#planSegments();
    const { recoveryPoint, logStartOffset } = this.#options;
    if (this.#problem !== undefined && (recoveryPoint === undefined || endOffset < recoveryPoint)) {
      return { quarantine: `${this.#problem.reason} (offset ${endOffset}, ${promisedText(recoveryPoint)})` };
    }
    if (Math.max(endOffset, logStartOffset) < (recoveryPoint ?? 0)) {
      const found = this.#baseOffsets.length === 0 ? "there is no segment file" : `the log ends at offset ${endOffset}`;
      return { quarantine: `${found}, ${promisedText(recoveryPoint)}` };
    }
    if (endOffset < logStartOffset) return this.#finish([], logStartOffset);
    this.#doubtEpochs();
    return this.#finish(this.#segments, endOffset);
  }

  /** Plans one segment after the other up to the first problem. Returns where the log ends. */
  async #planSegments(): Promise<number> {
    const { logStartOffset } = this.#options;
    let endOffset = this.#baseOffsets[0] ?? 0;
    for (const [index, baseOffset] of this.#baseOffsets.entries()) {
      const nextBaseOffset = this.#baseOffsets[index + 1];
      if (nextBaseOffset !== undefined && nextBaseOffset <= logStartOffset) {
        endOffset = nextBaseOffset;
        continue;
      }
      const isBelowStart = baseOffset <= logStartOffset;
      if (baseOffset !== endOffset && this.#problem === undefined) this.#problem = missing(endOffset, baseOffset);
      // What is wrong before this segment is wrong with what was deleted.
      if (this.#problem !== undefined && isBelowStart) this.#segments = [];
      else if (this.#problem !== undefined) break;
      this.#problem = undefined;
      const segment = await this.#scans.plan(baseOffset, nextBaseOffset);
      this.#problem = this.#scans.problem;
      this.#segments.push(segment);
      endOffset = segment.endOffset;
    }
    return endOffset;
  }

  /**
   * A segment that lies between others and whose log file is gone: its successor tells nothing of that, its indexes do. A
   * removal takes the log last, and from the end of the log or below its start.
   */
  #lostLog(): string | undefined {
    const first = Math.max(this.#baseOffsets[0] ?? 0, this.#options.logStartOffset);
    const last = this.#baseOffsets.at(-1) ?? 0;
    const indexed = [...segmentFiles(this.#names, "index"), ...segmentFiles(this.#names, "timeindex")];
    const lost = indexed.find((base) => base > first && base < last && !this.#baseOffsets.includes(base));
    const { recoveryPoint } = this.#options;
    if (lost === undefined || (recoveryPoint !== undefined && lost >= recoveryPoint)) return undefined;
    return `the log file of the segment at offset ${lost} is missing, ${promisedText(recoveryPoint)}`;
  }

  /** Epochs that begin after the first record say nothing of it. */
  #doubtEpochs(): void {
    const first = Math.max(this.#baseOffsets[0] ?? 0, this.#options.logStartOffset);
    const isEmpty = this.#segments.every((segment) => segment.sizeBytes === 0);
    if (!isEmpty) this.#scans.expectEpochAt(first);
  }

  async #finish(segments: readonly PlannedSegment[], endOffset: number): Promise<RecoveryPlan> {
    const kept = new Set(segments.map((segment) => segment.baseOffset));
    const restarts = segments.length === 0 && endOffset > 0;
    const epochs = restarts ? new LeaderEpochCache() : this.#scans.epochs;
    epochs.truncateFrom(endOffset);
    const removed = this.#baseOffsets.filter((baseOffset) => !kept.has(baseOffset));
    const strayNames = this.#names.filter((name) => isStray(name, kept, endOffset));
    const isWritten = segments.some((segment) => !segment.isSettled || segment.mustSaveIndexes);
    const cut = restarts ? undefined : this.#problem;
    return {
      segments,
      epochs,
      producers: restarts ? new ProducerState() : await this.#producers(segments, endOffset),
      cut,
      removed,
      ...(restarts ? { restartsAt: endOffset } : {}),
      strayNames,
      changesFiles: removed.length + strayNames.length > 0 || isWritten || cut !== undefined,
    };
  }

  #producers(segments: readonly PlannedSegment[], endOffset: number): Promise<ProducerState> {
    const { isClean, hasProducers, fileSystem, directory } = this.#options;
    if (isClean && hasProducers === false) return Promise.resolve(new ProducerState());
    const hasSnapshots = listSnapshots(this.#names).length > 0;
    return recoverProducers({ fileSystem, directory, segments, endOffset, hasSnapshots });
  }
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

/** Base offsets of the files of that kind, ascending. */
function segmentFiles(names: readonly string[], kind: "log" | "index" | "timeindex"): number[] {
  return names.flatMap((name) => {
    const file = parseSegmentFileName(name);
    return file?.kind === kind ? [file.baseOffset] : [];
  });
}

/** Half-written temporary files, index files without a log, and producer snapshots beyond the end of the log. */
function isStray(name: string, kept: ReadonlySet<number>, endOffset: number): boolean {
  const file = parseSegmentFileName(name);
  if (file !== undefined) return file.kind !== "log" && !kept.has(file.baseOffset);
  const [snapshotOffset] = listSnapshots([name]);
  return name.endsWith(temporarySuffix) || (snapshotOffset !== undefined && snapshotOffset > endOffset);
}

async function removeSegment({ fileSystem, directory }: RecoveryOptions, baseOffset: number): Promise<void> {
  const paths = segmentPaths(directory, baseOffset);
  // The log file last: an index without a log is the trace of a log that was lost.
  for (const path of [paths.timeIndex, paths.offsetIndex, paths.log]) await removeIfThere(fileSystem, path);
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
