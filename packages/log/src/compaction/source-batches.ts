/**
 * Reads the batches of a closed segment for compaction, at the pace of a rate limiter.
 *
 * A segment that was compacted before has gaps between its batches, which are right here; anything else that is wrong with it
 * ends the job: bytes that cannot be read for certain are never rewritten. So offsets must rise and end where the next segment
 * begins, and checksums must fit wherever more of a batch is used than its header.
 */

import { type FileHandle, type FileSystem, isSluiceError, SluiceError } from "@sluice/model";
import {
  batchHeaderSizeBytes,
  batchSizeBytes,
  type RecordBatchHeader,
  readBatchHeader,
  verifyBatchChecksum,
} from "@sluice/record";
import { segmentPaths } from "../partition-directory.js";
import type { CompactionSource } from "./compaction-job.js";
import type { RateLimiter } from "./rate-limiter.js";

export interface SourceBatch {
  readonly position: number;
  readonly header: RecordBatchHeader;
  /** All bytes of the batch, a view; undefined where only headers are read, unless it is a control batch. */
  readonly bytes: Buffer | undefined;
}

export interface WholeSourceBatch extends SourceBatch {
  readonly bytes: Buffer;
}

export interface SourceReaderDependencies {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly limiter: RateLimiter;
  readonly signal: AbortSignal | undefined;
}

const wholeWindowBytes = 1024 * 1024;
const headerWindowBytes = 64 * 1024;

export class SourceReader {
  readonly #dependencies: SourceReaderDependencies;
  #bytesRead = 0;

  constructor(dependencies: SourceReaderDependencies) {
    this.#dependencies = dependencies;
  }

  /** Bytes read so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** All batches of the segment, some at a time. @throws SluiceError CORRUPT_FILE; the signal's reason */
  async *batches(source: CompactionSource): AsyncGenerator<WholeSourceBatch[]> {
    for await (const batches of this.#walk(source, wholeWindowBytes, false)) yield batches as WholeSourceBatch[];
  }

  /** The headers of all batches, and all of control batches: long batches are skipped over. @throws as `batches` */
  headers(source: CompactionSource): AsyncGenerator<SourceBatch[]> {
    return this.#walk(source, headerWindowBytes, true);
  }

  /** A handle to read the segment with; the caller closes it. */
  open(source: CompactionSource): Promise<FileHandle> {
    return this.#dependencies.fileSystem.open(pathOf(this.#dependencies.directory, source), "read");
  }

  /** Exactly these bytes. @throws SluiceError CORRUPT_FILE where there are fewer */
  async readAt(file: FileHandle, source: CompactionSource, position: number, sizeBytes: number): Promise<Buffer> {
    const { limiter, signal } = this.#dependencies;
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    const readBytes = await file.read(bytes, position);
    if (readBytes < sizeBytes) throw this.#corrupt(source, `it ends at ${position + readBytes}, and more was written`);
    this.#bytesRead += sizeBytes;
    await limiter.consume(sizeBytes, signal);
    return bytes;
  }

  async *#walk(source: CompactionSource, windowBytes: number, skipsRecords: boolean): AsyncGenerator<SourceBatch[]> {
    const file = await this.open(source);
    try {
      let position = 0;
      let nextOffset = source.baseOffset;
      while (position < source.sizeBytes) {
        const window = await this.#readWindow(file, source, position, windowBytes);
        const parsed = this.#parse(source, { window, position, nextOffset }, skipsRecords);
        position = parsed.position;
        nextOffset = parsed.nextOffset;
        yield parsed.batches;
      }
      if (nextOffset !== source.endOffset) {
        throw this.#corrupt(
          source,
          `it ends at offset ${nextOffset}, and the next segment begins at ${source.endOffset}`,
        );
      }
    } finally {
      await file.close();
    }
  }

  /** A window, or the one batch at its start where that is longer. */
  async #readWindow(file: FileHandle, source: CompactionSource, position: number, bytesMax: number): Promise<Buffer> {
    const remaining = source.sizeBytes - position;
    const window = await this.readAt(file, source, position, Math.min(bytesMax, remaining));
    if (window.length < batchHeaderSizeBytes) throw this.#corrupt(source, `it ends inside a header, at ${position}`);
    const firstBytes = batchSizeBytes(window);
    if (firstBytes > remaining) throw this.#corrupt(source, `a batch of ${firstBytes} bytes at position ${position}`);
    return firstBytes > window.length ? this.readAt(file, source, position, firstBytes) : window;
  }

  #parse(
    source: CompactionSource,
    from: { window: Buffer; position: number; nextOffset: number },
    skipsRecords: boolean,
  ): { batches: SourceBatch[]; position: number; nextOffset: number } {
    const { window } = from;
    const batches: SourceBatch[] = [];
    let { nextOffset } = from;
    let at = 0;
    while (at + batchHeaderSizeBytes <= window.length) {
      const position = from.position + at;
      const header = this.#header(source, window, at);
      const end = at + header.sizeBytes;
      if (header.baseOffset < nextOffset || from.position + end > source.sizeBytes) {
        throw this.#corrupt(source, `no batch that can follow, at position ${position}`);
      }
      const isWhole = end <= window.length;
      if (!isWhole && (!skipsRecords || header.isControl)) break;
      const isUsed = !skipsRecords || header.isControl;
      if (isUsed && !verifyBatchChecksum(window, at, header.sizeBytes)) {
        throw this.#corrupt(source, `the checksum of the batch at offset ${header.baseOffset} does not fit its bytes`);
      }
      batches.push({ position, header, bytes: isUsed ? window.subarray(at, end) : undefined });
      nextOffset = header.lastOffset + 1;
      at = end;
    }
    return { batches, position: from.position + at, nextOffset };
  }

  #header(source: CompactionSource, window: Buffer, at: number): RecordBatchHeader {
    try {
      return readBatchHeader(window, at);
    } catch (error) {
      if (isSluiceError(error, "INVALID_RECORD_BATCH")) throw this.#corrupt(source, error.message);
      throw error;
    }
  }

  #corrupt(source: CompactionSource, reason: string): SluiceError {
    return new SluiceError("CORRUPT_FILE", { path: pathOf(this.#dependencies.directory, source), reason });
  }
}

function pathOf(directory: string, source: CompactionSource): string {
  return segmentPaths(directory, source.baseOffset).log;
}
