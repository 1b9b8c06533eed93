/** An open file of the file system in memory. Package-internal to `@sluice/log/testing`. */

import { type FileHandle, type Random, randomBelow } from "@sluice/model";
import { type FileOperation, fileError } from "./memory-faults.js";
import type { MemoryFile } from "./memory-file.js";

/** One operation of the file system. */
export interface Turn<Result> {
  readonly operation: FileOperation;
  readonly path: string;
  /** What it does. */
  effect(): Result;
  /** What of it is done when the power goes in the middle of it. */
  halfDone?(random: Random): void;
  /** What of it is done when it was told to fail. */
  failed?(random: Random): void;
}

export interface MemoryFileHandleDependencies {
  run<Result>(turn: Turn<Result>): Promise<Result>;
  /** Waits for what a sync takes before, or after, it has its effect. @throws EIO where the power goes meanwhile */
  passSyncTime(): Promise<void>;
  /** Bytes that can still be written to the disk. */
  freeBytes(): number;
  onClosed(): void;
}

export class MemoryFileHandle implements FileHandle {
  readonly #path: string;
  readonly #file: MemoryFile;
  readonly #dependencies: MemoryFileHandleDependencies;
  #isClosed = false;

  constructor(path: string, file: MemoryFile, dependencies: MemoryFileHandleDependencies) {
    this.#path = path;
    this.#file = file;
    this.#dependencies = dependencies;
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#run("read", () => {
      const bytes = this.#file.bytes.subarray(position, position + buffer.length);
      buffer.set(bytes);
      return bytes.length;
    });
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const bytes = Buffer.concat(buffers);
    const writeSome = (random: Random): void => {
      this.#file.write(bytes.subarray(0, randomBelow(random, bytes.length + 1)), position);
    };
    const writeAll = (): void => {
      const fitting = this.#fittingBytes(bytes.length, position);
      this.#file.write(bytes.subarray(0, fitting), position);
      if (fitting < bytes.length) throw fileError("ENOSPC", this.#path);
    };
    await this.#run("write", writeAll, { halfDone: writeSome, failed: writeSome });
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#run("truncate", () => this.#file.resize(sizeBytes));
  }

  async syncData(): Promise<void> {
    const failed = (): void => this.#file.failSync();
    await this.#dependencies.passSyncTime();
    await this.#run("syncData", () => this.#file.sync(), { failed });
    await this.#dependencies.passSyncTime();
  }

  async size(): Promise<number> {
    return this.#run("read", () => this.#file.bytes.length);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#dependencies.onClosed();
  }

  /** How many of `sizeBytes` bytes the disk takes: the first of them that fit. */
  #fittingBytes(sizeBytes: number, position: number): number {
    const freeBytes = this.#dependencies.freeBytes();
    if (freeBytes === Number.MAX_SAFE_INTEGER || this.#file.costOf(position, sizeBytes) <= freeBytes) return sizeBytes;
    let fitting = 0;
    for (let over = sizeBytes; over - fitting > 1; ) {
      const middle = (fitting + over) >>> 1;
      if (this.#file.costOf(position, middle) <= freeBytes) fitting = middle;
      else over = middle;
    }
    return fitting;
  }

  async #run<Result>(
    operation: FileOperation,
    effect: () => Result,
    faults: Pick<Turn<Result>, "halfDone" | "failed"> = {},
  ): Promise<Result> {
    if (this.#isClosed) throw fileError("EBADF", this.#path);
    return this.#dependencies.run({ operation, path: this.#path, effect, ...faults });
  }
}
