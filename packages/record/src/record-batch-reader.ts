/**
 * Reads record batches: whole batches from a buffer, records from a batch.
 *
 * Made for bytes from anywhere: whatever they are, reading ends with records or with a typed error, and allocates in
 * proportion to the bytes that are there, never to a count or a length that they claim. It does not check the CRC
 * (`verifyBatchChecksum`) and keeps control batches as they are.
 */

import { SluiceError } from "@sluice/model";
import { decompress } from "./compression.js";
import type { RecordHeader, RecordView } from "./record.js";
import { checkedBatchSizeBytes, type RecordBatchHeader, readBatchHeader } from "./record-batch-header.js";
import { batchHeaderSizeBytes } from "./record-batch-layout.js";
import { VarintReader } from "./varint.js";

/**
 * The whole batches that lie back to back in `bytes`, as views. A batch that is cut short at the end is left out.
 * @throws SluiceError INVALID_RECORD_BATCH, while iterating, where a length is nonsense
 */
export function* batchesIn(bytes: Buffer): Generator<Buffer, void, undefined> {
  let position = 0;
  while (bytes.length - position >= batchHeaderSizeBytes) {
    const end = position + checkedBatchSizeBytes(bytes, position);
    if (end > bytes.length) return;
    yield bytes.subarray(position, end);
    position = end;
  }
}

/**
 * The records of one batch, in order. Compressed records are decompressed once, at the first iteration.
 * @throws SluiceError INVALID_RECORD_BATCH at once for the header, while iterating for the records; MISSING_CODEC_PACKAGE while
 * iterating
 */
export function recordsIn(batch: Buffer): Iterable<RecordView> {
  const header = readBatchHeader(batch);
  return new BatchRecords(header, storedRecords(batch, header));
}

/**
 * The bytes after the header, as they are stored: compressed, where the header says so.
 * @throws SluiceError INVALID_RECORD_BATCH where they are not all there
 */
export function storedRecords(batch: Buffer, header: RecordBatchHeader): Buffer {
  if (header.sizeBytes > batch.length) {
    throw invalid(`it says that it has ${header.sizeBytes} bytes, and there are ${batch.length}`);
  }
  return batch.subarray(batchHeaderSizeBytes, header.sizeBytes);
}

class BatchRecords implements Iterable<RecordView> {
  readonly #header: RecordBatchHeader;
  readonly #stored: Buffer;
  #records: Buffer | undefined;

  constructor(header: RecordBatchHeader, stored: Buffer) {
    this.#header = header;
    this.#stored = stored;
  }

  [Symbol.iterator](): Iterator<RecordView> {
    this.#records ??= decompress(this.#header.compression, this.#stored);
    return new RecordIterator(this.#header, this.#records);
  }
}

/**
 * Reads records that are decompressed already. An iterator by hand: a generator costs as much again as the record itself.
 * `next` throws SluiceError INVALID_RECORD_BATCH.
 */
export class RecordIterator implements Iterator<RecordView> {
  readonly #header: RecordBatchHeader;
  readonly #bytes: Buffer;
  readonly #reader: VarintReader;
  readonly #appendTimestampMs: number | undefined;
  #remaining: number;
  #previousDelta = -1;

  constructor(header: RecordBatchHeader, bytes: Buffer) {
    this.#header = header;
    this.#bytes = bytes;
    this.#reader = new VarintReader(bytes, 0, bytes.length);
    this.#remaining = header.recordCount;
    this.#appendTimestampMs = header.timestampType === "logAppendTime" ? header.maxTimestampMs : undefined;
  }

