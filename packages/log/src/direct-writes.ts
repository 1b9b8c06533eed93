/**
 * Which writes are done where they are asked for, and not by the thread pool.
 *
 * A write of a few kibibytes only copies them into the page cache: some microseconds, less than it costs to hand it to a thread and to be
 * told that it is done, and each replica of a record would pay that between its arrival and its acknowledgement. But a write can be made
 * to wait, by a disk that takes pages more slowly than they come or by a journal that is being committed, and then everything waits.
 * So a write that took long sends those after it to the thread pool, for so long that waiting costs at most a hundredth of the time.
 */

/** Larger ones are worth a thread: copying them takes as long as handing them over. */
const sizeBytesMax = 16 * 1024;
/** A write that took longer has waited for something. */
const tookMsMax = 1;
/** For so many times what it took, writes go to the thread pool. */
const pauseFactor = 100;

export class DirectWrites {
  readonly #nowMs: () => number;
  #pausedUntilMs = 0;

  /** @param nowMs milliseconds on a monotonic clock, in fractions */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Whether a write of so many bytes is to be done on the spot now. */
  take(sizeBytes: number): boolean {
    return sizeBytes <= sizeBytesMax && this.#nowMs() >= this.#pausedUntilMs;
  }

  /** Carries out a write, and takes note of how long it took. @throws what it throws */
  run(write: () => void): void {
    const beganMs = this.#nowMs();
    try {
      write();
    } finally {
      const nowMs = this.#nowMs();
      const tookMs = nowMs - beganMs;
      if (tookMs > tookMsMax) this.#pausedUntilMs = nowMs + tookMs * pauseFactor;
    }
  }
}
