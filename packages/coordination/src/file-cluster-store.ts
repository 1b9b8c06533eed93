/**
 * A cluster store in a directory of one process: for a single broker, and for a local cluster of several in one process.
 *
 * What was answered survives kill -9 and a power loss (`store-file-journal`). Leases do not survive the process: when the store
 * is opened, every key with a lease is deleted, in one change that watches and revisions see like any other.
 *
 * On a full disk transactions and reads are refused with DISK_FULL until there is room (`diskFull`); any other error of the disk is
 * final (`failure`).
 */

import { type Clock, type FileLock, type FileSystem, type Random, SluiceError } from "@sluice/model";
import { LocalClusterStore } from "./local-cluster-store.js";
import { StoreFileJournal } from "./store-file-journal.js";

export interface FileClusterStoreOptions {
  /** Directory; made when it does not exist. It belongs to this store alone. */
  readonly path: string;
  /** Size in bytes from which the journal is folded into a snapshot. Default 4 MiB. */
  readonly journalBytesMax?: number;
  /** Events kept for watches that begin in the past. Default 20,000. */
  readonly historyEventsMax?: number;
}

export interface FileClusterStoreDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
}

const journalBytesMaxDefault = 4 * 1024 * 1024;

export class FileClusterStore extends LocalClusterStore {
  readonly #journal: StoreFileJournal;
  readonly #lock: FileLock;
  #released: Promise<void> | undefined;

  private constructor(journal: StoreFileJournal, lock: FileLock, dependencies: FileClusterStoreDependencies) {
    super({ state: journal.state, journal }, dependencies);
    this.#journal = journal;
    this.#lock = lock;
  }

  /** @throws SluiceError DATA_DIRECTORY_IN_USE, CORRUPT_FILE, DISK_FULL */
  static async open(
    options: FileClusterStoreOptions,
    dependencies: FileClusterStoreDependencies,
  ): Promise<FileClusterStore> {
    const { fileSystem } = dependencies;
    await makeDirectoryDurably(fileSystem, options.path);
    // Also where it exists: a process may have been killed between making it and syncing its name.
    await fileSystem.syncDirectory(parentOf(options.path));
    const lock = await fileSystem.lock(`${options.path}/lock`);
    if (lock === undefined) throw new SluiceError("DATA_DIRECTORY_IN_USE", { path: options.path });
    try {
      const journal = await StoreFileJournal.open(
        { journalBytesMax: journalBytesMaxDefault, ...options },
        dependencies,
      );
      await deleteLeasedKeys(journal);
      return new FileClusterStore(journal, lock, dependencies);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * For a process that is stopping: calls that wait for room on a full disk, now or later, end with CLOSED, and with them the
   * store. Nothing changes while there is room.
   */
  stopWaitingForRoom(): void {
    this.#journal.stopWaitingForRoom();
  }

  override close(): Promise<void> {
    this.#released ??= this.#closeAndRelease();
    return this.#released;
  }

  async #closeAndRelease(): Promise<void> {
    try {
      await super.close();
    } finally {
      await this.#lock.release();
    }
  }
}

async function deleteLeasedKeys(journal: StoreFileJournal): Promise<void> {
  const change = journal.state.deleteKeys(journal.state.keysWithLease(() => true));
  if (change === undefined) return;
  try {
    await journal.appendFirst(change);
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** Every directory that has to be made is a name in the one above it, and each of these names must survive (P39). */
async function makeDirectoryDurably(fileSystem: FileSystem, path: string): Promise<void> {
  if (await fileSystem.exists(path)) return;
  const parent = parentOf(path);
  if (parent !== path) await makeDirectoryDurably(fileSystem, parent);
  await fileSystem.makeDirectory(path);
  await fileSystem.syncDirectory(parent);
}

function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end > 0 ? path.slice(0, end) : end === 0 ? "/" : ".";
}
