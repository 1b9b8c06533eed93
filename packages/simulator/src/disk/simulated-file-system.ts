/**
 * FileSystem port of one simulated process: the disk in memory of its machine, which takes time to sync, and nothing at all once the
 * process is dead: an operation under way then never comes back.
 *
 * What is done is seen by the tap even where the process is killed in the middle of it and never learns that it was done.
 * A sync takes effect when it begins or when it ends, as chance decides: it promises only what was written before it began.
 */

import type { MemoryFileSystem } from "@sluice/log/testing";
import type { FileHandle, FileLock, FileSystem } from "@sluice/model";
import type { Chance } from "../kernel/chance.js";
import type { SimulatedProcess } from "../kernel/simulated-process.js";
import type { FileOperationTap } from "./file-operation-tap.js";

export interface DiskSpeed {
  /** Milliseconds that a sync takes, at least. */
  readonly syncMsMin: number;
  /** At most, but for one in fifty, which takes up to twenty times as long. */
  readonly syncMsMax: number;
}

const slowShare = 0.02;
const slowFactor = 20;
const bootIdPath = "/proc/sys/kernel/random/boot_id";

export interface SimulatedFileSystemDependencies {
  readonly memory: MemoryFileSystem;
  readonly process: SimulatedProcess;
  readonly chance: Chance;
  readonly tap: FileOperationTap;
  /** Names the present start of the machine. */
  readonly bootId: string;
  /** Told after every operation that changes or syncs something, before the process hears of it, with how many there were. */
  readonly onOperation: (count: number) => void;
  /** The disk has just stopped in the middle of an operation, and the process with it. */
  readonly onDown: () => void;
}

export class SimulatedFileSystem implements FileSystem {
  readonly #speed: DiskSpeed;
  readonly #dependencies: SimulatedFileSystemDependencies;
  readonly #firstOperation: number;

  constructor(speed: DiskSpeed, dependencies: SimulatedFileSystemDependencies) {
    this.#speed = speed;
    this.#dependencies = dependencies;
    this.#firstOperation = dependencies.memory.operationCount;
  }

  async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    const handle = await this.#run(() => this.#memory.open(path, mode));
    const { tap } = this.#dependencies;
    return {
      read: (buffer, position) => this.#run(() => handle.read(buffer, position)),
      write: (buffers, position) =>
        this.#run(async () => {
          try {
            await handle.write(buffers, position);
          } catch (error) {
            await this.#tellWritten(path, position);
            throw error;
          }
          tap.written(path, Buffer.concat(buffers), position);
        }),
      truncate: (sizeBytes) =>
        this.#run(async () => {
          await handle.truncate(sizeBytes);
          tap.truncated(path, sizeBytes);
        }),
      syncData: () =>
        this.#sync(async () => {
          try {
            await handle.syncData();
          } catch (error) {
            tap.syncFailed(path);
            throw error;
          }
          tap.synced(path);
        }),
      size: () => this.#run(() => handle.size()),
      close: () => this.#run(() => handle.close()),
    };
  }

  readFile(path: string): Promise<Buffer> {
    if (path === bootIdPath) return this.#run(async () => Buffer.from(`${this.#dependencies.bootId}\n`));
    return this.#run(() => this.#memory.readFile(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run(async () => {
      await this.#memory.rename(from, to);
      this.#dependencies.tap.renamed(from, to);
    });
  }

  removeFile(path: string): Promise<void> {
    return this.#run(async () => {
      await this.#memory.removeFile(path);
      this.#dependencies.tap.removed(path);
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#run(() => this.#memory.makeDirectory(path));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#run(async () => {
      await this.#memory.removeDirectory(path);
      this.#dependencies.tap.removed(path);
    });
  }

  list(path: string): Promise<string[]> {
    return this.#run(() => this.#memory.list(path));
  }

  exists(path: string): Promise<boolean> {
    return this.#run(() => this.#memory.exists(path));
  }

  size(path: string): Promise<number> {
    return this.#run(() => this.#memory.size(path));
  }

  freeBytes(path: string): Promise<number> {
    return this.#run(() => this.#memory.freeBytes(path));
  }

  totalBytes(path: string): Promise<number> {
    return this.#run(() => this.#memory.totalBytes(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#sync(() => this.#memory.syncDirectory(path));
  }

  lock(path: string): Promise<FileLock | undefined> {
    return this.#run(() => this.#memory.lock(path));
  }

  /** Of a write that failed, some bytes may have got out. */
  async #tellWritten(path: string, position: number): Promise<void> {
    if (this.#memory.isDown) return;
    this.#dependencies.tap.written(path, (await this.#memory.readFile(path)).subarray(position), position);
  }

  get #memory(): MemoryFileSystem {
    return this.#dependencies.memory;
  }

  /** Never settles once the process is dead. */
  async #run<Result>(operation: () => Promise<Result>): Promise<Result> {
    const { process, memory, onDown, onOperation } = this.#dependencies;
    if (process.isDead) return never();
    try {
      return await operation();
    } finally {
      if (memory.isDown && !process.isDead) onDown();
      if (!process.isDead) onOperation(memory.operationCount - this.#firstOperation);
      if (process.isDead) await never();
    }
  }

  async #sync(operation: () => Promise<void>): Promise<void> {
    const isEarly = this.#dependencies.chance.happens(0.5);
    if (isEarly) await this.#run(operation);
    await this.#delay();
    if (!isEarly) await this.#run(operation);
  }

  #delay(): Promise<void> {
    const { process, chance } = this.#dependencies;
    const { syncMsMin, syncMsMax } = this.#speed;
    const drawnMs = chance.between(syncMsMin, syncMsMax);
    const delayMs = chance.happens(slowShare) ? drawnMs * slowFactor : drawnMs;
    return new Promise((resolve) => process.schedule(delayMs, resolve));
  }
}

function never<Result>(): Promise<Result> {
  return new Promise(() => undefined);
}
