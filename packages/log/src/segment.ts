/**
 * One segment of a partition: a log file and its two indexes.
 *
 * The segment knows how much of its file is written (`sizeBytes`, `endOffset`) and never reads beyond that, so reading and
 * appending need no lock. The active segment has its indexes in memory. A closed one loads them from their files when they
 * are asked for, rebuilds them where they make no sense, and gives them up again when another segment wants the memory.
 *
 * It decides nothing about rolling, syncing or recovery.
 */

import { type FileHandle, type FileSystem, invariant, SluiceError } from "@sluice/model";
import { batchHeaderSizeBytes, batchLastOffset, batchMaxTimestampMs, batchSizeBytes, recordsIn } from "@sluice/record";
import { BatchScanner } from "./batch-scanner.js";
import { segmentPaths } from "./partition-directory.js";
import { PositionHints } from "./position-hints.js";
import { loadSegmentIndexes, SegmentIndexes } from "./segment-indexes.js";

/** Bytes that are read to look at headers only. */
const headerWindowBytes = 8 * 1024;

/** What recovery or a roll knows of a segment. */
export interface SegmentState {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** Offset after the last record; the base offset where the segment is empty. */
  readonly endOffset: number;
  readonly indexes: SegmentIndexes;
}

/** Holds the indexes of one closed segment of a log at a time. */
export interface LoadedIndexes {
  segment: Segment | undefined;
}

export interface SegmentDependencies {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly indexIntervalBytes: number;
  readonly loadedIndexes: LoadedIndexes;
}

export class Segment {
  readonly baseOffset: number;
  readonly path: string;
  readonly #dependencies: SegmentDependencies;
  readonly #hints = new PositionHints();
  #sizeBytes: number;
  #endOffset: number;
  #maxTimestampMs: number;
  #indexes: SegmentIndexes | undefined;
  #file: Promise<FileHandle> | undefined;

  constructor(state: SegmentState, dependencies: SegmentDependencies) {
    this.baseOffset = state.baseOffset;
    this.path = segmentPaths(dependencies.directory, state.baseOffset).log;
    this.#dependencies = dependencies;
    this.#sizeBytes = state.sizeBytes;
    this.#endOffset = state.endOffset;
    this.#maxTimestampMs = state.indexes.maxTimestampMs;
    this.#indexes = state.indexes;
  }

  /** Bytes that are written. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Offset after the last written record. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Largest timestamp of its records, ms; -1 where there is none. */
  get maxTimestampMs(): number {
    return this.#maxTimestampMs;
  }

  /** True where the batch still fits: by size, and by what an index entry can hold. An empty segment takes any batch. */
  hasRoomFor(
    batch: { sizeBytes: number; lastOffset: number },
    limits: { segmentBytes: number; queued: number },
  ): boolean {
    const size = this.#sizeBytes + limits.queued;
    if (size === 0) return true;
    return size + batch.sizeBytes <= limits.segmentBytes && batch.lastOffset - this.baseOffset <= 0x7fffffff;
  }

