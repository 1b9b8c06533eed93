/**
 * FileSystem port in memory, which forgets at a power loss what was not synced.
 *
 * A power loss keeps of every file some of its unsynced 512-byte sectors and some size in between, and of every directory
 * the first few of its unsynced changes of names; chance decides, from the `Random` given. It ends this file system: every
 * operation fails from then on, those under way too, as for a process whose machine is gone. `crash` and `kill` return the
 * file system that the next process finds. Nothing here waits for more than a turn of the microtask queue.
 */

import { type FileHandle, type FileLock, type FileSystem, type Random, randomBelow } from "@sluice/model";
import { MemoryDirectory, MemoryFile, type MemoryNode } from "./memory-disk.js";

export type FileOperation =
  | "write"
  | "truncate"
  | "syncData"
  | "syncDirectory"
  | "rename"
  | "create"
  | "remove"
  | "read";

export class MemoryFileSystem implements FileSystem {
  readonly #random: Random;
  readonly #root: MemoryDirectory;
  readonly #locked = new Set<string>();
  readonly #failures = new Map<FileOperation, string>();
  #isDown = false;
  #operationCount = 0;
  #crashAt: number | undefined;
  #survivor: MemoryFileSystem | undefined;

  constructor(random: Random, root: MemoryDirectory = new MemoryDirectory()) {
    this.#random = random;
    this.#root = root;
  }

  /** Operations that change or sync something, begun so far. */
  get operationCount(): number {
    return this.#operationCount;
  }

  /** True after `crash`, `kill` or the operation of `crashAtOperation`. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Cuts the power now. Returns what the next start finds; called again it returns the same. */
  crash(): MemoryFileSystem {
    this.#isDown = true;
    this.#survivor ??= new MemoryFileSystem(this.#random, this.#root.afterPowerLoss(this.#random));
    return this.#survivor;
  }

  /** Kills the process now (kill -9): locks and handles are gone, all that was written stays, synced or not. */
  kill(): MemoryFileSystem {
    this.#isDown = true;
    this.#survivor ??= new MemoryFileSystem(this.#random, this.#root.afterKill());
    return this.#survivor;
  }

  /** Cuts the power in the middle of the operation with that number, counted from 1 as `operationCount` does. */
  crashAtOperation(operationNumber: number): void {
    this.#crashAt = operationNumber;
  }

  /** Lets the next operation of that kind fail with an error of `node:fs`, without doing anything. */
  failNext(operation: FileOperation, code: string): void {
    this.#failures.set(operation, code);
  }

