/**
 * What one partition directory holds, without opening the log: sizes, offsets, epochs, producers, and what looks wrong. Only reads,
 * and takes no lock: beside a running broker it is what was there at one moment or another, and a file that goes away is not
 * missed. It reads the tail of the last segment alone; `verifyLogDirectory` reads everything.
 */

import { basename } from "node:path/posix";
import { type FileSystem, isFileError, type TopicId, type TopicName } from "@sluice/model";
import { readIfThere } from "./checkpoint-file.js";
import { OffsetIndex } from "./offset-index.js";
import { parsePartitionDirectoryName, readPartitionTopic, segmentPaths } from "./partition-directory.js";
import { SegmentWalk } from "./segment-walk.js";
import { parseSnapshotRows, producersIn } from "./snapshot-dump.js";
import { leftoverOf, parseStoredFileName } from "./stored-file-name.js";
import { type DumpedEntry, parseTextFile } from "./text-file-dump.js";

export interface PartitionReport {
  /** Undefined where `partition.metadata` is missing or makes no sense. */
  readonly topic: TopicName | undefined;
  readonly topicId: TopicId;
  readonly partition: number;
  /** Name of the directory. */
  readonly directory: string;
  readonly segmentCount: number;
  /** Of all files in the directory. */
  readonly sizeBytes: number;
  /** Lowest offset that can be read; undefined without a segment. */
  readonly logStartOffset: number | undefined;
  /** Offset after the last record; undefined without a segment, and where the last one is damaged. */
  readonly logEndOffset: number | undefined;
  /** The last segment ends inside a batch, as a write under way or cut short leaves it: the next start cuts that. */
  readonly isTorn: boolean;
  /** Exclusive end of what is known to be durable; undefined where that is not known. */
  readonly recoveryPoint: number | undefined;
  /** Log end, as recovery found it, where acknowledged records may have been lost. */
  readonly lossyEndOffset: number | undefined;
  /** After a clean stop: false where the broker could not close it then, or had it in quarantine. Else undefined. */
  readonly wasClosed: boolean | undefined;
  /** Leader epochs in the checkpoint, oldest first. */
  readonly epochs: readonly { readonly epoch: number; readonly startOffset: number }[];
  /** Producers in the newest snapshot; undefined where there is none that can be read. */
  readonly producerCount: number | undefined;
  /** Offset of the newest snapshot of producers. */
  readonly snapshotOffset: number | undefined;
  /** Undefined where compaction never ran. */
  readonly compaction: CompactionReport | undefined;
  /** Names of files that a crash left behind, or that work under way needs. */
  readonly leftovers: readonly string[];
  /** What looks wrong, a sentence each. */
  readonly problems: readonly string[];
}

export interface CompactionReport {
  /** Below it offsets may be missing. */
  readonly gapsBelow: number;
  /** Up to it, exclusive, the log was cleaned. */
  readonly cleanedTo: number;
  /** Highest offset of a tombstone or marker that was dropped; -1: none. */
  readonly tombstonesDroppedTo: number;
}

/** What the files of the data directory say of the partition. */
export interface PartitionFacts {
  /** Undefined where it is not known. */
  readonly recoveryPoint: number | undefined;
  /** From the file `log-start-offset`. */
  readonly logStartOffset: number | undefined;
  /** From the file `lossy`. */
  readonly lossyEndOffset: number | undefined;
  /** From the file `clean-shutdown`; undefined where there is none. */
  readonly wasClosed: boolean | undefined;
}

/** Looks at the partition in `directory`; undefined where it is gone, or its name is none. @throws errors of the file system. */
export async function inspectPartition(
  fileSystem: FileSystem,
  directory: string,
  facts: PartitionFacts,
): Promise<PartitionReport | undefined> {
  const name = parsePartitionDirectoryName(basename(directory));
  const names = name === undefined ? undefined : await namesIfThere(fileSystem, directory);
  if (name === undefined || names === undefined) return undefined;
  const problems: string[] = [];
  const bases = basesOf(names, "log");
  const last = bases.at(-1);
  const tail = last === undefined ? undefined : await findEnd(fileSystem, directory, last);
  if (tail?.problem !== undefined && !tail.isTorn)
    problems.push(`${basename(segmentPaths(directory, last ?? 0).log)}: ${tail.problem}`);
  const { recoveryPoint } = facts;
  if (recoveryPoint !== undefined && (tail?.goodEndOffset ?? 0) < recoveryPoint) {
    const end =
      last === undefined ? "there is no segment file" : `what is good of the log ends at offset ${tail?.goodEndOffset}`;
    problems.push(`${end}, and all below offset ${recoveryPoint} was durable`);
  }
  const topic = await readPartitionTopic(fileSystem, directory);
  if (topic === undefined) problems.push("partition.metadata: it is missing or makes no sense");
  const snapshot = await readSnapshot(fileSystem, directory, names);
  if (snapshot?.problem !== undefined) problems.push(snapshot.problem);
  const read = (file: "leader-epoch-checkpoint" | "compaction-checkpoint") =>
    readText(fileSystem, directory, file, problems);
  const epochs = (await read("leader-epoch-checkpoint")) ?? [];
  const compaction = compactionOf(await read("compaction-checkpoint"));
  return {
    topic,
    ...name,
    directory: basename(directory),
    segmentCount: bases.length,
    sizeBytes: await sizeOf(fileSystem, directory, names),
    logStartOffset: bases[0] === undefined ? undefined : Math.max(bases[0], facts.logStartOffset ?? 0),
    logEndOffset: tail?.endOffset,
    isTorn: tail?.isTorn ?? false,
    recoveryPoint,
    lossyEndOffset: facts.lossyEndOffset,
    wasClosed: facts.wasClosed,
    epochs: epochs as readonly unknown[] as PartitionReport["epochs"],
    producerCount: snapshot?.producerCount,
    snapshotOffset: snapshot?.offset,
    compaction,
    leftovers: names.filter((file) => leftoverOf(file) !== undefined),
    problems,
  };
}

