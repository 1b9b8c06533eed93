/**
 * What a follower checks of the bytes that a leader sent, before anything is decided about them: that they are whole batches with
 * good checksums, in order, within the range that the leader names, and that no epoch is older than the one before. A leader that
 * reads rotten bytes from its disk passes nothing on (P21).
 */

import { type LeaderEpoch, leaderEpoch, SluiceError } from "@sluice/model";
import { batchesIn, readBatchHeader, verifyBatchChecksum } from "@sluice/record";
import type { ReplicatedRecords } from "../replication/replica-access.js";

export interface ReceivedBatches {
  /** One a batch: views of what was received. */
  readonly batches: readonly Buffer[];
  /** Offset of the first record; below the range where the leader's log begins inside a batch. */
  readonly baseOffset: number;
  readonly epochs: { readonly first: LeaderEpoch; readonly last: LeaderEpoch };
}

/**
 * Checks and takes apart what was received, which is not empty.
 * @param where `topic-partition`, for messages
 * @throws SluiceError INVALID_RECORD_BATCH, CORRUPT_RECORD_BATCH
 */
export function receivedBatches(received: ReplicatedRecords, where: string): ReceivedBatches {
  const { records, fetchOffset, nextOffset } = received;
  const batches: Buffer[] = [];
  let [baseOffset, endOffset, firstEpoch, lastEpoch, sizeBytes] = [0, 0, 0, 0, 0];
  for (const batch of batchesIn(records)) {
    const header = readBatchHeader(batch);
    if (!verifyBatchChecksum(batch, 0, batch.length)) throw new SluiceError("CORRUPT_RECORD_BATCH", { where });
    if (batches.length === 0) {
      baseOffset = header.baseOffset;
      firstEpoch = header.leaderEpoch;
      if (header.lastOffset < fetchOffset) throw invalid(`a batch ends before ${fetchOffset}`, where);
    } else {
      if (header.baseOffset < endOffset) throw invalid(`offset ${header.baseOffset} follows ${endOffset - 1}`, where);
      if (header.leaderEpoch < lastEpoch) throw invalid(`epoch ${header.leaderEpoch} follows ${lastEpoch}`, where);
    }
    endOffset = header.lastOffset + 1;
    lastEpoch = header.leaderEpoch;
    sizeBytes += batch.length;
    batches.push(batch);
  }
  if (sizeBytes !== records.length) throw invalid("its last batch is cut short", where);
  if (endOffset > nextOffset) throw invalid(`it ends at ${endOffset}, beyond ${nextOffset}`, where);
  if (firstEpoch < 0) throw invalid("a batch was never appended by a leader", where);
  return { batches, baseOffset, epochs: { first: leaderEpoch(firstEpoch), last: leaderEpoch(lastEpoch) } };
}

function invalid(reason: string, where: string): SluiceError {
  return new SluiceError("INVALID_RECORD_BATCH", { reason, where });
}
