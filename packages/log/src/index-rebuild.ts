/**
 * Makes the two indexes of segments from their log files, for the offline tool. First a look, which only reads, then, where asked
 * for, the writing: each file atomically.
 *
 * A segment whose log file is damaged gets no index: what follows the damage would be missing from it, and that would look as if it
 * were not there. A log file that ends inside a batch is no damage: what is whole gets its entries, as at the next start.
 *
 * Writing takes the lock of the data directory for as long as it goes on, so no broker runs meanwhile.
 */

import { basename, dirname } from "node:path/posix";
import { type FileLock, type FileSystem, isFileError, SluiceError } from "@sluice/model";
import { readIfThere, replaceFile } from "./checkpoint-file.js";
import { gapsBelowIn } from "./compaction-gaps.js";
import { assertThere, isMissing } from "./missing-file.js";
import { segmentPaths } from "./partition-directory.js";
import { SegmentIndexes } from "./segment-indexes.js";
import { checksumReason, SegmentWalk, type WalkedBatch, type WalkedDamage } from "./segment-walk.js";
import { parseStoredFileName } from "./stored-file-name.js";

export interface RebuildIndexesOptions {
  /** A `.log` file, or the directory of a partition. */
  readonly path: string;
  /** Bytes of log between two entries: `index.interval.bytes` of the topic. */
  readonly indexIntervalBytes: number;
  /** False: nothing is written. */
  readonly execute: boolean;
  /**
   * Offsets may be missing between the batches of every segment but the last, as compaction leaves them. Default false: they may be
   * missing where the partition's compaction-checkpoint says so.
   */
  readonly isCompacted?: boolean;
}

/** An index file beside what it should be. */
export interface RebuiltIndexFile {
  readonly path: string;
  /** Of the index that is made from the log. */
  readonly entryCount: number;
  readonly sizeBytes: number;
  /** Of the file as it was: `same` as what is made, `missing`, or it `differs`. */
  readonly found: "same" | "missing" | "differs";
}

export interface RebuiltSegment {
  /** Path of the log file. */
  readonly path: string;
  readonly batchCount: number;
  /** Empty where the log is damaged. */
  readonly files: readonly RebuiltIndexFile[];
  /** Why the segment gets no indexes: damage in its log file; undefined where it gets them. */
  readonly damage: string | undefined;
}

/**
 * Makes the indexes of one segment after the other, in order, and with `execute` writes those that differ.
 * @throws SluiceError FILE_NOT_FOUND where there is no log file, CORRUPT_FILE where the name is none of one,
 * DATA_DIRECTORY_IN_USE where a broker holds the directory and something is to be written
 */
export async function* rebuildIndexes(
  fileSystem: FileSystem,
  options: RebuildIndexesOptions,
): AsyncGenerator<RebuiltSegment> {
  const { directory, baseOffsets } = await logsAt(fileSystem, options.path);
  const lastBaseOffset = logsIn(await fileSystem.list(directory)).at(-1) ?? 0;
  const lock = options.execute ? await lockDataDirectory(fileSystem, dirname(directory)) : undefined;
  try {
    const isCompacted = options.isCompacted === true;
    const gapsBelow = await gapsBelowIn(fileSystem, { directory, lastBaseOffset, isCompacted });
    for (const baseOffset of baseOffsets) {
      const isLast = baseOffset === lastBaseOffset;
      const rebuilt = await rebuildIfThere(fileSystem, { ...options, directory, baseOffset, isLast, gapsBelow });
      if (rebuilt !== undefined) yield rebuilt;
    }
  } finally {
    await lock?.release();
  }
}

async function logsAt(
  fileSystem: FileSystem,
  path: string,
): Promise<{ directory: string; baseOffsets: readonly number[] }> {
  const names = await namesIn(fileSystem, path);
  if (names !== undefined) {
    const baseOffsets = logsIn(names);
    if (baseOffsets.length === 0) throw new SluiceError("FILE_NOT_FOUND", { path: `segment file in ${path}` });
    return { directory: path, baseOffsets };
  }
  await assertThere(fileSystem, path);
  const [baseOffset] = logsIn([basename(path)]);
  if (baseOffset !== undefined) return { directory: dirname(path), baseOffsets: [baseOffset] };
  throw new SluiceError("CORRUPT_FILE", { path, reason: "its name is not 20 digits and .log" });
}

