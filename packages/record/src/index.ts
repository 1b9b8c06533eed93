/** Public door of @sluice/record: build, scan and verify record batches as bytes. */

export type { BatchProducer } from "./batch-header-writer.js";
export { checkProducedBatch, type ProducedBatchLimits } from "./check-produced-batch.js";
export { type CompressionCodec, checkCodecAvailable, compressionCodecs, prepareCompression } from "./compression.js";
export {
  buildEndTransactionMarker,
  type ControlRecord,
  type EndTransactionMarker,
  readControlRecord,
} from "./control-record.js";
export { recompressBatch, stampLogAppendTime } from "./convert-batch.js";
export { crc32c, nativeCrc32cLoaded } from "./crc32c.js";
export { murmur2, partitionForKey } from "./murmur2.js";
export type { RecordHeader, RecordHeaderInput, RecordInput, RecordView } from "./record.js";
export { RecordBatchBuilder, type RecordBatchBuilderOptions, recordSizeBytesMax } from "./record-batch-builder.js";
export { type RecordBatchHeader, readBatchHeader } from "./record-batch-header.js";
export {
  batchBaseOffset,
  batchHeaderSizeBytes,
  batchLastOffset,
  batchLeaderEpoch,
  batchMaxTimestampMs,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  stampBatch,
  verifyBatchChecksum,
} from "./record-batch-layout.js";
export { batchesIn, recordsIn } from "./record-batch-reader.js";
export { type RewriteBatchOptions, rewriteBatch } from "./rewrite-batch.js";
export { stampBatchProducer } from "./stamp-batch-producer.js";
