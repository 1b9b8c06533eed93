/**
 * The disk of one machine over all lives of its broker: what a process and the machine leave of it when they end, copies, a disk that
 * gets full, and one that breaks.
 */

import { MemoryFileSystem } from "@sluice/log/testing";
import type { Chance } from "../kernel/chance.js";

/** Bytes of a file that rot. */
export interface RottenBytes {
  readonly path: string;
  readonly position: number;
  /** As they were. */
  readonly bytes: Buffer;
  /** Of the byte in which a bit turns around. */
  readonly index: number;
}

/** What fails on a broken disk. */
export type DiskFailure = "write" | "syncData" | "syncDirectory";

export class MachineDisk {
  readonly #chance: Chance;
  #files: MemoryFileSystem;
  #old: { readonly files: MemoryFileSystem; readonly brokerEpoch: number } | undefined;
  #failure: DiskFailure | undefined;
  #rotten: RottenBytes | undefined;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.#files = new MemoryFileSystem(chance);
  }

  /** As the process that runs now sees it. */
  get files(): MemoryFileSystem {
    return this.#files;
  }

  /** Last registration of the broker when the disk was copied; undefined: it was not. */
  get oldBrokerEpoch(): number | undefined {
    return this.#old?.brokerEpoch;
  }

  /** Writes or syncs fail on it until it is replaced. */
  get isBroken(): boolean {
    return this.#failure !== undefined;
  }

  /** A bit has turned around on it, and it was neither replaced nor repaired since. */
  get isRotten(): boolean {
    return this.#rotten !== undefined;
  }

  /** The process ends: what was written stays, synced or not. */
  kill(): void {
    this.#goOnWith(this.#files.kill());
  }

  /** The machine loses power, and what was not synced. */
  losePower(): void {
    this.#goOnWith(this.#files.crash());
  }

  /** The power goes in the middle of an operation to come, the `operations`-th from now; 0: it does not. */
  losePowerSoon(operations: number): void {
    this.#files.crashAtOperation(operations === 0 ? 0 : this.#files.operationCount + operations);
  }

  /** Copies it, for `restore`. */
  remember(brokerEpoch: number): void {
    this.#old = { files: this.#files.copy(), brokerEpoch };
  }

  /** The machine goes down, and has the copy in its place. */
  restore(): void {
    if (this.#old !== undefined) this.#replaceBy(this.#old.files.copy());
  }

  /** The machine goes down, and has an empty one in its place. */
  lose(): void {
    this.#replaceBy(new MemoryFileSystem(this.#chance));
  }

  /** The machine goes down, and has one in its place with all that can be read of this one. */
  rescue(): void {
    const rotten = this.#rotten;
    this.#replaceBy(this.#files.copy());
    this.#rotten = rotten;
  }

  /** No more fits on it than that, until `makeRoom`. */
  fill(roomBytes: number): void {
    this.#files.setCapacity(this.#files.usedBytes + roomBytes);
  }

  makeRoom(): void {
    this.#files.setCapacity(undefined);
  }

  /** Every operation of that kind fails from now on. */
  fail(operation: DiskFailure): void {
    this.#failure = operation;
    this.#files.failAlways(operation, "EIO");
  }

  /** One of those bytes rots. */
  rot(rotten: RottenBytes): void {
    this.#rotten = rotten;
    this.#files.overwrite(rotten.path, rotten.position, rottenForm(rotten));
  }

  /** What has rotten is as it was before, where it is still there. */
  async repair(): Promise<void> {
    if (this.#rotten !== undefined) await repair(this.#files, this.#rotten);
    this.#rotten = undefined;
  }

  /** All that is on it, without what has rotten: what its broker has written. */
  async asWritten(): Promise<MemoryFileSystem> {
    if (this.#rotten === undefined) return this.#files;
    const files = this.#files.copy();
    await repair(files, this.#rotten);
    return files;
  }

  #goOnWith(files: MemoryFileSystem): void {
    this.#files = files;
    if (this.#failure !== undefined) files.failAlways(this.#failure, "EIO");
  }

  #replaceBy(files: MemoryFileSystem): void {
    this.#files.crash();
    this.#files = files;
    this.#failure = undefined;
    this.#rotten = undefined;
  }
}

async function repair(files: MemoryFileSystem, rotten: RottenBytes): Promise<void> {
  const { path, position, bytes } = rotten;
  if (!(await files.exists(path))) return;
  const found = (await files.readFile(path)).subarray(position, position + bytes.length);
  if (found.equals(rottenForm(rotten))) files.overwrite(path, position, bytes);
}

function rottenForm({ bytes, index }: RottenBytes): Buffer {
  const rotten = Buffer.from(bytes);
  rotten[index] = (rotten[index] as number) ^ 1;
  return rotten;
}
