/**
 * Checks one segment: its log file batch by batch, and beside that walk its indexes, entry by entry, so that memory does not grow
 * with the segment. Only reads.
 *
 * Safe beside a running broker: where something is found and a file has changed meanwhile (it grew, was cut, or compaction put
 * another in its place), the segment is checked again before anything is said of it.
 */

import { type FileSystem, isFileError } from "@sluice/model";
import type { RecordBatchHeader } from "@sluice/record";
import { readIfThere } from "./checkpoint-file.js";
import { OffsetIndex, type OffsetIndexEntry } from "./offset-index.js";
import { segmentPaths } from "./partition-directory.js";
import { checksumReason, SegmentWalk, type WalkedBatch, type WalkedDamage } from "./segment-walk.js";
import { TimeIndex, type TimeIndexEntry } from "./time-index.js";
import type { VerificationFinding } from "./verification-finding.js";

/** How often a segment that changes under the check is checked again. */
const attemptsMax = 3;

export interface SegmentVerificationOptions {
  readonly fileSystem: FileSystem;
  /** Path of the partition's directory. */
  readonly directory: string;
  readonly baseOffset: number;
  /** The last segment may end inside a batch, and may have no index files: it is written. */
  readonly isLast: boolean;
  /** Exclusive end of the offsets that compaction may have removed between two batches. */
  readonly gapsBelow: number;
}

export interface VerifiedSegment {
  readonly findings: readonly VerificationFinding[];
  /** Offset after the last good batch; undefined where the file was damaged, or went away meanwhile. */
  readonly endOffset: number | undefined;
  /** Offset after the last good batch, damage or not. */
  readonly goodEndOffset: number;
  /** Runs of good batches of one epoch, in order. */
  readonly epochs: readonly EpochRun[];
}

export interface EpochRun {
  readonly epoch: number;
  readonly startOffset: number;
  /** Exclusive. */
  endOffset: number;
}

/** Checks the segment. Without findings where its log file is gone by now. @throws errors of the file system. */
export async function verifySegment(options: SegmentVerificationOptions): Promise<VerifiedSegment> {
  const swapPath = `${segmentPaths(options.directory, options.baseOffset).log}.swap`;
  for (let attempt = 1; ; attempt += 1) {
    const { verified, isChanged } = await verifyOnce(options);
    const isDoubted = verified.findings.some(({ status }) => status === "corrupt" || status === "tornTail");
    if (!isDoubted) return verified;
    // Asked before the files are: a swap that ended since has changed them.
    const isSwapping = await options.fileSystem.exists(swapPath);
    if (attempt < attemptsMax && (await isChanged())) continue;
    return isSwapping ? withoutIndexBlame(verified) : verified;
  }
}

/** While compaction swaps a segment in, or after a crash in the middle of that, its indexes may be there before its log. */
function withoutIndexBlame(verified: VerifiedSegment): VerifiedSegment {
  const findings = verified.findings.map((finding, index): VerificationFinding => {
    if (index === 0 || finding.status !== "corrupt") return finding;
    return { ...finding, status: "leftover", problem: "compaction was putting another segment in this place" };
  });
  return { ...verified, findings };
}

