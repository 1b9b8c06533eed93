/** Gives a built batch to another producer, in place: what a producer does before it sends a batch anew under a new epoch. */

import type { BatchProducer } from "./batch-header-writer.js";
import { crc32c } from "./crc32c.js";
import { writeInt64 } from "./int64.js";
import { batchField, batchSizeBytes } from "./record-batch-layout.js";

/** Writes producer id, epoch and base sequence of the batch at the begin of `batch`, and its checksum. Nothing else changes. */
export function stampBatchProducer(batch: Buffer, producer: Omit<BatchProducer, "isTransactional">): void {
  writeInt64(batch, batchField.producerId, producer.producerId);
  batch.writeInt16BE(producer.producerEpoch, batchField.producerEpoch);
  batch.writeInt32BE(producer.baseSequence, batchField.baseSequence);
  batch.writeUInt32BE(crc32c(batch.subarray(batchField.attributes, batchSizeBytes(batch))), batchField.crc);
}
