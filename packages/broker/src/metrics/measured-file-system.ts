/**
 * A file system that counts: how long writes and flushes take, how many are under way, what fails.
 *
 * Everything else is the file system below. Files that a compaction thread writes are not seen here: it has its own.
 */

import type { Clock, FileHandle, FileLock, FileSystem } from "@sluice/model";
import { LatencyHistogram } from "./latency-histogram.js";

/** Counts of what was done to a disk. */
export class DiskCounters {
  /** One write of a file, however many buffers it has. */
  readonly write = new LatencyHistogram();
  /** One fdatasync. */
  readonly flush = new LatencyHistogram();
  writesInProgress = 0;
  flushesInProgress = 0;
  /** Bytes written. */
  bytesWritten = 0;
  writeErrors = 0;
  flushErrors = 0;
  readErrors = 0;
}

export class MeasuredFileSystem implements FileSystem {
  readonly #files: FileSystem;
  readonly #counters: DiskCounters;
  readonly #clock: Clock;

  constructor(dependencies: {
    readonly fileSystem: FileSystem;
    readonly counters: DiskCounters;
    readonly clock: Clock;
  }) {
    this.#files = dependencies.fileSystem;
    this.#counters = dependencies.counters;
    this.#clock = dependencies.clock;
  }

  async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    const handle = await this.#files.open(path, mode);
    return new MeasuredFile(handle, this.#counters, this.#clock);
  }

  readFile(path: string): Promise<Buffer> {
    return this.#files.readFile(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#files.rename(from, to);
  }

  removeFile(path: string): Promise<void> {
    return this.#files.removeFile(path);
  }

  makeDirectory(path: string): Promise<void> {
    return this.#files.makeDirectory(path);
  }

  removeDirectory(path: string): Promise<void> {
    return this.#files.removeDirectory(path);
  }

  list(path: string): Promise<string[]> {
    return this.#files.list(path);
  }

  exists(path: string): Promise<boolean> {
    return this.#files.exists(path);
  }

  size(path: string): Promise<number> {
    return this.#files.size(path);
  }

  freeBytes(path: string): Promise<number> {
    return this.#files.freeBytes(path);
  }

  totalBytes(path: string): Promise<number> {
    return this.#files.totalBytes(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#files.syncDirectory(path);
  }

  lock(path: string): Promise<FileLock | undefined> {
    return this.#files.lock(path);
  }
}

class MeasuredFile implements FileHandle {
  readonly #file: FileHandle;
  readonly #counters: DiskCounters;
  readonly #clock: Clock;

  constructor(file: FileHandle, counters: DiskCounters, clock: Clock) {
    this.#file = file;
    this.#counters = counters;
    this.#clock = clock;
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    try {
      return await this.#file.read(buffer, position);
    } catch (error) {
      this.#counters.readErrors += 1;
      throw error;
    }
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const counters = this.#counters;
    const startMs = this.#clock.monotonicMs();
    counters.writesInProgress += 1;
    try {
      await this.#file.write(buffers, position);
      counters.write.observe(this.#clock.monotonicMs() - startMs);
      for (const buffer of buffers) counters.bytesWritten += buffer.length;
    } catch (error) {
      counters.writeErrors += 1;
      throw error;
    } finally {
      counters.writesInProgress -= 1;
    }
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#file.truncate(sizeBytes);
  }

  async syncData(): Promise<void> {
    const counters = this.#counters;
    const startMs = this.#clock.monotonicMs();
    counters.flushesInProgress += 1;
    try {
      await this.#file.syncData();
      counters.flush.observe(this.#clock.monotonicMs() - startMs);
    } catch (error) {
      counters.flushErrors += 1;
      throw error;
    } finally {
      counters.flushesInProgress -= 1;
    }
  }

  size(): Promise<number> {
    return this.#file.size();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
