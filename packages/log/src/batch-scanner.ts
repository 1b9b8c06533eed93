/**
 * Walks the batches of a segment file from a position on, a megabyte a read, and stops at the first bytes that are no batch.
 * The next megabyte is read while the present one is checked.
 *
 * What counts as a batch here: a header that makes sense, all of its bytes, offsets that follow the batch before without a
 * gap, a leader epoch that does not go back and, where asked for, a checksum that fits. The base offset and the epoch are
 * not covered by the checksum: their order is the only check they have. Where compaction was, offsets may be missing.
 */

import { type FileHandle, isSluiceError } from "@sluice/model";
import { batchHeaderSizeBytes, type RecordBatchHeader, readBatchHeader, verifyBatchChecksum } from "@sluice/record";

/** Largest batch that any topic takes (max.message.bytes): a larger size is nonsense, and is not allocated. */
export const batchSizeBytesMax = 64 * 1024 * 1024;
const chunkSizeBytes = 1024 * 1024;

export interface ScannedBatch {
  /** Byte of the file at which the batch starts. */
  readonly position: number;
  readonly header: RecordBatchHeader;
  /** All bytes of the batch: a view, valid until the next `readMore`. */
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
  /** Exclusive end of the offsets that may be missing between two batches. Not given: none may. */
  readonly gapsBelow?: number;
}

/** A read under way. */
interface ReadAhead {
  readonly position: number;
  /** Bytes asked for. */
  readonly sizeBytes: number;
  readonly bytes: Promise<Buffer>;
  /** Where `bytes` lie, behind room for what the chunk before leaves over; undefined where they have a buffer of their own. */
  readonly window: Buffer | undefined;
}

export class BatchScanner {
  readonly #file: FileHandle;
  readonly #options: BatchScannerOptions;
  #endPosition: number;
  #position: number;
  /** Bytes from `#position` on that were read already: the beginning of a batch. */
  #rest: Buffer = Buffer.alloc(0);
  #ahead: ReadAhead | undefined;
  /** Two buffers in turns: one is parsed while the other is filled. A new one for each chunk costs more than the scan. */
  readonly #windows: [Buffer?, Buffer?] = [];
  #nextWindow: 0 | 1 = 0;
  #nextOffset: number | undefined;
  #latestEpoch = 0;
  #problem: ScanProblem | undefined;

  constructor(file: FileHandle, options: BatchScannerOptions) {
    this.#file = file;
    this.#options = options;
    this.#endPosition = options.endPosition;
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
    if (this.#problem !== undefined) return [];
    if (this.#position >= this.#endPosition) return this.#finish();
    const chunk = await this.#readOn();
    const batches = this.#parse(chunk, this.#endPosition - this.#position);
    if (batches.length > 0 || this.#problem !== undefined) return batches;
    if (this.#position >= this.#endPosition) return this.#finish();
    // One batch is larger than a chunk: read exactly that one. Its size was found sane and inside the file.
    // Its window is free again only when nothing is read into it any more.
    await this.#ahead?.bytes.catch(() => undefined);
    this.#ahead = undefined;
    const { sizeBytes } = readBatchHeader(chunk);
    const bytes = await this.#readAt(this.#position, sizeBytes);
    this.#noteEnd(this.#position + bytes.length, sizeBytes - bytes.length);
    return this.#parse(bytes, this.#endPosition - this.#position);
  }

  /** A file that ends early between two batches is torn there, though what is left of it is whole. */
  #finish(): ScannedBatch[] {
    const missingBytes = this.#options.endPosition - this.#endPosition;
    if (missingBytes > 0) this.#stop(`the file ends ${missingBytes} bytes early`, true);
    return [];
  }

  #noteEnd(endPosition: number, missingBytes: number): void {
    if (missingBytes > 0) this.#endPosition = endPosition;
  }

  /** The bytes from the position of the scan on: what is left of the last chunk, and the next one. */
  async #readOn(): Promise<Buffer> {
    const position = this.#position + this.#rest.length;
    const next = this.#ahead?.position === position ? this.#ahead : this.#beginRead(position);
    const bytes = await next.bytes;
    const end = position + bytes.length;
    this.#noteEnd(end, next.sizeBytes - bytes.length);
    // Before the next read: it goes into the window in which the rest still lies.
    const joined = joinRest(this.#rest, bytes, next.window);
    this.#ahead = end < this.#endPosition ? this.#beginRead(end) : undefined;
    return joined;
  }

  #beginRead(position: number): ReadAhead {
    const sizeBytes = Math.min(chunkSizeBytes, this.#endPosition - position);
    const window = this.#takeWindow(position + sizeBytes);
    const bytes = this.#readAt(position, sizeBytes, window?.subarray(chunkSizeBytes, chunkSizeBytes + sizeBytes));
    // Told to who waits for it; nobody does where the scan ends earlier.
    bytes.catch(() => undefined);
    return { position, sizeBytes, bytes, window };
  }

  /** Undefined for a scan of one chunk only, which needs no window. */
  #takeWindow(readEnd: number): Buffer | undefined {
    const turn = this.#nextWindow;
    if (readEnd >= this.#endPosition && this.#windows[0] === undefined) return undefined;
    this.#nextWindow = turn === 0 ? 1 : 0;
    this.#windows[turn] ??= Buffer.allocUnsafeSlow(2 * chunkSizeBytes);
    return this.#windows[turn];
  }

  async #readAt(
    position: number,
    sizeBytes: number,
    chunk: Buffer = Buffer.allocUnsafeSlow(sizeBytes),
  ): Promise<Buffer> {
    return chunk.subarray(0, await this.#file.read(chunk, position));
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
    this.#rest = chunk.subarray(at);
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
    const isGap = header.baseOffset > expected && header.baseOffset <= (this.#options.gapsBelow ?? 0);
    if (header.baseOffset !== expected && !isGap) return `base offset ${header.baseOffset} where ${expected} follows`;
    if (header.leaderEpoch >= this.#latestEpoch) return undefined;
    return `leader epoch ${header.leaderEpoch} after ${this.#latestEpoch}`;
  }

  #stop(reason: string, isTorn: boolean): undefined {
    this.#problem = { position: this.#position, reason, isTorn };
  }
}

/** What was left over and the chunk after it, side by side: in the window of the chunk where there is room in front of it. */
function joinRest(rest: Buffer, bytes: Buffer, window: Buffer | undefined): Buffer {
  if (rest.length === 0) return bytes;
  if (window === undefined || rest.length > chunkSizeBytes) return Buffer.concat([rest, bytes]);
  const start = chunkSizeBytes - rest.length;
  window.set(rest, start);
  return window.subarray(start, chunkSizeBytes + bytes.length);
}

function headerOrReason(chunk: Buffer, at: number): RecordBatchHeader | string {
  try {
    return readBatchHeader(chunk, at);
  } catch (error) {
    if (isSluiceError(error, "INVALID_RECORD_BATCH")) return error.message;
    throw error;
  }
}
