/**
 * Bytes that all Fetch streams of a broker hold together: reads under way, and answers that clients do not take.
 *
 * While there is room, a stream takes what it asks for. Beyond, a stream that holds nothing gets a little, so that clients which
 * stop reading slow the others down and never stop them. So the bound is `bytesMax`, and `smallReadBytes` (or one batch that is
 * larger) for each stream.
 */

/** Read at a time by a stream when there is no room. */
const smallReadBytes = 64 * 1024;

export class FetchMemory {
  readonly #bytesMax: number;
  #heldBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are held now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes room for a read of a stream that holds `streamBytes` already. Returns the bytes that it may read; 0: none for now. */
  take(wantedBytes: number, streamBytes: number): number {
    const isRoom = this.#heldBytes + wantedBytes <= this.#bytesMax;
    if (!isRoom && streamBytes > 0) return 0;
    const bytes = isRoom ? wantedBytes : Math.min(wantedBytes, smallReadBytes);
    this.#heldBytes += bytes;
    return bytes;
  }

  /** Gives room back. */
  give(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}