interface LogEnd {
  /** Undefined where the file is damaged. */
  readonly endOffset: number | undefined;
  readonly goodEndOffset: number;
  readonly problem: string | undefined;
  readonly isTorn: boolean;
}

/** The end of the log, from the last entry of the index on; where the index does not lead to a batch, from the start. */
async function findEnd(fileSystem: FileSystem, directory: string, baseOffset: number): Promise<LogEnd | undefined> {
  const paths = segmentPaths(directory, baseOffset);
  try {
    const logSizeBytes = await fileSystem.size(paths.log);
    const bytes = await readIfThere(fileSystem, paths.offsetIndex);
    const entry = bytes && OffsetIndex.parse(bytes, { baseOffset, logSizeBytes })?.lastEntry;
    const found = entry && (await scanEnd(fileSystem, paths.log, { baseOffset, position: entry.position }));
    if (found !== undefined && found.firstLastOffset === entry?.offset && (found.problem === undefined || found.isTorn))
      return found;
    return await scanEnd(fileSystem, paths.log, { baseOffset, position: 0 });
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function scanEnd(
  fileSystem: FileSystem,
  path: string,
  { baseOffset, position }: { readonly baseOffset: number; readonly position: number },
): Promise<LogEnd & { readonly firstLastOffset: number | undefined }> {
  const file = await fileSystem.open(path, "read");
  try {
    // Gaps are not judged here: without all of the log it is not known which of them compaction left.
    const range = { position, endPosition: await file.size(), gapsBelow: Number.POSITIVE_INFINITY };
    const walk = new SegmentWalk(file, position === 0 ? { ...range, baseOffset } : range);
    let firstLastOffset: number | undefined;
    let damage: { reason: string; isTorn: boolean } | undefined;
    for (let items = await walk.readMore(); items.length > 0; items = await walk.readMore()) {
      for (const item of items) {
        const where = `at position ${item.position}: `;
        if (item.type === "damage") damage ??= { reason: where + item.reason, isTorn: item.isTorn };
        else if (!item.isChecksumValid) damage ??= { reason: `${where}a checksum does not fit`, isTorn: false };
        else if (item.disorder !== undefined) damage ??= { reason: where + item.disorder, isTorn: false };
        else firstLastOffset ??= item.header.lastOffset;
      }
    }
    const goodEndOffset = walk.endOffset ?? baseOffset;
    const isTorn = damage?.isTorn ?? false;
    const endOffset = damage === undefined || isTorn ? goodEndOffset : undefined;
    return { endOffset, goodEndOffset, problem: damage?.reason, isTorn, firstLastOffset };
  } finally {
    await file.close();
  }
}

async function readSnapshot(
  fileSystem: FileSystem,
  directory: string,
  names: readonly string[],
): Promise<{ offset: number; producerCount: number | undefined; problem: string | undefined } | undefined> {
  const offset = basesOf(names, "snapshot").at(-1);
  if (offset === undefined) return undefined;
  const name = `${String(offset).padStart(20, "0")}.snapshot`;
  const bytes = await readIfThere(fileSystem, `${directory}/${name}`);
  if (bytes === undefined) return undefined;
  const { rows, problem } = parseSnapshotRows(bytes);
  if (problem === undefined) return { offset, producerCount: producersIn(rows), problem: undefined };
  return { offset, producerCount: undefined, problem: `${name}: ${problem}` };
}

/** The entries of a checkpoint; undefined where it is missing, and where it makes no sense, which `problems` then says. */
async function readText(
  fileSystem: FileSystem,
  directory: string,
  name: "leader-epoch-checkpoint" | "compaction-checkpoint",
  problems: string[],
): Promise<readonly DumpedEntry[] | undefined> {
  const bytes = await readIfThere(fileSystem, `${directory}/${name}`);
  if (bytes === undefined) return undefined;
  const { entries, problem } = parseTextFile(name, bytes);
  if (problem === undefined) return entries;
  problems.push(`${name}: ${problem}`);
  return undefined;
}

function compactionOf(entries: readonly DumpedEntry[] | undefined): CompactionReport | undefined {
  if (entries === undefined) return undefined;
  const offsetNamed = (name: string, missing: number): number => {
    const value = entries.find((entry) => entry.name === name)?.offset;
    return typeof value === "number" ? value : missing;
  };
  return {
    gapsBelow: offsetNamed("gaps-below", 0),
    cleanedTo: offsetNamed("cleaned-to", 0),
    tombstonesDroppedTo: offsetNamed("tombstones-dropped-to", -1),
  };
}

function basesOf(names: readonly string[], kind: "log" | "snapshot"): number[] {
  const files = names.map(parseStoredFileName);
  return files.flatMap((file) => (file?.kind === kind && file.leftover === undefined ? [file.baseOffset] : []));
}

async function sizeOf(fileSystem: FileSystem, directory: string, names: readonly string[]): Promise<number> {
  let sizeBytes = 0;
  for (const name of names) {
    try {
      sizeBytes += await fileSystem.size(`${directory}/${name}`);
    } catch (error) {
      if (!isFileError(error, "ENOENT")) throw error;
    }
  }
  return sizeBytes;
}

async function namesIfThere(fileSystem: FileSystem, path: string): Promise<string[] | undefined> {
  try {
    return await fileSystem.list(path);
  } catch (error) {
    if (isFileError(error, "ENOENT") || isFileError(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