async function verifyOnce(
  options: SegmentVerificationOptions,
): Promise<{ verified: VerifiedSegment; isChanged: () => Promise<boolean> }> {
  const { fileSystem, directory, baseOffset } = options;
  const paths = segmentPaths(directory, baseOffset);
  const indexBytes = await readIfThere(fileSystem, paths.offsetIndex);
  const timeIndexBytes = await readIfThere(fileSystem, paths.timeIndex);
  const file = await openIfThere(fileSystem, paths.log);
  if (file === undefined) {
    const verified = { findings: [], endOffset: undefined, goodEndOffset: baseOffset, epochs: [] };
    return { verified, isChanged: async () => false };
  }
  try {
    const logSizeBytes = await file.size();
    const offsets = indexBytes && new OffsetIndexCheck(indexBytes, { baseOffset, logSizeBytes });
    const times = timeIndexBytes && new TimeIndexCheck(timeIndexBytes, { baseOffset });
    const range = { position: 0, endPosition: logSizeBytes, baseOffset, gapsBelow: options.gapsBelow };
    const log = await checkLog(new SegmentWalk(file, range), [offsets, times], options);
    // An index of the last segment may lag behind, or be that of a longer log that was cut: its end is not judged.
    const isWhole = log.finding.status === "ok" && !options.isLast;
    const findings = [
      log.finding,
      indexFinding(paths.offsetIndex, offsets?.problem(isWhole), indexBytes, options),
      indexFinding(paths.timeIndex, times?.problem(isWhole), timeIndexBytes, options),
    ].filter((finding) => finding !== undefined);
    const isChanged = async (): Promise<boolean> =>
      (await sizeIfThere(fileSystem, paths.log)) !== logSizeBytes ||
      !isSame(await readIfThere(fileSystem, paths.offsetIndex), indexBytes) ||
      !isSame(await readIfThere(fileSystem, paths.timeIndex), timeIndexBytes);
    return { verified: { ...log, findings }, isChanged };
  } finally {
    await file.close();
  }
}

interface CheckedLog {
  readonly finding: VerificationFinding;
  readonly endOffset: number | undefined;
  readonly goodEndOffset: number;
  readonly epochs: readonly EpochRun[];
}

/** Counts a batch into the run of its epoch, or begins one. */
function addEpoch(epochs: EpochRun[], { leaderEpoch, baseOffset, lastOffset }: RecordBatchHeader): void {
  const latest = epochs.at(-1);
  if (latest?.epoch === leaderEpoch) latest.endOffset = lastOffset + 1;
  else epochs.push({ epoch: leaderEpoch, startOffset: baseOffset, endOffset: lastOffset + 1 });
}

/** An index that is walked beside the batches. */
interface BatchCheck {
  addBatch(position: number, header: RecordBatchHeader): void;
  /** From here on the log says nothing, and the index is not judged until the next batch. */
  addDamage(): void;
}

async function checkLog(
  walk: SegmentWalk,
  checks: readonly (BatchCheck | undefined)[],
  { directory, baseOffset, isLast }: SegmentVerificationOptions,
): Promise<CheckedLog> {
  const epochs: EpochRun[] = [];
  let first: { position: number; reason: string; isTorn: boolean } | undefined;
  let count = 0;
  for (let items = await walk.readMore(); items.length > 0; items = await walk.readMore()) {
    for (const item of items) {
      const problem = problemOf(item);
      if (problem !== undefined) {
        first ??= problem;
        count += 1;
      }
      if (item.type === "damage" || problem !== undefined) {
        for (const check of checks) check?.addDamage();
        continue;
      }
      for (const check of checks) check?.addBatch(item.position, item.header);
      addEpoch(epochs, item.header);
    }
  }
  const path = segmentPaths(directory, baseOffset).log;
  const goodEndOffset = walk.endOffset ?? baseOffset;
  if (first === undefined) {
    return { finding: { path, status: "ok", problem: "" }, endOffset: goodEndOffset, goodEndOffset, epochs };
  }
  const more = count === 1 ? "" : ` (the first of ${count} damaged places)`;
  const status = isLast && count === 1 && first.isTorn ? "tornTail" : "corrupt";
  const problem = `at position ${first.position}: ${first.reason}${more}`;
  return { finding: { path, status, problem }, endOffset: undefined, goodEndOffset, epochs };
}

function problemOf(
  item: WalkedBatch | WalkedDamage,
): { position: number; reason: string; isTorn: boolean } | undefined {
  const { position } = item;
  if (item.type === "damage") return { position, reason: item.reason, isTorn: item.isTorn };
  if (!item.isChecksumValid) return { position, reason: checksumReason(item.header), isTorn: false };
  return item.disorder === undefined ? undefined : { position, reason: item.disorder, isTorn: false };
}

/** Holds the entries of an offset index against the batches, in one pass over both. */
class OffsetIndexCheck implements BatchCheck {
  readonly #entries: Iterator<OffsetIndexEntry> | undefined;
  #next: OffsetIndexEntry | undefined;
  #isBehindDamage = false;
  #problem: string | undefined;

