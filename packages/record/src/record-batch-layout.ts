/**
 * Layout of a record batch (Kafka message format v2): where each field is. All integers are big-endian.
 *
 *     RecordBatch =
 *       0   baseOffset            int64    offset of the first record; 0 from a producer, set at the append
 *       8   batchLength           int32    bytes after this field
 *      12   partitionLeaderEpoch  int32    -1 from a producer, set at the append
 *      16   magic                 int8     2
 *      17   crc                   uint32   CRC-32C of [21, end)
 *      21   attributes            int16    bits 0-2 codec, 3 log append time, 4 transactional, 5 control, 6 delete horizon
 *      23   lastOffsetDelta       int32    offset of the last record - baseOffset; kept when compaction removes records
 *      27   baseTimestamp         int64    ms since 1970 of the first record
 *      35   maxTimestamp          int64    ms since 1970, the largest of the batch
 *      43   producerId            int64    -1: none
 *      51   producerEpoch         int16    -1: none
 *      53   baseSequence          int32    -1: none
 *      57   recordCount           int32
 *      61   records               Record*, or one compressed stream of them
 *
 *     Record =
 *       length varint             bytes after this field
 *       attributes int8           0
 *       timestampDelta varlong    - baseTimestamp
 *       offsetDelta varint        - baseOffset
 *       keyLength varint          -1: null
 *       key
 *       valueLength varint        -1: null
 *       value
 *       headerCount varint
 *       Header*
 *
 *     Header =
 *       keyLength varint, key utf-8, valueLength varint (-1: null), value
 *
 * The CRC covers neither baseOffset nor partitionLeaderEpoch: a broker stamps those 12 bytes and leaves the rest as it is.
 * The accessors here check nothing and are for bytes that were checked before (`record-batch-header` checks).
 */

import { crc32c } from "./crc32c.js";
import { readInt64, writeInt64 } from "./int64.js";

/** Position of each field in a batch. */
export const batchField = {
  baseOffset: 0,
  batchLength: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

/** Bytes before the records: the smallest batch. */
export const batchHeaderSizeBytes = batchField.records;

/** Bytes that `batchLength` does not count. */
export const batchPrefixSizeBytes = batchField.leaderEpoch;

/** Largest batch that `batchLength` can say. */
export const batchSizeBytesLimit = 0x7fffffff;

export const currentMagic = 2;

/** Bits of the attributes. */
export const batchAttribute = {
  codecMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

/** Offset of the first record. */
export function batchBaseOffset(bytes: Buffer, position = 0): number {
  return readInt64(bytes, position + batchField.baseOffset);
}

/** Bytes of the whole batch. */
export function batchSizeBytes(bytes: Buffer, position = 0): number {
  return batchPrefixSizeBytes + bytes.readInt32BE(position + batchField.batchLength);
}

/** Offset of the last record. */
export function batchLastOffset(bytes: Buffer, position = 0): number {
  return batchBaseOffset(bytes, position) + bytes.readInt32BE(position + batchField.lastOffsetDelta);
}

/** Milliseconds since 1970. */
export function batchMaxTimestampMs(bytes: Buffer, position = 0): number {
  return readInt64(bytes, position + batchField.maxTimestamp);
}

/** Id of the idempotent producer that sent it; -1: none did. */
export function batchProducerId(bytes: Buffer, position = 0): number {
  return readInt64(bytes, position + batchField.producerId);
}

/** Records in the batch: fewer than its offsets where compaction removed some. */
export function batchRecordCount(bytes: Buffer, position = 0): number {
  return bytes.readInt32BE(position + batchField.recordCount);
}

/** Epoch of the leader that appended the batch; -1 before that. */
export function batchLeaderEpoch(bytes: Buffer, position = 0): number {
  return bytes.readInt32BE(position + batchField.leaderEpoch);
}

/** Writes what a leader decides at the append, in place: base offset and leader epoch. The checksum stays right. */
export function stampBatch(
  bytes: Buffer,
  position: number,
  stamp: { readonly baseOffset: number; readonly leaderEpoch: number },
): void {
  writeInt64(bytes, position + batchField.baseOffset, stamp.baseOffset);
  bytes.writeInt32BE(stamp.leaderEpoch, position + batchField.leaderEpoch);
}

/** Whether the CRC of the batch of `sizeBytes` at `position` matches its bytes. All of them must be in `bytes`. */
export function verifyBatchChecksum(bytes: Buffer, position: number, sizeBytes: number): boolean {
  const covered = bytes.subarray(position + batchField.attributes, position + sizeBytes);
  return bytes.readUInt32BE(position + batchField.crc) === crc32c(covered);
}
