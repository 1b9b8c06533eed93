/**
 * FileSystem port on the real disk, by `node:fs`.
 *
 * A handle counts the operations under way and closes its descriptor only after the last of them: a descriptor that is
 * closed too early may already be another file when a late read reaches the thread pool.
 */

import fs from "node:fs";
import { dirname } from "node:path/posix";
import { promisify } from "node:util";
import type { FileHandle, FileLock, FileSystem } from "@sluice/model";
import { DirectWrites } from "./direct-writes.js";

const openFile = promisify(fs.open);
const closeFile = promisify(fs.close);
const syncFile = promisify(fs.fsync);

const openFlags = { read: "r", write: fs.constants.O_RDWR | fs.constants.O_CREAT, create: "wx+" } as const;

export class NodeFileSystem implements FileSystem {
  /** Of all files together: what makes one wait is mostly the disk. */
  readonly #directWrites = new DirectWrites(() => performance.now());

  async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    return new NodeFileHandle(await openFile(path, openFlags[mode]), this.#directWrites);
  }

  readFile(path: string): Promise<Buffer> {
    return fs.promises.readFile(path);
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(from, to);
  }

  removeFile(path: string): Promise<void> {
    return fs.promises.unlink(path);
  }

  async makeDirectory(path: string): Promise<void> {
    await fs.promises.mkdir(path, { recursive: true });
  }

  removeDirectory(path: string): Promise<void> {
    return fs.promises.rm(path, { recursive: true, force: true });
  }

  async list(path: string): Promise<string[]> {
    return (await fs.promises.readdir(path)).sort();
  }

  async exists(path: string): Promise<boolean> {
    try {
      await fs.promises.access(path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  async size(path: string): Promise<number> {
    return (await fs.promises.stat(path)).size;
  }

  async freeBytes(path: string): Promise<number> {
    const { bavail, bsize } = await fs.promises.statfs(path);
    return bavail * bsize;
  }

  async totalBytes(path: string): Promise<number> {
    const { blocks, bsize } = await fs.promises.statfs(path);
    return blocks * bsize;
  }

  async syncDirectory(path: string): Promise<void> {
    const descriptor = await openFile(path, "r");
    try {
      await syncFile(descriptor);
    } finally {
      await closeFile(descriptor);
    }
  }

  /**
   * An OFD lock: the kernel releases it with the last descriptor of the open file, however the process dies, and two opens
   * in one process exclude each other too. The file stays: removing it would let two holders lock two files of one name.
   */
  async lock(path: string): Promise<FileLock | undefined> {
    await fs.promises.mkdir(dirname(path), { recursive: true });
    // Imported here only: programs that never lock need no native code.
    const { tryLock } = await import("fs-native-extensions");
    const descriptor = await openFile(path, openFlags.write);
    let isGranted = false;
    try {
      isGranted = tryLock(descriptor);
    } finally {
      if (!isGranted) await closeFile(descriptor);
    }
    return isGranted ? { release: () => closeFile(descriptor) } : undefined;
  }
}

class NodeFileHandle implements FileHandle {
  readonly #descriptor: number;
  readonly #directWrites: DirectWrites;
  #operationCount = 0;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  constructor(descriptor: number, directWrites: DirectWrites) {
    this.#descriptor = descriptor;
    this.#directWrites = directWrites;
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#run<number>((settle) => {
      const readFrom = (done: number): void => {
        fs.read(this.#descriptor, buffer, done, buffer.length - done, position + done, (error, sizeBytes) => {
          if (error !== null) return settle(error, done);
          if (sizeBytes === 0 || done + sizeBytes === buffer.length) return settle(null, done + sizeBytes);
          readFrom(done + sizeBytes);
        });
      };
      readFrom(0);
    });
  }

  write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return this.#run<void>((settle) => {
      const writeFrom = (rest: readonly Uint8Array[], at: number): void => {
        fs.writev(this.#descriptor, rest, at, (error, sizeBytes) => {
          if (error !== null) return settle(error, undefined);
          const unwritten = withoutFirst(rest, sizeBytes);
          if (unwritten.length === 0) return settle(null, undefined);
          // A short write is no error by itself (P43): what follows either succeeds or says why not.
          writeFrom(unwritten, at + sizeBytes);
        });
      };
      if (buffers.length === 0) return settle(null, undefined);
      if (!this.#directWrites.take(sizeOf(buffers))) return writeFrom(buffers, position);
      try {
        this.#directWrites.run(() => this.#writeNow(buffers, position));
      } catch (error) {
        return settle(error as Error, undefined);
      }
      settle(null, undefined);
    });
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#run<void>((settle) => fs.ftruncate(this.#descriptor, sizeBytes, (error) => settle(error, undefined)));
  }

  syncData(): Promise<void> {
    return this.#run<void>((settle) => fs.fdatasync(this.#descriptor, (error) => settle(error, undefined)));
  }

  size(): Promise<number> {
    return this.#run<number>((settle) => fs.fstat(this.#descriptor, (error, stats) => settle(error, stats?.size)));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#operationCount > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await closeFile(this.#descriptor);
  }

  #writeNow(buffers: readonly Uint8Array[], position: number): void {
    let at = position;
    for (let rest = buffers; rest.length > 0; ) {
      const sizeBytes = fs.writevSync(this.#descriptor, rest, at);
      rest = withoutFirst(rest, sizeBytes);
      at += sizeBytes;
    }
  }

  #run<Result>(begin: (settle: (error: Error | null, result: Result) => void) => void): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(Object.assign(new Error("EBADF: the file is closed"), { code: "EBADF" }));
      this.#operationCount += 1;
      begin((error, result) => {
        this.#operationCount -= 1;
        if (this.#operationCount === 0) this.#onIdle?.();
        if (error === null) resolve(result);
        else reject(error);
      });
    });
  }
}

function sizeOf(buffers: readonly Uint8Array[]): number {
  let sizeBytes = 0;
  for (const { length } of buffers) sizeBytes += length;
  return sizeBytes;
}

function withoutFirst(buffers: readonly Uint8Array[], sizeBytes: number): readonly Uint8Array[] {
  let rest = sizeBytes;
  for (const [index, buffer] of buffers.entries()) {
    if (rest < buffer.length) return [buffer.subarray(rest), ...buffers.slice(index + 1)];
    rest -= buffer.length;
  }
  return [];
}
