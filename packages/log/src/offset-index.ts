/**
 * Offset index of one segment: where to start looking for an offset. Sparse, kept in memory, written as a file when the
 * segment is closed.
 *
 *     entry (8 bytes, big-endian):  i32 last offset of a batch - base offset of the segment
 *                                   i32 position at which that batch starts
 *
 * Invariant: offsets and positions both strictly increase. The file is a cache: what breaks the invariant is rebuilt from the
 * log, never repaired and never trusted to cut anything (P42). The layout is Kafka's.
 */

import { invariant } from "@sluice/model";

/** Bytes of an entry. */
export const offsetEntrySizeBytes = 8;

export interface OffsetIndexEntry {
  /** Last offset of the batch. */
  readonly offset: number;
  /** Byte at which the batch starts. */
  readonly position: number;
}

export class OffsetIndex {
  readonly #baseOffset: number;
  #bytes: Buffer;
  #sizeBytes: number;

  constructor(baseOffset: number, bytes: Buffer = Buffer.alloc(0)) {
    this.#baseOffset = baseOffset;
    this.#bytes = bytes;
    this.#sizeBytes = bytes.length;
  }

  /** The index in `bytes`, or undefined where they make no sense for a segment of `logSizeBytes`. */
  static parse(bytes: Buffer, segment: { baseOffset: number; logSizeBytes: number }): OffsetIndex | undefined {
    if (bytes.length % offsetEntrySizeBytes !== 0) return undefined;
    let offsetBefore = -1;
    let positionBefore = -1;
    for (let at = 0; at < bytes.length; at += offsetEntrySizeBytes) {
      const relativeOffset = bytes.readInt32BE(at);
      const position = bytes.readInt32BE(at + 4);
      if (relativeOffset <= offsetBefore || position <= positionBefore || position >= segment.logSizeBytes) {
        return undefined;
      }
      offsetBefore = relativeOffset;
      positionBefore = position;
    }
    return new OffsetIndex(segment.baseOffset, bytes);
  }

  get entryCount(): number {
    return this.#sizeBytes / offsetEntrySizeBytes;
  }

  get lastEntry(): OffsetIndexEntry | undefined {
    return this.entryCount === 0 ? undefined : this.#entry(this.entryCount - 1);
  }

  append(lastOffset: number, position: number): void {
    const relativeOffset = lastOffset - this.#baseOffset;
    invariant(relativeOffset <= 0x7fffffff && position <= 0x7fffffff, "an offset index holds int32");
    if (this.#sizeBytes === this.#bytes.length) this.#bytes = grown(this.#bytes);
    this.#bytes.writeInt32BE(relativeOffset, this.#sizeBytes);
    this.#bytes.writeInt32BE(position, this.#sizeBytes + 4);
    this.#sizeBytes += offsetEntrySizeBytes;
  }

  /** Bytes of the file. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The last entry whose offset is at or below `offset`: no batch before it holds `offset`. Undefined where none is. */
  floor(offset: number): OffsetIndexEntry | undefined {
    const relativeOffset = offset - this.#baseOffset;
    let low = 0;
    let high = this.entryCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bytes.readInt32BE(middle * offsetEntrySizeBytes) <= relativeOffset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.#entry(low - 1);
  }

  /** Drops the entries of batches that start at `position` or later. */
  truncateFrom(position: number): void {
    while ((this.lastEntry?.position ?? -1) >= position) this.#sizeBytes -= offsetEntrySizeBytes;
  }

  *entries(): Generator<OffsetIndexEntry> {
    for (let index = 0; index < this.entryCount; index += 1) yield this.#entry(index);
  }

  /** The file's bytes: a view, valid until the next `append`. */
  toBytes(): Buffer {
    return this.#bytes.subarray(0, this.#sizeBytes);
  }

  #entry(index: number): OffsetIndexEntry {
    const at = index * offsetEntrySizeBytes;
    return { offset: this.#baseOffset + this.#bytes.readInt32BE(at), position: this.#bytes.readInt32BE(at + 4) };
  }
}

function grown(bytes: Buffer): Buffer {
  const larger = Buffer.alloc(Math.max(64 * offsetEntrySizeBytes, bytes.length * 2));
  bytes.copy(larger);
  return larger;
}
