/**
 * Newest offset of each key, in bounded memory outside the heap of V8.
 *
 * The map keeps the keys themselves and compares them. Kafka keeps 16 bytes of MD5 a key instead; but whoever may write to a
 * topic can make two keys with one MD5, and then a record would be lost. Comparing is also the faster way here: a key costs 250
 * ns with it, 950 ns with the MD5 of node:crypto and 600 ns in a Map of strings (million keys of 15 bytes, Node 20).
 *
 *     slot    offset f64, hash i32, position of the key in the pages u32       open addressing, linear, at most 3/4 full
 *     page    [length u32, key]*                                               keys never move, so growing copies slots only
 *
 * The hash is not a secret: keys that collide on purpose make long runs of slots. A run has a bound, and the map is full for a
 * key beyond it, so the worst that such keys do is that compaction goes on in smaller steps.
 */

import { invariant } from "@sluice/model";
import { murmur2 } from "@sluice/record";

const pageSizeBytes = 1024 * 1024;
const slotSizeBytes = 16;
const slotsMin = 1024;
const keyLengthSizeBytes = 4;
/** With honest keys a run of 3/4 full slots is some hundred long at most, even among millions. */
const runLengthMax = 2000;
const empty = -1;

export class OffsetMap {
  readonly #bytesMax: number;
  #offsets = new Float64Array(slotsMin).fill(empty);
  #hashes = new Int32Array(slotsMin);
  #keyPositions = new Uint32Array(slotsMin);
  #slotCount = slotsMin;
  #keyCount = 0;
  readonly #pages: Buffer[] = [];
  #pageEnd = 0;
  #pageBytes = 0;

  /** @param bytesMax bytes that `put` does not pass. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Keys that are in the map. */
  get size(): number {
    return this.#keyCount;
  }

  /** Memory in use. */
  get sizeBytes(): number {
    return this.#pageBytes + this.#slotCount * slotSizeBytes;
  }

  /** Newest offset of the key; -1 where it is not in the map. */
  get(key: Uint8Array): number {
    const slot = this.#find(key, murmur2(key));
    return slot < 0 ? empty : (this.#offsets[slot] as number);
  }

  /** Sets the newest offset of the key. False, and nothing is changed, where there is no room for it. */
  put(key: Uint8Array, offset: number): boolean {
    return this.#put(key, offset, this.#bytesMax, runLengthMax);
  }

  /** Sets the newest offset of the key, whatever memory that takes. */
  putBeyondLimit(key: Uint8Array, offset: number): void {
    const isPut = this.#put(key, offset, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    invariant(isPut, "there is room without a limit");
  }

  #put(key: Uint8Array, offset: number, bytesMax: number, runMax: number): boolean {
    const hash = murmur2(key);
    const found = this.#find(key, hash);
    if (found >= 0) {
      this.#offsets[found] = offset;
      return true;
    }
    const isCrowded = (this.#keyCount + 1) * 4 > this.#slotCount * 3;
    const slotBytes = isCrowded ? this.#slotCount * slotSizeBytes : 0;
    if (this.sizeBytes + slotBytes + this.#newPageBytes(key.length) > bytesMax) return false;
    if (isCrowded) this.#grow();
    const slot = this.#firstFree(hash);
    if (((slot - hash) & (this.#slotCount - 1)) > runMax) return false;
    this.#offsets[slot] = offset;
    this.#hashes[slot] = hash;
    this.#keyPositions[slot] = this.#keep(key);
    this.#keyCount += 1;
    return true;
  }

  /** The slot of the key, or -1. */
  #find(key: Uint8Array, hash: number): number {
    const mask = this.#slotCount - 1;
    for (let slot = hash & mask; this.#offsets[slot] !== empty; slot = (slot + 1) & mask) {
      if (this.#hashes[slot] === hash && this.#holds(this.#keyPositions[slot] as number, key)) return slot;
    }
    return -1;
  }

  #firstFree(hash: number): number {
    const mask = this.#slotCount - 1;
    let slot = hash & mask;
    while (this.#offsets[slot] !== empty) slot = (slot + 1) & mask;
    return slot;
  }

  #holds(keyPosition: number, key: Uint8Array): boolean {
    const page = this.#pages[Math.floor(keyPosition / pageSizeBytes)] as Buffer;
    const at = keyPosition % pageSizeBytes;
    if (page.readUInt32LE(at) !== key.length) return false;
    const start = at + keyLengthSizeBytes;
    for (let index = 0; index < key.length; index++) if (page[start + index] !== key[index]) return false;
    return true;
  }

  /** Bytes of the page that has to be made for a key of that length; 0 where the last one has room. */
  #newPageBytes(keyBytes: number): number {
    const needed = keyLengthSizeBytes + keyBytes;
    const last = this.#pages.at(-1);
    return last !== undefined && this.#pageEnd + needed <= last.length ? 0 : Math.max(pageSizeBytes, needed);
  }

  /** Copies the key into the pages. A key that is larger than a page gets one of its size. */
  #keep(key: Uint8Array): number {
    const newPageBytes = this.#newPageBytes(key.length);
    if (newPageBytes > 0) {
      invariant(this.#pages.length < 0x1_0000_0000 / pageSizeBytes, "positions of keys are uint32");
      this.#pages.push(Buffer.allocUnsafeSlow(newPageBytes));
      this.#pageBytes += newPageBytes;
      this.#pageEnd = 0;
    }
    const page = this.#pages.at(-1) as Buffer;
    const at = this.#pageEnd;
    page.writeUInt32LE(key.length, at);
    page.set(key, at + keyLengthSizeBytes);
    this.#pageEnd += keyLengthSizeBytes + key.length;
    // A page of a large key is left behind: its rest cannot be said in a position.
    if (page.length > pageSizeBytes) this.#pageEnd = page.length;
    return (this.#pages.length - 1) * pageSizeBytes + at;
  }

  #grow(): void {
    const [offsets, hashes, keyPositions] = [this.#offsets, this.#hashes, this.#keyPositions];
    this.#slotCount *= 2;
    this.#offsets = new Float64Array(this.#slotCount).fill(empty);
    this.#hashes = new Int32Array(this.#slotCount);
    this.#keyPositions = new Uint32Array(this.#slotCount);
    for (let index = 0; index < offsets.length; index++) {
      if (offsets[index] === empty) continue;
      const slot = this.#firstFree(hashes[index] as number);
      this.#offsets[slot] = offsets[index] as number;
      this.#hashes[slot] = hashes[index] as number;
      this.#keyPositions[slot] = keyPositions[index] as number;
    }
  }
}
