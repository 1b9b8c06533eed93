/**
 * How many bytes of batches were committed in one leader epoch: what a fetch that wants many bytes waits by.
 *
 * Counts what is placed and moves it to the total as the high watermark passes it, each batch once. What lay in the log before
 * the epoch and was not known to be committed has no size here: it counts as more than anybody waits for, so that who waits
 * looks into the log rather than wait for too long.
 */

/** More than one fetch may ask for. */
const unknownBytes = 0x8000_0000;

export class CommittedBytes {
  /** Ends of batches (exclusive), ascending, and beside each the size of its batch. */
  #endOffsets: number[] = [];
  #sizes: number[] = [];
  /** Index of the first batch that is not committed: those before it are counted. */
  #head = 0;
  #total = 0;

  /** @param logEndOffset where the epoch begins; what lies between it and `highWatermark` has no known size */
  constructor(highWatermark: number, logEndOffset: number) {
    if (highWatermark < logEndOffset) this.placed(logEndOffset, unknownBytes);
  }

  /** Bytes committed so far. Never goes back. */
  get total(): number {
    return this.#total;
  }

  placed(endOffset: number, sizeBytes: number): void {
    this.#endOffsets.push(endOffset);
    this.#sizes.push(sizeBytes);
  }

  /** What was placed from `fromOffset` on is gone. */
  takenBack(fromOffset: number): void {
    let count = this.#endOffsets.length;
    while (count > this.#head && (this.#endOffsets[count - 1] as number) > fromOffset) count -= 1;
    this.#endOffsets.length = count;
    this.#sizes.length = count;
  }

  /** Counts what lies below the high watermark. */
  advance(highWatermark: number): void {
    while (this.#head < this.#endOffsets.length && (this.#endOffsets[this.#head] as number) <= highWatermark) {
      this.#total += this.#sizes[this.#head] as number;
      this.#head += 1;
    }
    // Frees what was counted once it is at least half: each batch is moved once on average.
    if (this.#head * 2 < this.#endOffsets.length) return;
    this.#endOffsets = this.#endOffsets.slice(this.#head);
    this.#sizes = this.#sizes.slice(this.#head);
    this.#head = 0;
  }
}
