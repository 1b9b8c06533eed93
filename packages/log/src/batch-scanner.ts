/**
 * Walks the batches of a segment file from a position on, a megabyte a read, and stops at the first bytes that are no batch.
 *
 * What counts as a batch here: a header that makes sense, all of its bytes, offsets that follow the batch before without a
 * gap, a leader epoch that does not go back and, where asked for, a checksum that fits. The base offset and the epoch are
 * not covered by the checksum: their order is the only check they have.
 */

import { type FileHandle, isSluiceError } from "@sluice/model";
import { batchHeaderSizeBytes, type RecordBatchHeader, readBatchHeader, verifyBatchChecksum } from "@sluice/record";

/** Largest batch that any topic takes (max.message.bytes): a larger size is nonsense, and is not allocated. */
const batchSizeBytesMax = 64 * 1024 * 1024;
const chunkSizeBytes = 1024 * 1024;

export interface ScannedBatch {
  /** Byte of the file at which the batch starts. */
  readonly position: number;
  readonly header: RecordBatchHeader;
  /** All bytes of the batch: a view. */
  readonly bytes: Buffer;
}

export interface ScanProblem {
  readonly position: number;
  readonly reason: string;
  /** The file ends inside the batch: what a write that was cut short leaves behind. */
  readonly isTorn: boolean;
}

export interface BatchScannerOptions {
  readonly position: number;
  /** Where to stop: the size of the file, or what of it is known to be written. */
  readonly endPosition: number;
  /** Base offset that the first batch must have. Undefined: any. */
  readonly baseOffset?: number;
  readonly verifiesChecksums: boolean;
}

export class BatchScanner {
  readonly #file: FileHandle;
  readonly #options: BatchScannerOptions;
  #position: number;
  #nextOffset: number | undefined;
  #latestEpoch = 0;
  #problem: ScanProblem | undefined;

  constructor(file: FileHandle, options: BatchScannerOptions) {
    this.#file = file;
    this.#options = options;
    this.#position = options.position;
    this.#nextOffset = options.baseOffset;
  }

  /** Byte after the last good batch. */
  get position(): number {
    return this.#position;
  }

  /** Offset after the last good batch; undefined before the first where no base offset was given. */
  get nextOffset(): number | undefined {
    return this.#nextOffset;
  }

  /** Why the scan stopped before the end; undefined where it did not. */
  get problem(): ScanProblem | undefined {
    return this.#problem;
  }

  /** The next good batches; empty at the end of the scan. */
  async readMore(): Promise<ScannedBatch[]> {
    const remaining = this.#options.endPosition - this.#position;
    if (this.#problem !== undefined || remaining <= 0) return [];
    const chunk = await this.#readChunk(Math.min(chunkSizeBytes, remaining));
    const batches = this.#parse(chunk, remaining);
    if (batches.length > 0 || this.#problem !== undefined) return batches;
    // One batch is larger than a chunk: read exactly that one. Its size was found sane and inside the file.
    return this.#parse(await this.#readChunk(readBatchHeader(chunk).sizeBytes), remaining);
  }

  async #readChunk(sizeBytes: number): Promise<Buffer> {
    const chunk = Buffer.allocUnsafeSlow(sizeBytes);
    const readBytes = await this.#file.read(chunk, this.#position);
    if (readBytes < sizeBytes) this.#stop(`the file ends ${sizeBytes - readBytes} bytes early`, true);
    return chunk.subarray(0, readBytes);
  }

  /** Batches that lie whole in `chunk`, which starts at the position of the scan. `remaining`: bytes up to its end. */
  #parse(chunk: Buffer, remaining: number): ScannedBatch[] {
    const batches: ScannedBatch[] = [];
    const start = this.#position;
    let at = 0;
    while (at < remaining && this.#problem === undefined) {
      const left = remaining - at;
      if (left >= batchHeaderSizeBytes && at + batchHeaderSizeBytes > chunk.length && chunk.length < remaining) break;
      const header = this.#readHeader(chunk, at, left);
      if (header === undefined) break;
      if (at + header.sizeBytes > chunk.length) break;
      if (this.#options.verifiesChecksums && !verifyBatchChecksum(chunk, at, header.sizeBytes)) {
        this.#stop(`the checksum of the batch at offset ${header.baseOffset} does not fit its bytes`, false);
        break;
      }
      batches.push({ position: start + at, header, bytes: chunk.subarray(at, at + header.sizeBytes) });
      at += header.sizeBytes;
      this.#position = start + at;
      this.#nextOffset = header.lastOffset + 1;
      this.#latestEpoch = header.leaderEpoch;
    }
    return batches;
  }

  #readHeader(chunk: Buffer, at: number, left: number): RecordBatchHeader | undefined {
    if (left < batchHeaderSizeBytes || chunk.length - at < batchHeaderSizeBytes) {
      return this.#stop("the file ends inside a batch header", true);
    }
    const header = headerOrReason(chunk, at);
    if (typeof header === "string") return this.#stop(header, false);
    if (header.sizeBytes > batchSizeBytesMax) return this.#stop(`a batch of ${header.sizeBytes} bytes`, false);
    const disorder = this.#disorderOf(header);
    if (disorder !== undefined) return this.#stop(disorder, false);
    if (header.sizeBytes > left) return this.#stop(`the file ends inside a batch of ${header.sizeBytes} bytes`, true);
    return header;
  }

  /** Why the batch cannot follow the one before; undefined where it can. */
  #disorderOf(header: RecordBatchHeader): string | undefined {
    const expected = this.#nextOffset ?? header.baseOffset;
    if (header.baseOffset !== expected) return `base offset ${header.baseOffset} where ${expected} follows`;
    if (header.leaderEpoch >= this.#latestEpoch) return undefined;
    return `leader epoch ${header.leaderEpoch} after ${this.#latestEpoch}`;
  }

  #stop(reason: string, isTorn: boolean): undefined {
    this.#problem = { position: this.#position, reason, isTorn };
  }
}

function headerOrReason(chunk: Buffer, at: number): RecordBatchHeader | string {
  try {
    return readBatchHeader(chunk, at);
  } catch (error) {
    if (isSluiceError(error, "INVALID_RECORD_BATCH")) return error.message;
    throw error;
  }
}
