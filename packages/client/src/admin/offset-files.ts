/**
 * Committed offsets of a group as text, and back.
 *
 *     csv   one line a partition, as kafka-consumer-groups writes and reads it:   topic,partition,offset
 *     json  {"groupId":"g","exportedAtMs":1700000000000,"offsets":[{"topic":"t","partition":0,"offset":42}]}
 *
 * Read are also: a CSV with a header, with the group in front of each line, and with fields in quotes, as other tools write it; of
 * JSON, the array of offsets alone. A text is taken whole or refused, naming the line.
 */

import { SluiceError, topicName } from "@sluice/model";
import { keyOf, offsetOf } from "../consumer/offset-spec.js";
import type { GroupPartition, OffsetsFormat, OffsetToImport } from "./group-admin-types.js";

/** An offset and the partition that it is for. */
export interface OffsetRow extends GroupPartition {
  readonly offset: number;
}

/** The text of these offsets. */
export function formatOffsets(
  format: OffsetsFormat,
  exported: { readonly groupId: string; readonly exportedAtMs: number; readonly offsets: readonly OffsetRow[] },
): string {
  const { groupId, exportedAtMs } = exported;
  const offsets = exported.offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  if (format === "json") return `${JSON.stringify({ groupId, exportedAtMs, offsets }, null, 2)}\n`;
  return offsets.map(({ topic, partition, offset }) => `${topic},${partition},${offset}\n`).join("");
}

/**
 * The offsets of a text.
 * @param format undefined: JSON where the text begins with a brace or bracket, else CSV
 * @throws SluiceError INVALID_REQUEST, INVALID_TOPIC_NAME
 */
export function parseOffsets(
  text: string,
  options: { readonly groupId: string; readonly format?: OffsetsFormat | undefined },
): OffsetRow[] {
  const isJson = options.format === undefined ? /^\uFEFF?\s*[[{]/.test(text) : options.format === "json";
  const clean = text.replace(/^\uFEFF/, "");
  return isJson ? parseJson(clean) : parseCsv(clean, options.groupId);
}

/**
 * Offsets that were given as objects, checked and as numbers.
 * @throws SluiceError INVALID_REQUEST, INVALID_TOPIC_NAME
 */
export function checkOffsetRows(offsets: readonly OffsetToImport[]): OffsetRow[] {
  return rowsOf(offsets.map((offset, index) => ({ where: `offset ${index + 1}`, offset })));
}

function parseJson(text: string): OffsetRow[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SluiceError("INVALID_REQUEST", { reason: "the offsets are not JSON" }, { cause: error });
  }
  const offsets: unknown = Array.isArray(value) ? value : (value as { readonly offsets?: unknown } | null)?.offsets;
  if (!Array.isArray(offsets)) throw invalid("the JSON has no list 'offsets'");
  return checkOffsetRows(offsets as OffsetToImport[]);
}

function parseCsv(text: string, groupId: string): OffsetRow[] {
  const rows: { where: string; offset: unknown }[] = [];
  let isFirst = true;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const where = `line ${index + 1}`;
    const fields = line.split(",").map((field) => field.trim().replace(/^"(.*)"$/, "$1"));
    const isHeader = isFirst && fields.at(-1)?.toLowerCase() === "offset";
    isFirst = false;
    if (isHeader) continue;
    if (fields.length === 4 && fields[0] !== groupId)
      throw invalid(`${where} is of group '${fields[0]}', not '${groupId}'`);
    if (fields.length !== 3 && fields.length !== 4) throw invalid(`${where} is not topic,partition,offset`);
    const [topic, partition, offset] = fields.slice(-3) as [string, string, string];
    rows.push({
      where,
      offset: { topic, partition: /^\d{1,10}$/.test(partition) ? Number(partition) : Number.NaN, offset },
    });
  }
  return rowsOf(rows);
}

function rowsOf(given: readonly { readonly where: string; readonly offset: unknown }[]): OffsetRow[] {
  const seen = new Set<string>();
  return given.map(({ where, offset: candidate }) => {
    if (typeof candidate !== "object" || candidate === null)
      throw invalid(`${where} is not {topic, partition, offset}`);
    const { topic, partition, offset } = candidate as OffsetToImport;
    if (typeof topic !== "string") throw invalid(`${where} names no topic`);
    const place = { topic: topicName(topic), partition };
    if (!Number.isSafeInteger(partition) || partition < 0) throw invalid(`${where} names no partition`);
    if (seen.has(keyOf(place))) throw invalid(`${where}: partition ${topic}-${partition} is there twice`);
    seen.add(keyOf(place));
    return { ...place, offset: offsetIn(where, offset) };
  });
}

function offsetIn(where: string, offset: number | string): number {
  try {
    return offsetOf(offset);
  } catch (error) {
    throw new SluiceError(
      "INVALID_REQUEST",
      { reason: `${where}: ${String(offset)} is not an offset` },
      { cause: error },
    );
  }
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_REQUEST", { reason });
}
