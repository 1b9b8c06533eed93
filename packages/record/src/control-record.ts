/**
 * Control records: markers that a broker writes into a partition, and that applications never see.
 *
 *     key   = version int16 (0), type int16: 0 abort, 1 commit; others exist and are skipped
 *     value = version int16 (0), epoch of the transaction coordinator int32
 *
 * A control batch holds one of them, uncompressed. What comes after the known fields is left to later versions.
 */

import { SluiceError } from "@sluice/model";
import { writeBatchHeader } from "./batch-header-writer.js";
import type { RecordView } from "./record.js";
import { RecordBatchBuilder } from "./record-batch-builder.js";

export interface ControlRecord {
  /** `unknown`: a marker of a kind that this version does not know. */
  readonly type: "abort" | "commit" | "unknown";
  /** -1 for `unknown`. */
  readonly coordinatorEpoch: number;
}

export interface EndTransactionMarker {
  readonly type: "abort" | "commit";
  readonly coordinatorEpoch: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
}

const keySizeBytes = 4;
const valueSizeBytes = 6;
const endTransactionTypes = ["abort", "commit"] as const;

/**
 * What a record of a control batch says.
 * @throws SluiceError INVALID_RECORD_BATCH where it is too short for that, or of a negative version
 */
export function readControlRecord(record: RecordView): ControlRecord {
  const { key, value } = record;
  if (key === null || key.length < keySizeBytes || key.readInt16BE(0) < 0) throw invalid("key");
  const type = endTransactionTypes[key.readInt16BE(2)];
  if (type === undefined) return { type: "unknown", coordinatorEpoch: -1 };
  if (value === null || value.length < valueSizeBytes || value.readInt16BE(0) < 0) throw invalid("value");
  return { type, coordinatorEpoch: value.readInt32BE(2) };
}

/** The control batch that ends a transaction: base offset 0, leader epoch -1, and one record. */
export function buildEndTransactionMarker(marker: EndTransactionMarker): Buffer {
  const { type, coordinatorEpoch, producerId, producerEpoch, timestampMs } = marker;
  const key = Buffer.alloc(keySizeBytes);
  key.writeInt16BE(endTransactionTypes.indexOf(type), 2);
  const value = Buffer.alloc(valueSizeBytes);
  value.writeInt32BE(coordinatorEpoch, 2);
  const builder = new RecordBatchBuilder({ initialBytes: 128 });
  builder.append({ timestampMs, key, value });
  const batch = builder.build();
  writeBatchHeader(batch, {
    baseOffset: 0,
    leaderEpoch: -1,
    compression: "none",
    timestampType: "createTime",
    isTransactional: true,
    isControl: true,
    hasDeleteHorizon: false,
    lastOffsetDelta: 0,
    baseTimestampMs: timestampMs,
    maxTimestampMs: timestampMs,
    producerId,
    producerEpoch,
    baseSequence: -1,
    recordCount: 1,
  });
  return batch;
}

function invalid(part: string): SluiceError {
  return new SluiceError("INVALID_RECORD_BATCH", {
    reason: `the ${part} of a control record is nonsense`,
    where: "its records",
  });
}
