import {
  type Clock,
  type FileLock,
  type FileSystem,
  invariant,
  isSluiceError,
  type Random,
  SluiceError,
  type TopicConfig,
  type TopicId,
  type TopicName,
} from "@sluice/model";
import { type CleanMarker, type ClosedPartition, writeCleanMarker } from "./clean-marker.js";
import type { CompactionRunner } from "./compaction/compaction-job.js";
import { InlineCompaction } from "./compaction/inline-compaction.js";
import { DirectoryCheckpoints } from "./directory-checkpoints.js";
import { type BrokerLife, type LogDirectoryMeta, readDirectoryMeta, writeBrokerLife } from "./directory-meta.js";
import { lockDirectory, type OpenedDirectory, openLocked, partitionNames } from "./directory-opening.js";
import type { DirectoryState } from "./directory-state.js";
import { asDiskFailure, diskFailure } from "./disk-failure.js";
import { DiskSpaceWatch } from "./disk-space-watch.js";
import { LogHousekeeping } from "./housekeeping.js";
import type { KnownEpochs } from "./known-epochs.js";
import {
  deletedSuffix,
  type PartitionName,
  parsePartitionDirectoryName,
  partitionDirectoryName,
  readPartitionTopic,
} from "./partition-directory.js";
import type { PartitionLog } from "./partition-log.js";
import { openPartitionLog } from "./partition-opening.js";

/** With so much free, and without a reserve, a disk that was full counts as one with room. */
const resumeFreeBytesMin = 1024 * 1024;

export interface LogDirectoryOptions {
  readonly path: string;
  readonly brokerId: number;
  readonly clusterId: string;
  /** Names this start of the machine; empty or absent where it is not known. */
  readonly bootId?: string;
  /** Epoch of this broker's last registration, as the cluster knows it. */
  readonly lastBrokerEpoch?: number;
  readonly limits?: Partial<LogDirectoryLimits>;
}

export interface LogDirectoryLimits {
  /** Segment files that are held open at one time. */
  readonly openFilesMax: number;
  /** Bytes of the indexes of closed segments that are held in memory. */
  readonly indexBytesMax: number;
  /** Size of the reserve: 0 makes none. Appends are refused while less than this is free. */
  readonly reserveBytes: number;
  /** How often retention and compaction look at the logs, ms. */
  readonly housekeepingIntervalMs: number;
  /** How long an idempotent producer that is silent is remembered, ms. */
  readonly producerExpirationMs: number;
  /** Bytes a second that compaction reads and writes; 0: no limit. */
  readonly compactionBytesPerSecMax: number;
  /** Memory for the keys of one compaction, bytes. */
  readonly compactionMapBytesMax: number;
}

const defaultLimits: LogDirectoryLimits = {
  openFilesMax: 2000,
  indexBytesMax: 64 * 1024 * 1024,
  reserveBytes: 0,
  housekeepingIntervalMs: 300_000,
  producerExpirationMs: 86_400_000,
  compactionBytesPerSecMax: 0,
  compactionMapBytesMax: 128 * 1024 * 1024,
};

export interface LogDirectoryDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  /** Where compaction does its work. Default: in the calling thread. Closed with the directory. */
  readonly compactionRunner?: CompactionRunner;
  /** Something went wrong that no caller waits for. */
  readonly onError?: (error: unknown, doing: string) => void;
}

/** A partition that has a directory. `topic` is undefined where its metadata file is missing or makes no sense. */
export interface PartitionOnDisk extends PartitionName {
  readonly topic: TopicName | undefined;
}

export interface OpenPartitionOptions extends PartitionName {
  readonly topic: TopicName;
  readonly config: TopicConfig;
}

