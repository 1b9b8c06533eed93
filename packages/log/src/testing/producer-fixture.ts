/** Batches of idempotent and transactional producers for tests, with right checksums. */

import { crc32c, RecordBatchBuilder, type RecordBatchHeader, readBatchHeader } from "@sluice/record";

export interface ProducerBatchOptions {
  readonly producerId: number;
  /** Default 0. */
  readonly epoch?: number;
  /** Default 0; -1 for a marker. */
  readonly sequence?: number;
  readonly baseOffset: number;
  /** Offsets of the batch, default 1. */
  readonly count?: number;
  readonly timestampMs?: number;
  readonly isTransactional?: boolean;
  /** Makes it a control batch with that record. */
  readonly control?: { readonly key: Buffer; readonly value: Buffer };
}

export interface ProducerBatch {
  readonly header: RecordBatchHeader;
  readonly bytes: Buffer;
}

/** A batch as it lies in a log. */
export function producerBatch(options: ProducerBatchOptions): ProducerBatch {
  const { control, timestampMs = 0 } = options;
  const builder = new RecordBatchBuilder();
  const record = control ?? { key: null, value: Buffer.from("value") };
  for (let index = 0; index < (options.count ?? 1); index++) builder.append({ timestampMs, ...record });
  const bytes = builder.build();
  const transactional = options.isTransactional === true || control !== undefined ? 0x10 : 0;
  bytes.writeBigInt64BE(BigInt(options.baseOffset), 0);
  bytes.writeInt16BE(transactional | (control === undefined ? 0 : 0x20), 21);
  bytes.writeBigInt64BE(BigInt(options.producerId), 43);
  bytes.writeInt16BE(options.epoch ?? 0, 51);
  bytes.writeInt32BE(options.sequence ?? (control === undefined ? 0 : -1), 53);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return { header: readBatchHeader(bytes), bytes };
}

/** Key and value of the record that ends a transaction. `typeNumber` 0 aborts, 1 commits. */
export function markerRecord(typeNumber: number, coordinatorEpoch = 0): { key: Buffer; value: Buffer } {
  const key = Buffer.alloc(4);
  key.writeInt16BE(typeNumber, 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(coordinatorEpoch, 2);
  return { key, value };
}
