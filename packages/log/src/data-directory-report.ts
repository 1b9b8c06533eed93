/**
 * What a data directory holds: whose it is, how its last life ended, and every partition in it. Only reads and takes no lock, so it
 * is safe beside a running broker, and cannot tell one that runs from one that was killed.
 */

import { type FileSystem, isFileError, SluiceError } from "@sluice/model";
import { readIfThere } from "./checkpoint-file.js";
import type { BrokerLife, LogDirectoryMeta } from "./directory-meta.js";
import { isMissing } from "./missing-file.js";
import { parsePartitionDirectoryName, readPartitionTopic } from "./partition-directory.js";
import { inspectPartition, type PartitionReport } from "./partition-report.js";
import { leftoverOf, type TextFileName } from "./stored-file-name.js";
import { type DumpedEntry, parseTextFile } from "./text-file-dump.js";

export interface DataDirectoryReport {
  readonly path: string;
  /** Undefined where the file is missing or makes no sense. */
  readonly meta: LogDirectoryMeta | undefined;
  /** The registration that wrote here last; undefined where that is not known. */
  readonly life: BrokerLife | undefined;
  /**
   * `stopped`: the last life ended in order, and none has begun since. `runningOrCrashed`: a broker runs here, or the last one
   * ended without closing.
   */
  readonly state: "stopped" | "runningOrCrashed";
  /** Bytes kept free for the time when the disk is full; undefined where none are. */
  readonly reserveBytes: number | undefined;
  /** Of the disk. */
  readonly freeBytes: number;
  /** By topic and number. */
  readonly partitions: readonly PartitionReport[];
  /** Names of files and directories that are unfinished or to be removed. */
  readonly leftovers: readonly string[];
  /** What looks wrong with the directory's own files, a sentence each. */
  readonly problems: readonly string[];
  readonly totals: DataDirectoryTotals;
}

/** Of the partitions that are reported. */
export interface DataDirectoryTotals {
  readonly partitions: number;
  readonly segments: number;
  readonly sizeBytes: number;
  /** Partitions with a problem. */
  readonly withProblems: number;
}

export interface InspectOptions {
  /** Only partitions of the topic of that name or id. */
  readonly topic?: string;
}

/**
 * Looks at the data directory in `path`.
 * @throws SluiceError FILE_NOT_FOUND where there is none; errors of the file system
 */
export async function inspectDataDirectory(
  fileSystem: FileSystem,
  path: string,
  options: InspectOptions = {},
): Promise<DataDirectoryReport> {
  const names = await namesOf(fileSystem, path);
  const directories = names.filter((name) => parsePartitionDirectoryName(name) !== undefined);
  if (!names.includes("meta") && directories.length === 0) {
    throw new SluiceError("FILE_NOT_FOUND", { path: `data directory at ${path}` });
  }
  const files = new DirectoryFiles(fileSystem, path);
  await files.read();
  const partitions: PartitionReport[] = [];
  for (const name of directories) {
    if (options.topic !== undefined && !(await isOfTopic(fileSystem, `${path}/${name}`, options.topic))) continue;
    const report = await inspectTwice(fileSystem, files, name);
    if (report !== undefined) partitions.push(report);
  }
  partitions.sort(byTopicAndNumber);
  const { meta, life, problems } = files;
  return {
    path,
    meta,
    life,
    state: files.isStopped ? "stopped" : "runningOrCrashed",
    reserveBytes: names.includes("reserve") ? await sizeIfThere(fileSystem, `${path}/reserve`) : undefined,
    freeBytes: await fileSystem.freeBytes(path),
    partitions,
    leftovers: names.filter((name) => leftoverOf(name) !== undefined),
    problems,
    totals: {
      partitions: partitions.length,
      segments: partitions.reduce((sum, { segmentCount }) => sum + segmentCount, 0),
      sizeBytes: partitions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      withProblems: partitions.filter((partition) => partition.problems.length > 0).length,
    },
  };
}