export class LogDirectory {
  readonly path: string;
  readonly meta: LogDirectoryMeta;
  /** The last life of the directory ended with `close`. True for a new directory. */
  readonly wasClean: boolean;
  /** Called once, when the directory goes offline. */
  onOffline: (error: SluiceError) => void = () => {};
  /** Called each time that the disk gets full, after logs refuse appends. */
  onFull: () => void = () => {};
  /** Called each time that a disk that was full has room again, after logs take appends again. */
  onRoom: () => void = () => {};
  readonly #dependencies: LogDirectoryDependencies;
  readonly #lock: FileLock;
  readonly #state: DirectoryState;
  /** Partitions that are as the last clean stop left them, or were closed in order since. */
  readonly #closed: Map<string, ClosedPartition>;
  readonly #logs = new Map<string, PartitionLog>();
  /** Partitions that are being opened. What they end with never rejects. */
  readonly #opening = new Map<string, Promise<unknown>>();
  readonly #watch: DiskSpaceWatch;
  readonly #housekeeping: LogHousekeeping<PartitionLog>;
  readonly #runner: CompactionRunner;
  readonly #checkpoints: DirectoryCheckpoints;
  readonly #bootId: string;
  /** That writes now, or that wrote last: where none begins, the marker of a stop is still of that one. */
  #life: BrokerLife | undefined;
  #failure: SluiceError | undefined;
  #diskFull: SluiceError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: LogDirectoryOptions, dependencies: LogDirectoryDependencies, opened: OpenedDirectory) {
    const { fileSystem, clock } = dependencies;
    const limits = { ...defaultLimits, ...options.limits };
    this.path = options.path;
    this.meta = opened.meta;
    this.wasClean = opened.marker !== undefined;
    this.#bootId = options.bootId ?? "";
    this.#dependencies = dependencies;
    this.#lock = opened.lock;
    this.#state = opened.state;
    this.#closed = new Map(opened.marker?.partitions);
    this.#life = opened.life;
    this.#checkpoints = new DirectoryCheckpoints({
      clock,
      highWatermarks: opened.state.highWatermarks,
      logs: this.#logs,
      // Without room it is recorded later, and without a disk not at all.
      guarded: (work) => this.#guard(this.path, work).catch(() => undefined),
    });
    this.#runner = dependencies.compactionRunner ?? new InlineCompaction({ fileSystem, clock });
    this.#watch = new DiskSpaceWatch(
      {
        directory: this.path,
        reserveBytes: limits.reserveBytes,
        minimumFreeBytes: limits.reserveBytes,
        resumeFreeBytes: Math.max(2 * limits.reserveBytes, resumeFreeBytesMin),
      },
      {
        fileSystem,
        clock,
        onFull: () => this.#diskIsFull(),
        onRoom: () => this.#diskHasRoom(),
        onReserveFailed: (error) => this.#goOffline(diskFailure(this.path, error)),
      },
    );
    this.#housekeeping = new LogHousekeeping<PartitionLog>(
      { checkIntervalMs: limits.housekeepingIntervalMs },
      {
        clock,
        logs: () => this.#logs.values(),
        onError: (log, error) => dependencies.onError?.(error, `housekeeping of ${log.topic}-${log.partition}`),
      },
    );
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
      const opened = await asDiskFailure(path, () =>
        openLocked(options, dependencies, lock, { ...defaultLimits, ...options.limits }),
      );
      const directory = new LogDirectory(options, dependencies, opened);
      directory.#checkpoints.start();
      directory.#watch.start();
      directory.#housekeeping.start();
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
  static readMeta(fileSystem: FileSystem, path: string): Promise<LogDirectoryMeta | undefined> {
    return readDirectoryMeta(fileSystem, path);
  }

  /** Registration of the life that writes here or, before one has begun, of the last; undefined where that is not known. */
  get brokerEpoch(): number | undefined {
    return this.#life?.brokerEpoch;
  }

  /** Why nothing is written here any more; undefined while it is. */
  get failure(): SluiceError | undefined {
    return this.#failure;
  }

  /** Why appends are refused for now: DISK_FULL; undefined while there is room. */
  get diskFull(): SluiceError | undefined {
    return this.#diskFull;
  }

  /** Bytes that were free on the disk when it was last looked at; undefined before. */
  get freeBytes(): number | undefined {
    return this.#watch.freeBytes;
  }

  /** Names the life that writes from now on, durably: after a registration, before anything is written in it. @throws DISK_FAILED */
  async beginLife(life: Omit<BrokerLife, "bootId">): Promise<void> {
    const named = { ...life, bootId: this.#bootId };
    await this.#guard(this.path, () => writeBrokerLife(this.#dependencies.fileSystem, this.path, named));
    this.#life = named;
  }

  /** What was acted upon of what the cluster store said; what is noted there is durable after `recordKnown`. */
  get known(): Omit<KnownEpochs, "save" | "close" | "has" | "remove"> {
    return this.#state.knownEpochs;
  }

  /** Resolves when what was noted in `known` before the call is durable. @throws SluiceError DISK_FULL, DISK_FAILED */
  recordKnown(): Promise<void> {
    return this.#guard(this.path, () => this.#state.knownEpochs.save());
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

  /** Names of partition directories that may have lost what they acknowledged, until `clearLossy`. */
  get lossyPartitions(): readonly string[] {
    return this.#state.lossy.names;
  }

  /** Whether the partition may have lost what it acknowledged. */
  isLossy(name: PartitionName): boolean {
    return this.#state.lossy.has(partitionDirectoryName(name));
  }

  /** Says that the cluster knows of the partition's loss. @throws SluiceError DISK_FULL, DISK_FAILED */
  clearLossy(name: PartitionName): Promise<void> {
    this.#state.lossy.remove(partitionDirectoryName(name));
    return this.#guard(this.path, () => this.#state.lossy.save());
  }

  /** The disk is another one than that of the last life: partitions that are made now may have been lost with the old one. */
  get mayMissPartitions(): boolean {
    return this.#state.lossy.mayMissPartitions;
  }

  /** Says that the cluster knows of every partition that was lost with the old disk. @throws SluiceError DISK_FULL, DISK_FAILED */
  async clearMissing(): Promise<void> {
    if (!this.mayMissPartitions) return;
    this.#state.lossy.removeMissing();
    await this.#guard(this.path, () => this.#state.lossy.save());
  }

  /**
   * Opens a partition, made when it does not exist, recovered when it does. One at a time: the log must be closed before the
   * partition is opened again.
   * @throws SluiceError PARTITION_QUARANTINED (nothing on disk is changed), DISK_FULL, DISK_FAILED
   */
  async openPartition(options: OpenPartitionOptions): Promise<PartitionLog> {
    invariant(this.#closing === undefined, "the log directory is open");
    if (this.#failure !== undefined) throw this.#failure;
    const name = partitionDirectoryName(options);
    invariant(!this.#logs.has(name) && !this.#opening.has(name), `${name} is not open already`);
    const opening = this.#guard(`${this.path}/${name}`, () => this.#openPartition(options, name));
    this.#opening.set(
      name,
      opening.catch(() => undefined),
    );
    try {
      const log = await opening;
      if (this.#diskFull !== undefined) log.refuseAppends(this.#diskFull);
      if (this.#failure !== undefined) log.takeOffline(this.#failure);
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
    await this.#opening.get(name);
    await this.#logs.get(name)?.abandon();
    await this.#guard(path, async () => {
      await fileSystem.removeDirectory(path + deletedSuffix);
      if (!(await fileSystem.exists(path))) return;
      // With the name durable the partition is gone; a crash from here on leaves only work for the next open.
      await fileSystem.rename(path, path + deletedSuffix);
      await this.#state.syncNames();
      this.#closed.delete(name);
      // Its files first: they may hold the room that the next step needs. Its name last: until it is forgotten.
      for (const file of await fileSystem.list(path + deletedSuffix)) {
        await fileSystem.removeFile(`${path}${deletedSuffix}/${file}`);
      }
      await this.#state.forget([name]);
      await fileSystem.removeDirectory(path + deletedSuffix);
    });
  }

  /** Looks at every log now: retention, age of segments, compaction. Resolves when it is done. */
  runHousekeeping(): Promise<void> {
    return this.#housekeeping.runNow();
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
    try {
      const housekeeping = this.#housekeeping.close();
      // Aborts what is being compacted.
      await this.#runner.close();
      await housekeeping;
      await this.#checkpoints.close();
      while (this.#opening.size > 0) await Promise.all(this.#opening.values());
      await this.#checkpoints.saveHighWatermarks();
      await Promise.all([...this.#logs.values()].map((log) => log.close()));
      await this.#watch.close();
      await this.#state.removal.removeNow();
      await this.#state.knownEpochs.close();
      if (this.#failure !== undefined) return;
      const marker: CleanMarker = { brokerEpoch: this.#life?.brokerEpoch, partitions: this.#closed };
      await asDiskFailure(this.path, () => writeCleanMarker(this.#dependencies.fileSystem, this.path, marker));
    } finally {
      await this.#lock.release();
    }
  }

  async #openPartition(options: OpenPartitionOptions, name: string): Promise<PartitionLog> {
    const closed = this.#closed.get(name);
    return openPartitionLog(
      { ...options, directory: `${this.path}/${name}`, name, broker: this.meta.brokerId, closed },
      {
        fileSystem: this.#dependencies.fileSystem,
        clock: this.#dependencies.clock,
        state: this.#state,
        compactionRunner: this.#runner,
        // From here on it is written to: no longer clean until it is closed in order.
        onTouched: () => this.#closed.delete(name),
        onWritten: (sizeBytes) => this.#watch.wrote(sizeBytes),
        onDiskFull: () => this.#watch.writeFailed(),
        onFailed: (error) => this.#goOffline(error),
        onClosed: (isClean, hasProducers) => {
          this.#logs.delete(name);
          if (isClean) this.#closed.set(name, { hasProducers });
        },
      },
    );
  }

  /** Runs what writes in the directory: an error of the disk takes all of it offline. */
  async #guard<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await asDiskFailure(path, work);
    } catch (error) {
      if (isSluiceError(error, "DISK_FAILED")) this.#goOffline(error);
      // Who could not be served for it hears of the room that comes.
      if (isSluiceError(error, "DISK_FULL")) this.#watch.writeFailed();
      throw error;
    }
  }

  #goOffline(error: SluiceError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const log of [...this.#logs.values()]) log.takeOffline(error);
    this.onOffline(error);
  }

  #diskIsFull(): void {
    const error = new SluiceError("DISK_FULL", { path: this.path });
    this.#diskFull = error;
    for (const log of this.#logs.values()) log.refuseAppends(error);
    this.onFull();
    void this.#state.removal.removeNow();
    // Retention may have something to give back. It is closed only when the directory is.
    if (this.#closing === undefined) void this.#housekeeping.runNow().catch(() => undefined);
  }

  #diskHasRoom(): void {
    this.#diskFull = undefined;
    for (const log of this.#logs.values()) log.resumeAppends();
    this.onRoom();
  }
}
