/** Group records as record batches of the offsets topic, and back. Keys and values are UTF-8 text. */

import type { GroupRecord } from "@sluice/groups";
import { SluiceError } from "@sluice/model";
import { batchBaseOffset, batchesIn, RecordBatchBuilder, recordsIn, verifyBatchChecksum } from "@sluice/record";

/** One batch with all the records: they are in the log together or not at all. */
export function buildGroupBatch(records: readonly GroupRecord[], timestampMs: number): Buffer {
  const builder = new RecordBatchBuilder({});
  for (const { key, value } of records) {
    builder.append({ timestampMs, key: Buffer.from(key), value: value === null ? null : Buffer.from(value) });
  }
  return builder.build();
}

/**
 * Records of whole batches back to back, in order.
 *
 * @throws SluiceError CORRUPT_GROUP_RECORD where a record has no key, and what reading batches throws
 */
export function* readGroupRecords(batches: Buffer): Iterable<GroupRecord> {
  for (const batch of batchesIn(batches)) {
    // The log checks no checksum when it reads, and here is nobody else who would.
    if (!verifyBatchChecksum(batch, 0, batch.length)) {
      throw new SluiceError("CORRUPT_RECORD_BATCH", {
        where: `offset ${batchBaseOffset(batch)} of __consumer_offsets`,
      });
    }
    for (const { key, value, offset } of recordsIn(batch)) {
      if (key === null) {
        throw new SluiceError("CORRUPT_GROUP_RECORD", { key: "null", reason: `offset ${offset} has no key` });
      }
      yield { key: key.toString("utf8"), value: value?.toString("utf8") ?? null };
    }
  }
}