  async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    const existing = await this.#turn("read", () => {
      const found = this.#find(path);
      if (found instanceof MemoryDirectory) throw fileError("EISDIR", path);
      if (found !== undefined && mode === "create") throw fileError("EEXIST", path);
      if (found === undefined && mode === "read") throw fileError("ENOENT", path);
      return found;
    });
    const file = existing ?? (await this.#createFile(path));
    return new MemoryFileHandle(path, file, (operation, effect, halfDone) => this.#turn(operation, effect, halfDone));
  }

  readFile(path: string): Promise<Buffer> {
    return this.#turn("read", () => {
      const file = this.#find(path);
      if (file === undefined) throw fileError("ENOENT", path);
      if (file instanceof MemoryDirectory) throw fileError("EISDIR", path);
      return Buffer.from(file.bytes);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#turn("rename", () => {
      const node = this.#find(from);
      if (node === undefined) throw fileError("ENOENT", from);
      const [source, fromName] = this.#parent(from);
      const [target, toName] = this.#parent(to);
      if (source !== target) throw fileError("EXDEV", to);
      const replaced = target.names.get(toName);
      if (replaced instanceof MemoryDirectory && replaced.names.size > 0) throw fileError("ENOTEMPTY", to);
      const names: [string, MemoryNode | undefined][] = [
        [fromName, undefined],
        [toName, node],
      ];
      source.change(new Map(names));
    });
  }

  removeFile(path: string): Promise<void> {
    return this.#turn("remove", () => {
      const node = this.#find(path);
      if (node === undefined) throw fileError("ENOENT", path);
      if (node instanceof MemoryDirectory) throw fileError("EISDIR", path);
      const [parent, name] = this.#parent(path);
      parent.change(new Map([[name, undefined]]));
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#turn("create", () => {
      let directory = this.#root;
      for (const name of namesOf(path)) {
        let next = directory.names.get(name);
        if (next instanceof MemoryFile) throw fileError("EEXIST", path);
        if (next === undefined) {
          next = new MemoryDirectory();
          directory.change(new Map([[name, next]]));
        }
        directory = next;
      }
    });
  }

  removeDirectory(path: string): Promise<void> {
    return this.#turn("remove", () => {
      if (this.#find(path) === undefined) return;
      const [parent, name] = this.#parent(path);
      parent.change(new Map([[name, undefined]]));
    });
  }

  list(path: string): Promise<string[]> {
    return this.#turn("read", () => [...this.#directory(path).names.keys()].sort());
  }

  exists(path: string): Promise<boolean> {
    return this.#turn("read", () => this.#find(path) !== undefined);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#turn("syncDirectory", () => this.#directory(path).sync());
  }

  async lock(path: string): Promise<FileLock | undefined> {
    const isGranted = await this.#turn("read", () => {
      if (this.#locked.has(path)) return false;
      this.#locked.add(path);
      return true;
    });
    if (!isGranted) return undefined;
    if (!(await this.exists(path))) await this.#createFile(path);
    return {
      release: async () => {
        this.#locked.delete(path);
      },
    };
  }

  #createFile(path: string): Promise<MemoryFile> {
    return this.#turn("create", () => {
      const [parent, name] = this.#parent(path);
      const file = new MemoryFile();
      parent.change(new Map([[name, file]]));
      return file;
    });
  }

  /**
   * One operation: fails where it was told to, and is where the power may go, with `halfDone` done by then. `effect` follows
   * the check without a turn in between: what is not done when the power goes is never done.
   */
  async #turn<Result>(
    operation: FileOperation,
    effect: () => Result,
    halfDone?: (random: Random) => void,
  ): Promise<Result> {
    if (!this.#isDown && operation !== "read") {
      this.#operationCount += 1;
      if (this.#operationCount === this.#crashAt) {
        halfDone?.(this.#random);
        this.crash();
      }
    }
    await Promise.resolve();
    if (this.#isDown) throw fileError("EIO", "the machine is down");
    const code = this.#failures.get(operation);
    if (code === undefined) return effect();
    this.#failures.delete(operation);
    throw fileError(code, operation);
  }

  #find(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.#root;
    for (const name of namesOf(path)) {
      if (node instanceof MemoryFile) throw fileError("ENOTDIR", path);
      node = node?.names.get(name);
    }
    return node;
  }

  #directory(path: string): MemoryDirectory {
    const node = this.#find(path);
    if (node === undefined) throw fileError("ENOENT", path);
    if (node instanceof MemoryFile) throw fileError("ENOTDIR", path);
    return node;
  }

  #parent(path: string): [MemoryDirectory, string] {
    const names = namesOf(path);
    const name = names.pop();
    if (name === undefined) throw fileError("EINVAL", path);
    return [this.#directory(names.join("/")), name];
  }
}

type Turn = <Result>(
  operation: FileOperation,
  effect: () => Result,
  halfDone?: (random: Random) => void,
) => Promise<Result>;

class MemoryFileHandle implements FileHandle {
  readonly #path: string;
  readonly #file: MemoryFile;
  readonly #turn: Turn;
  #isClosed = false;

  constructor(path: string, file: MemoryFile, turn: Turn) {
    this.#path = path;
    this.#file = file;
    this.#turn = turn;
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    this.#assertOpen();
    return this.#turn("read", () => {
      const bytes = this.#file.bytes.subarray(position, position + buffer.length);
      buffer.set(bytes);
      return bytes.length;
    });
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    this.#assertOpen();
    const bytes = Buffer.concat(buffers);
    const writeAll = (): void => this.#file.write(bytes, position);
    // When the power goes some of it may have got out.
    const writeSome = (random: Random): void => {
      this.#file.write(bytes.subarray(0, randomBelow(random, bytes.length + 1)), position);
    };
    await this.#turn("write", writeAll, writeSome);
  }

  async truncate(sizeBytes: number): Promise<void> {
    this.#assertOpen();
    await this.#turn("truncate", () => this.#file.resize(sizeBytes));
  }

  async syncData(): Promise<void> {
    this.#assertOpen();
    await this.#turn("syncData", () => this.#file.sync());
  }

  async size(): Promise<number> {
    this.#assertOpen();
    return this.#turn("read", () => this.#file.bytes.length);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw fileError("EBADF", this.#path);
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function fileError(code: string, subject: string): Error {
  return Object.assign(new Error(`${code}: ${subject}`), { code });
}
