/**
 * Time index of one segment: where to start looking for a timestamp. Sparse, kept in memory, written as a file when the
 * segment is closed.
 *
 *     entry (12 bytes, big-endian):  i64 largest timestamp of the segment so far, ms
 *                                    i32 last offset of the batch that holds it - base offset of the segment
 *
 * Invariant: timestamps and offsets both strictly increase, so no record up to the offset of an entry is later than its
 * timestamp. The file is a cache, rebuilt when it makes no sense (P42). The layout is Kafka's.
 */

import { invariant } from "@sluice/model";

/** Bytes of an entry. */
export const timeEntrySizeBytes = 12;

export interface TimeIndexEntry {
  readonly timestampMs: number;
  /** Last offset of the batch that holds the timestamp. */
  readonly offset: number;
}

export class TimeIndex {
  readonly #baseOffset: number;
  #bytes: Buffer;
  #sizeBytes: number;

  constructor(baseOffset: number, bytes: Buffer = Buffer.alloc(0)) {
    this.#baseOffset = baseOffset;
    this.#bytes = bytes;
    this.#sizeBytes = bytes.length;
  }

  /** The index in `bytes`, or undefined where they make no sense. */
  static parse(bytes: Buffer, segment: { baseOffset: number }): TimeIndex | undefined {
    if (bytes.length % timeEntrySizeBytes !== 0) return undefined;
    const index = new TimeIndex(segment.baseOffset, bytes);
    let before: TimeIndexEntry = { timestampMs: -1, offset: segment.baseOffset - 1 };
    for (const entry of index.entries()) {
      if (entry.timestampMs <= before.timestampMs || entry.offset <= before.offset) return undefined;
      before = entry;
    }
    return index;
  }

  get entryCount(): number {
    return this.#sizeBytes / timeEntrySizeBytes;
  }

  get lastEntry(): TimeIndexEntry | undefined {
    return this.entryCount === 0 ? undefined : this.#entry(this.entryCount - 1);
  }

  /** Bytes of the file. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Adds an entry unless the last one is as late already. */
  maybeAppend(timestampMs: number, lastOffset: number): void {
    if (timestampMs <= (this.lastEntry?.timestampMs ?? -1)) return;
    const relativeOffset = lastOffset - this.#baseOffset;
    invariant(relativeOffset >= 0 && relativeOffset <= 0x7fffffff, "a time index holds int32 offsets");
    if (this.#sizeBytes === this.#bytes.length) this.#bytes = grown(this.#bytes);
    this.#bytes.writeBigInt64BE(BigInt(timestampMs), this.#sizeBytes);
    this.#bytes.writeInt32BE(relativeOffset, this.#sizeBytes + 8);
    this.#sizeBytes += timeEntrySizeBytes;
  }

  /** The last entry at or before `timestampMs`: the first record that late is in its batch or after it. */
  floor(timestampMs: number): TimeIndexEntry | undefined {
    let low = 0;
    let high = this.entryCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entry(middle).timestampMs <= timestampMs) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.#entry(low - 1);
  }

  /** Drops the entries of batches that end at `offset` or later. */
  truncateFrom(offset: number): void {
    while ((this.lastEntry?.offset ?? -1) >= offset) this.#sizeBytes -= timeEntrySizeBytes;
  }

  *entries(): Generator<TimeIndexEntry> {
    for (let index = 0; index < this.entryCount; index += 1) yield this.#entry(index);
  }

  /** The file's bytes: a view, valid until the next `maybeAppend`. */
  toBytes(): Buffer {
    return this.#bytes.subarray(0, this.#sizeBytes);
  }

  #entry(index: number): TimeIndexEntry {
    const at = index * timeEntrySizeBytes;
    return {
      timestampMs: Number(this.#bytes.readBigInt64BE(at)),
      offset: this.#baseOffset + this.#bytes.readInt32BE(at + 8),
    };
  }
}

function grown(bytes: Buffer): Buffer {
  const larger = Buffer.alloc(Math.max(64 * timeEntrySizeBytes, bytes.length * 2));
  bytes.copy(larger);
  return larger;
}
