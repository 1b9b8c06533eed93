/**
 * One data directory of a broker, and the partitions in it.
 *
 *     .lock                    held for as long as the directory is open
 *     meta                     JSON {clusterId, brokerId, directoryId}: whose directory this is
 *     recovery-point           see recovery-points.ts
 *     clean-shutdown           names of the partitions that were closed in order; there only between a clean stop and the
 *                              next start
 *     <topicId>-<partition>/   see partition-directory.ts
 *     *.deleted                a partition whose removal was begun; finished at the next open
 *
 * The marker is deleted, and the directory synced, before anything else is written: a crash can then never look clean.
 * A partition that was not opened in a life keeps what the marker said of it before.
 */

import { dirname } from "node:path/posix";
import {
  type Clock,
  type FileLock,
  type FileSystem,
  invariant,
  isFileError,
  isSluiceError,
  type Random,
  randomUuid,
  SluiceError,
  type Timer,
  type TopicConfig,
  type TopicId,
  type TopicName,
} from "@sluice/model";
import { formatCheckpoint, parseCheckpoint, replaceFile, temporarySuffix } from "./checkpoint-file.js";
import { executeRecovery, planRecovery, type RecoveryPlan } from "./log-recovery.js";
import {
  deletedSuffix,
  type PartitionName,
  parsePartitionDirectoryName,
  partitionDirectoryName,
  readPartitionTopic,
  writePartitionMetadata,
} from "./partition-directory.js";
import { PartitionLog } from "./partition-log.js";
import { RecoveryPoints } from "./recovery-points.js";
import { Segment, type SegmentDependencies } from "./segment.js";
import { SegmentIndexes } from "./segment-indexes.js";
import { SegmentList } from "./segment-list.js";

const recoveryPointIntervalMs = 60_000;

export interface LogDirectoryOptions {
  readonly path: string;
  readonly brokerId: number;
  readonly clusterId: string;
}

export interface LogDirectoryDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
}

/** Whose directory it is. */
export interface LogDirectoryMeta {
  readonly clusterId: string;
  readonly brokerId: number;
  /** UUID of the directory. */
  readonly directoryId: string;
}

/** A partition that has a directory. `topic` is undefined where its metadata file is missing or makes no sense. */
export interface PartitionOnDisk extends PartitionName {
  readonly topic: TopicName | undefined;
}

export interface OpenPartitionOptions extends PartitionName {
  readonly topic: TopicName;
  readonly config: TopicConfig;
}

interface OpenedState {
  readonly lock: FileLock;
  readonly meta: LogDirectoryMeta;
  readonly recoveryPoints: RecoveryPoints;
  /** Names of partitions that were closed in order; undefined after an unclean stop. */
  readonly cleanNames: readonly string[] | undefined;
}

