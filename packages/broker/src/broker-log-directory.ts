/** The log directory of a broker: opened with what is known of the life before, and closed with the marker of a clean stop. */

import { type CompactionRunner, LogDirectory } from "@sluice/log";
import { type Clock, type FileSystem, isSluiceError, type Random } from "@sluice/model";
import type { BrokerConfig } from "./broker-config.js";
import type { Logger } from "./logging.js";

export interface BrokerLogDirectoryOptions {
  readonly config: BrokerConfig;
  readonly clusterId: string;
  /** The last registration under this broker's id; undefined: there was none. */
  readonly lastBrokerEpoch: number | undefined;
}

export interface BrokerLogDirectoryDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly compactionRunner?: CompactionRunner;
  readonly logger: Logger;
}

/** @throws SluiceError DATA_DIRECTORY_IN_USE, DATA_DIRECTORY_MISMATCH, CORRUPT_FILE, DISK_FAILED */
export async function openBrokerLogDirectory(
  { config, clusterId, lastBrokerEpoch }: BrokerLogDirectoryOptions,
  dependencies: BrokerLogDirectoryDependencies,
): Promise<LogDirectory> {
  const { fileSystem, logger } = dependencies;
  const { brokerId } = config;
  const path = `${config.dataDirectory}/broker-${brokerId}`;
  const limits = {
    openFilesMax: config.openFilesMax,
    indexBytesMax: config.indexMemoryBytesMax,
    reserveBytes: config.diskReserveBytes,
    housekeepingIntervalMs: config.retentionCheckIntervalMs,
    producerExpirationMs: config.producerIdExpirationMs,
    compactionBytesPerSecMax: config.compactionBytesPerSecMax,
    compactionMapBytesMax: config.compactionMemoryBytesMax,
  };
  const bootId = await readBootId(fileSystem);
  const known = lastBrokerEpoch === undefined ? {} : { lastBrokerEpoch };
  const directory = await LogDirectory.open(
    { path, brokerId, clusterId, bootId, limits, ...known },
    {
      ...dependencies,
      onError: (error, doing) => logger.error({ err: error, doing }, "log directory: background work failed"),
    },
  );
  directory.onOffline = (error) => logger.error({ err: error, path }, "log directory is offline");
  const { wasClean, lossyPartitions: lossy } = directory;
  logger.info({ path, wasClean, lossy, lastBrokerEpoch }, "log directory opened");
  return directory;
}

/**
 * On a full disk only the marker of a clean stop cannot be written: what was acknowledged is on disk, and the next start looks
 * through the ends of the logs.
 * @throws SluiceError DISK_FAILED where something acknowledged may not have reached the disk
 */
export async function closeBrokerLogDirectory(directory: LogDirectory, logger: Logger): Promise<void> {
  try {
    await directory.close();
  } catch (error) {
    if (!isSluiceError(error, "DISK_FULL")) throw error;
    logger.warn({ err: error }, "stopped on a full disk: nothing is lost, and the next start checks the logs");
  }
  if (directory.failure !== undefined) throw directory.failure;
}

/** Names this start of the machine, on Linux; empty elsewhere: then a restart counts as one of the machine. */
async function readBootId(fileSystem: FileSystem): Promise<string> {
  try {
    return (await fileSystem.readFile("/proc/sys/kernel/random/boot_id")).toString("latin1").trim();
  } catch {
    return "";
  }
}
