/**
 * The log file of a segment, opened when it is needed and closed when the budget of open files wants it or the segment ends.
 *
 * A handle that is taken away is closed when its last user is done. A file with bytes that were not synced stays open: a
 * write-back that fails is told to the handles that were open then, and a handle opened later may never hear of it (P38).
 */

import { type FileHandle, type FileSystem, isFileError, SluiceError } from "@sluice/model";
import type { ResourceBudget, ResourceHolder } from "./segment-resources.js";

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  readonly isWritable: boolean;
  userCount: number;
  /** Nobody gets the handle any more; the last user closes it. */
  isLeft: boolean;
  onClosed: () => void;
}

export class SegmentFile implements ResourceHolder {
  readonly #fileSystem: FileSystem;
  readonly #budget: ResourceBudget;
  #path: string;
  #open: OpenFile | undefined;
  /** Changes that were begun, those of them that have ended, and those that are known to be durable. */
  #writeCount = 0;
  #endedCount = 0;
  #syncedCount = 0;
  #isHeld = false;
  #isClosed = false;

  constructor(path: string, dependencies: { readonly fileSystem: FileSystem; readonly budget: ResourceBudget }) {
    this.#path = path;
    this.#fileSystem = dependencies.fileSystem;
    this.#budget = dependencies.budget;
  }

  get path(): string {
    return this.#path;
  }

  /** Runs `work` with a handle that is open until it ends. @throws SluiceError CLOSED, errors of the file system */
  async use<Result>(work: (file: FileHandle) => Promise<Result>): Promise<Result> {
    const { file, release } = await this.acquire();
    try {
      return await work(file);
    } finally {
      release();
    }
  }

  /** A handle to read from, open until `release`. @throws SluiceError CLOSED, errors of the file system */
  acquire(): Promise<{ file: FileHandle; release: () => void }> {
    return this.#acquire("read");
  }

  /** Makes the file (`create`), or opens it for writing. */
  async openForAppend(mode: "write" | "create"): Promise<void> {
    const { release } = await this.#acquire(mode);
    release();
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    await this.#change((file) => file.write(buffers, position));
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#change((file) => file.truncate(sizeBytes));
  }

  /** Makes everything durable that was written before the call. What is being written meanwhile may or may not be. */
  async syncData(): Promise<void> {
    const endedCount = this.#endedCount;
    const { file, release } = await this.#acquire("write");
    try {
      await file.syncData();
      this.#syncedCount = Math.max(this.#syncedCount, endedCount);
    } finally {
      release();
    }
    this.#count();
  }

  /** The file has another name now, under which it is soon removed. Handles stay as they are, and need no sync any more. */
  moveTo(path: string): void {
    this.#path = path;
    this.#syncedCount = this.#writeCount;
    this.#count();
  }

  /** Opens the file and keeps it open until `close`. */
  async hold(): Promise<void> {
    const { release } = await this.#acquire("read");
    this.#isHeld = true;
    this.#budget.release(this);
    release();
  }

  /** Asked by the budget: the handle is closed once nobody uses it, and opened again by whoever comes next. */
  giveUp(): void {
    void this.#leave();
  }

  /** For good: whoever comes later gets CLOSED. Resolves when the last user is done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#budget.release(this);
    await this.#leave();
  }

  async #change(work: (file: FileHandle) => Promise<void>): Promise<void> {
    // Counted first: from here on what is in the file is not known to be durable, whether the write succeeds or not.
    this.#writeCount += 1;
    this.#budget.release(this);
    const { file, release } = await this.#acquire("write");
    try {
      await work(file);
    } finally {
      this.#endedCount += 1;
      release();
    }
  }

  async #acquire(mode: "read" | "write" | "create"): Promise<{ file: FileHandle; release: () => void }> {
    if (this.#isClosed) throw new SluiceError("CLOSED", { subject: this.#path });
    if (mode !== "read" && this.#open?.isWritable === false) void this.#leave();
    this.#open ??= this.#begin(mode);
    const open = this.#open;
    open.userCount += 1;
    this.#count();
    try {
      const file = await open.handle;
      let isReleased = false;
      const release = (): void => {
        if (isReleased) return;
        isReleased = true;
        this.#release(open);
      };
      return { file, release };
    } catch (error) {
      // Told to who asked; the next who asks tries again.
      if (this.#open === open) this.#open = undefined;
      this.#budget.release(this);
      this.#release(open);
      throw error;
    }
  }

  #begin(mode: "read" | "write" | "create"): OpenFile {
    const handle = this.#openHandle(mode, this.#path);
    return { handle, isWritable: mode !== "read", userCount: 0, isLeft: false, onClosed: () => undefined };
  }

  async #openHandle(mode: "read" | "write" | "create", path: string): Promise<FileHandle> {
    try {
      return await this.#fileSystem.open(path, mode);
    } catch (error) {
      // It was renamed while it was being opened.
      if (mode === "read" && isFileError(error, "ENOENT") && path !== this.#path) {
        return this.#openHandle(mode, this.#path);
      }
      throw error;
    }
  }

  /** Counts against the budget what can be closed at any time: an open file without a byte that is not durable. */
  #count(): void {
    const isDurable = this.#writeCount === this.#syncedCount;
    if (isDurable && !this.#isHeld && !this.#isClosed && this.#open !== undefined) this.#budget.use(this, 1);
  }

  async #leave(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const closed = new Promise<void>((resolve) => {
      open.onClosed = resolve;
    });
    open.isLeft = true;
    open.userCount += 1;
    this.#release(open);
    await closed;
  }

  #release(open: OpenFile): void {
    open.userCount -= 1;
    if (open.userCount > 0 || !open.isLeft) return;
    // An open that failed was told to who asked for it, and after a sync a close has nothing left to lose.
    const closing = open.handle.then((file) => file.close()).catch(() => undefined);
    void closing.then(open.onClosed);
  }
}