export class LogDirectory {
  readonly path: string;
  readonly meta: LogDirectoryMeta;
  /** The last life of the directory ended with `close`. True for a new directory. */
  readonly wasClean: boolean;
  readonly #dependencies: LogDirectoryDependencies;
  readonly #lock: FileLock;
  readonly #recoveryPoints: RecoveryPoints;
  readonly #cleanNames: Set<string>;
  readonly #logs = new Map<string, PartitionLog>();
  readonly #opening = new Set<string>();
  #timer: Timer | undefined;
  #savingRecoveryPoints: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(path: string, dependencies: LogDirectoryDependencies, state: OpenedState) {
    this.path = path;
    this.meta = state.meta;
    this.wasClean = state.cleanNames !== undefined;
    this.#dependencies = dependencies;
    this.#lock = state.lock;
    this.#recoveryPoints = state.recoveryPoints;
    this.#cleanNames = new Set(state.cleanNames);
  }

  /**
   * Locks and opens the directory, and makes it when it does not exist.
   * @throws SluiceError DATA_DIRECTORY_IN_USE, DATA_DIRECTORY_MISMATCH, CORRUPT_FILE (meta), DISK_FAILED
   */
  static async open(options: LogDirectoryOptions, dependencies: LogDirectoryDependencies): Promise<LogDirectory> {
    const { path } = options;
    const { fileSystem } = dependencies;
    const lock = await asDiskFailure(path, () => lockDirectory(fileSystem, path));
    if (lock === undefined) throw new SluiceError("DATA_DIRECTORY_IN_USE", { path });
    try {
      const state = await asDiskFailure(path, async () => {
        const meta = await openMeta(options, dependencies);
        const cleanNames = await takeCleanMarker(fileSystem, path);
        await finishDeletions(fileSystem, path);
        const names = await partitionNames(fileSystem, path);
        const recoveryPoints = await RecoveryPoints.load(fileSystem, `${path}/recovery-point`, names);
        return { lock, meta, cleanNames, recoveryPoints };
      });
      const directory = new LogDirectory(path, dependencies, state);
      directory.#scheduleRecoveryPoints();
      return directory;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * Whose directory `path` is; undefined where it is not a data directory yet. Takes no lock and changes nothing.
   * @throws SluiceError CORRUPT_FILE
   */
  static async readMeta(fileSystem: FileSystem, path: string): Promise<LogDirectoryMeta | undefined> {
    try {
      return parseMeta(await fileSystem.readFile(`${path}/meta`), `${path}/meta`);
    } catch (error) {
      if (isFileError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** The partitions that have a directory here. */
  async partitions(): Promise<PartitionOnDisk[]> {
    const { fileSystem } = this.#dependencies;
    const partitions: PartitionOnDisk[] = [];
    for (const name of await partitionNames(fileSystem, this.path)) {
      const partition = parsePartitionDirectoryName(name);
      if (partition === undefined) continue;
      partitions.push({ ...partition, topic: await readPartitionTopic(fileSystem, `${this.path}/${name}`) });
    }
    return partitions;
  }

  /**
   * Opens a partition, made when it does not exist, recovered when it does. One at a time: the log must be closed before the
   * partition is opened again.
   * @throws SluiceError PARTITION_QUARANTINED (nothing on disk is changed), DISK_FAILED
   */
  async openPartition(options: OpenPartitionOptions): Promise<PartitionLog> {
    invariant(this.#closing === undefined, "the log directory is open");
    const name = partitionDirectoryName(options);
    invariant(!this.#logs.has(name) && !this.#opening.has(name), `${name} is not open already`);
    this.#opening.add(name);
    try {
      const log = await asDiskFailure(`${this.path}/${name}`, () => this.#openPartition(options, name));
      this.#logs.set(name, log);
      return log;
    } finally {
      this.#opening.delete(name);
    }
  }

  /**
   * Removes a partition with all its records; nothing happens when it does not exist. An open log of it is closed first.
   * @throws SluiceError DISK_FAILED
   */
  async deletePartition(topicId: TopicId, partition: number): Promise<void> {
    const { fileSystem } = this.#dependencies;
    const name = partitionDirectoryName({ topicId, partition });
    const path = `${this.path}/${name}`;
    await this.#logs.get(name)?.abandon();
    await asDiskFailure(path, async () => {
      await fileSystem.removeDirectory(path + deletedSuffix);
      if (!(await fileSystem.exists(path))) return;
      // With the name durable the partition is gone; a crash from here on leaves only work for the next open.
      await fileSystem.rename(path, path + deletedSuffix);
      await fileSystem.syncDirectory(this.path);
      this.#recoveryPoints.remove(name);
      this.#cleanNames.delete(name);
      await fileSystem.removeDirectory(path + deletedSuffix);
    });
  }

  /**
   * Stops in order: closes every log, writes the marker, releases the lock. A log that cannot be closed in order is left out
   * of the marker and recovered at the next start. Closing twice is closing once.
   * @throws SluiceError DISK_FAILED when the marker cannot be written; the lock is released all the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    await this.#savingRecoveryPoints;
    await Promise.all([...this.#logs.values()].map((log) => log.close()));
    try {
      const marker = formatCheckpoint([...this.#cleanNames].sort(), { hasChecksum: true });
      const path = `${this.path}/clean-shutdown`;
      await asDiskFailure(path, () => replaceFile(this.#dependencies.fileSystem, path, marker));
    } finally {
      await this.#lock.release();
    }
  }

  async #openPartition(options: OpenPartitionOptions, name: string): Promise<PartitionLog> {
    const { fileSystem } = this.#dependencies;
    const directory = `${this.path}/${name}`;
    await fileSystem.makeDirectory(directory);
    const recovery = {
      fileSystem,
      directory,
      recoveryPoint: this.#recoveryPoints.get(name),
      isClean: this.#cleanNames.has(name),
      indexIntervalBytes: options.config["index.interval.bytes"],
    };
    const plan = await planRecovery(recovery);
    if ("quarantine" in plan) throw quarantined(options, this.meta.brokerId, plan.quarantine);
    // From here on it is written to: no longer clean until it is closed in order.
    this.#cleanNames.delete(name);
    await executeRecovery(recovery, plan);
    if ((await readPartitionTopic(fileSystem, directory)) !== options.topic) {
      await writePartitionMetadata(fileSystem, directory, options);
    }
    const log = await this.#makeLog(options, name, plan);
    await fileSystem.syncDirectory(directory);
    await fileSystem.syncDirectory(this.path);
    return log;
  }

  async #makeLog(options: OpenPartitionOptions, name: string, plan: RecoveryPlan): Promise<PartitionLog> {
    const { fileSystem } = this.#dependencies;
    const directory = `${this.path}/${name}`;
    const indexIntervalBytes = options.config["index.interval.bytes"];
    const dependencies: SegmentDependencies = {
      fileSystem,
      directory,
      indexIntervalBytes,
      loadedIndexes: { segment: undefined },
    };
    const newSegment = (baseOffset: number): Segment => {
      const indexes = new SegmentIndexes({ baseOffset, intervalBytes: indexIntervalBytes });
      return new Segment({ baseOffset, sizeBytes: 0, endOffset: baseOffset, indexes }, dependencies);
    };
    const recovered = plan.segments.map((state) => new Segment(state, dependencies));
    const segments = new SegmentList(recovered.length > 0 ? recovered : [newSegment(0)]);
    for (const segment of segments.all()) if (segment !== segments.active) segment.dropIndexes();
    await segments.active.openForAppend("write");
    return new PartitionLog(
      { ...options, directory },
      {
        fileSystem,
        segments,
        epochs: plan.epochs,
        newSegment,
        saveRecoveryPoint: (flushedOffset) => this.#recoveryPoints.save(name, flushedOffset),
        onClosed: (isClean) => {
          this.#logs.delete(name);
          if (isClean) this.#cleanNames.add(name);
        },
      },
    );
  }

  #scheduleRecoveryPoints(): void {
    this.#timer = this.#dependencies.clock.setTimer(recoveryPointIntervalMs, () => {
      this.#savingRecoveryPoints = this.#saveRecoveryPoints();
    });
  }

  async #saveRecoveryPoints(): Promise<void> {
    // A failure takes its log offline and is told to the log's owner: there is nobody else to tell.
    await Promise.allSettled([...this.#logs.values()].map((log) => log.saveRecoveryPoint()));
    if (this.#closing === undefined) this.#scheduleRecoveryPoints();
  }
}

async function lockDirectory(fileSystem: FileSystem, path: string): Promise<FileLock | undefined> {
  await makeDirectoryDurably(fileSystem, path);
  // Also where it exists: a process may have been killed between making it and syncing its name.
  await fileSystem.syncDirectory(dirname(path));
  return fileSystem.lock(`${path}/.lock`);
}

/** Every directory that has to be made is a name in the one above it, and each of these names must survive (P39). */
async function makeDirectoryDurably(fileSystem: FileSystem, path: string): Promise<void> {
  if (await fileSystem.exists(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeDirectoryDurably(fileSystem, parent);
  await fileSystem.makeDirectory(path);
  await fileSystem.syncDirectory(parent);
}

/** Reads meta and compares it, or writes it into a new directory. */
async function openMeta(
  options: LogDirectoryOptions,
  { fileSystem, random }: LogDirectoryDependencies,
): Promise<LogDirectoryMeta> {
  const { path, brokerId, clusterId } = options;
  const found = await LogDirectory.readMeta(fileSystem, path);
  if (found === undefined) {
    if ((await partitionNames(fileSystem, path)).length > 0) {
      // Written anew, its recovery points would say that nothing was promised.
      throw new SluiceError("CORRUPT_FILE", { path: `${path}/meta`, reason: "partitions are there without it" });
    }
    const meta: LogDirectoryMeta = { clusterId, brokerId, directoryId: randomUuid(random) };
    // Before meta: a directory with meta and without recovery points has lost them.
    await RecoveryPoints.create(fileSystem, `${path}/recovery-point`);
    await replaceFile(fileSystem, `${path}/clean-shutdown`, formatCheckpoint([], { hasChecksum: true }));
    await replaceFile(fileSystem, `${path}/meta`, Buffer.from(`${JSON.stringify(meta)}\n`));
    return meta;
  }
  if (found.clusterId !== clusterId || found.brokerId !== brokerId) {
    throw new SluiceError("DATA_DIRECTORY_MISMATCH", {
      path,
      found: `broker ${found.brokerId} of cluster ${found.clusterId}`,
      expected: `broker ${brokerId} of cluster ${clusterId}`,
    });
  }
  return found;
}

/** Names of the partition directories in `path`. */
async function partitionNames(fileSystem: FileSystem, path: string): Promise<string[]> {
  return (await fileSystem.list(path)).filter((name) => parsePartitionDirectoryName(name) !== undefined);
}

function parseMeta(bytes: Buffer, path: string): LogDirectoryMeta {
  try {
    const meta = JSON.parse(bytes.toString()) as Partial<LogDirectoryMeta> | null;
    if (
      typeof meta?.clusterId === "string" &&
      typeof meta.brokerId === "number" &&
      typeof meta.directoryId === "string"
    ) {
      return { clusterId: meta.clusterId, brokerId: meta.brokerId, directoryId: meta.directoryId };
    }
  } catch (error) {
    throw new SluiceError("CORRUPT_FILE", { path, reason: "it is not JSON" }, { cause: error });
  }
  throw new SluiceError("CORRUPT_FILE", { path, reason: "clusterId, brokerId or directoryId is missing" });
}

/** Reads the marker and removes it, durably. Undefined where there is none, or none that can be trusted. */
async function takeCleanMarker(fileSystem: FileSystem, path: string): Promise<readonly string[] | undefined> {
  const markerPath = `${path}/clean-shutdown`;
  if (!(await fileSystem.exists(markerPath))) return undefined;
  const names = parseCheckpoint(await fileSystem.readFile(markerPath), { hasChecksum: true });
  await fileSystem.removeFile(markerPath);
  await fileSystem.syncDirectory(path);
  return names;
}

/** Removes partitions whose deletion was begun, and half-written temporary files. */
async function finishDeletions(fileSystem: FileSystem, path: string): Promise<void> {
  for (const name of await fileSystem.list(path)) {
    if (name.endsWith(deletedSuffix)) await fileSystem.removeDirectory(`${path}/${name}`);
    if (name.endsWith(temporarySuffix)) await fileSystem.removeFile(`${path}/${name}`);
  }
}

function quarantined(options: OpenPartitionOptions, broker: number, reason: string): SluiceError {
  const { topic, partition } = options;
  return new SluiceError("PARTITION_QUARANTINED", { topic, partition, broker, reason });
}

/** Errors of the file system as DISK_FAILED; those that have a code already as they are. */
async function asDiskFailure<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isSluiceError(error) || !(error instanceof Error) || !("code" in error)) throw error;
    throw new SluiceError("DISK_FAILED", { path, reason: error.message }, { cause: error });
  }
}
