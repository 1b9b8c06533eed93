/**
 * Rebuilds a batch with some of its records, for compaction.
 *
 * Offsets, producer fields, leader epoch, codec and timestamp type stay, and so does the last offset, whether or not its record
 * does: producers' sequences and the order of batches hang on it. Records keep their bytes; only their timestamp deltas change,
 * because the base timestamp does: it is the first kept record's, or the delete horizon where one is set. That is what Kafka
 * makes of the same batch. Decides nothing about which records to keep.
 */

import { SluiceError } from "@sluice/model";
import { type BatchHeaderFields, writeBatchHeader } from "./batch-header-writer.js";
import { compress, decompress } from "./compression.js";
import type { RecordView } from "./record.js";
import { type RecordBatchHeader, readBatchHeader } from "./record-batch-header.js";
import { batchHeaderSizeBytes } from "./record-batch-layout.js";
import { RecordIterator, storedRecords } from "./record-batch-reader.js";
import { VarintReader, varintSizeBytes, varlongSizeBytes, writeVarint, writeVarlong } from "./varint.js";

export interface RewriteBatchOptions {
  /**
   * From when on tombstones (or the marker of a transaction) in the batch may be removed, in ms since 1970. It is set only where
   * records are kept and the batch has none yet; the records' timestamps stay as they are.
   */
  readonly deleteHorizonMs?: number;
}

/** A record that is kept: its timestamp, and where the bytes lie that do not change. */
interface KeptRecord {
  readonly timestampMs: number;
  readonly attributes: number;
  /** Position of the offset delta; all from there to `end` is copied. */
  readonly tail: number;
  readonly end: number;
}

/**
 * The batch with the records for which `keep` is true: `batch` itself where that is all of them and no horizon is to be set,
 * else a new one. Where none is kept it has no records, no codec and no horizon; whoever does not want it drops it by its
 * `batchRecordCount`. `keep` is called once for each record, in order, before anything is built.
 * @throws SluiceError INVALID_RECORD_BATCH, MISSING_CODEC_PACKAGE; and what `keep` throws
 */
export function rewriteBatch(
  batch: Buffer,
  keep: (record: RecordView) => boolean,
  options: RewriteBatchOptions = {},
): Buffer {
  const header = readBatchHeader(batch);
  const records = decompress(header.compression, storedRecords(batch, header));
  const kept = keptRecords(header, records, keep);
  const { deleteHorizonMs } = options;
  const isHorizonNew = deleteHorizonMs !== undefined && !header.hasDeleteHorizon && kept.length > 0;
  if (kept.length === header.recordCount && !isHorizonNew) return batch;
  if (kept.length === 0) return emptyBatch(header);
  const horizonMs = isHorizonNew ? deleteHorizonMs : header.hasDeleteHorizon ? header.baseTimestampMs : undefined;
  return builtBatch(header, records, kept, horizonMs);
}

function keptRecords(header: RecordBatchHeader, bytes: Buffer, keep: (record: RecordView) => boolean): KeptRecord[] {
  const kept: KeptRecord[] = [];
  const records = new RecordIterator(header, bytes);
  const reader = new VarintReader(bytes, 0, bytes.length);
  for (let result = records.next(); result.done !== true; result = records.next()) {
    const bodyBytes = reader.varint();
    const end = reader.position + bodyBytes;
    const attributes = reader.byte();
    reader.varlong(); // The timestamp delta is written anew.
    if (keep(result.value))
      kept.push({ timestampMs: result.value.timestampMs, attributes, tail: reader.position, end });
    reader.position = end;
  }
  return kept;
}

function builtBatch(
  header: RecordBatchHeader,
  source: Buffer,
  kept: readonly KeptRecord[],
  horizonMs: number | undefined,
): Buffer {
  const baseTimestampMs = horizonMs ?? kept[0]?.timestampMs ?? -1;
  const records = encodedRecords(source, kept, baseTimestampMs);
  const compressed = compress(header.compression, records);
  const stored = compressed ?? records;
  const batch = Buffer.allocUnsafe(batchHeaderSizeBytes + stored.length);
  batch.set(stored, batchHeaderSizeBytes);
  writeBatchHeader(batch, {
    ...keptFields(header),
    // As in a builder: not compressed where readers would take so small a result for a bomb.
    compression: compressed === undefined ? "none" : header.compression,
    hasDeleteHorizon: horizonMs !== undefined,
    baseTimestampMs,
    maxTimestampMs: maxTimestampMs(header, kept),
    recordCount: kept.length,
  });
  return batch;
}

function encodedRecords(source: Buffer, kept: readonly KeptRecord[], baseTimestampMs: number): Buffer {
  const bodySizes = kept.map(({ timestampMs, tail, end }) => {
    const delta = timestampMs - baseTimestampMs;
    if (!Number.isSafeInteger(delta)) throw invalid(`a timestamp of ${timestampMs} is too far from ${baseTimestampMs}`);
    return 1 + varlongSizeBytes(delta) + end - tail;
  });
  const bytes = Buffer.allocUnsafe(bodySizes.reduce((sum, size) => sum + varintSizeBytes(size) + size, 0));
  let at = 0;
  for (const [index, { timestampMs, attributes, tail, end }] of kept.entries()) {
    at = writeVarint(bytes, at, bodySizes[index] as number);
    bytes[at++] = attributes;
    at = writeVarlong(bytes, at, timestampMs - baseTimestampMs);
    at += source.copy(bytes, at, tail, end);
  }
  return bytes;
}

/** A header with no records, as Kafka writes it: without a base timestamp, and with the greatest timestamp of what was there. */
function emptyBatch(header: RecordBatchHeader): Buffer {
  const batch = Buffer.allocUnsafe(batchHeaderSizeBytes);
  writeBatchHeader(batch, {
    ...keptFields(header),
    compression: "none",
    hasDeleteHorizon: false,
    baseTimestampMs: -1,
    maxTimestampMs: header.maxTimestampMs,
    recordCount: 0,
  });
  return batch;
}

/** What stays of a header whatever becomes of its records. */
function keptFields(
  header: RecordBatchHeader,
): Omit<BatchHeaderFields, "compression" | "hasDeleteHorizon" | "baseTimestampMs" | "maxTimestampMs" | "recordCount"> {
  const { baseOffset, leaderEpoch, timestampType, isTransactional, isControl, lastOffsetDelta } = header;
  const { producerId, producerEpoch, baseSequence } = header;
  return {
    baseOffset,
    leaderEpoch,
    timestampType,
    isTransactional,
    isControl,
    lastOffsetDelta,
    producerId,
    producerEpoch,
    baseSequence,
  };
}

function maxTimestampMs(header: RecordBatchHeader, kept: readonly KeptRecord[]): number {
  if (header.timestampType === "logAppendTime") return header.maxTimestampMs;
  return kept.reduce((max, { timestampMs }) => Math.max(max, timestampMs), -1);
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_RECORD_BATCH", { reason, where: "its records" });
}
