/**
 * Producer state from the batches of a log: what recovery and truncation replay, and what the markers in control batches say.
 *
 *     Marker record = key {version int16, type int16: 0 abort, 1 commit}, value {version int16, coordinatorEpoch int32}
 *
 * Fields that later versions add come after these. A control batch that holds something else, or nothing since compaction
 * took it, ends no transaction. Checksums are the caller's.
 */

import { isSluiceError } from "@sluice/model";
import { type RecordBatchHeader, type RecordView, readBatchHeader, readControlRecord, recordsIn } from "@sluice/record";
import type { EndTransactionMarker, ProducerState } from "./producer-state.js";

/** Adds batches to `state`, in the order of the log. `bytes` are those of the whole batch. */
export function replayProducers(
  state: ProducerState,
  batches: Iterable<{ readonly header: RecordBatchHeader; readonly bytes: Buffer }>,
): void {
  for (const { header, bytes } of batches) {
    if (header.producerId >= 0) state.add(header, header.isControl ? controlMarkerOf(bytes) : undefined);
  }
}

/** The end of a transaction that a batch marks; undefined for any other batch. Throws for no bytes at all. */
export function controlMarkerOf(batch: Buffer): EndTransactionMarker | undefined {
  try {
    const header = readBatchHeader(batch);
    if (!header.isControl || header.compression !== "none") return undefined;
    for (const record of recordsIn(batch)) return markerOf(record);
  } catch (error) {
    // The batch is in the log with a good checksum: it is what somebody wrote, and no marker.
    if (!isSluiceError(error, "INVALID_RECORD_BATCH")) throw error;
  }
  return undefined;
}

function markerOf(record: RecordView): EndTransactionMarker | undefined {
  const { type, coordinatorEpoch } = readControlRecord(record);
  return type === "unknown" || coordinatorEpoch < 0 ? undefined : { type, coordinatorEpoch };
}
