/**
 * The `reserve` file of a data directory: bytes that are given up when the disk is full, so that checkpoints, truncation and
 * deletion still find room (P43).
 *
 * It holds real blocks: zeros, written from the front and synced chunk by chunk, never a hole. What a crash may have left
 * unwritten is therefore in the last chunk of the file, and that is written again before the file counts as whole. (A file
 * system that compresses gives zeros no blocks; there the reserve is worth nothing, and only `minimumFreeBytes` helps.)
 *
 * Not data: a disk that has no room for it is told as an outcome. Any other error is thrown as it is, and is as final as for
 * any other file of the directory (P38). When to make it and when to give it up, `DiskSpaceWatch` decides.
 */

import { dirname } from "node:path/posix";
import { type FileHandle, type FileSystem, isDiskFull, isFileError } from "@sluice/model";

/** Name of the file in a data directory. */
export const diskReserveName = "reserve";

const chunkSizeBytes = 4 * 1024 * 1024;

export interface DiskReserveOptions {
  /** Path of the file. */
  readonly path: string;
  /** 0: there is to be none. */
  readonly sizeBytes: number;
}

/** `whole`: it is all there. `aborted`: some of it may be. `no-room`: the disk is full, and nothing of it is left. */
export type DiskReserveOutcome = "whole" | "aborted" | "no-room";

export class DiskReserve {
  readonly #options: DiskReserveOptions;
  readonly #fileSystem: FileSystem;
  #heldBytes = 0;
  #isWhole = false;
  /** One thing at a time, in the order asked for; never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  /** Ends the `ensure` calls that were made before a `release`. */
  #released = new AbortController();

  constructor(options: DiskReserveOptions, dependencies: { readonly fileSystem: FileSystem }) {
    this.#options = options;
    this.#fileSystem = dependencies.fileSystem;
  }

  /** Bytes that it would still take of the disk, as far as is known: all before `load`. */
  get missingBytes(): number {
    return Math.max(0, this.#options.sizeBytes - this.#heldBytes);
  }

  /** Looks how much of it an earlier life left. */
  load(): Promise<void> {
    return this.#inTurn(async () => {
      this.#heldBytes = await this.#sizeOnDisk();
    });
  }

  /** Makes it, completes it, or cuts it to size. Going on after a chunk that is written already costs nothing. */
  ensure(signal?: AbortSignal): Promise<DiskReserveOutcome> {
    const released = this.#released.signal;
    const isAborted = (): boolean => released.aborted || signal?.aborted === true;
    return this.#inTurn(async () => {
      if (this.#isWhole) return "whole";
      if (isAborted()) return "aborted";
      try {
        return await this.#complete(isAborted);
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        await this.#remove();
        return "no-room";
      }
    });
  }

  /** Gives its bytes back to the disk, durably; an `ensure` under way ends as aborted first. */
  release(): Promise<void> {
    this.#released.abort();
    this.#released = new AbortController();
    return this.#inTurn(() => this.#remove());
  }

  async #complete(isAborted: () => boolean): Promise<DiskReserveOutcome> {
    const { path, sizeBytes } = this.#options;
    if (sizeBytes === 0) {
      await this.#remove();
      this.#isWhole = true;
      return "whole";
    }
    const file = await this.#fileSystem.open(path, "write");
    try {
      const foundBytes = await file.size();
      if (foundBytes > sizeBytes) await file.truncate(sizeBytes);
      const startBytes = Math.max(0, Math.min(foundBytes, sizeBytes) - chunkSizeBytes);
      if (!(await this.#fill(file, startBytes, isAborted))) return "aborted";
    } finally {
      await file.close();
    }
    await this.#fileSystem.syncDirectory(dirname(path));
    this.#isWhole = true;
    return "whole";
  }

  /** Writes zeros from `startBytes` to the end. False: aborted before it got there. */
  async #fill(file: FileHandle, startBytes: number, isAborted: () => boolean): Promise<boolean> {
    const { sizeBytes } = this.#options;
    const zeros = Buffer.alloc(Math.min(chunkSizeBytes, sizeBytes));
    for (let at = startBytes; at < sizeBytes; at += zeros.length) {
      if (isAborted()) return false;
      const chunk = zeros.subarray(0, Math.min(zeros.length, sizeBytes - at));
      await file.write([chunk], at);
      await file.syncData();
      this.#heldBytes = Math.max(this.#heldBytes, at + chunk.length);
    }
    return true;
  }

  /** Without the sync the file system may keep the blocks for some seconds more. */
  async #remove(): Promise<void> {
    const { path } = this.#options;
    this.#isWhole = false;
    try {
      await this.#fileSystem.removeFile(path);
      await this.#fileSystem.syncDirectory(dirname(path));
    } catch (error) {
      if (!isFileError(error, "ENOENT")) throw error;
    }
    this.#heldBytes = 0;
  }

  async #sizeOnDisk(): Promise<number> {
    try {
      return await this.#fileSystem.size(this.#options.path);
    } catch (error) {
      if (isFileError(error, "ENOENT")) return 0;
      throw error;
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {
      // Told to who asked for it; who comes next is not concerned.
    });
    return result;
  }
}
