/**
 * Whether a disk has room for appends, from samples of its free bytes, from what was written since, and from writes that
 * failed for want of room. Pure: it reads no disk.
 *
 *              free < minimumFreeBytes, by a sample or by the estimate; or a write failed
 *        .---------------------------------------------------------------------------------.
 *        |                                                                                 v
 *       ok                                                                                full
 *        ^                                                                                 |
 *        '---------------------------------------------------------------------------------'
 *              a sample shows free >= resumeFreeBytes; where only the estimate said full,
 *              one that shows free >= minimumFreeBytes
 *
 * Between two samples every byte written is taken off the last one, so that a fast writer is stopped by arithmetic and not by
 * the disk. Space that was freed meanwhile is not known: the estimate errs on the careful side, and the next sample says.
 *
 * A write may fail where the samples show room (a quota, no inodes left). Believing the samples would then open and close
 * the log all the time. Each such failure doubles the number of samples in a row that have to show room, up to
 * `roomSampleCountMax`; a sample that explains the failure makes it one again, and so do many that pass in peace.
 */

import { invariant } from "@sluice/model";

/** Samples with room in a row that are asked for at most, however often the disk refused what it said it had. */
export const roomSampleCountMax = 64;

export interface DiskSpaceThresholds {
  /** With less than this free, appends are refused. */
  readonly minimumFreeBytes: number;
  /** With so much free they are taken again; not below `minimumFreeBytes`. */
  readonly resumeFreeBytes: number;
}

export class DiskSpace {
  readonly #thresholds: DiskSpaceThresholds;
  /** What said that the disk is full; undefined while it is not. */
  #fullBy: "sample" | "estimate" | "write" | undefined;
  #sampledBytes: number | undefined;
  #wroteSinceSampleBytes = 0;
  /** Written since `beginSample`; undefined while no sample is being taken. */
  #wroteInSampleBytes: number | undefined;
  #roomSampleCount = 0;
  #roomSampleCountNeeded = 1;

  constructor(thresholds: DiskSpaceThresholds) {
    const { minimumFreeBytes, resumeFreeBytes } = thresholds;
    invariant(resumeFreeBytes >= minimumFreeBytes, "a disk that is full does not resume with less than the minimum");
    this.#thresholds = thresholds;
  }

  get isFull(): boolean {
    return this.#fullBy !== undefined;
  }

  /** Free bytes by the last sample and what was written since; undefined before the first sample. */
  get estimatedFreeBytes(): number | undefined {
    return this.#sampledBytes === undefined ? undefined : this.#sampledBytes - this.#wroteSinceSampleBytes;
  }

  /** The limit is close, passed, or not known to be far: sample often. */
  get isNear(): boolean {
    const freeBytes = this.estimatedFreeBytes;
    return this.isFull || freeBytes === undefined || freeBytes < 2 * this.#thresholds.resumeFreeBytes;
  }

  /**
   * A sample is wanted at once: there is none, half of the room that the last one showed is written, or the estimate alone
   * says that the disk is full.
   */
  get isSampleDue(): boolean {
    if (this.#sampledBytes === undefined || this.#fullBy === "estimate") return true;
    if (this.isFull) return false;
    const roomBytes = this.#sampledBytes - this.#thresholds.minimumFreeBytes;
    return this.#wroteSinceSampleBytes > 0 && this.#wroteSinceSampleBytes * 2 >= roomBytes;
  }

  /** A sample is being taken: what is written from here on it may not have seen, and counts against it. */
  beginSample(): void {
    this.#wroteInSampleBytes = 0;
  }

  /** A sample: so many bytes are free. */
  observe(freeBytes: number): void {
    this.#sampledBytes = freeBytes;
    this.#wroteSinceSampleBytes = this.#wroteInSampleBytes ?? 0;
    this.#wroteInSampleBytes = undefined;
    if (freeBytes < this.#thresholds.minimumFreeBytes) this.#fullBy = "sample";
    else if (this.#fullBy === "estimate") this.#fullBy = undefined;
    this.#countRoom(this.#isRoom(freeBytes));
    this.#estimate();
  }

  /** So many bytes were written, or are about to be. */
  wrote(sizeBytes: number): void {
    this.#wroteSinceSampleBytes += sizeBytes;
    if (this.#wroteInSampleBytes !== undefined) this.#wroteInSampleBytes += sizeBytes;
    this.#estimate();
  }

  /** A write failed for want of room. */
  writeFailed(): void {
    const wasExpected = this.#fullBy === "sample" || this.#fullBy === "write";
    const hadRoom = this.#sampledBytes !== undefined && this.#isRoom(this.#sampledBytes);
    if (!wasExpected && hadRoom) {
      this.#roomSampleCountNeeded = Math.min(this.#roomSampleCountNeeded * 2, roomSampleCountMax);
    }
    this.#roomSampleCount = 0;
    this.#fullBy = "write";
  }

  /** Nothing free is no room, even where the thresholds are 0. */
  #isRoom(freeBytes: number): boolean {
    return freeBytes > 0 && freeBytes >= this.#thresholds.resumeFreeBytes;
  }

  #countRoom(hasRoom: boolean): void {
    if (!hasRoom) {
      this.#roomSampleCount = 0;
      this.#roomSampleCountNeeded = 1;
    } else if (!this.isFull) {
      this.#roomSampleCountNeeded = Math.max(1, this.#roomSampleCountNeeded - 1);
    } else {
      this.#roomSampleCount += 1;
      if (this.#roomSampleCount >= this.#roomSampleCountNeeded) this.#fullBy = undefined;
    }
  }

  #estimate(): void {
    const freeBytes = this.estimatedFreeBytes;
    if (this.#fullBy === undefined && freeBytes !== undefined && freeBytes < this.#thresholds.minimumFreeBytes) {
      this.#fullBy = "estimate";
    }
  }
}
