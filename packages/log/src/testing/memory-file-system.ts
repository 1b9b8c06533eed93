/**
 * FileSystem port in memory, which forgets at a power loss what was not synced.
 *
 * A power loss keeps of every file some of its unsynced 512-byte sectors and some size in between, and of every directory
 * the first few of its unsynced changes of names; chance decides, from the `Random` given. It ends this file system: every
 * operation fails from then on, those under way too, as for a process whose machine is gone. `crash` and `kill` return the
 * file system that the next process finds: on the same disk, of the same capacity and speed, without the faults of this one.
 *
 * Faults: errors once or until cleared, of all paths or some (`failNext`, `failAlways`); a disk that gets full
 * (`setCapacity`); bytes that rot (`flipBit`, `overwrite`, `truncateTo`). A write that fails leaves some of its bytes. A sync
 * that fails leaves the unsynced bytes where they can be read, and no later sync makes them durable (P38).
 *
 * Nothing here waits for more than a turn of the microtask queue, but for the syncs of a disk that `slowSyncs` made slow.
 */

import { type FileHandle, type FileLock, type FileSystem, type Random, randomBelow } from "@sluice/model";
import { MemoryDirectory, type MemoryNode, nameCostBytes, usedBytesOf } from "./memory-disk.js";
import { type FileOperation, fileError, MemoryFaults } from "./memory-faults.js";
import { MemoryFile } from "./memory-file.js";
import { MemoryFileHandle, type Turn } from "./memory-file-handle.js";

export type { FileOperation } from "./memory-faults.js";

export class MemoryFileSystem implements FileSystem {
  readonly #random: Random;
  readonly #root: MemoryDirectory;
  readonly #locked = new Set<string>();
  readonly #faults = new MemoryFaults();
  /** Files that are open, and how often. */
  readonly #openFiles = new Map<MemoryFile, number>();
  #capacityBytes: number | undefined;
  #syncTurnsMax = 0;
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

  /** Bytes of the disk that are taken: those of the files without holes, and something for every name. */
  get usedBytes(): number {
    return usedBytesOf(this.#root, this.#openFiles.keys());
  }

  /** Cuts the power now. Returns what the next start finds; called again it returns the same. */
  crash(): MemoryFileSystem {
    this.#survivor ??= this.#survivorOn(this.#root.afterPowerLoss(this.#random));
    return this.#survivor;
  }

  /** Kills the process now (kill -9): locks and handles are gone, all that was written stays, synced or not. */
  kill(): MemoryFileSystem {
    this.#survivor ??= this.#survivorOn(this.#root.afterKill());
    return this.#survivor;
  }

  /**
   * Copies the disk as it is seen now, all of it durable, and goes on: what is done to the copy is not done to this. The copy
   * has no limit of its own and nobody holds a lock on it.
   */
  copy(): MemoryFileSystem {
    return new MemoryFileSystem(this.#random, this.#root.copy());
  }

  /** Cuts the power in the middle of the operation with that number, counted from 1 as `operationCount` does. */
  crashAtOperation(operationNumber: number): void {
    this.#crashAt = operationNumber;
  }

  /**
   * Lets the next operation of that kind fail with an error of `node:fs`, or the next whose path matches (of a rename: both
   * paths, with a space between). Nothing of it is done, but for a write, of which some bytes get out, and for a sync, which
   * forgets what it had to write.
   */
  failNext(operation: FileOperation, code: string, pathPattern?: RegExp): void {
    this.#faults.add({ operation, code, pathPattern, isOnce: true });
  }

  /** As `failNext`, but every time, until `clearFailures`. */
  failAlways(operation: FileOperation, code: string, pathPattern?: RegExp): void {
    this.#faults.add({ operation, code, pathPattern, isOnce: false });
  }

  /** Forgets what `failNext` and `failAlways` said. */
  clearFailures(): void {
    this.#faults.clear();
  }

  /**
   * Makes the disk that large; undefined: without a limit, as it is at first. What does not fit is not written, only the
   * first bytes of it that do, and the operation fails with ENOSPC. A disk may be smaller than what is on it: then nothing fits.
   */
  setCapacity(capacityBytes: number | undefined): void {
    this.#capacityBytes = capacityBytes;
  }

  /**
   * Lets the sync of a file take up to so many turns before it has its effect, and as many after it, as chance decides: it
   * promises only what was written before it began, and keeps what is written until its effect.
   */
  slowSyncs(turnsMax: number): void {
    this.#syncTurnsMax = turnsMax;
  }

  /** Turns one bit of a byte around, in the page cache and on the platter. `bit`: 0 is the lowest. @throws ENOENT, EINVAL */
  flipBit(path: string, position: number, bit: number): void {
    const file = this.#fileToRot(path, position + 1);
    this.overwrite(path, position, Buffer.of((file.bytes[position] ?? 0) ^ (1 << bit)));
  }

  /** Replaces bytes inside a file, in the page cache and on the platter. @throws ENOENT, EINVAL */
  overwrite(path: string, position: number, bytes: Uint8Array): void {
    this.#fileToRot(path, position + bytes.length).rot(position, bytes);
  }

  /** Cuts a file, in the page cache and on the platter. @throws ENOENT, EINVAL */
  truncateTo(path: string, sizeBytes: number): void {
    this.#fileToRot(path, sizeBytes).rotAway(sizeBytes);
  }

  async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    const existing = await this.#turn("read", path, () => {
      const found = this.#find(path);
      if (found instanceof MemoryDirectory) throw fileError("EISDIR", path);
      if (found !== undefined && mode === "create") throw fileError("EEXIST", path);
      if (found === undefined && mode === "read") throw fileError("ENOENT", path);
      return found;
    });
    const file = existing ?? (await this.#createFile(path));
    this.#openFiles.set(file, (this.#openFiles.get(file) ?? 0) + 1);
    return new MemoryFileHandle(path, file, {
      run: (turn) => this.#run(turn),
      passSyncTime: () => this.#passSyncTime(),
      freeBytes: () => this.#freeBytes(),
      onClosed: () => this.#noteClosed(file),
    });
  }

