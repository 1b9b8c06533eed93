/**
 * Header of a record batch, read and checked as far as it can be without its records: no field of it is nonsense.
 *
 * It checks no checksum and no limit of a topic; `check-produced-batch` does.
 */

import { SluiceError } from "@sluice/model";
import { type CompressionCodec, compressionCodecs } from "./compression.js";
import { readInt64 } from "./int64.js";
import {
  batchAttribute,
  batchField,
  batchHeaderSizeBytes,
  batchPrefixSizeBytes,
  batchSizeBytesLimit,
  currentMagic,
} from "./record-batch-layout.js";

export interface RecordBatchHeader {
  /** Offset of the first record. */
  readonly baseOffset: number;
  /** Bytes of the whole batch, header included. */
  readonly sizeBytes: number;
  /** Epoch of the leader that appended the batch; -1 before that. */
  readonly leaderEpoch: number;
  /** Always 2. */
  readonly magic: number;
  readonly crc: number;
  readonly compression: CompressionCodec;
  /** `logAppendTime`: every record has the time of the append, `maxTimestampMs`. */
  readonly timestampType: "createTime" | "logAppendTime";
  readonly isTransactional: boolean;
  /** Control batches hold markers of transactions, never records of an application. */
  readonly isControl: boolean;
  /** Whether `baseTimestampMs` is when tombstones may go, rather than the time of the first record. */
  readonly hasDeleteHorizon: boolean;
  readonly lastOffsetDelta: number;
  /** Offset of the last record, removed or not. */
  readonly lastOffset: number;
  /** Milliseconds since 1970; -1: none. */
  readonly baseTimestampMs: number;
  /** Milliseconds since 1970; -1: none. */
  readonly maxTimestampMs: number;
  /** -1: not of an idempotent producer. */
  readonly producerId: number;
  /** -1: none. */
  readonly producerEpoch: number;
  /** -1: none. */
  readonly baseSequence: number;
  /** Records in the batch, from 0: fewer than its offsets where compaction removed some. */
  readonly recordCount: number;
}

/**
 * Reads the header at `position`. Only the 61 bytes of the header need to be there: `sizeBytes` says what follows.
 * @throws SluiceError INVALID_RECORD_BATCH
 */
export function readBatchHeader(bytes: Buffer, position = 0): RecordBatchHeader {
  const available = bytes.length - position;
  if (available < batchHeaderSizeBytes) {
    throw invalid(`${available} bytes, and a header has ${batchHeaderSizeBytes}`, position);
  }
  checkMagic(bytes, position);
  const sizeBytes = checkedBatchSizeBytes(bytes, position);
  const attributes = bytes.readInt16BE(position + batchField.attributes);
  const baseOffset = readInt64(bytes, position + batchField.baseOffset);
  const lastOffsetDelta = bytes.readInt32BE(position + batchField.lastOffsetDelta);
  const header: RecordBatchHeader = {
    baseOffset,
    sizeBytes,
    leaderEpoch: bytes.readInt32BE(position + batchField.leaderEpoch),
    magic: currentMagic,
    crc: bytes.readUInt32BE(position + batchField.crc),
    compression: codecOf(attributes, position),
    timestampType: (attributes & batchAttribute.logAppendTime) === 0 ? "createTime" : "logAppendTime",
    isTransactional: (attributes & batchAttribute.transactional) !== 0,
    isControl: (attributes & batchAttribute.control) !== 0,
    hasDeleteHorizon: (attributes & batchAttribute.deleteHorizon) !== 0,
    lastOffsetDelta,
    lastOffset: baseOffset + lastOffsetDelta,
    baseTimestampMs: readInt64(bytes, position + batchField.baseTimestamp),
    maxTimestampMs: readInt64(bytes, position + batchField.maxTimestamp),
    producerId: readInt64(bytes, position + batchField.producerId),
    producerEpoch: bytes.readInt16BE(position + batchField.producerEpoch),
    baseSequence: bytes.readInt32BE(position + batchField.baseSequence),
    recordCount: bytes.readInt32BE(position + batchField.recordCount),
  };
  checkRanges(header, position);
  return header;
}

/** Size of the batch at `position`, of which at least 12 bytes are there. @throws SluiceError INVALID_RECORD_BATCH */
export function checkedBatchSizeBytes(bytes: Buffer, position: number): number {
  const batchLength = bytes.readInt32BE(position + batchField.batchLength);
  const sizeBytes = batchPrefixSizeBytes + batchLength;
  if (sizeBytes < batchHeaderSizeBytes || sizeBytes > batchSizeBytesLimit) {
    throw invalid(`batchLength is ${batchLength}`, position);
  }
  return sizeBytes;
}

/** @throws SluiceError INVALID_RECORD_BATCH for any format but v2. */
export function checkMagic(bytes: Buffer, position: number): void {
  const magic = bytes.readInt8(position + batchField.magic);
  if (magic !== currentMagic) throw invalid(`magic is ${magic}, and only ${currentMagic} is read`, position);
}

function codecOf(attributes: number, position: number): CompressionCodec {
  const number = attributes & batchAttribute.codecMask;
  const codec = compressionCodecs[number];
  if (codec === undefined) throw invalid(`codec number ${number} does not exist`, position);
  return codec;
}

function checkRanges(header: RecordBatchHeader, position: number): void {
  const { baseOffset, lastOffset, lastOffsetDelta, recordCount } = header;
  if (baseOffset < 0 || !Number.isSafeInteger(lastOffset)) throw invalid(`baseOffset is ${baseOffset}`, position);
  if (lastOffsetDelta < 0) throw invalid(`lastOffsetDelta is ${lastOffsetDelta}`, position);
  if (recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    throw invalid(`recordCount is ${recordCount} and lastOffsetDelta ${lastOffsetDelta}`, position);
  }
  for (const name of ["baseTimestampMs", "maxTimestampMs", "producerId"] as const) {
    if (header[name] < -1 || !Number.isSafeInteger(header[name])) throw invalid(`${name} is ${header[name]}`, position);
  }
}

function invalid(reason: string, position: number): SluiceError {
  return new SluiceError("INVALID_RECORD_BATCH", { reason, where: `at byte ${position}` });
}
