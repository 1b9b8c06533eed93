/**
 * Files of the file store, in one directory (lines as in `store-file-codec`):
 *
 *     snapshot      the state at revision R
 *     journal-<R>   the changes after it, a line for each write
 *
 * Changes that are queued while a write is under way share the next line, one write and one fdatasync. A journal that has
 * grown large is folded: an empty journal for the newest revision is made, then the snapshot of that revision replaces the old
 * one (temporary file, fdatasync, rename, fsync of the directory), then the old journal is removed. The snapshot alone says which journal
 * counts, so that a crash at any point leaves one whole pair; what else lies there is removed at the next start. No file is
 * ever overwritten. The first failed write or sync is final (P38).
 *
 * A full disk is not a failed one. A line that finds no room is cut off again and written anew every second, while those who
 * asked for its changes wait; a fold that finds no room leaves the old pair as it is and is tried again later.
 */

import {
  type Clock,
  type FileHandle,
  type FileSystem,
  isDiskFull,
  isFileError,
  isSluiceError,
  SluiceError,
  sleep,
} from "@sluice/model";
import type { StoreJournal } from "./local-cluster-store.js";
import { corrupt, decodeSnapshot, encodeJournalLine, encodeSnapshot, scanJournal } from "./store-file-codec.js";
import { type StoreChange, StoreState } from "./store-state.js";

interface QueuedChange {
  readonly change: StoreChange;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface JournalOptions {
  /** Directory of the files. It exists, and its lock is held. */
  readonly path: string;
  /** Size from which the journal is folded into a snapshot. */
  readonly journalBytesMax: number;
  readonly historyEventsMax?: number;
}

export interface JournalDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
}

/** A journal that is open for appending. */
interface OpenJournal {
  readonly file: FileHandle;
  /** Revision of the snapshot that it goes with. */
  readonly baseRevision: number;
  sizeBytes: number;
}

const journalPrefix = "journal-";

/** How long a full disk is left alone before room is looked for again. */
const roomRetryMs = 1000;

export class StoreFileJournal implements StoreJournal {
  readonly #options: JournalOptions;
  readonly #fileSystem: FileSystem;
  readonly #clock: Clock;
  /** Aborts when room is no longer waited for. */
  readonly #waitEnd = new AbortController();
  /** What the files hold, and what is queued for them. */
  readonly state: StoreState;
  #journal: OpenJournal;
  #snapshotSizeBytes: number;
  #queue: QueuedChange[] = [];
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  #diskFull: SluiceError<"DISK_FULL"> | undefined;
  /** Monotonic time before which no fold is tried: the last one found no room. */
  #foldNotBeforeMs = 0;

  private constructor(
    options: JournalOptions,
    dependencies: JournalDependencies,
    parts: { readonly state: StoreState; readonly journal: OpenJournal; readonly snapshotSizeBytes: number },
  ) {
    this.#options = options;
    this.#fileSystem = dependencies.fileSystem;
    this.#clock = dependencies.clock;
    this.state = parts.state;
    this.#journal = parts.journal;
    this.#snapshotSizeBytes = parts.snapshotSizeBytes;
  }

  /**
   * Reads the files, making them where the directory is new, cuts a torn write off the journal and removes what a crash left over.
   *
   * @throws SluiceError CORRUPT_FILE, DISK_FULL where a new directory finds no room for the first files
   */
  static async open(options: JournalOptions, dependencies: JournalDependencies): Promise<StoreFileJournal> {
    const { fileSystem } = dependencies;
    const { state, snapshotSizeBytes } = await readSnapshot(options, fileSystem);
    const journal = await recoverJournal(options, fileSystem, state);
    try {
      await removeLeftovers(options, fileSystem, journal.baseRevision);
    } catch (error) {
      await journal.file.close();
      throw error;
    }
    return new StoreFileJournal(options, dependencies, { state, journal, snapshotSizeBytes });
  }

  /** Why what was appended is not written yet: there is no room on the disk. Undefined while there is, as far as is known. */
  get diskFull(): SluiceError<"DISK_FULL"> | undefined {
    return this.#diskFull;
  }