  /** Writes stamped batches at the end, in one call, and then counts them in. */
  async write(batches: readonly Buffer[]): Promise<void> {
    const file = await this.#open();
    await file.write(batches, this.#sizeBytes);
    invariant(this.#indexes !== undefined, "only the active segment is written");
    for (const batch of batches) {
      const lastOffset = batchLastOffset(batch);
      const maxTimestampMs = batchMaxTimestampMs(batch);
      this.#indexes.add({ position: this.#sizeBytes, sizeBytes: batch.length, lastOffset, maxTimestampMs });
      this.#sizeBytes += batch.length;
      this.#endOffset = lastOffset + 1;
    }
    this.#maxTimestampMs = this.#indexes.maxTimestampMs;
  }

  /** Opens the segment for `write`. `create`: makes its file, whose name is durable once the directory is synced. */
  async openForAppend(mode: "write" | "create"): Promise<void> {
    await this.#open(mode);
  }

  /** Makes all that is written durable. */
  async syncData(): Promise<void> {
    const file = await this.#open();
    await file.syncData();
  }

  /** Writes the index files durably, apart from their names. */
  async saveIndexes(): Promise<void> {
    invariant(this.#indexes !== undefined, "indexes are saved by who has them");
    await this.#indexes.save(this.#dependencies.fileSystem, this.#dependencies.directory, this.baseOffset);
  }

  /** Says that the segment is written no more: its indexes may leave the memory. */
  dropIndexes(): void {
    this.#indexes = undefined;
  }

  /**
   * Whole batches from the one that holds `fromOffset` on: those whose last offset is below `upToOffset`, as many as fit in
   * `sizeBytesMax`, at least one if there is any. Going on where the last read ended costs one read of the file.
   */
  async read(fromOffset: number, limits: { upToOffset: number; sizeBytesMax: number }): Promise<Buffer> {
    const fileSizeBytes = this.#sizeBytes;
    const file = await this.#open();
    const position = this.#hints.find(fromOffset) ?? (await this.#locate(file, fromOffset, fileSizeBytes));
    const available = fileSizeBytes - position;
    const wanted = Math.min(Math.max(limits.sizeBytesMax, batchHeaderSizeBytes), available);
    let bytes = await this.#readExactly(file, position, wanted);
    let found = wholeBatches(bytes, limits.upToOffset);
    const isFirstCut = found.sizeBytes === 0 && available > 0 && batchLastOffset(bytes) < limits.upToOffset;
    if (isFirstCut) {
      const sizeBytes = batchSizeBytes(bytes);
      if (sizeBytes > available) throw this.#unreadable(`a batch of ${sizeBytes} bytes at position ${position}`);
      bytes = await this.#readExactly(file, position, sizeBytes);
      found = { sizeBytes, endOffset: batchLastOffset(bytes) + 1 };
    }
    if (found.sizeBytes > 0) this.#hints.add(found.endOffset, position + found.sizeBytes);
    return bytes.subarray(0, found.sizeBytes);
  }

  /** First record at or after `timestampMs` with an offset below `upToOffset`, or undefined where there is none. */
  async findTimestamp(
    timestampMs: number,
    upToOffset: number,
  ): Promise<{ offset: number; timestampMs: number } | undefined> {
    const endPosition = this.#sizeBytes;
    const file = await this.#open();
    const floor = (await this.#loadIndexes()).times.floor(timestampMs);
    // All before the batch of the floor entry is earlier than that batch, and so than the timestamp.
    const position = floor === undefined ? 0 : await this.#locate(file, floor.offset, endPosition);
    const scanner = new BatchScanner(file, { position, endPosition, verifiesChecksums: false });
    for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
      for (const { header, bytes } of batches) {
        if (header.baseOffset >= upToOffset) return undefined;
        if (header.maxTimestampMs < timestampMs) continue;
        for (const record of recordsIn(bytes)) {
          if (record.timestampMs < timestampMs) continue;
          return record.offset < upToOffset ? { offset: record.offset, timestampMs: record.timestampMs } : undefined;
        }
      }
    }
    if (scanner.problem !== undefined) throw this.#unreadable(scanner.problem.reason);
    return undefined;
  }

  async close(): Promise<void> {
    const file = this.#file;
    const closed = Promise.reject<FileHandle>(new SluiceError("CLOSED", { subject: this.path }));
    // Whoever still uses the segment gets the rejection; where nobody does it is no failure.
    closed.catch(() => undefined);
    this.#file = closed;
    await (await file)?.close();
  }

  /** Position of the batch that holds `offset`: from the index, then along the headers. */
  async #locate(file: FileHandle, offset: number, endPosition: number): Promise<number> {
    let position = (await this.#loadIndexes()).offsets.floor(offset);
    while (position + batchHeaderSizeBytes <= endPosition) {
      const window = await this.#readExactly(file, position, Math.min(headerWindowBytes, endPosition - position));
      let at = 0;
      while (at + batchHeaderSizeBytes <= window.length) {
        if (batchLastOffset(window, at) >= offset) return position + at;
        const sizeBytes = batchSizeBytes(window, at);
        if (sizeBytes < batchHeaderSizeBytes) throw this.#unreadable(`no batch at position ${position + at}`);
        at += sizeBytes;
      }
      position += at;
    }
    return endPosition;
  }

  async #readExactly(file: FileHandle, position: number, sizeBytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(sizeBytes);
    const readBytes = await file.read(buffer, position);
    if (readBytes < sizeBytes) throw this.#unreadable(`it ends at ${position + readBytes}, and more was written`);
    return buffer;
  }

  async #loadIndexes(): Promise<SegmentIndexes> {
    if (this.#indexes !== undefined) return this.#indexes;
    const { fileSystem, directory, indexIntervalBytes: intervalBytes, loadedIndexes } = this.#dependencies;
    const segment = { baseOffset: this.baseOffset, logSizeBytes: this.#sizeBytes, intervalBytes };
    const indexes = (await loadSegmentIndexes(fileSystem, directory, segment)) ?? (await this.#rebuildIndexes());
    loadedIndexes.segment?.dropIndexes();
    loadedIndexes.segment = this;
    this.#indexes = indexes;
    return indexes;
  }

  /** Indexes whose files went bad under a running log: made anew in memory; the next start repairs the files. */
  async #rebuildIndexes(): Promise<SegmentIndexes> {
    const { baseOffset } = this;
    const indexes = new SegmentIndexes({ baseOffset, intervalBytes: this.#dependencies.indexIntervalBytes });
    const file = await this.#open();
    const range = { position: 0, endPosition: this.#sizeBytes, baseOffset, verifiesChecksums: false };
    const scanner = new BatchScanner(file, range);
    for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
      for (const { position, header } of batches) indexes.add({ ...header, position });
    }
    if (scanner.problem !== undefined) throw this.#unreadable(scanner.problem.reason);
    return indexes;
  }

  /** The one handle of the segment: opened for reading where it is not open for appending already. */
  #open(mode: "read" | "write" | "create" = "read"): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    const opening = this.#dependencies.fileSystem.open(this.path, mode);
    this.#file = opening;
    // A failure is told to who asked, and the next who asks tries again.
    opening.catch(() => {
      if (this.#file === opening) this.#file = undefined;
    });
    return opening;
  }

  #unreadable(reason: string): SluiceError {
    return new SluiceError("CORRUPT_FILE", { path: this.path, reason });
  }
}

/** The whole batches at the start of `bytes` whose last offset is below `upToOffset`. */
function wholeBatches(bytes: Buffer, upToOffset: number): { sizeBytes: number; endOffset: number } {
  let sizeBytes = 0;
  let endOffset = 0;
  while (sizeBytes + batchHeaderSizeBytes <= bytes.length) {
    const next = sizeBytes + batchSizeBytes(bytes, sizeBytes);
    const lastOffset = batchLastOffset(bytes, sizeBytes);
    if (next <= sizeBytes || next > bytes.length || lastOffset >= upToOffset) break;
    sizeBytes = next;
    endOffset = lastOffset + 1;
  }
  return { sizeBytes, endOffset };
}
