/** Checks the small files of a partition and of a data directory, each by itself. Only reads; a file that is gone is not missed. */

import { basename } from "node:path/posix";
import type { FileSystem } from "@sluice/model";
import { readIfThere } from "./checkpoint-file.js";
import { parsePartitionDirectoryName } from "./partition-directory.js";
import { parseProducerSnapshot } from "./producer-snapshot.js";
import { parseSnapshotRows } from "./snapshot-dump.js";
import { parseStoredFileName } from "./stored-file-name.js";
import { parseTextFile } from "./text-file-dump.js";
import type { VerificationFinding } from "./verification-finding.js";

/** Files that recovery makes anew, or does without. */
const cacheNames: ReadonlySet<string> = new Set(["compaction-checkpoint", "clean-shutdown", "leader-epoch-checkpoint"]);

/** What is to be said of a text file; undefined where it is gone. @throws errors of the file system. */
export async function verifyTextFile(fileSystem: FileSystem, path: string): Promise<VerificationFinding | undefined> {
  const name = parseStoredFileName(path);
  if (name?.kind !== "text") return undefined;
  const bytes = await readIfThere(fileSystem, path);
  if (bytes === undefined) return undefined;
  const { problem } = parseTextFile(name.name, bytes);
  const consequence = cacheNames.has(name.name) ? "; the next start does without it" : "";
  return finding(path, problem === undefined ? undefined : problem + consequence);
}

/**
 * What is to be said of a producer snapshot; undefined where it is gone.
 * `endOffset`: end of the log, undefined where it is not known. @throws errors of the file system.
 */
export async function verifySnapshot(
  fileSystem: FileSystem,
  path: string,
  endOffset: number | undefined,
): Promise<VerificationFinding | undefined> {
  const bytes = await readIfThere(fileSystem, path);
  if (bytes === undefined) return undefined;
  const offset = snapshotOffsetOf(path);
  const isSense = parseSnapshotRows(bytes).problem === undefined && parseProducerSnapshot(bytes, offset) !== undefined;
  if (!isSense) {
    const damage = parseSnapshotRows(bytes).problem ?? "its rows contradict each other, or its name";
    return finding(path, `${damage}; the next start makes it anew`);
  }
  if (endOffset === undefined || offset <= endOffset) return finding(path);
  const problem = `it is of offset ${offset}, and the log ends at ${endOffset}: the next start removes it`;
  return { path, status: "leftover", problem };
}

/** What is to be said of `partition.metadata`; undefined where the directory is gone. @throws errors of the file system. */
export async function verifyPartitionMetadata(
  fileSystem: FileSystem,
  directory: string,
): Promise<VerificationFinding | undefined> {
  const path = `${directory}/partition.metadata`;
  const name = parsePartitionDirectoryName(basename(directory));
  const bytes = await readIfThere(fileSystem, path);
  if (bytes === undefined) {
    if (name === undefined || !(await fileSystem.exists(directory))) return undefined;
    return { path, status: "missing", problem: "the next start makes it anew" };
  }
  const { entries, problem } = parseTextFile("partition.metadata", bytes);
  // A copy of a partition, or one of Kafka, lies in a directory of another name and is not asked for more.
  if (problem !== undefined || name === undefined) return finding(path, problem);
  const valueNamed = (key: string): unknown => entries.find((entry) => entry.name === key)?.value;
  if (valueNamed("topic") === undefined) return finding(path, "topic is missing");
  if (valueNamed("topic_id") === name.topicId && valueNamed("partition") === String(name.partition))
    return finding(path);
  return finding(path, `it is of partition ${String(valueNamed("topic_id"))}-${String(valueNamed("partition"))}`);
}

function snapshotOffsetOf(path: string): number {
  const file = parseStoredFileName(path);
  return file?.kind === "snapshot" ? file.baseOffset : 0;
}

function finding(path: string, problem?: string): VerificationFinding {
  return { path, status: problem === undefined ? "ok" : "corrupt", problem: problem ?? "" };
}
