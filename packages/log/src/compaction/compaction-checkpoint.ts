/**
 * `compaction-checkpoint` of a partition directory: what compaction has made of the log.
 *
 *     0
 *     3
 *     gaps-below <offset>            exclusive: offsets may be missing between two batches of a segment below it
 *     cleaned-to <offset>            exclusive: compacted up to there
 *     tombstones-dropped-to <offset> highest offset of a tombstone or control record that was ever dropped; -1: none
 *     crc32c <hex>
 *
 * It is raised durably before the files that need it are swapped in, so it may say more than is true, and never less.
 */

import type { FileSystem } from "@sluice/model";
import { formatCheckpoint, parseCheckpoint, readIfThere, replaceFile } from "../checkpoint-file.js";

export interface CompactionCheckpoint {
  readonly gapsBelow: number;
  readonly cleanedTo: number;
  readonly tombstonesDroppedTo: number;
}

export const compactionCheckpointName = "compaction-checkpoint";

/** What a log that was never compacted has. */
export const neverCompacted: CompactionCheckpoint = { gapsBelow: 0, cleanedTo: 0, tombstonesDroppedTo: -1 };

/**
 * What has to be assumed where the file is missing or makes no sense: for a compacted topic that everything but the last
 * segment may have been compacted, else that nothing was.
 */
export function assumedCheckpoint(log: { isCompacted: boolean; lastBaseOffset: number }): CompactionCheckpoint {
  if (!log.isCompacted) return neverCompacted;
  return { gapsBelow: log.lastBaseOffset, cleanedTo: 0, tombstonesDroppedTo: log.lastBaseOffset - 1 };
}

/** The checkpoint in the directory, or undefined where it is missing or makes no sense. */
export async function loadCompactionCheckpoint(
  fileSystem: FileSystem,
  directory: string,
): Promise<CompactionCheckpoint | undefined> {
  const bytes = await readIfThere(fileSystem, `${directory}/${compactionCheckpointName}`);
  return bytes === undefined ? undefined : parseCompactionCheckpoint(bytes);
}

/** The checkpoint in the bytes of its file, or undefined where they make no sense. */
export function parseCompactionCheckpoint(bytes: Buffer): CompactionCheckpoint | undefined {
  const lines = parseCheckpoint(bytes, { hasChecksum: true });
  if (lines?.length !== 3) return undefined;
  const [gapsBelow, cleanedTo, tombstonesDroppedTo] = [
    entryValue(lines[0], "gaps-below", 0),
    entryValue(lines[1], "cleaned-to", 0),
    entryValue(lines[2], "tombstones-dropped-to", -1),
  ];
  if (gapsBelow === undefined || cleanedTo === undefined || tombstonesDroppedTo === undefined) return undefined;
  return { gapsBelow, cleanedTo, tombstonesDroppedTo };
}

/** Replaces the file, atomically and durably. */
export function saveCompactionCheckpoint(
  fileSystem: FileSystem,
  directory: string,
  checkpoint: CompactionCheckpoint,
): Promise<void> {
  const lines = [
    `gaps-below ${checkpoint.gapsBelow}`,
    `cleaned-to ${checkpoint.cleanedTo}`,
    `tombstones-dropped-to ${checkpoint.tombstonesDroppedTo}`,
  ];
  const bytes = formatCheckpoint(lines, { hasChecksum: true });
  return replaceFile(fileSystem, `${directory}/${compactionCheckpointName}`, bytes);
}

function entryValue(line: string | undefined, name: string, least: number): number | undefined {
  const text = line?.startsWith(`${name} `) === true ? line.slice(name.length + 1) : "";
  const value = /^(-1|\d{1,16})$/.test(text) ? Number(text) : undefined;
  return value !== undefined && Number.isSafeInteger(value) && value >= least ? value : undefined;
}
