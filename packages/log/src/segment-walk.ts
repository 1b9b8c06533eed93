/**
 * Walks a segment file from its start to its end, past whatever is damaged in it: for the offline tools, which are to say all that
 * can still be found. What a log may be served from is `BatchScanner`'s to decide, and that one stops at the first doubt.
 *
 * What comes is either a batch, whole and with what is wrong with it, or a stretch of bytes that are no batch. After such a
 * stretch the walk goes on at the next bytes that are a batch beyond doubt: a header that makes sense and a checksum that fits.
 * How many bytes are checked in search of it is bounded, so that no file makes the walk endless.
 *
 * Memory is one window of a megabyte, or of the largest batch where that is larger.
 */

import { type FileHandle, isSluiceError } from "@sluice/model";
import { batchHeaderSizeBytes, type RecordBatchHeader, readBatchHeader, verifyBatchChecksum } from "@sluice/record";

/** Largest batch that any topic takes (max.message.bytes): a larger size is nonsense, and is not allocated. */
const batchSizeBytesMax = 64 * 1024 * 1024;
const windowSizeBytes = 1024 * 1024;
/** Position of the magic byte in a batch, and its value. */
const magicAt = 16;
const magic = 2;
/** Offsets of a segment, relative to its base: its indexes have them as int32. */
const relativeOffsetMax = 0x7fff_ffff;

/** A batch whose bytes are all there. */
export interface WalkedBatch {
  readonly type: "batch";
  /** Byte of the file at which it starts. */
  readonly position: number;
  readonly header: RecordBatchHeader;
  /** All bytes of the batch: a view. */
  readonly bytes: Buffer;
  readonly isChecksumValid: boolean;
  /** Why it cannot follow the batches before it; undefined where it can. Base offset and epoch have no checksum. */
  readonly disorder: string | undefined;
}

/** Bytes that are no batch. */
export interface WalkedDamage {
  readonly type: "damage";
  readonly position: number;
  readonly sizeBytes: number;
  readonly reason: string;
  /** They end the file as a write that was cut short leaves it: inside a batch, or with zeros. */
  readonly isTorn: boolean;
}

export interface SegmentWalkOptions {
  /** Where to start: 0, or where a batch begins. */
  readonly position: number;
  /** Where to stop: the size of the file. */
  readonly endPosition: number;
  /** Base offset that the first batch must have. Undefined: any. */
  readonly baseOffset?: number;
  /** Exclusive end of the offsets that may be missing between two batches, because compaction removed them. */
  readonly gapsBelow: number;
}

export class SegmentWalk {
  readonly #file: FileHandle;
  readonly #gapsBelow: number;
  #position: number;
  #endPosition: number;
  /** End of the last good batch: what follows has this base offset or, where `#isExact` is false, a higher one. */
  #endOffset: number | undefined;
  readonly #offsetMax: number;
  #isExact = true;
  #latestEpoch = 0;
  /** The header at the position, or why there is none: looked at more than once, and read once. */
  #parsed: { readonly position: number; readonly header: RecordBatchHeader | string } | undefined;
  #window: Buffer = Buffer.alloc(0);
  #windowPosition = 0;
  /** Bytes that may still be checked in search of a batch behind damage. */
  #searchBytes: number;

  constructor(file: FileHandle, options: SegmentWalkOptions) {
    this.#file = file;
    this.#gapsBelow = options.gapsBelow;
    this.#position = options.position;
    this.#endPosition = options.endPosition;
    this.#endOffset = options.baseOffset;
    this.#offsetMax = (options.baseOffset ?? Number.POSITIVE_INFINITY) + relativeOffsetMax;
    this.#searchBytes = 4 * (options.endPosition + batchSizeBytesMax);
  }

  /** Offset after the last good batch; before the first it is the base offset that was given, if any. */
  get endOffset(): number | undefined {
    return this.#endOffset;
  }

