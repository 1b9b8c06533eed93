/**
 * What a segment file holds, as lines: for people a line a batch and a line a record below it, for programs one JSON object a line.
 *
 *     {"offset":3,"timestamp":5,"key":"k","value":"v","headers":{},"leaderEpoch":0,"batch":{...}}    a record
 *     {"offset":4,"timestamp":5,"control":{"type":"commit",...},"leaderEpoch":0,"batch":{...}}       a marker of a control batch
 *     {"batch":{...}}                                  a batch of which no record is shown: all its fields, and why, as "error"
 *     {"damage":{"position":71,"sizeBytes":12,...}}    bytes that are no batch
 */

import type { DumpedBatch, DumpedDamage, DumpedRecord } from "@sluice/log";
import { printable } from "../printable.js";
import { bytesToJson, bytesToText, headersToJson, type PrintedHeaders, timeText } from "../record-format.js";

/** Lines without their ends, of a batch with those of its records that are to be shown. */
export function* batchJson(batch: DumpedBatch, records: readonly DumpedRecord[]): Iterable<string> {
  const { leaderEpoch, baseOffset, position, compression } = batch;
  for (const record of records) {
    const { offset, timestampMs: timestamp } = record;
    const shown = { offset, timestamp, ...recordJson(record) };
    yield JSON.stringify({ ...shown, leaderEpoch, batch: { baseOffset, position, compression } });
  }
  const error = batch.recordsError && { code: batch.recordsError.code, message: batch.recordsError.message };
  if (records.length > 0 && error === undefined) return;
  const { type: _type, records: _records, recordsError: _recordsError, ...header } = batch;
  yield JSON.stringify({ batch: header, error });
}

/** Lines without their ends, of a batch with those of its records that are to be shown. */
export function* batchText(batch: DumpedBatch, records: readonly DumpedRecord[]): Iterable<string> {
  const { baseOffset, lastOffset, leaderEpoch, position, sizeBytes, compression } = batch;
  const parts = [
    `batch ${baseOffset}..${lastOffset}`,
    `epoch ${leaderEpoch}`,
    `position ${position}`,
    `${sizeBytes} bytes`,
    compression,
    batch.recordCount === 1 ? "1 record" : `${batch.recordCount} records`,
    ...traitsOf(batch),
  ];
  yield parts.join("  ");
  for (const record of records) {
    yield `  ${String(record.offset).padStart(10)}  ${timeText(record.timestampMs)}  ${contentText(record)}`;
  }
  if (batch.recordsError === undefined) return;
  yield `  ${" ".repeat(10)}  its records cannot be read: ${printable(batch.recordsError.message)} (${batch.recordsError.code})`;
}

export function damageJson({ position, sizeBytes, reason, isTorn }: DumpedDamage): string {
  return JSON.stringify({ damage: { position, sizeBytes, reason, isTorn } });
}

export function damageText({ position, sizeBytes, reason, isTorn }: DumpedDamage): string {
  return `${isTorn ? "TORN" : "DAMAGED"} at position ${position}  ${sizeBytes} bytes  ${reason}`;
}

/** What is not usual of a batch. */
function traitsOf(batch: DumpedBatch): string[] {
  const { producerId, producerEpoch, baseSequence } = batch;
  const traits = [
    producerId >= 0 && `producer ${producerId} epoch ${producerEpoch} sequence ${baseSequence}`,
    batch.isTransactional && "transactional",
    batch.isControl && "control",
    batch.timestampType === "logAppendTime" && "time of append",
    batch.hasDeleteHorizon && `tombstones go after ${timeText(batch.baseTimestampMs)}`,
    !batch.isChecksumValid && "DAMAGED: CHECKSUM DOES NOT FIT",
    batch.disorder !== undefined && `OUT OF ORDER: ${batch.disorder}`,
  ];
  return traits.filter((trait) => trait !== false);
}

function recordJson({ control, key, value, headers }: DumpedRecord) {
  if (control !== undefined) return { control };
  return { key: bytesToJson(key), value: bytesToJson(value), headers: headersToJson(byName(headers)) };
}

function contentText({ control, key, value }: DumpedRecord): string {
  if (control === undefined) return `${bytesToText(key)}  ${bytesToText(value)}`;
  if (control.type === "unknown") return "a marker of an unknown kind";
  return `${control.type} of a transaction, by coordinator epoch ${control.coordinatorEpoch}`;
}

/** Headers by name, as consumers get them. */
function byName(headers: DumpedRecord["headers"]): PrintedHeaders {
  const named = new Map<string, (Buffer | null)[]>();
  for (const { key, value } of headers) named.set(key, [...(named.get(key) ?? []), value]);
  const entries = [...named].map(([key, values]): [string, PrintedHeaders[string]] => {
    return [key, values.length === 1 ? (values[0] ?? null) : values];
  });
  return Object.fromEntries(entries);
}