  next(): IteratorResult<RecordView, undefined> {
    const reader = this.#reader;
    if (this.#remaining === 0) {
      if (reader.position !== reader.end) throw invalid(`${reader.end - reader.position} bytes follow its last record`);
      return { done: true, value: undefined };
    }
    this.#remaining--;
    return { done: false, value: this.#readRecord(reader) };
  }

  #readRecord(reader: VarintReader): RecordView {
    const bodyBytes = reader.varint();
    const end = reader.position + bodyBytes;
    if (bodyBytes < 0 || end > reader.end) throw invalid(`a record of ${bodyBytes} bytes does not fit`);
    reader.byte(); // Attributes of a record: none is defined.
    const timestampMs = this.#timestampOf(reader.varlong());
    const offset = this.#offsetOf(reader.varint());
    const keyLength = nullableLength(reader, end);
    const keyAt = reader.position;
    reader.position += Math.max(keyLength, 0);
    const valueLength = nullableLength(reader, end);
    const valueAt = reader.position;
    reader.position += Math.max(valueLength, 0);
    const headersAt = reader.position;
    skipHeaders(reader, end);
    if (reader.position !== end) throw invalid("a record is not of the length that it says");
    return new RecordInBatch(this.#bytes, offset, timestampMs, keyAt, keyLength, valueAt, valueLength, headersAt);
  }

  #timestampOf(delta: number): number {
    if (this.#appendTimestampMs !== undefined) return this.#appendTimestampMs;
    const timestampMs = this.#header.baseTimestampMs + delta;
    if (!Number.isSafeInteger(timestampMs)) throw invalid(`a timestamp is ${timestampMs}`);
    return timestampMs;
  }

  #offsetOf(delta: number): number {
    if (delta <= this.#previousDelta || delta > this.#header.lastOffsetDelta) {
      throw invalid(
        `offset delta ${delta} follows ${this.#previousDelta}; the last is ${this.#header.lastOffsetDelta}`,
      );
    }
    this.#previousDelta = delta;
    return this.#header.baseOffset + delta;
  }
}

/** Where the parts of a record lie; the parts themselves are cut out when they are asked for. */
class RecordInBatch implements RecordView {
  readonly offset: number;
  readonly timestampMs: number;
  readonly #bytes: Buffer;
  readonly #keyAt: number;
  readonly #keyLength: number;
  readonly #valueAt: number;
  readonly #valueLength: number;
  readonly #headersAt: number;

  constructor(
    bytes: Buffer,
    offset: number,
    timestampMs: number,
    keyAt: number,
    keyLength: number,
    valueAt: number,
    valueLength: number,
    headersAt: number,
  ) {
    this.#bytes = bytes;
    this.offset = offset;
    this.timestampMs = timestampMs;
    this.#keyAt = keyAt;
    this.#keyLength = keyLength;
    this.#valueAt = valueAt;
    this.#valueLength = valueLength;
    this.#headersAt = headersAt;
  }

  get key(): Buffer | null {
    return part(this.#bytes, this.#keyAt, this.#keyLength);
  }

  get value(): Buffer | null {
    return part(this.#bytes, this.#valueAt, this.#valueLength);
  }

  get headers(): readonly RecordHeader[] {
    return readHeaders(this.#bytes, this.#headersAt);
  }
}

/** Reads the length of a key or value: -1 for null. What it counts ends at `end` or before. */
function nullableLength(reader: VarintReader, end: number): number {
  const length = reader.varint();
  if (length < -1 || reader.position + length > end) throw invalid(`a length of ${length} does not fit its record`);
  return length;
}

/** Walks over the headers, so that decoding them later cannot fail. */
function skipHeaders(reader: VarintReader, end: number): void {
  const count = reader.varint();
  if (count < 0) throw invalid(`a record has ${count} headers`);
  for (let index = 0; index < count; index++) {
    const keyLength = nullableLength(reader, end);
    if (keyLength < 0) throw invalid("a header has no key");
    reader.position += keyLength;
    const valueLength = nullableLength(reader, end);
    reader.position += Math.max(valueLength, 0);
  }
}

function readHeaders(bytes: Buffer, position: number): readonly RecordHeader[] {
  const reader = new VarintReader(bytes, position, bytes.length);
  const headers: RecordHeader[] = [];
  for (let remaining = reader.varint(); remaining > 0; remaining--) {
    const keyLength = reader.varint();
    const key = bytes.toString("utf8", reader.position, reader.position + keyLength);
    reader.position += keyLength;
    const valueLength = reader.varint();
    headers.push({ key, value: part(bytes, reader.position, valueLength) });
    reader.position += Math.max(valueLength, 0);
  }
  return headers;
}

function part(bytes: Buffer, position: number, length: number): Buffer | null {
  return length < 0 ? null : bytes.subarray(position, position + length);
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_RECORD_BATCH", { reason, where: "its records" });
}
