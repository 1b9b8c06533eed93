/**
 * Takes a compacted segment into the place of its sources, so that a crash at any moment leaves the one or the others (P49).
 * B is the base offset of the first source, and of the new segment.
 *
 *     B.index.cleaned, B.timeindex.cleaned -> .swap
 *     B.log.cleaned -> B.log.swap                        the commit: from here on recovery goes forward
 *     sync the directory
 *     files of the other sources, B.index, B.timeindex -> .deleted
 *     sync the directory
 *     B.index.swap, B.timeindex.swap, B.log.swap -> their names
 *     sync the directory
 *
 * B.log is there throughout, the old one or the new. The old index files go before the new log comes: an index of another log
 * can look right. Where the new ones are lost on the way, they are rebuilt.
 * Before the commit the files of the new segment are durable, and `gapsBelow` of the compaction checkpoint is raised: both are
 * the caller's, and so is unlinking what is `.deleted`, for readers may still be in it.
 */

import { type FileHandle, type FileSystem, isFileError, isSluiceError } from "@sluice/model";
import { batchHeaderSizeBytes, batchSizeBytes, readBatchHeader, verifyBatchChecksum } from "@sluice/record";
import { removeIfThere } from "../checkpoint-file.js";
import { deletedSuffix, parseSegmentFileName, segmentPaths } from "../partition-directory.js";
import type { CompactionSwap } from "./compaction-job.js";

const cleanedSuffix = ".cleaned";
const swapSuffix = ".swap";

type SegmentPaths = ReturnType<typeof segmentPaths>;

/** Paths of the files that a compaction writes. */
export function cleanedPaths(directory: string, baseOffset: number) {
  const { log, offsetIndex, timeIndex } = segmentPaths(directory, baseOffset);
  return { offsetIndex: offsetIndex + cleanedSuffix, timeIndex: timeIndex + cleanedSuffix, log: log + cleanedSuffix };
}

/**
 * Swaps the segment in, durably, and returns the paths to be unlinked later. Done again after an error or a crash it goes on
 * where it was. @throws errors of the file system: where the swap stands is then for recovery to find out
 */
export async function commitSwap(
  fileSystem: FileSystem,
  directory: string,
  swap: Pick<CompactionSwap, "baseOffset" | "sources">,
): Promise<string[]> {
  const paths = segmentPaths(directory, swap.baseOffset);
  for (const path of inSwapOrder(paths)) await renameIfThere(fileSystem, path + cleanedSuffix, path + swapSuffix);
  await fileSystem.syncDirectory(directory);
  return completeSwap(fileSystem, directory, swap);
}

/** Everything after the commit. */
async function completeSwap(
  fileSystem: FileSystem,
  directory: string,
  swap: Pick<CompactionSwap, "baseOffset" | "sources">,
): Promise<string[]> {
  const paths = segmentPaths(directory, swap.baseOffset);
  const replaced = swap.sources
    .filter((baseOffset) => baseOffset !== swap.baseOffset)
    .flatMap((baseOffset) => {
      const source = segmentPaths(directory, baseOffset);
      // The log last: as long as it is there, recovery knows that the others have to go.
      return [source.offsetIndex, source.timeIndex, snapshotPath(source), source.log];
    });
  const removed: string[] = [];
  // Not where the new indexes have these names already: the swap was completed before.
  const isLogWaiting = await fileSystem.exists(paths.log + swapSuffix);
  for (const path of isLogWaiting ? [...replaced, paths.offsetIndex, paths.timeIndex] : replaced) {
    const isMoved = await renameIfThere(fileSystem, path, path + deletedSuffix);
    if (isMoved) removed.push(path + deletedSuffix);
  }
  await fileSystem.syncDirectory(directory);
  for (const path of inSwapOrder(paths)) await renameIfThere(fileSystem, path + swapSuffix, path);
  await fileSystem.syncDirectory(directory);
  return removed;
}

/** What is done at a start, before the segments are looked at. `quarantine`: why the partition must not be opened. */
export interface SwapRecovery {
  readonly quarantine?: string;
}

/**
 * Finishes or rolls back what a crash left of swaps, and removes `.cleaned` and `.deleted` files. Where it quarantines, nothing
 * was changed. @throws errors of the file system: a disk failure
 */
