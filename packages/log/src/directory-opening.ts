/** How a data directory is opened: made, locked, told apart from others, and cleared of what a crash left. */

import { dirname } from "node:path/posix";
import { type FileLock, type FileSystem, SluiceError } from "@sluice/model";
import { temporarySuffix } from "./checkpoint-file.js";
import { type CleanMarker, readCleanMarker, removeCleanMarker, writeCleanMarker } from "./clean-marker.js";
import {
  type BrokerLife,
  createDirectoryMeta,
  type LogDirectoryMeta,
  readBrokerLife,
  readDirectoryMeta,
} from "./directory-meta.js";
import { DirectoryState } from "./directory-state.js";
import { DiskReserve, diskReserveName } from "./disk-reserve.js";
import type { LogDirectoryDependencies, LogDirectoryLimits, LogDirectoryOptions } from "./log-directory.js";
import { deletedSuffix, parsePartitionDirectoryName } from "./partition-directory.js";
import { RecoveryPoints } from "./recovery-points.js";

export interface OpenedDirectory {
  readonly lock: FileLock;
  readonly meta: LogDirectoryMeta;
  /** What the last life left when it stopped in order. */
  readonly marker: CleanMarker | undefined;
  /** The life that wrote here last. */
  readonly life: BrokerLife | undefined;
  readonly state: DirectoryState;
}

/**
 * Opens a locked directory: checks whose it is, makes room on a full disk, takes the marker of a clean stop away before anything is
 * written, and finishes deletions.
 * @throws SluiceError DATA_DIRECTORY_MISMATCH, CORRUPT_FILE, errors of the file system
 */
export async function openLocked(
  options: LogDirectoryOptions,
  dependencies: LogDirectoryDependencies,
  lock: FileLock,
  limits: LogDirectoryLimits,
): Promise<OpenedDirectory> {
  const { path } = options;
  const { fileSystem } = dependencies;
  const meta = await openMeta(options, dependencies);
  await giveUpReserveWhereFull(fileSystem, path, limits.reserveBytes);
  const found = await readCleanMarker(fileSystem, path);
  await removeCleanMarker(fileSystem, path);
  const { lastBrokerEpoch } = options;
  const life = await readBrokerLife(fileSystem, path);
  // A cluster that was restored from a backup has forgotten the last life.
  const newestEpoch = Math.max(lastBrokerEpoch ?? 0, life?.brokerEpoch ?? 0);
  // That of an older life says nothing of what the last one wrote elsewhere.
  const marker = lastBrokerEpoch === undefined || found?.brokerEpoch === newestEpoch ? found : undefined;
  const state = await DirectoryState.load(
    {
      path,
      names: await partitionNames(fileSystem, path),
      closed: new Set(marker?.partitions.keys()),
      bootId: options.bootId ?? "",
      life,
      lastBrokerEpoch,
      limits,
    },
    dependencies,
  );
  await finishDeletions(fileSystem, path, state);
  return { lock, meta, marker, life, state };
}

/** The lock of the directory, which is made where it does not exist; undefined where somebody else has it. */
export async function lockDirectory(fileSystem: FileSystem, path: string): Promise<FileLock | undefined> {
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
  const found = await readDirectoryMeta(fileSystem, path);
  if (found === undefined) {
    if ((await partitionNames(fileSystem, path)).length > 0) {
      // Written anew, its recovery points would say that nothing was promised.
      throw new SluiceError("CORRUPT_FILE", { path: `${path}/meta`, reason: "partitions are there without it" });
    }
    // Before meta: a directory with meta and without recovery points has lost them.
    await RecoveryPoints.create(fileSystem, `${path}/recovery-point`);
    await writeCleanMarker(fileSystem, path, { brokerEpoch: undefined, partitions: new Map() });
    return createDirectoryMeta(fileSystem, path, options, random);
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

/**
 * On a full disk, the reserve of an earlier life is given up before anything is recorded that a start cannot do without: what a crash
 * puts in doubt, what the cluster store says, the new life. The watch of the disk, which runs beside the start, may come too late.
 */
async function giveUpReserveWhereFull(fileSystem: FileSystem, path: string, reserveBytes: number): Promise<void> {
  const reserve = new DiskReserve({ path: `${path}/${diskReserveName}`, sizeBytes: reserveBytes }, { fileSystem });
  await reserve.load();
  // Not known: then it is kept, as the watch does.
  const freeBytes = await fileSystem.freeBytes(path).catch(() => Number.POSITIVE_INFINITY);
  if (freeBytes - reserve.missingBytes < reserveBytes) await reserve.release();
}

/** Names of the partition directories in `path`. */
export async function partitionNames(fileSystem: FileSystem, path: string): Promise<string[]> {
  return (await fileSystem.list(path)).filter((name) => parsePartitionDirectoryName(name) !== undefined);
}

/** Removes partitions whose deletion was begun, and half-written temporary files. */
async function finishDeletions(fileSystem: FileSystem, path: string, state: DirectoryState): Promise<void> {
  const names = await fileSystem.list(path);
  // Before anything is saved, which makes files of these names.
  for (const name of names) if (name.endsWith(temporarySuffix)) await fileSystem.removeFile(`${path}/${name}`);
  const deleted = names.filter((name) => name.endsWith(deletedSuffix));
  await state.forget(deleted.map((name) => name.slice(0, -deletedSuffix.length)));
  for (const name of deleted) await fileSystem.removeDirectory(`${path}/${name}`);
}