  /** What comes next, some of it; empty at the end of the file. */
  async readMore(): Promise<(WalkedBatch | WalkedDamage)[]> {
    const items: (WalkedBatch | WalkedDamage)[] = [];
    while (this.#position < this.#endPosition) {
      if (!this.#holds(this.#position, this.#neededBytes())) {
        if (items.length > 0) break;
        await this.#load(this.#position, batchHeaderSizeBytes);
        if (!this.#holds(this.#position, this.#neededBytes())) await this.#load(this.#position, this.#neededBytes());
        if (this.#position >= this.#endPosition) break;
      }
      const batch = this.#batchOrDoubt();
      if (typeof batch !== "string" && !("reason" in batch)) {
        items.push(batch);
        continue;
      }
      items.push(await this.#skipDamage(typeof batch === "string" ? { reason: batch, isTorn: false } : batch));
      break;
    }
    return items;
  }

  /** Bytes from the position on that a decision takes: a header, then the batch and the header behind it. */
  #neededBytes(): number {
    const remaining = this.#endPosition - this.#position;
    if (!this.#holds(this.#position, batchHeaderSizeBytes)) return Math.min(batchHeaderSizeBytes, remaining);
    const header = this.#headerOrReason();
    if (typeof header === "string" || header.sizeBytes > Math.min(batchSizeBytesMax, remaining))
      return batchHeaderSizeBytes;
    return Math.min(header.sizeBytes + batchHeaderSizeBytes, remaining);
  }

  /** The batch at the position, which is then behind it; or why there is none that can be shown. */
  #batchOrDoubt(): WalkedBatch | string | { reason: string; isTorn: boolean } {
    const remaining = this.#endPosition - this.#position;
    if (remaining < batchHeaderSizeBytes) return { reason: "the file ends inside a batch header", isTorn: true };
    const at = this.#position - this.#windowPosition;
    const header = this.#headerOrReason();
    if (typeof header === "string") return header;
    const { sizeBytes } = header;
    if (sizeBytes > batchSizeBytesMax) return `a batch of ${sizeBytes} bytes`;
    const disorder = this.#disorderOf(header);
    if (sizeBytes > remaining) {
      return disorder ?? { reason: `the file ends inside a batch of ${sizeBytes} bytes`, isTorn: true };
    }
    const isChecksumValid = verifyBatchChecksum(this.#window, at, sizeBytes);
    // The length may be what is damaged: it is believed where another batch, or the end of the file, is where it points.
    if (!isChecksumValid && !this.#isBatchAt(at + sizeBytes, remaining - sizeBytes)) return checksumReason(header);
    const position = this.#position;
    this.#position += sizeBytes;
    this.#follow(header, isChecksumValid && disorder === undefined);
    const bytes = this.#window.subarray(at, at + sizeBytes);
    return { type: "batch", position, header, bytes, isChecksumValid, disorder };
  }

  /** The header at the position, which the window holds. */
  #headerOrReason(): RecordBatchHeader | string {
    if (this.#parsed?.position !== this.#position) {
      const header = headerOrReason(this.#window, this.#position - this.#windowPosition);
      this.#parsed = { position: this.#position, header };
    }
    return this.#parsed.header;
  }

  /** What follows a damaged batch is measured against the last good one. */
  #follow(header: RecordBatchHeader, isGood: boolean): void {
    this.#isExact = isGood;
    if (isGood) this.#endOffset = header.lastOffset + 1;
    this.#latestEpoch = header.leaderEpoch;
  }

  #disorderOf({ baseOffset, lastOffset, leaderEpoch }: RecordBatchHeader): string | undefined {
    const expected = this.#endOffset;
    if (expected !== undefined && baseOffset < expected) {
      return `base offset ${baseOffset} where ${expected} follows`;
    }
    if (expected !== undefined && this.#isExact && baseOffset > Math.max(expected, this.#gapsBelow)) {
      return `base offset ${baseOffset} where ${expected} follows: what is between is missing`;
    }
    if (lastOffset > this.#offsetMax) return `offset ${lastOffset} is no offset of this segment`;
    if (this.#isExact && leaderEpoch < this.#latestEpoch)
      return `leader epoch ${leaderEpoch} after ${this.#latestEpoch}`;
    return undefined;
  }

  #isBatchAt(at: number, remaining: number): boolean {
    if (remaining === 0) return true;
    return remaining >= batchHeaderSizeBytes && typeof headerOrReason(this.#window, at) !== "string";
  }

  async #skipDamage(doubt: { reason: string; isTorn: boolean }): Promise<WalkedDamage> {
    const position = this.#position;
    const endPosition = this.#endPosition;
    const found = await this.#findBatch(position + 1);
    this.#isExact = false;
    this.#position = found ?? endPosition;
    const sizeBytes = this.#position - position;
    if (found !== undefined) return { type: "damage", position, sizeBytes, reason: doubt.reason, isTorn: false };
    if (await this.#isZero(position, endPosition)) {
      return { type: "damage", position, sizeBytes, reason: `the last ${sizeBytes} bytes are zeros`, isTorn: true };
    }
    return { type: "damage", position, sizeBytes, ...doubt };
  }

  /** Position of the next batch beyond doubt at or after `from`. */
  async #findBatch(from: number): Promise<number | undefined> {
    let position = from;
    while (position + batchHeaderSizeBytes <= this.#endPosition && this.#searchBytes > 0) {
      if (!this.#holds(position, batchHeaderSizeBytes)) {
        this.#searchBytes -= await this.#load(position, batchHeaderSizeBytes);
        continue;
      }
      const magicFound = this.#window.indexOf(magic, position - this.#windowPosition + magicAt);
      if (magicFound === -1) {
        position = this.#windowPosition + this.#window.length - magicAt;
        // Where the window ended with the file, no header fits behind it.
        if (this.#windowPosition + this.#window.length >= this.#endPosition) return undefined;
        await this.#load(position, batchHeaderSizeBytes);
        continue;
      }
      position = this.#windowPosition + magicFound - magicAt;
      if (!this.#holds(position, batchHeaderSizeBytes)) continue;
      if (await this.#isGoodBatch(position)) return position;
      position += 1;
    }
    return undefined;
  }

  async #isGoodBatch(position: number): Promise<boolean> {
    const at = position - this.#windowPosition;
    // Most bytes that look like the magic are none: the length tells, and costs less than an error.
    const batchLength = this.#window.readInt32BE(at + 8);
    if (batchLength < 0 || batchLength > batchSizeBytesMax) return false;
    const header = headerOrReason(this.#window, at);
    if (typeof header === "string" || header.sizeBytes > Math.min(batchSizeBytesMax, this.#endPosition - position)) {
      return false;
    }
    if (header.baseOffset < (this.#endOffset ?? 0)) return false;
    this.#searchBytes -= header.sizeBytes;
    if (!this.#holds(position, header.sizeBytes)) await this.#load(position, header.sizeBytes);
    if (!this.#holds(position, header.sizeBytes)) return false;
    return verifyBatchChecksum(this.#window, position - this.#windowPosition, header.sizeBytes);
  }

  async #isZero(from: number, to: number): Promise<boolean> {
    for (let position = from; position < to; position += this.#window.length) {
      await this.#load(position, 1);
      if (this.#window.length === 0 || this.#window.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  #holds(position: number, sizeBytes: number): boolean {
    return position >= this.#windowPosition && position + sizeBytes <= this.#windowPosition + this.#window.length;
  }

  /** Loads the window at `position` with `sizeBytes` or more, as far as the file goes. Resolves with how many bytes came. */
  async #load(position: number, sizeBytes: number): Promise<number> {
    const wanted = Math.max(0, Math.min(Math.max(sizeBytes, windowSizeBytes), this.#endPosition - position));
    // A new buffer each time: batches that were handed out are views of the one before.
    const window = Buffer.allocUnsafeSlow(wanted);
    const readBytes = await this.#file.read(window, position);
    // A running broker cut the file meanwhile.
    if (readBytes < wanted) this.#endPosition = position + readBytes;
    this.#window = window.subarray(0, readBytes);
    this.#windowPosition = position;
    return readBytes;
  }
}

/** Says of a batch that its checksum does not fit. */
export function checksumReason(header: RecordBatchHeader): string {
  return `the checksum of the batch at offset ${header.baseOffset} does not fit its bytes`;
}

function headerOrReason(bytes: Buffer, at: number): RecordBatchHeader | string {
  try {
    return readBatchHeader(bytes, at);
  } catch (error) {
    if (isSluiceError(error, "INVALID_RECORD_BATCH")) return String(error.details.reason);
    throw error;
  }
}
