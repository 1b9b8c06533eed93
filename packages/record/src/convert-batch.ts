/**
 * What a broker changes in a produced batch before it appends it, where its topic asks for it: the codec, and the timestamp.
 *
 * The records keep their bytes, offsets and sequences; nothing is done for each of them. The checksum is right afterwards.
 */

import { writeBatchHeader } from "./batch-header-writer.js";
import { type CompressionCodec, compress, decompressAtMost } from "./compression.js";
import { crc32c } from "./crc32c.js";
import { writeInt64 } from "./int64.js";
import type { RecordBatchHeader } from "./record-batch-header.js";
import { batchAttribute, batchField, batchHeaderSizeBytes } from "./record-batch-layout.js";
import { storedRecords } from "./record-batch-reader.js";

/**
 * The batch with its records compressed by `codec`: `batch` itself where they are, else a new one. Records that shrink so much
 * that readers would take them for a bomb are not compressed.
 * @param header of the batch, as `readBatchHeader` gives it
 * @param options `expandedBytesMax`: most bytes of records that are taken out of their present compression
 * @throws SluiceError INVALID_RECORD_BATCH where they are not of their codec or expand too far; MISSING_CODEC_PACKAGE
 */
export function recompressBatch(
  batch: Buffer,
  header: RecordBatchHeader,
  options: { readonly codec: CompressionCodec; readonly expandedBytesMax: number },
): Buffer {
  const { codec, expandedBytesMax } = options;
  if (header.compression === codec) return batch;
  const records = decompressAtMost(header.compression, storedRecords(batch, header), expandedBytesMax);
  const compressed = compress(codec, records);
  // Readers would refuse it, and it is not compressed now.
  if (compressed === undefined && header.compression === "none") return batch;
  const stored = compressed ?? records;
  const converted = Buffer.allocUnsafe(batchHeaderSizeBytes + stored.length);
  converted.set(stored, batchHeaderSizeBytes);
  writeBatchHeader(converted, { ...header, compression: compressed === undefined ? "none" : codec });
  return converted;
}

/** Gives all records of the batch the time of their append, in place. @param nowMs milliseconds since 1970 */
export function stampLogAppendTime(batch: Buffer, nowMs: number): void {
  const attributes = batch.readInt16BE(batchField.attributes);
  batch.writeInt16BE(attributes | batchAttribute.logAppendTime, batchField.attributes);
  writeInt64(batch, batchField.maxTimestamp, nowMs);
  batch.writeUInt32BE(crc32c(batch.subarray(batchField.attributes)), batchField.crc);
}
