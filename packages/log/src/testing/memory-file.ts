/**
 * One file of the disk in memory: the bytes that the running system sees (the page cache) and those that are on the platter.
 *
 * The cache is counted in pages. A page is dirty from a write to it until the next sync, and only dirty pages reach the
 * platter: so a sync that failed, which leaves all pages clean (P38), loses what was on them at the next power loss, however
 * many syncs succeed after it. The platter changes in sectors: a power loss may bring any of those on dirty pages there.
 *
 * Pages that no write ever touched are holes: they read as zeros and cost nothing. Package-internal to `@sluice/log/testing`.
 */

import { type Random, randomBelow } from "@sluice/model";

const sectorSizeBytes = 512;
const pageSizeBytes = 4096;

export class MemoryFile {
  readonly #cached = new GrowingBytes();
  readonly #durable = new GrowingBytes();
  readonly #dirtyPages = new Set<number>();
  readonly #allocatedPages = new Set<number>();

  /** What the running system sees: a view, valid until the next change. */
  get bytes(): Buffer {
    return this.#cached.view();
  }

  /** What is on the platter for certain: a view, valid until the next sync. */
  get durable(): Buffer {
    return this.#durable.view();
  }

  /** Bytes of the disk that it takes: its size without holes. */
  get allocatedBytes(): number {
    return chargeOf(this.#cached.sizeBytes, this.#allocatedPages.size, (page) => this.#allocatedPages.has(page));
  }

  /** Bytes of the disk that a write there would take in addition. */
  costOf(position: number, sizeBytes: number): number {
    const sizeAfter = Math.max(this.#cached.sizeBytes, position + sizeBytes);
    const pages = pagesOf(position, position + sizeBytes);
    const isAllocated = (page: number): boolean =>
      this.#allocatedPages.has(page) || (page >= pages.first && page <= pages.last);
    let newPageCount = 0;
    for (let page = pages.first; page <= pages.last; page += 1) if (!this.#allocatedPages.has(page)) newPageCount += 1;
    return chargeOf(sizeAfter, this.#allocatedPages.size + newPageCount, isAllocated) - this.allocatedBytes;
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    if (position + bytes.length > this.#cached.sizeBytes) this.#cached.resize(position + bytes.length);
    this.#cached.view().set(bytes, position);
    const pages = pagesOf(position, position + bytes.length);
    for (let page = pages.first; page <= pages.last; page += 1) {
      this.#dirtyPages.add(page);
      this.#allocatedPages.add(page);
    }
  }

  resize(sizeBytes: number): void {
    const sizeBefore = this.#cached.sizeBytes;
    this.#cached.resize(sizeBytes);
    const pages = pagesOf(Math.min(sizeBefore, sizeBytes), Math.max(sizeBefore, sizeBytes));
    for (let page = pages.first; page <= pages.last; page += 1) {
      this.#dirtyPages.add(page);
      if (page * pageSizeBytes >= sizeBytes) this.#allocatedPages.delete(page);
    }
  }

  sync(): void {
    this.#durable.resize(this.#cached.sizeBytes);
    const durable = this.#durable.view();
    for (const page of this.#dirtyPages) {
      const start = page * pageSizeBytes;
      if (start < durable.length) durable.set(this.#cached.view().subarray(start, start + pageSizeBytes), start);
    }
    this.#dirtyPages.clear();
  }

  /** A sync that failed as Linux fails it: nothing reached the platter, and nothing says any more that it still has to. */
  failSync(): void {
    this.#dirtyPages.clear();
  }

  /** Changes bytes in the cache and on the platter behind everybody's back. They must lie inside the file. */
  rot(position: number, bytes: Uint8Array): void {
    for (const target of [this.#cached.view(), this.#durable.view()]) {
      const end = Math.min(position + bytes.length, target.length);
      if (position < end) target.set(bytes.subarray(0, end - position), position);
    }
  }

  /** Loses the bytes from `sizeBytes` on, in the cache and on the platter. */
  rotAway(sizeBytes: number): void {
    this.resize(sizeBytes);
    if (this.#durable.sizeBytes > sizeBytes) this.#durable.resize(sizeBytes);
  }

  /**
   * The file after a power loss: some size between the durable and the last one, and of every sector on a dirty page either
   * the durable or the last content. What was never written reads as zeros.
   */
  afterPowerLoss(random: Random): MemoryFile {
    const durable = this.#durable.view();
    const cached = this.#cached.view();
    const bytes = Buffer.alloc(someSizeBetween(random, durable.length, cached.length));
    durable.copy(bytes);
    for (let start = 0; start < bytes.length; start += sectorSizeBytes) {
      if (!this.#dirtyPages.has(Math.floor(start / pageSizeBytes)) || randomBelow(random, 2) === 0) continue;
      const end = Math.min(start + sectorSizeBytes, bytes.length);
      bytes.fill(0, start, end);
      bytes.set(cached.subarray(start, end), start);
    }
    return durableFile(bytes);
  }

  /** A file that holds the same, durably. */
  copy(): MemoryFile {
    return durableFile(this.#cached.view());
  }
}

function durableFile(bytes: Buffer): MemoryFile {
  const file = new MemoryFile();
  file.write(bytes, 0);
  file.sync();
  return file;
}

/** Bytes that grow and shrink; what growing uncovers is zeros. Growing again and again costs no more than the last size. */
class GrowingBytes {
  #storage = Buffer.alloc(0);
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  view(): Buffer {
    return this.#storage.subarray(0, this.#sizeBytes);
  }

  resize(sizeBytes: number): void {
    if (sizeBytes > this.#storage.length) {
      const larger = Buffer.alloc(Math.max(sizeBytes, this.#storage.length * 2));
      this.view().copy(larger);
      this.#storage = larger;
    }
    // All beyond the size is zeros already, but for what is cut now.
    if (sizeBytes < this.#sizeBytes) this.#storage.fill(0, sizeBytes, this.#sizeBytes);
    this.#sizeBytes = sizeBytes;
  }
}

/** The pages that the bytes from `start` up to `end`, exclusive, lie on; `last` is below `first` where there are none. */
function pagesOf(start: number, end: number): { first: number; last: number } {
  const first = Math.floor(start / pageSizeBytes);
  return { first, last: end <= start ? first - 1 : Math.floor((end - 1) / pageSizeBytes) };
}

/** Bytes of a file of that size with so many allocated pages: all whole, but for the end of the last. */
function chargeOf(sizeBytes: number, pageCount: number, isAllocated: (page: number) => boolean): number {
  const unusedBytes = (pageSizeBytes - (sizeBytes % pageSizeBytes)) % pageSizeBytes;
  const isLastAllocated = sizeBytes > 0 && isAllocated(Math.floor((sizeBytes - 1) / pageSizeBytes));
  return pageCount * pageSizeBytes - (isLastAllocated ? unusedBytes : 0);
}

function someSizeBetween(random: Random, one: number, other: number): number {
  const low = Math.min(one, other);
  const high = Math.max(one, other);
  const sizes = [one, other, low + randomBelow(random, high - low + 1)];
  return sizes[randomBelow(random, sizes.length)] as number;
}
