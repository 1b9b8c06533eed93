/** Writes the header of a record batch before its records, and the checksum over both: the last step of building one. */

import { type CompressionCodec, compressionCodecs } from "./compression.js";
import { crc32c } from "./crc32c.js";
import { writeInt64 } from "./int64.js";
import { batchAttribute, batchField, batchPrefixSizeBytes, currentMagic } from "./record-batch-layout.js";

/** A producer whose batches are numbered, so that a broker knows one that it has already. */
export interface BatchProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Sequence of the first record; the others follow it. */
  readonly baseSequence: number;
  /** Whether the records count only once their transaction is committed. Default false. */
  readonly isTransactional?: boolean;
}

/** Fields of a batch apart from those that follow from its bytes. */
export interface BatchHeaderFields {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly compression: CompressionCodec;
  readonly timestampType: "createTime" | "logAppendTime";
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly hasDeleteHorizon: boolean;
  readonly lastOffsetDelta: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/** `batch` is the whole batch, with its records in place after the header. */
export function writeBatchHeader(batch: Buffer, fields: BatchHeaderFields): void {
  writeInt64(batch, batchField.baseOffset, fields.baseOffset);
  batch.writeInt32BE(batch.length - batchPrefixSizeBytes, batchField.batchLength);
  batch.writeInt32BE(fields.leaderEpoch, batchField.leaderEpoch);
  batch.writeInt8(currentMagic, batchField.magic);
  batch.writeInt16BE(attributesOf(fields), batchField.attributes);
  batch.writeInt32BE(fields.lastOffsetDelta, batchField.lastOffsetDelta);
  writeInt64(batch, batchField.baseTimestamp, fields.baseTimestampMs);
  writeInt64(batch, batchField.maxTimestamp, fields.maxTimestampMs);
  writeInt64(batch, batchField.producerId, fields.producerId);
  batch.writeInt16BE(fields.producerEpoch, batchField.producerEpoch);
  batch.writeInt32BE(fields.baseSequence, batchField.baseSequence);
  batch.writeInt32BE(fields.recordCount, batchField.recordCount);
  batch.writeUInt32BE(crc32c(batch.subarray(batchField.attributes)), batchField.crc);
}

function attributesOf(fields: BatchHeaderFields): number {
  return (
    compressionCodecs.indexOf(fields.compression) |
    (fields.timestampType === "logAppendTime" ? batchAttribute.logAppendTime : 0) |
    (fields.isTransactional ? batchAttribute.transactional : 0) |
    (fields.isControl ? batchAttribute.control : 0) |
    (fields.hasDeleteHorizon ? batchAttribute.deleteHorizon : 0)
  );
}
