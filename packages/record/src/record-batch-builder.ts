/**
 * Builds one record batch: records are encoded as they are appended, straight into the buffer that `build` returns.
 *
 * Offset deltas are 0, 1, 2 ...; the base timestamp is that of the first record. A builder makes one batch: after `build`
 * its buffer belongs to the caller. The layout is drawn in `record-batch-layout`.
 */

import { invariant, SluiceError } from "@sluice/model";
import { type BatchProducer, writeBatchHeader } from "./batch-header-writer.js";
import { type CompressionCodec, checkCodecAvailable, compress } from "./compression.js";
import type { RecordHeaderInput, RecordInput } from "./record.js";
import { batchHeaderSizeBytes, batchSizeBytesLimit } from "./record-batch-layout.js";
import { varintSizeBytes, varlongSizeBytes, writeVarint, writeVarlong } from "./varint.js";

export interface RecordBatchBuilderOptions {
  /** Default `none`. */
  readonly compression?: CompressionCodec;
  /** Bytes to begin with, where the size is known; it grows by doubling. Default 1024. */
  readonly initialBytes?: number;
  /** Memory to build in while it suffices; `build` then gives a view of it. Default: new memory of `initialBytes`. */
  readonly buffer?: Buffer | undefined;
}

const noProducer: BatchProducer = { producerId: -1, producerEpoch: -1, baseSequence: -1 };
const noHeaders: readonly RecordHeaderInput[] = [];
const varintBytesMax = 5;
const varlongBytesMax = 10;
// UTF-8 needs at most three bytes for each UTF-16 code unit.
const utf8BytesPerUnitMax = 3;

export class RecordBatchBuilder {
  readonly #compression: CompressionCodec;
  #bytes: Buffer;
  #end: number = batchHeaderSizeBytes;
  #recordCount = 0;
  #baseTimestampMs = 0;
  #maxTimestampMs = 0;
  /** What was used, once the records are compressed. */
  #compressedWith: CompressionCodec | undefined;
  #isBuilt = false;

