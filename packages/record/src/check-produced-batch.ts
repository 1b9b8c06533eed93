/**
 * Every check that a broker makes of a batch before it appends it, in the order of the least work.
 *
 * The records themselves are not looked at: they are the producer's and the consumer's business. So any codec of the format is
 * taken, whether or not it could be read here. Sequence numbers of idempotent producers are checked where the producer's state is.
 */

import { SluiceError } from "@sluice/model";
import { checkedBatchSizeBytes, checkMagic, type RecordBatchHeader, readBatchHeader } from "./record-batch-header.js";
import { batchHeaderSizeBytes, verifyBatchChecksum } from "./record-batch-layout.js";

export interface ProducedBatchLimits {
  /** `max.message.bytes` of the topic. */
  readonly sizeBytesMax: number;
  /** What the batch is for, for messages: `topic-partition`. */
  readonly where: string;
  /** The broker's clock. */
  readonly nowMs: number;
  /** `message.timestamp.before.max.ms` of the topic. */
  readonly timestampBeforeMaxMs: number;
  /** `message.timestamp.after.max.ms` of the topic. */
  readonly timestampAfterMaxMs: number;
}

/**
 * Checks that `bytes` are exactly one batch that may be appended, and returns its header.
 * @throws SluiceError RECORD_BATCH_TOO_LARGE, INVALID_RECORD_BATCH, CORRUPT_RECORD_BATCH, UNSUPPORTED, INVALID_TIMESTAMP
 */
export function checkProducedBatch(bytes: Buffer, limits: ProducedBatchLimits): RecordBatchHeader {
  const { where, sizeBytesMax } = limits;
  if (bytes.length < batchHeaderSizeBytes) {
    throw invalid(`${bytes.length} bytes, and the smallest batch has ${batchHeaderSizeBytes}`, where);
  }
  if (bytes.length > sizeBytesMax) {
    throw new SluiceError("RECORD_BATCH_TOO_LARGE", { sizeBytes: bytes.length, sizeBytesMax, where });
  }
  checkMagic(bytes, 0);
  const sizeBytes = checkedBatchSizeBytes(bytes, 0);
  if (sizeBytes !== bytes.length) {
    throw invalid(`it says that it has ${sizeBytes} bytes, and ${bytes.length} were sent`, where);
  }
  if (!verifyBatchChecksum(bytes, 0, sizeBytes)) throw new SluiceError("CORRUPT_RECORD_BATCH", { where });
  const header = readBatchHeader(bytes);
  if (header.baseOffset !== 0) throw invalid(`baseOffset is ${header.baseOffset}, not 0`, where);
  checkContents(header, where);
  checkTimestamps(header, limits);
  return header;
}

function checkContents(header: RecordBatchHeader, where: string): void {
  const { lastOffsetDelta, recordCount } = header;
  if (recordCount === 0) throw invalid("it has no records", where);
  if (lastOffsetDelta + 1 !== recordCount) {
    throw invalid(`recordCount is ${recordCount} and lastOffsetDelta ${lastOffsetDelta}`, where);
  }
  if (header.isControl) throw invalid("a producer may not send control batches", where);
  if (header.isTransactional) throw new SluiceError("UNSUPPORTED", { feature: "A transactional record batch" });
  if (header.producerId >= 0 && (header.producerEpoch < 0 || header.baseSequence < 0)) {
    const { producerId, producerEpoch, baseSequence } = header;
    throw invalid(`producer ${producerId} sent epoch ${producerEpoch} and sequence ${baseSequence}`, where);
  }
  if (header.timestampType !== "createTime" || header.hasDeleteHorizon) {
    throw invalid("only a broker sets log append time or a delete horizon", where);
  }
}

function checkTimestamps(header: RecordBatchHeader, limits: ProducedBatchLimits): void {
  const { baseTimestampMs, maxTimestampMs } = header;
  const { where, nowMs, timestampBeforeMaxMs, timestampAfterMaxMs } = limits;
  if (maxTimestampMs < baseTimestampMs) {
    throw invalid(`maxTimestamp ${maxTimestampMs} is before baseTimestamp ${baseTimestampMs}`, where);
  }
  if (baseTimestampMs < 0 || baseTimestampMs < nowMs - timestampBeforeMaxMs) {
    throw new SluiceError("INVALID_TIMESTAMP", { timestamp: baseTimestampMs, where });
  }
  if (maxTimestampMs > nowMs + timestampAfterMaxMs) {
    throw new SluiceError("INVALID_TIMESTAMP", { timestamp: maxTimestampMs, where });
  }
}

function invalid(reason: string, where: string): SluiceError {
  return new SluiceError("INVALID_RECORD_BATCH", { reason, where });
}