/** Names in the directory; undefined where there is none. */
async function namesIn(fileSystem: FileSystem, path: string): Promise<string[] | undefined> {
  try {
    return await fileSystem.list(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function logsIn(names: readonly string[]): number[] {
  const files = names.map(parseStoredFileName);
  return files.flatMap((file) => (file?.kind === "log" && file.leftover === undefined ? [file.baseOffset] : []));
}

/** Undefined where the directory above is no data directory: a partition was copied somewhere. */
async function lockDataDirectory(fileSystem: FileSystem, path: string): Promise<FileLock | undefined> {
  const isDataDirectory = (await fileSystem.exists(`${path}/.lock`)) || (await fileSystem.exists(`${path}/meta`));
  if (!isDataDirectory) return undefined;
  const lock = await fileSystem.lock(`${path}/.lock`);
  if (lock === undefined) throw new SluiceError("DATA_DIRECTORY_IN_USE", { path });
  return lock;
}

interface SegmentToRebuild extends RebuildIndexesOptions {
  readonly directory: string;
  readonly baseOffset: number;
  readonly isLast: boolean;
  readonly gapsBelow: number;
}

/** Undefined where a running broker has removed the log file since it was listed: then nothing is written either. */
async function rebuildIfThere(fileSystem: FileSystem, segment: SegmentToRebuild): Promise<RebuiltSegment | undefined> {
  try {
    return await rebuildSegment(fileSystem, segment);
  } catch (error) {
    if (!segment.execute && isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function rebuildSegment(fileSystem: FileSystem, segment: SegmentToRebuild): Promise<RebuiltSegment> {
  const paths = segmentPaths(segment.directory, segment.baseOffset);
  const made = await indexesOf(fileSystem, paths.log, segment);
  const { batchCount } = made;
  if ("damage" in made) return { path: paths.log, batchCount, files: [], damage: made.damage };
  const files: RebuiltIndexFile[] = [];
  for (const [path, index] of [
    [paths.offsetIndex, made.indexes.offsets],
    [paths.timeIndex, made.indexes.times],
  ] as const) {
    const bytes = index.toBytes();
    const before = await readIfThere(fileSystem, path);
    const found = before === undefined ? "missing" : before.equals(bytes) ? "same" : "differs";
    if (segment.execute && found !== "same") await replaceFile(fileSystem, path, bytes);
    files.push({ path, entryCount: index.entryCount, sizeBytes: bytes.length, found });
  }
  return { path: paths.log, batchCount, files, damage: undefined };
}

async function indexesOf(
  fileSystem: FileSystem,
  path: string,
  { baseOffset, indexIntervalBytes: intervalBytes, isLast, gapsBelow }: SegmentToRebuild,
): Promise<{ batchCount: number; indexes: SegmentIndexes } | { batchCount: number; damage: string }> {
  const file = await fileSystem.open(path, "read");
  try {
    const indexes = new SegmentIndexes({ baseOffset, intervalBytes });
    const range = { position: 0, endPosition: await file.size(), baseOffset, gapsBelow };
    const walk = new SegmentWalk(file, range);
    let batchCount = 0;
    let latest = { timestampMs: -1, offset: baseOffset };
    for (let items = await walk.readMore(); items.length > 0; items = await walk.readMore()) {
      for (const item of items) {
        const damage = damageOf(item, isLast);
        if (damage !== undefined) return { batchCount, damage };
        if (item.type === "damage") continue;
        const { header, position } = item;
        indexes.add({ ...header, position });
        batchCount += 1;
        if (header.maxTimestampMs > latest.timestampMs) {
          latest = { timestampMs: header.maxTimestampMs, offset: header.lastOffset };
        }
      }
    }
    // The last entry of a finished time index has the largest timestamp of the segment, whatever the interval.
    if (latest.timestampMs >= 0) indexes.times.maybeAppend(latest.timestampMs, latest.offset);
    return { batchCount, indexes };
  } finally {
    await file.close();
  }
}

function damageOf(item: WalkedBatch | WalkedDamage, isLast: boolean): string | undefined {
  const where = `at position ${item.position}: `;
  if (item.type === "damage") return item.isTorn && isLast ? undefined : where + item.reason;
  if (!item.isChecksumValid) return where + checksumReason(item.header);
  return item.disorder === undefined ? undefined : where + item.disorder;
}
