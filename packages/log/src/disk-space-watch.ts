/**
 * Watches the free space of a data directory: says when appends are to stop and when they may go on, and gives up and
 * re-makes the reserve file.
 *
 * One loop takes a sample, acts on it, and waits: a second while the limit is near or passed, ten seconds else, and not at
 * all where `wrote` or `writeFailed` make a sample due. What it measures against the thresholds is the free space without
 * what the reserve still lacks: whether the reserve is there or was given up makes no difference, so that giving it up is
 * never taken for room.
 *
 *     full    `onFull` at once, inside the call that found it; a sample that says the same releases the reserve
 *     room    the reserve is made again first, which also proves that the disk means it, and then `onRoom` is told
 *
 * Where the free space cannot be read, everything stays as it is.
 */

import { type Clock, type FileSystem, invariant } from "@sluice/model";
import { DiskReserve, diskReserveName } from "./disk-reserve.js";
import { DiskSpace, type DiskSpaceThresholds } from "./disk-space.js";

export const nearSampleIntervalMs = 1000;
export const farSampleIntervalMs = 10_000;

export interface DiskSpaceWatchOptions extends DiskSpaceThresholds {
  /** The data directory; it exists. */
  readonly directory: string;
  /** Size of the reserve file; 0: none. */
  readonly reserveBytes: number;
}

export interface DiskSpaceWatchDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  /** Appends are to be refused, from now on. */
  onFull(): void;
  /** Appends may be taken again. */
  onRoom(): void;
  /** The reserve file failed, other than for want of room: told once, and there is no reserve from then on. */
  onReserveFailed(error: unknown): void;
}

export class DiskSpaceWatch {
  readonly #directory: string;
  readonly #dependencies: DiskSpaceWatchDependencies;
  readonly #space: DiskSpace;
  readonly #closing = new AbortController();
  /** Undefined once it has failed. */
  #reserve: DiskReserve | undefined;
  /** Ends the making of the reserve when the disk is full meanwhile. */
  #makingReserve: AbortController | undefined;
  #isFull = false;
  #running: Promise<void> | undefined;
  /** The next sample is to be taken without a wait. */
  #isWoken = false;
  /** Ends the wait under way. */
  #endWait: (() => void) | undefined;

  constructor(options: DiskSpaceWatchOptions, dependencies: DiskSpaceWatchDependencies) {
    const { directory, reserveBytes } = options;
    this.#directory = directory;
    this.#dependencies = dependencies;
    this.#space = new DiskSpace(options);
    this.#reserve = new DiskReserve({ path: `${directory}/${diskReserveName}`, sizeBytes: reserveBytes }, dependencies);
  }

  /** What was told last: true after `onFull`, until `onRoom`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Free bytes by the last sample and what was written since, without the reserve; undefined before the first sample. */
  get freeBytes(): number | undefined {
    return this.#space.estimatedFreeBytes;
  }

  /** Begins to watch, and makes the reserve where there is room for it. */
  start(): void {
    invariant(this.#running === undefined, "a watch is started once");
    this.#running = this.#run();
  }

  /** So many bytes were written to the disk, or are about to be. */
  wrote(sizeBytes: number): void {
    this.#space.wrote(sizeBytes);
    this.#tellWhereFull();
    if (this.#space.isSampleDue) this.#wake();
  }

  /** A write failed for want of room. */
  writeFailed(): void {
    this.#space.writeFailed();
    this.#tellWhereFull();
    this.#wake();
  }

  /** Stops watching; waits for what is under way. Leaves the reserve as it is, and tells nothing any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#makingReserve?.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    await this.#withReserve((reserve) => reserve.load());
    while (!signal.aborted) {
      await this.#sample();
      if (signal.aborted) break;
      this.#tellWhereFull();
      if (this.#space.isFull) await this.#withReserve((reserve) => reserve.release());
      else await this.#useRoom();
      await this.#wait();
    }
  }

  async #sample(): Promise<void> {
    this.#isWoken = false;
    this.#space.beginSample();
    try {
      const freeBytes = await this.#dependencies.fileSystem.freeBytes(this.#directory);
      this.#space.observe(Math.max(0, freeBytes - (this.#reserve?.missingBytes ?? 0)));
    } catch {
      // Not known: what was known still is, and the next sample is taken in its time.
    }
  }

  /** Makes the reserve, and says that there is room if there is still. */
  async #useRoom(): Promise<void> {
    this.#makingReserve = new AbortController();
    const { signal } = this.#makingReserve;
    const outcome = await this.#withReserve((reserve) => reserve.ensure(signal));
    this.#makingReserve = undefined;
    if (this.#closing.signal.aborted) return;
    if (outcome === "no-room") this.writeFailed();
    if (this.#space.isFull || !this.#isFull) return;
    this.#isFull = false;
    this.#dependencies.onRoom();
  }

  async #withReserve<Result>(work: (reserve: DiskReserve) => Promise<Result>): Promise<Result | undefined> {
    if (this.#reserve === undefined) return undefined;
    try {
      return await work(this.#reserve);
    } catch (error) {
      this.#reserve = undefined;
      this.#dependencies.onReserveFailed(error);
      return undefined;
    }
  }

  #tellWhereFull(): void {
    if (this.#closing.signal.aborted || this.#isFull || !this.#space.isFull) return;
    this.#isFull = true;
    this.#makingReserve?.abort();
    this.#dependencies.onFull();
  }

  #wake(): void {
    this.#isWoken = true;
    this.#endWait?.();
  }

  #wait(): Promise<void> {
    if (this.#isWoken) return Promise.resolve();
    const delayMs = this.#space.isNear ? nearSampleIntervalMs : farSampleIntervalMs;
    return new Promise((resolve) => {
      const timer = this.#dependencies.clock.setTimer(delayMs, () => this.#endWait?.());
      this.#endWait = () => {
        this.#endWait = undefined;
        timer.cancel();
        resolve();
      };
    });
  }
}