/** Where something looks wrong it is looked at again: a running broker may have changed one file and not yet the other. */
async function inspectTwice(
  fileSystem: FileSystem,
  files: DirectoryFiles,
  name: string,
): Promise<PartitionReport | undefined> {
  const directory = `${files.path}/${name}`;
  const report = await inspectPartition(fileSystem, directory, files.factsOf(name));
  if (report === undefined || report.problems.length === 0 || files.isStopped) return report;
  await files.read();
  return inspectPartition(fileSystem, directory, files.factsOf(name));
}

/** The small files of the directory. */
class DirectoryFiles {
  readonly path: string;
  meta: LogDirectoryMeta | undefined;
  life: BrokerLife | undefined;
  isStopped = false;
  problems: string[] = [];
  readonly #fileSystem: FileSystem;
  #recoveryPoints: ReadonlyMap<string, number | undefined> | undefined;
  #logStartOffsets: ReadonlyMap<string, number | undefined> = new Map();
  #lossy: ReadonlyMap<string, number | undefined> = new Map();
  #closed: ReadonlySet<unknown> = new Set();

  constructor(fileSystem: FileSystem, path: string) {
    this.#fileSystem = fileSystem;
    this.path = path;
  }

  async read(): Promise<void> {
    this.problems = [];
    this.meta = (await this.#entries("meta"))?.[0] as LogDirectoryMeta | undefined;
    if (this.meta === undefined && this.problems.length === 0) this.problems.push("meta: it is missing");
    this.life = (await this.#entries("life"))?.[0] as BrokerLife | undefined;
    const closed = await this.#entries("clean-shutdown");
    this.isStopped = closed !== undefined;
    this.#closed = new Set(closed?.map(({ name }) => name));
    const recoveryPoints = await this.#entries("recovery-point");
    this.#recoveryPoints = recoveryPoints && offsetsOf(recoveryPoints);
    this.#logStartOffsets = offsetsOf((await this.#entries("log-start-offset")) ?? []);
    this.#lossy = offsetsOf((await this.#entries("lossy")) ?? []);
  }

  factsOf(name: string) {
    const points = this.#recoveryPoints;
    // What is not in the file was never promised; without the file nothing is known.
    const recoveryPoint = points === undefined || points.has(name) ? points?.get(name) : 0;
    return {
      recoveryPoint,
      logStartOffset: this.#logStartOffsets.get(name),
      lossyEndOffset: this.#lossy.get(name),
      wasClosed: this.isStopped ? this.#closed.has(name) : undefined,
    };
  }

  /** Undefined where the file is missing, and where it makes no sense, which `problems` then says. */
  async #entries(name: TextFileName): Promise<readonly DumpedEntry[] | undefined> {
    const bytes = await readIfThere(this.#fileSystem, `${this.path}/${name}`);
    if (bytes === undefined) return undefined;
    const { entries, problem } = parseTextFile(name, bytes);
    if (problem === undefined) return entries;
    this.problems.push(`${name}: ${problem}`);
    return undefined;
  }
}

/** Offsets by partition; undefined for one that says no number. */
function offsetsOf(entries: readonly DumpedEntry[]): Map<string, number | undefined> {
  return new Map(
    entries.map(({ partition, offset }) => [String(partition), typeof offset === "number" ? offset : undefined]),
  );
}

async function isOfTopic(fileSystem: FileSystem, directory: string, topic: string): Promise<boolean> {
  const name = directory.slice(directory.lastIndexOf("/") + 1);
  if (parsePartitionDirectoryName(name)?.topicId === topic) return true;
  return (await readPartitionTopic(fileSystem, directory)) === topic;
}

function byTopicAndNumber(left: PartitionReport, right: PartitionReport): number {
  const [leftTopic, rightTopic] = [left.topic ?? left.topicId, right.topic ?? right.topicId];
  if (leftTopic !== rightTopic) return leftTopic < rightTopic ? -1 : 1;
  return left.partition - right.partition;
}

async function namesOf(fileSystem: FileSystem, path: string): Promise<string[]> {
  try {
    return await fileSystem.list(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new SluiceError("FILE_NOT_FOUND", { path: `data directory at ${path}` }, { cause: error });
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