export async function finishSwaps(fileSystem: FileSystem, directory: string): Promise<SwapRecovery> {
  const names = await fileSystem.list(directory);
  const logs = names.flatMap((name) => baseOffsetOf(name, "") ?? []);
  const finished: Pick<CompactionSwap, "baseOffset" | "sources">[] = [];
  for (const name of names) {
    const baseOffset = baseOffsetOf(name, swapSuffix);
    if (baseOffset === undefined) continue;
    const scan = await scanLog(fileSystem, `${directory}/${name}`, baseOffset);
    scan.problem ??= logs.includes(scan.endOffset)
      ? undefined
      : `no segment begins where it ends, at ${scan.endOffset}`;
    if (scan.problem === undefined) {
      const sources = logs.filter((each) => each > baseOffset && each < scan.endOffset);
      finished.push({ baseOffset, sources });
    } else if (!(await areWhole(fileSystem, directory, names, baseOffset))) {
      return {
        quarantine: `${name} of an unfinished compaction is damaged (${scan.problem}), and what it replaces is gone`,
      };
    }
  }
  for (const swap of finished) await completeSwap(fileSystem, directory, swap);
  let isChanged = false;
  for (const name of await fileSystem.list(directory)) {
    if (![cleanedSuffix, swapSuffix, deletedSuffix].some((suffix) => name.endsWith(suffix))) continue;
    await removeIfThere(fileSystem, `${directory}/${name}`);
    isChanged = true;
  }
  if (isChanged) await fileSystem.syncDirectory(directory);
  return {};
}

/**
 * Whether the sources of a damaged swap file are all there: which they were it cannot say any more, so every segment from its
 * base offset on has to end where the next one begins.
 */
async function areWhole(
  fileSystem: FileSystem,
  directory: string,
  names: readonly string[],
  swapBaseOffset: number,
): Promise<boolean> {
  const bases = names.flatMap((name) => baseOffsetOf(name, "") ?? []).filter((base) => base >= swapBaseOffset);
  if (bases[0] !== swapBaseOffset) return false;
  for (const [index, base] of bases.slice(0, -1).entries()) {
    const scan = await scanLog(fileSystem, segmentPaths(directory, base).log, base);
    if (scan.problem !== undefined || scan.endOffset !== bases[index + 1]) return false;
  }
  return bases.length > 1;
}

const scanWindowBytes = 1024 * 1024;

/** Checks all batches of a log file, between which offsets may be missing. */
async function scanLog(
  fileSystem: FileSystem,
  path: string,
  baseOffset: number,
): Promise<{ endOffset: number; problem: string | undefined }> {
  const file = await fileSystem.open(path, "read");
  try {
    const sizeBytes = await file.size();
    let endOffset = baseOffset;
    let position = 0;
    while (position < sizeBytes) {
      const window = await readWindow(file, position, sizeBytes);
      const end = goodBatches(window, endOffset);
      if (end.at === 0) return { endOffset, problem: `no batch at position ${position}` };
      endOffset = end.endOffset;
      position += end.at;
    }
    return { endOffset, problem: sizeBytes === 0 ? "it is empty" : undefined };
  } finally {
    await file.close();
  }
}

/** The next window; longer where its first batch is. */
async function readWindow(file: FileHandle, position: number, sizeBytes: number): Promise<Buffer> {
  const remaining = sizeBytes - position;
  const read = async (wanted: number): Promise<Buffer> => {
    const window = Buffer.allocUnsafeSlow(wanted);
    return window.subarray(0, await file.read(window, position));
  };
  const window = await read(Math.min(scanWindowBytes, remaining));
  const firstBytes = window.length < batchHeaderSizeBytes ? 0 : batchSizeBytes(window);
  return firstBytes > window.length && firstBytes <= remaining ? read(firstBytes) : window;
}

/** How far the window holds whole, good batches. */
function goodBatches(window: Buffer, firstOffset: number): { at: number; endOffset: number } {
  let at = 0;
  let endOffset = firstOffset;
  while (at + batchHeaderSizeBytes <= window.length) {
    const header = headerIfValid(window, at);
    if (header === undefined || header.baseOffset < endOffset || at + header.sizeBytes > window.length) break;
    if (!verifyBatchChecksum(window, at, header.sizeBytes)) break;
    at += header.sizeBytes;
    endOffset = header.lastOffset + 1;
  }
  return { at, endOffset };
}

function headerIfValid(window: Buffer, at: number): ReturnType<typeof readBatchHeader> | undefined {
  try {
    return readBatchHeader(window, at);
  } catch (error) {
    if (isSluiceError(error, "INVALID_RECORD_BATCH")) return undefined;
    throw error;
  }
}

/** The log last: its rename is what counts. */
function inSwapOrder({ offsetIndex, timeIndex, log }: SegmentPaths): string[] {
  return [offsetIndex, timeIndex, log];
}

function snapshotPath({ log }: SegmentPaths): string {
  return log.replace(/\.log$/, ".snapshot");
}

/** Base offset of a log file whose name ends with `.log` and that suffix. */
function baseOffsetOf(name: string, suffix: string): number | undefined {
  if (!name.endsWith(suffix)) return undefined;
  const file = parseSegmentFileName(name.slice(0, name.length - suffix.length));
  return file?.kind === "log" ? file.baseOffset : undefined;
}

async function renameIfThere(fileSystem: FileSystem, from: string, to: string): Promise<boolean> {
  try {
    await fileSystem.rename(from, to);
    return true;
  } catch (error) {
    if (isFileError(error, "ENOENT")) return false;
    throw error;
  }
}