  append(change: StoreChange): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#queue.push({ change, resolve, reject });
      this.#writing ??= this.#writeQueued();
    });
  }

  /**
   * Makes a change durable before `append` was ever called, without waiting for room.
   *
   * @throws SluiceError DISK_FULL where there is none: nothing was written; DISK_FAILED
   */
  async appendFirst(change: StoreChange): Promise<void> {
    try {
      if (!(await this.#writeLine([change]))) throw this.#newDiskFull();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** From now on what finds no room, after one more try, fails with CLOSED, and with it the whole journal. */
  stopWaitingForRoom(): void {
    this.#waitEnd.abort();
  }

  async close(): Promise<void> {
    this.stopWaitingForRoom();
    await this.#writing;
    await this.#journal.file.close();
  }

  /** Never rejects: a failure goes to everyone whose change is not durable. */
  async #writeQueued(): Promise<void> {
    // Changes that are decided in the same turn join the first line.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) {
        const changes = this.#queue.map((queued) => queued.change);
        if (await this.#writeLine(changes)) {
          this.#diskFull = undefined;
          for (const queued of this.#queue.splice(0, changes.length)) queued.resolve();
          if (this.#isFoldDue()) await this.#fold();
        } else {
          await this.#waitForRoom();
        }
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#writing = undefined;
  }

  /** Makes the line durable; false, with the file as it was, where there is no room for it. */
  async #writeLine(changes: readonly StoreChange[]): Promise<boolean> {
    const { file, sizeBytes } = this.#journal;
    const line = encodeJournalLine(changes);
    try {
      await file.write([line], sizeBytes);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await file.truncate(sizeBytes);
      return false;
    }
    await file.syncData();
    this.#journal.sizeBytes += line.length;
    return true;
  }

  async #waitForRoom(): Promise<void> {
    this.#diskFull ??= this.#newDiskFull();
    const { signal } = this.#waitEnd;
    if (signal.aborted) throw new SluiceError("CLOSED", { subject: "the cluster store" }, { cause: this.#diskFull });
    await sleep(this.#clock, roomRetryMs, signal).catch(() => undefined);
  }

  #isFoldDue(): boolean {
    // A journal that repeats what the snapshot has, and no more, cannot be folded: its successor would have its name.
    if (this.state.revision <= this.#journal.baseRevision) return false;
    const foldAtBytes = Math.max(this.#options.journalBytesMax, 2 * this.#snapshotSizeBytes);
    return this.#journal.sizeBytes > foldAtBytes && this.#clock.monotonicMs() >= this.#foldNotBeforeMs;
  }

  /** Goes on with the journal that there is where the disk has no room for another pair. */
  async #fold(): Promise<void> {
    // It may hold changes that are queued still. They come into the new journal once more, and are passed over when it is read.
    const snapshot = this.state.snapshot();
    const old = this.#journal;
    const path = journalPath(this.#options, snapshot.revision);
    let file: FileHandle | undefined;
    try {
      file = await orDiskFull(path, () => this.#fileSystem.open(path, "create"));
      // Its name is durable before the snapshot that needs it: not every file system keeps the order of names.
      await this.#fileSystem.syncDirectory(this.#options.path);
      this.#snapshotSizeBytes = await writeSnapshot(this.#options, this.#fileSystem, encodeSnapshot(snapshot));
    } catch (error) {
      await file?.close();
      if (!isSluiceError(error, "DISK_FULL")) throw error;
      for (const unused of [path, temporarySnapshotPath(this.#options)]) await removeIfThere(this.#fileSystem, unused);
      this.#foldNotBeforeMs = this.#clock.monotonicMs() + roomRetryMs;
      return;
    }
    this.#journal = { file, baseRevision: snapshot.revision, sizeBytes: 0 };
    await old.file.close();
    await this.#fileSystem.removeFile(journalPath(this.#options, old.baseRevision));
  }

  #newDiskFull(): SluiceError<"DISK_FULL"> {
    return new SluiceError("DISK_FULL", { path: this.#options.path });
  }

  /** Ends the journal; returns the error that everybody gets. */
  #fail(error: unknown): Error {
    const failure = isSluiceError(error) ? error : diskFailed(this.#options.path, error);
    this.#failure = failure;
    for (const queued of this.#queue.splice(0)) queued.reject(failure);
    return failure;
  }
}

function diskFailed(path: string, error: unknown): SluiceError<"DISK_FAILED"> {
  const reason = error instanceof Error ? error.message : String(error);
  return new SluiceError("DISK_FAILED", { path, reason }, { cause: error });
}

/** For what writes and can be taken back, never for a sync: a disk without room becomes DISK_FULL. */
async function orDiskFull<Result>(path: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new SluiceError("DISK_FULL", { path }, { cause: error });
  }
}

async function removeIfThere(fileSystem: FileSystem, path: string): Promise<void> {
  if (await fileSystem.exists(path)) await fileSystem.removeFile(path);
}

async function readSnapshot(
  options: JournalOptions,
  fileSystem: FileSystem,
): Promise<{ readonly state: StoreState; readonly snapshotSizeBytes: number }> {
  const history = options.historyEventsMax === undefined ? {} : { historyEventsMax: options.historyEventsMax };
  try {
    const bytes = await fileSystem.readFile(snapshotPath(options));
    const snapshot = decodeSnapshot(bytes, snapshotPath(options));
    return { state: new StoreState({ ...history, snapshot }), snapshotSizeBytes: bytes.length };
  } catch (error) {
    if (!isFileError(error, "ENOENT")) throw error;
  }
  const state = new StoreState(history);
  return { state, snapshotSizeBytes: await makeFirstPair(options, fileSystem, encodeSnapshot(state.snapshot())) };
}

/** Journal first, as everywhere: where a snapshot is, its journal is too. Returns the size of the snapshot in bytes. */
async function makeFirstPair(options: JournalOptions, fileSystem: FileSystem, snapshot: Buffer): Promise<number> {
  for (const name of await journalNames(options, fileSystem)) {
    // An empty one is what a crash left of an earlier first start.
    if ((await fileSystem.readFile(`${options.path}/${name}`)).length > 0) {
      throw corrupt(snapshotPath(options), `it is missing, and ${name} builds on it`);
    }
  }
  const path = journalPath(options, 0);
  const file = await orDiskFull(path, () => fileSystem.open(path, "write"));
  await file.close();
  await fileSystem.syncDirectory(options.path);
  return writeSnapshot(options, fileSystem, snapshot);
}

/** Replaces the snapshot atomically and durably; returns its size in bytes. @throws SluiceError DISK_FULL: it is as it was. */
async function writeSnapshot(options: JournalOptions, fileSystem: FileSystem, bytes: Buffer): Promise<number> {
  const temporaryPath = temporarySnapshotPath(options);
  const file = await orDiskFull(temporaryPath, () => fileSystem.open(temporaryPath, "write"));
  try {
    await file.truncate(0);
    await orDiskFull(temporaryPath, () => file.write([bytes], 0));
    await file.syncData();
  } finally {
    await file.close();
  }
  await fileSystem.rename(temporaryPath, snapshotPath(options));
  await fileSystem.syncDirectory(options.path);
  return bytes.length;
}

/** Brings the state from its snapshot up to the last whole line of the journal that goes with it. */
async function recoverJournal(
  options: JournalOptions,
  fileSystem: FileSystem,
  state: StoreState,
): Promise<OpenJournal> {
  const baseRevision = state.revision;
  const path = journalPath(options, baseRevision);
  if (!(await fileSystem.exists(path))) throw corrupt(path, "it is missing, and the snapshot says that it was there");
  const bytes = await fileSystem.readFile(path);
  const { changes, goodSizeBytes } = scanJournal(bytes, path);
  for (const change of changes) replay(state, change, path);
  const file = await fileSystem.open(path, "write");
  try {
    if (bytes.length > goodSizeBytes) await file.truncate(goodSizeBytes);
    // After a kill, what was written and not synced is here and was told to nobody: from now on it is told.
    await file.syncData();
  } catch (error) {
    await file.close();
    throw error;
  }
  return { file, baseRevision, sizeBytes: goodSizeBytes };
}

function replay(state: StoreState, change: StoreChange, path: string): void {
  if (change.revision <= state.revision) return;
  if (change.revision !== state.revision + 1) {
    throw corrupt(path, `revision ${change.revision} follows ${state.revision}`);
  }
  state.replay(change);
}

async function removeLeftovers(options: JournalOptions, fileSystem: FileSystem, baseRevision: number): Promise<void> {
  for (const name of await journalNames(options, fileSystem)) {
    if (name !== `${journalPrefix}${baseRevision}`) await fileSystem.removeFile(`${options.path}/${name}`);
  }
}

async function journalNames(options: JournalOptions, fileSystem: FileSystem): Promise<string[]> {
  return (await fileSystem.list(options.path)).filter((name) => name.startsWith(journalPrefix));
}

function snapshotPath(options: JournalOptions): string {
  return `${options.path}/snapshot`;
}

function temporarySnapshotPath(options: JournalOptions): string {
  return `${snapshotPath(options)}.tmp`;
}

function journalPath(options: JournalOptions, baseRevision: number): string {
  return `${options.path}/${journalPrefix}${baseRevision}`;
}
