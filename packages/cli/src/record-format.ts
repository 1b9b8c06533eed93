/**
 * Records as text: one JSON object a line for programs, one row a line for people.
 *
 *     {"topic":"t","partition":0,"offset":3,"timestamp":1700000000000,"key":"k","value":"v","headers":{"h":"x"}}
 *
 * Bytes are a JSON string where they are valid UTF-8, null where there are none, else {"base64":"..."}: nothing is lost. A header
 * that comes more than once has a list of values.
 */

import { isUtf8 } from "node:buffer";
import { printable } from "./printable.js";

/** What there is to print of a record. */
export interface PrintedRecord {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** Headers by name; a list where one repeats. */
export type PrintedHeaders = Readonly<Record<string, Buffer | null | readonly (Buffer | null)[]>>;

/** Bytes in JSON. */
export type BytesJson = string | null | { readonly base64: string };

export function bytesToJson(bytes: Buffer | null): BytesJson {
  if (bytes === null) return null;
  return isUtf8(bytes) ? bytes.toString("utf8") : { base64: bytes.toString("base64") };
}

export function headersToJson(headers: PrintedHeaders): Record<string, BytesJson | BytesJson[]> {
  const entries = Object.entries(headers).map(([name, value]): [string, BytesJson | BytesJson[]] => {
    return [name, value === null || Buffer.isBuffer(value) ? bytesToJson(value) : value.map(bytesToJson)];
  });
  return Object.fromEntries(entries);
}

/** Titles above `recordRow`. */
export const recordTitles = `${["PARTITION", "OFFSET".padStart(10), "TIMESTAMP".padEnd(24), "KEY", "VALUE"].join("  ")}\n`;

/** One line for people. Columns before the key have fixed widths, because a stream cannot be measured first. */
export function recordRow(record: PrintedRecord): string {
  const cells = [
    String(record.partition).padStart(9),
    String(record.offset).padStart(10),
    timeText(record.timestampMs).padEnd(24),
    bytesToText(record.key),
    bytesToText(record.value),
  ];
  return `${cells.join("  ")}\n`;
}

/** "-" for none; bytes that are not UTF-8 as base64. */
export function bytesToText(bytes: Buffer | null): string {
  const json = bytesToJson(bytes);
  if (json === null) return "-";
  return typeof json === "string" ? printable(json) : `base64:${json.base64}`;
}

/** ISO 8601 in UTC; the number where it is no date. */
export function timeText(timestampMs: number): string {
  return Math.abs(timestampMs) <= 8.64e15 ? new Date(timestampMs).toISOString() : String(timestampMs);
}