  constructor(bytes: Buffer, segment: { baseOffset: number; logSizeBytes: number }) {
    this.#entries = OffsetIndex.parse(bytes, segment)?.entries();
    if (this.#entries === undefined) this.#problem = "its entries are not in order, or lead out of the log file";
    this.#advance();
  }

  addDamage(): void {
    this.#isBehindDamage = true;
  }

  addBatch(position: number, { lastOffset }: RecordBatchHeader): void {
    for (let entry = this.#next; entry !== undefined && entry.position <= position; entry = this.#next) {
      if (entry.position < position && !this.#isBehindDamage) {
        this.#problem ??= `it says that a batch begins at position ${entry.position}, and none does`;
      } else if (entry.position === position && entry.offset !== lastOffset) {
        this.#problem ??= `it says offset ${entry.offset} of a batch that ends with ${lastOffset}`;
      }
      this.#advance();
    }
    this.#isBehindDamage = false;
  }

  problem(isWhole: boolean): string | undefined {
    if (this.#problem !== undefined || !isWhole || this.#next === undefined) return this.#problem;
    return `it says that a batch begins at position ${this.#next.position}, and none does`;
  }

  #advance(): void {
    this.#next = this.#entries?.next().value as OffsetIndexEntry | undefined;
  }
}

/** Holds the entries of a time index against the batches, in one pass over both. */
class TimeIndexCheck implements BatchCheck {
  readonly #entries: Iterator<TimeIndexEntry> | undefined;
  #next: TimeIndexEntry | undefined;
  #last: TimeIndexEntry | undefined;
  #maxTimestampMs = -1;
  #isDamaged = false;
  #problem: string | undefined;

  constructor(bytes: Buffer, segment: { baseOffset: number }) {
    this.#entries = TimeIndex.parse(bytes, segment)?.entries();
    if (this.#entries === undefined) this.#problem = "its entries are not in order";
    this.#advance();
  }

  /** The damage may hide a larger timestamp: what follows it cannot be judged. */
  addDamage(): void {
    this.#isDamaged = true;
  }

  addBatch(_position: number, header: RecordBatchHeader): void {
    const isLater = header.maxTimestampMs > this.#maxTimestampMs;
    if (isLater) this.#maxTimestampMs = header.maxTimestampMs;
    for (let entry = this.#next; entry !== undefined && entry.offset <= header.lastOffset; entry = this.#next) {
      const isTrue = isLater && entry.offset >= header.baseOffset && entry.timestampMs === header.maxTimestampMs;
      if (!isTrue && !this.#isDamaged) {
        this.#problem ??= `it says that timestamp ${entry.timestampMs} is in the batch that ends with ${entry.offset}`;
      }
      this.#advance();
    }
  }

  problem(isWhole: boolean): string | undefined {
    if (this.#problem !== undefined || !isWhole) return this.#problem;
    if (this.#next !== undefined) return `it has offset ${this.#next.offset}, and the log ends before`;
    if ((this.#last?.timestampMs ?? -1) === this.#maxTimestampMs) return undefined;
    return `it ends before the largest timestamp, ${this.#maxTimestampMs}`;
  }

  #advance(): void {
    this.#last = this.#next ?? this.#last;
    this.#next = this.#entries?.next().value as TimeIndexEntry | undefined;
  }
}

function indexFinding(
  path: string,
  problem: string | undefined,
  bytes: Buffer | undefined,
  { isLast }: SegmentVerificationOptions,
): VerificationFinding | undefined {
  if (bytes !== undefined) return { path, status: problem === undefined ? "ok" : "corrupt", problem: problem ?? "" };
  // The last segment has its indexes in memory until it is closed.
  return isLast ? undefined : { path, status: "missing", problem: "the next start makes it anew" };
}

async function openIfThere(fileSystem: FileSystem, path: string) {
  try {
    return await fileSystem.open(path, "read");
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function sizeIfThere(fileSystem: FileSystem, path: string): Promise<number | undefined> {
  try {
    return await fileSystem.size(path);
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

function isSame(left: Buffer | undefined, right: Buffer | undefined): boolean {
  return left === undefined || right === undefined ? left === right : left.equals(right);
}
