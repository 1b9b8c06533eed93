/**
 * The batches that a leader placed last, as they were placed, for followers that are close behind: they are sent from memory and
 * not read back from the disk.
 *
 * A batch stays until every in-sync follower has it. Where one falls behind, the oldest go first, so that a partition keeps no more
 * than its share, and all partitions of the broker no more than the budget that they have in common.
 *
 * Invariant: the batches follow each other without a gap, and the last one ends where the leader placed last.
 */

import type { Offset } from "@sluice/model";

/** Bytes that one partition keeps at most. */
const partitionBytesMax = 4 * 1024 * 1024;

/** Bytes that all partitions of a broker keep together. */
export class RecentBytesBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.#bytesMax;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}

interface RecentBatch {
  readonly bytes: Buffer;
  readonly baseOffset: Offset;
  /** Exclusive. */
  readonly endOffset: Offset;
}

export class RecentBatches {
  readonly #budget: RecentBytesBudget;
  #batches: RecentBatch[] = [];
  /** Index of the oldest that is kept: those before it are gone. */
  #head = 0;
  #bytes = 0;

  constructor(budget: RecentBytesBudget) {
    this.#budget = budget;
  }

  /** Keeps a batch that was placed behind the one before it. Its bytes do not change any more. */
  placed(bytes: Buffer, baseOffset: Offset, endOffset: Offset): void {
    const size = bytes.length;
    // Nobody followed for a while.
    if (this.#batches.length > this.#head && this.#batches.at(-1)?.endOffset !== baseOffset) this.clear();
    while (this.#head < this.#batches.length && !this.#hasRoomFor(size)) this.#dropOldest();
    if (!this.#hasRoomFor(size)) {
      // What comes next would lie behind a gap.
      this.clear();
      return;
    }
    this.#batches.push({ bytes, baseOffset, endOffset });
    this.#add(size);
  }

  /**
   * Whole batches from `fromOffset` on, none that ends above `upToOffset`, in at most so many bytes, but at least one. Undefined:
   * the first of them is not here.
   */
  read(
    fromOffset: Offset,
    limits: { readonly upToOffset: Offset; readonly sizeBytesMax: number },
  ): { readonly records: Buffer; readonly nextOffset: Offset } | undefined {
    const first = this.#indexOf(fromOffset);
    if (first === undefined) return undefined;
    let end = first;
    let sizeBytes = 0;
    while (end < this.#batches.length) {
      const { bytes, endOffset } = this.#batches[end] as RecentBatch;
      if (endOffset > limits.upToOffset || (end > first && sizeBytes + bytes.length > limits.sizeBytesMax)) break;
      sizeBytes += bytes.length;
      end += 1;
    }
    if (end === first) return undefined;
    const { endOffset: nextOffset, bytes } = this.#batches[end - 1] as RecentBatch;
    if (end === first + 1) return { records: bytes, nextOffset };
    const read = this.#batches.slice(first, end).map((batch) => batch.bytes);
    return { records: Buffer.concat(read, sizeBytes), nextOffset };
  }

  /** Forgets what every follower that is served from here has. */
  dropBelow(offsetOfAll: number): void {
    while (this.#head < this.#batches.length && (this.#batches[this.#head] as RecentBatch).endOffset <= offsetOfAll) {
      this.#dropOldest();
    }
  }

  /** What was placed from there on was never written. */
  takenBack(fromOffset: Offset): void {
    while (this.#batches.length > this.#head && (this.#batches.at(-1) as RecentBatch).endOffset > fromOffset) {
      this.#add(-(this.#batches.pop() as RecentBatch).bytes.length);
    }
  }

  clear(): void {
    this.#batches = [];
    this.#head = 0;
    this.#add(-this.#bytes);
  }

  /** Where the batch that begins at `fromOffset` is; undefined where it is not. */
  #indexOf(fromOffset: Offset): number | undefined {
    let low = this.#head;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches[middle] as RecentBatch).baseOffset < fromOffset) low = middle + 1;
      else high = middle;
    }
    return this.#batches[low]?.baseOffset === fromOffset ? low : undefined;
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= partitionBytesMax && this.#budget.hasRoomFor(bytes);
  }

  #dropOldest(): void {
    this.#add(-(this.#batches[this.#head] as RecentBatch).bytes.length);
    this.#head += 1;
    // Frees what was dropped once it is at least half of the array: each batch is moved once on average.
    if (this.#head * 2 < this.#batches.length) return;
    this.#batches = this.#batches.slice(this.#head);
    this.#head = 0;
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.add(bytes);
  }
}
