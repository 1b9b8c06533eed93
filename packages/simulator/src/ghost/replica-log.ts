/**
 * What the log of one replica holds on its machine now, as its file operations say, without asking the broker.
 *
 * Order within a file is that of positions, between files that of their base offsets. Files that are being made or removed
 * (`.swap`, `.deleted`) are kept and do not count.
 */

import { batchHeaderSizeBytes, batchSizeBytes, verifyBatchChecksum } from "@sluice/record";
import { BatchPool, type LoggedBatch } from "./batch-pool.js";

export interface FilePlace {
  readonly path: string;
  readonly position: number;
}

interface LogFile {
  readonly baseOffset: number;
  /** By position, ascending. */
  readonly batches: { readonly position: number; readonly batch: LoggedBatch }[];
  /** Bytes that a power loss leaves. */
  durableBytes: number;
  /** A sync has failed: no later one makes durable what was written before it. */
  hasLostWrites: boolean;
}

const logFilePattern = /\/(\d{20})\.log$/;

export class ReplicaLog {
  readonly #pool: BatchPool;
  readonly #files = new Map<string, LogFile>();
  /** Those that count, by offset; undefined: to be found anew. */
  #counted: readonly LogFile[] | undefined;
  #ordered: readonly LoggedBatch[] | undefined;

  /** @param pool that of the partition */
  constructor(pool = new BatchPool()) {
    this.#pool = pool;
  }

  /** All batches, by offset. */
  get batches(): readonly LoggedBatch[] {
    this.#ordered ??= this.#countedFiles.flatMap((file) => file.batches.map(({ batch }) => batch));
    return this.#ordered;
  }

  /** Exclusive. */
  get endOffset(): number {
    return this.batches.at(-1)?.endOffset ?? this.#countedFiles.at(-1)?.baseOffset ?? 0;
  }

  get startOffset(): number {
    return this.#countedFiles[0]?.baseOffset ?? 0;
  }

  /** Where the batches end that a power loss leaves, exclusive. */
  get durableEndOffset(): number {
    let end = this.startOffset;
    for (const { batches, durableBytes } of this.#countedFiles) {
      for (const { position, batch } of batches) {
        if (position + batch.bytes.length > durableBytes) return end;
        end = batch.endOffset;
      }
    }
    return end;
  }

  /** Index of the first batch that ends after `offset`. */
  indexOf(offset: number): number {
    const { batches } = this;
    let [low, high] = [0, batches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((batches[middle] as LoggedBatch).endOffset > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  batchAt(offset: number): LoggedBatch | undefined {
    const batch = this.batches[this.indexOf(offset)];
    return batch !== undefined && batch.baseOffset <= offset ? batch : undefined;
  }

  /** The file that holds that batch, and where in it. */
  placeOf(batch: LoggedBatch): FilePlace | undefined {
    for (const [path, { batches }] of this.#files) {
      const found = batches.find((each) => each.batch === batch);
      if (found !== undefined && logFilePattern.test(path)) return { path, position: found.position };
    }
    return undefined;
  }

  written(path: string, bytes: Buffer, position: number): void {
    const file = this.#file(path);
    cut(file, position);
    let at = 0;
    while (bytes.length - at >= batchHeaderSizeBytes) {
      const size = batchSizeBytes(bytes, at);
      if (size < batchHeaderSizeBytes || at + size > bytes.length) break;
      file.batches.push({ position: position + at, batch: this.#pool.of(bytes.subarray(at, at + size)) });
      at += size;
    }
    this.#ordered = undefined;
  }

  /** The file is found on the disk of a machine: its whole batches count, up to the first that a crash has torn. All is durable. */
  found(path: string, bytes: Buffer): void {
    this.written(path, bytes, 0);
    const { batches, baseOffset } = this.#file(path);
    let endOffset = baseOffset;
    const torn = batches.findIndex(({ batch }) => {
      const isWhole = batch.baseOffset >= endOffset && verifyBatchChecksum(batch.bytes, 0, batch.bytes.length);
      endOffset = batch.endOffset;
      return !isWhole;
    });
    if (torn !== -1) batches.splice(torn);
    this.synced(path);
  }

  truncated(path: string, sizeBytes: number): void {
    cut(this.#file(path), sizeBytes);
    this.#ordered = undefined;
  }

  synced(path: string): void {
    const file = this.#file(path);
    if (file.hasLostWrites) return;
    const last = file.batches.at(-1);
    file.durableBytes = last === undefined ? 0 : last.position + last.batch.bytes.length;
  }

  syncFailed(path: string): void {
    this.#file(path).hasLostWrites = true;
  }

  renamed(from: string, to: string): void {
    const file = this.#files.get(from);
    this.#files.delete(from);
    if (file !== undefined) this.#files.set(to, file);
    this.#filesChanged();
  }

  removed(path: string): void {
    this.#files.delete(path);
    this.#filesChanged();
  }

  #file(path: string): LogFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const file = newFile(path);
    this.#files.set(path, file);
    this.#filesChanged();
    return file;
  }

  get #countedFiles(): readonly LogFile[] {
    this.#counted ??= [...this.#files]
      .filter(([path]) => logFilePattern.test(path))
      .map(([, file]) => file)
      .sort((a, b) => a.baseOffset - b.baseOffset);
    return this.#counted;
  }

  #filesChanged(): void {
    this.#counted = undefined;
    this.#ordered = undefined;
  }
}

function newFile(path: string): LogFile {
  return { baseOffset: baseOffsetOf(path), batches: [], durableBytes: 0, hasLostWrites: false };
}

function cut(file: LogFile, sizeBytes: number): void {
  while ((file.batches.at(-1)?.position ?? -1) >= sizeBytes) file.batches.pop();
  const last = file.batches.at(-1);
  if (last !== undefined && last.position + last.batch.bytes.length > sizeBytes) file.batches.pop();
  file.durableBytes = Math.min(file.durableBytes, sizeBytes);
}

function baseOffsetOf(path: string): number {
  return Number(/(\d{20})\.log/.exec(path)?.[1] ?? 0);
}
