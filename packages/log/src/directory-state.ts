/**
 * What the partitions of one data directory share: the checkpoints of the directory, the budgets of files and memory, the group
 * commit, the removal of files, and what is known of the life before.
 */

import type { Clock, FileSystem } from "@sluice/model";
import { CheckpointTable, parseCheckpointOffset } from "./checkpoint-table.js";
import { DeferredRemoval } from "./deferred-removal.js";
import { DirectoryFlusher, type Flushable } from "./directory-flusher.js";
import type { BrokerLife } from "./directory-meta.js";
import { HighWatermarkCheckpoint } from "./high-watermark-checkpoint.js";
import { KnownEpochs } from "./known-epochs.js";
import type { LogDirectoryLimits } from "./log-directory.js";
import { LossyPartitions } from "./lossy-partitions.js";
import { lastLifeOf } from "./lossy-verdict.js";
import { RecoveryPoints } from "./recovery-points.js";
import { SegmentResources } from "./segment-resources.js";

const offsetFormat = { format: String, parse: parseCheckpointOffset };

export interface DirectoryStateOptions {
  readonly path: string;
  /** Names of the partition directories. */
  readonly names: readonly string[];
  /** Those of them that the last life closed in order. */
  readonly closed: ReadonlySet<string>;
  /** Names this start of the machine; empty where it is not known. */
  readonly bootId: string;
  /** The life that wrote here last; undefined where that is not known. */
  readonly life: BrokerLife | undefined;
  /** Epoch of the last registration, as the cluster knows it. */
  readonly lastBrokerEpoch: number | undefined;
  readonly limits: LogDirectoryLimits;
}

export interface DirectoryStateDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly onError?: (error: unknown, doing: string) => void;
}

export class DirectoryState {
  readonly options: DirectoryStateOptions;
  readonly recoveryPoints: RecoveryPoints;
  /** Lowest offset that is left, of partitions whose records were deleted. */
  readonly logStartOffsets: CheckpointTable<number>;
  readonly highWatermarks: HighWatermarkCheckpoint;
  readonly lossy: LossyPartitions;
  readonly knownEpochs: KnownEpochs;
  readonly flusher = new DirectoryFlusher();
  /** Apart from the data: many partitions that are made at a time share one sync of the directory above them. */
  readonly #nameFlusher = new DirectoryFlusher();
  readonly #names: Flushable;
  /** Names under which there may be a partition directory: found when this was loaded, or taken since. */
  readonly #taken: Set<string>;
  readonly resources: SegmentResources;
  readonly removal: DeferredRemoval;

  private constructor(
    options: DirectoryStateOptions,
    dependencies: DirectoryStateDependencies,
    files: Pick<DirectoryState, "recoveryPoints" | "logStartOffsets" | "highWatermarks" | "lossy" | "knownEpochs">,
  ) {
    this.options = options;
    this.#taken = new Set(options.names);
    this.#names = { syncData: () => dependencies.fileSystem.syncDirectory(options.path) };
    this.recoveryPoints = files.recoveryPoints;
    this.logStartOffsets = files.logStartOffsets;
    this.highWatermarks = files.highWatermarks;
    this.lossy = files.lossy;
    this.knownEpochs = files.knownEpochs;
    this.resources = new SegmentResources(options.limits);
    this.removal = new DeferredRemoval({
      ...dependencies,
      onError: (error) => dependencies.onError?.(error, "removing deleted files"),
    });
  }

  static async load(options: DirectoryStateOptions, dependencies: DirectoryStateDependencies): Promise<DirectoryState> {
    const { path, names, closed } = options;
    const { fileSystem } = dependencies;
    const lossyOptions = {
      path: `${path}/lossy`,
      names,
      unclosed: names.filter((name) => !closed.has(name)),
      lastLife: lastLifeOf(options),
    };
    return new DirectoryState(options, dependencies, {
      recoveryPoints: await RecoveryPoints.load(fileSystem, `${path}/recovery-point`, names),
      logStartOffsets: await loadOffsets(fileSystem, `${path}/log-start-offset`),
      highWatermarks: await HighWatermarkCheckpoint.load(fileSystem, `${path}/replication-offset-checkpoint`),
      lossy: await LossyPartitions.load(fileSystem, lossyOptions),
      knownEpochs: await KnownEpochs.load(fileSystem, `${path}/known-epochs`, names),
    });
  }

  /**
   * Takes the name of a partition directory. True where there is certainly no directory of that name: nobody else makes any, while
   * the data directory is locked. The next one who takes it is told false, whatever came of the first.
   */
  takeName(name: string): boolean {
    const isAbsent = !this.#taken.has(name);
    this.#taken.add(name);
    return isAbsent;
  }

  /** Resolves when the names that the data directory has now survive a power loss. @throws errors of the file system */
  syncNames(): Promise<void> {
    return this.#nameFlusher.sync(this.#names);
  }

  /**
   * Forgets partitions that were deleted, durably: before their last files go, so that one which is made again under the same
   * name is not taken for what it was. @throws errors of the file system
   */
  async forget(names: readonly string[]): Promise<void> {
    for (const table of [
      this.recoveryPoints,
      this.logStartOffsets,
      this.lossy,
      this.highWatermarks,
      this.knownEpochs,
    ]) {
      const known = names.filter((name) => table.has(name));
      for (const name of known) table.remove(name);
      if (known.length > 0) await table.save();
    }
  }
}

/** Missing or nonsense is empty: a log then starts with its first segment. */
async function loadOffsets(fileSystem: FileSystem, path: string): Promise<CheckpointTable<number>> {
  const table = await CheckpointTable.load(fileSystem, path, offsetFormat);
  return table ?? new CheckpointTable(fileSystem, path, offsetFormat);
}