  /** @throws SluiceError MISSING_CODEC_PACKAGE */
  constructor(options: RecordBatchBuilderOptions = {}) {
    this.#compression = options.compression ?? "none";
    checkCodecAvailable(this.#compression);
    const { buffer, initialBytes = 1024 } = options;
    const isUsable = buffer !== undefined && buffer.length >= batchHeaderSizeBytes;
    this.#bytes = isUsable ? buffer : Buffer.allocUnsafe(Math.max(initialBytes, batchHeaderSizeBytes));
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** Bytes of the batch if it were built now, before compression until `close`. */
  get sizeBytes(): number {
    return this.#end;
  }

  /**
   * Adds a record. Where it throws, the batch is as it was.
   * @throws SluiceError INVALID_TIMESTAMP, RECORD_BATCH_TOO_LARGE where the batch would pass 2 GiB
   */
  append(record: RecordInput): void {
    invariant(!this.#isBuilt && this.#compressedWith === undefined, "append after close or build");
    const { timestampMs, key, value } = record;
    if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) {
      throw new SluiceError("INVALID_TIMESTAMP", { timestamp: timestampMs, where: "a record" });
    }
    const headers = record.headers ?? noHeaders;
    const timestampDelta = this.#recordCount === 0 ? 0 : timestampMs - this.#baseTimestampMs;
    const bodyBytes =
      1 +
      varlongSizeBytes(timestampDelta) +
      varintSizeBytes(this.#recordCount) +
      nullableSizeBytes(key) +
      nullableSizeBytes(value) +
      headersSizeBytes(headers);
    const end = this.#end + varintSizeBytes(bodyBytes) + bodyBytes;
    this.#reserve(end);

    const bytes = this.#bytes;
    let at = writeVarint(bytes, this.#end, bodyBytes);
    bytes[at++] = 0;
    at = writeVarlong(bytes, at, timestampDelta);
    at = writeVarint(bytes, at, this.#recordCount);
    at = writeNullable(bytes, at, key);
    at = writeNullable(bytes, at, value);
    at = writeHeaders(bytes, at, headers);
    invariant(at === end, "a record is not of the size that was computed");

    if (this.#recordCount === 0) this.#baseTimestampMs = timestampMs;
    if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs;
    this.#recordCount++;
    this.#end = end;
  }

  /** Takes no more records and compresses them, so that `sizeBytes` is what `build` gives. At least one was appended. */
  close(): void {
    invariant(this.#recordCount > 0, "close of an empty batch");
    this.#compressedWith ??= this.#compressRecords();
  }

  /**
   * The batch: base offset 0, leader epoch -1. At least one record was appended.
   * @param producer default: none, all of its fields are -1.
   */
  build(producer: BatchProducer = noProducer): Buffer {
    invariant(this.#recordCount > 0, "build of an empty batch");
    invariant(!this.#isBuilt, "build twice");
    this.#isBuilt = true;
    this.close();
    const batch = this.#bytes.subarray(0, this.#end);
    const { producerId, producerEpoch, baseSequence, isTransactional = false } = producer;
    writeBatchHeader(batch, {
      baseOffset: 0,
      leaderEpoch: -1,
      compression: this.#compressedWith ?? "none",
      timestampType: "createTime",
      isTransactional,
      isControl: false,
      hasDeleteHorizon: false,
      lastOffsetDelta: this.#recordCount - 1,
      baseTimestampMs: this.#baseTimestampMs,
      maxTimestampMs: this.#maxTimestampMs,
      producerId,
      producerEpoch,
      baseSequence,
      recordCount: this.#recordCount,
    });
    return batch;
  }

  /** Returns the codec used: `none` also where readers would take so small a result for a decompression bomb. */
  #compressRecords(): CompressionCodec {
    if (this.#compression === "none") return "none";
    const compressed = compress(this.#compression, this.#bytes.subarray(batchHeaderSizeBytes, this.#end));
    if (compressed === undefined) return "none";
    this.#end = batchHeaderSizeBytes + compressed.length;
    this.#bytes = Buffer.allocUnsafe(this.#end);
    this.#bytes.set(compressed, batchHeaderSizeBytes);
    return this.#compression;
  }

  #reserve(end: number): void {
    if (end <= this.#bytes.length) return;
    if (end > batchSizeBytesLimit) {
      throw new SluiceError("RECORD_BATCH_TOO_LARGE", {
        sizeBytes: end,
        sizeBytesMax: batchSizeBytesLimit,
        where: "any topic",
      });
    }
    const grown = Buffer.allocUnsafe(Math.min(Math.max(this.#bytes.length * 2, end), batchSizeBytesLimit));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }
}

/** Upper bound of what `append` of the record adds to `sizeBytes`. */
export function recordSizeBytesMax(record: RecordInput): number {
  const sizes = (record.key?.length ?? 0) + (record.value?.length ?? 0);
  let sizeBytesMax = 1 + varlongBytesMax + 5 * varintBytesMax + sizes;
  for (const { key, value } of record.headers ?? noHeaders) {
    sizeBytesMax += 2 * varintBytesMax + key.length * utf8BytesPerUnitMax + (value?.length ?? 0);
  }
  return sizeBytesMax;
}

function nullableSizeBytes(value: Uint8Array | null): number {
  return value === null ? 1 : varintSizeBytes(value.length) + value.length;
}

function headersSizeBytes(headers: readonly RecordHeaderInput[]): number {
  let sizeBytes = varintSizeBytes(headers.length);
  for (const { key, value } of headers) {
    const keyBytes = Buffer.byteLength(key);
    sizeBytes += varintSizeBytes(keyBytes) + keyBytes + nullableSizeBytes(value);
  }
  return sizeBytes;
}

function writeNullable(bytes: Buffer, position: number, value: Uint8Array | null): number {
  if (value === null) return writeVarint(bytes, position, -1);
  const at = writeVarint(bytes, position, value.length);
  bytes.set(value, at);
  return at + value.length;
}

function writeHeaders(bytes: Buffer, position: number, headers: readonly RecordHeaderInput[]): number {
  let at = writeVarint(bytes, position, headers.length);
  for (const { key, value } of headers) {
    at = writeVarint(bytes, at, Buffer.byteLength(key));
    at += bytes.write(key, at);
    at = writeNullable(bytes, at, value);
  }
  return at;
}