  readFile(path: string): Promise<Buffer> {
    return this.#turn("read", path, () => {
      const file = this.#find(path);
      if (file === undefined) throw fileError("ENOENT", path);
      if (file instanceof MemoryDirectory) throw fileError("EISDIR", path);
      return Buffer.from(file.bytes);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#turn("rename", `${from} ${to}`, () => {
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
    return this.#turn("remove", path, () => {
      const node = this.#find(path);
      if (node === undefined) throw fileError("ENOENT", path);
      if (node instanceof MemoryDirectory) throw fileError("EISDIR", path);
      const [parent, name] = this.#parent(path);
      parent.change(new Map([[name, undefined]]));
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#turn("create", path, () => {
      let directory = this.#root;
      for (const name of namesOf(path)) {
        let next = directory.names.get(name);
        if (next instanceof MemoryFile) throw fileError("EEXIST", path);
        if (next === undefined) {
          this.#takeRoomForName(path);
          next = new MemoryDirectory();
          directory.change(new Map([[name, next]]));
        }
        directory = next;
      }
    });
  }

  removeDirectory(path: string): Promise<void> {
    return this.#turn("remove", path, () => {
      if (this.#find(path) === undefined) return;
      const [parent, name] = this.#parent(path);
      parent.change(new Map([[name, undefined]]));
    });
  }

  list(path: string): Promise<string[]> {
    return this.#turn("read", path, () => [...this.#directory(path).names.keys()].sort());
  }

  exists(path: string): Promise<boolean> {
    return this.#turn("read", path, () => this.#find(path) !== undefined);
  }

  size(path: string): Promise<number> {
    return this.#turn("read", path, () => {
      const node = this.#find(path);
      if (node === undefined) throw fileError("ENOENT", path);
      return node instanceof MemoryFile ? node.bytes.length : 0;
    });
  }

  freeBytes(path: string): Promise<number> {
    return this.#turn("read", path, () => {
      this.#directory(path);
      return this.#freeBytes();
    });
  }

  totalBytes(path: string): Promise<number> {
    return this.#turn("read", path, () => {
      this.#directory(path);
      return this.#capacityBytes ?? Number.MAX_SAFE_INTEGER;
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#turn("syncDirectory", path, () => this.#directory(path).sync());
  }

  async lock(path: string): Promise<FileLock | undefined> {
    const isGranted = await this.#turn("read", path, () => {
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
    return this.#turn("create", path, () => {
      const [parent, name] = this.#parent(path);
      this.#takeRoomForName(path);
      const file = new MemoryFile();
      parent.change(new Map([[name, file]]));
      return file;
    });
  }

  #turn<Result>(operation: FileOperation, path: string, effect: () => Result): Promise<Result> {
    return this.#run({ operation, path, effect });
  }

  /**
   * One operation: fails where it was told to, and is where the power may go, with `halfDone` done by then. `effect` follows
   * the check without a turn in between: what is not done when the power goes is never done.
   */
  async #run<Result>(turn: Turn<Result>): Promise<Result> {
    if (!this.#isDown && turn.operation !== "read") {
      this.#operationCount += 1;
      if (this.#operationCount === this.#crashAt) {
        turn.halfDone?.(this.#random);
        this.crash();
      }
    }
    await Promise.resolve();
    if (this.#isDown) throw fileError("EIO", "the machine is down");
    const code = this.#faults.take(turn.operation, turn.path);
    if (code === undefined) return turn.effect();
    turn.failed?.(this.#random);
    throw fileError(code, `${turn.operation} ${turn.path}`);
  }

  async #passSyncTime(): Promise<void> {
    if (this.#syncTurnsMax === 0) return;
    for (let left = randomBelow(this.#random, this.#syncTurnsMax + 1); left > 0; left -= 1) await Promise.resolve();
    if (this.#isDown) throw fileError("EIO", "the machine is down");
  }

  #survivorOn(root: MemoryDirectory): MemoryFileSystem {
    this.#isDown = true;
    const survivor = new MemoryFileSystem(this.#random, root);
    survivor.setCapacity(this.#capacityBytes);
    survivor.slowSyncs(this.#syncTurnsMax);
    return survivor;
  }

  #freeBytes(): number {
    if (this.#capacityBytes === undefined) return Number.MAX_SAFE_INTEGER;
    return Math.max(0, this.#capacityBytes - this.usedBytes);
  }

  #takeRoomForName(path: string): void {
    if (this.#freeBytes() < nameCostBytes) throw fileError("ENOSPC", path);
  }

  #noteClosed(file: MemoryFile): void {
    const openCount = this.#openFiles.get(file) ?? 0;
    if (openCount > 1) this.#openFiles.set(file, openCount - 1);
    else this.#openFiles.delete(file);
  }

  #fileToRot(path: string, sizeBytes: number): MemoryFile {
    const file = this.#find(path);
    if (!(file instanceof MemoryFile)) throw fileError("ENOENT", path);
    if (sizeBytes > file.bytes.length) throw fileError("EINVAL", `${path} has ${file.bytes.length} bytes`);
    return file;
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

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
