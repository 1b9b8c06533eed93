/**
 * Turns input into messages, in the formats of `sluice produce`.
 *
 *     lines   the bytes of a line are the value
 *     ndjson  so they are, and each line is a JSON value; lines of blanks are skipped
 *     csv     the first row names the members; every other row becomes a JSON object of strings
 *     raw     the whole input is one value
 *
 * `keyField` and `timestampField` name a member of the object that a record is made of.
 */

import type { OutgoingMessage } from "@sluice/client";
import { InputError } from "../command-context.js";
import { isoTimeMs } from "../position.js";
import { CsvParser } from "./parse-csv.js";
import { splitLines } from "./split-lines.js";

export type InputFormat = "lines" | "ndjson" | "csv" | "raw";

/** Messages that came together. */
export interface InputGroup {
  readonly messages: readonly OutgoingMessage[];
  /** Where in the input a message was, for people: "Line 7". Undefined where there is only one. */
  placeOf(index: number): string | undefined;
}

export interface FieldOptions {
  readonly keyField?: string | undefined;
  readonly timestampField?: string | undefined;
}

/** Longest line or row that is taken: what no broker would take as a record anyway. */
const recordBytesMax = 64 * 1024 * 1024;

/**
 * Messages of an input, in order, in groups: what came with one chunk.
 * @throws InputError where the input is not in its format, with the number of the line or row.
 */
export function messagesOf(
  input: AsyncIterable<Buffer> | Iterable<Buffer>,
  format: InputFormat,
  fields: FieldOptions,
): AsyncGenerator<InputGroup> {
  switch (format) {
    case "lines":
      return linesToMessages(input);
    case "ndjson":
      return ndjsonToMessages(input, fields);
    case "csv":
      return csvToMessages(input, fields);
    case "raw":
      return rawToMessages(input);
  }
}

async function* linesToMessages(input: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<InputGroup> {
  let before = 0;
  for await (const lines of splitLines(input, recordBytesMax)) {
    const first = before + 1;
    before += lines.length;
    yield { messages: lines.map((value) => ({ value })), placeOf: (index) => `Line ${first + index}` };
  }
}

async function* ndjsonToMessages(
  input: AsyncIterable<Buffer> | Iterable<Buffer>,
  fields: FieldOptions,
): AsyncGenerator<InputGroup> {
  let lineNumber = 0;
  for await (const lines of splitLines(input, recordBytesMax)) {
    const messages: OutgoingMessage[] = [];
    const numbers: number[] = [];
    const failure = failureOf(() => {
      for (const value of lines) {
        lineNumber++;
        const text = value.toString("utf8");
        if (text.trim() === "") continue;
        const where = `Line ${lineNumber}`;
        messages.push({ value, ...fieldsOf(parseJson(text, where), fields, where) });
        numbers.push(lineNumber);
      }
    });
    yield { messages, placeOf: (index) => `Line ${numbers[index]}` };
    if (failure !== undefined) throw failure.error;
  }
}

async function* csvToMessages(
  input: AsyncIterable<Buffer> | Iterable<Buffer>,
  fields: FieldOptions,
): AsyncGenerator<InputGroup> {
  const parser = new CsvParser();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let titles: readonly string[] | undefined;
  let rowNumber = 0;
  const toMessages = function* (parse: (rows: string[][]) => void): Generator<InputGroup> {
    const messages: OutgoingMessage[] = [];
    const numbers: number[] = [];
    const rows: string[][] = [];
    const torn = failureOf(() => parse(rows));
    const failure =
      failureOf(() => {
        for (const row of rows) {
          rowNumber++;
          if (titles === undefined) titles = checkTitles(row);
          else {
            messages.push(rowToMessage(titles, row, fields, `Row ${rowNumber}`));
            numbers.push(rowNumber);
          }
        }
      }) ?? torn;
    yield { messages, placeOf: (index) => `Row ${numbers[index]}` };
    if (failure !== undefined) throw failure.error;
  };
  for await (const chunk of input)
    yield* toMessages((rows) => parser.push(decoder.decode(chunk, { stream: true }), rows));
  yield* toMessages((rows) => {
    parser.push(decoder.decode(), rows);
    parser.end(rows);
  });
}

/** What came before a mistake is sent, so that the place of the mistake is the place to go on from: it is thrown after that. */
function failureOf(work: () => void): { readonly error: unknown } | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return { error };
  }
}

async function* rawToMessages(input: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<InputGroup> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > recordBytesMax)
      throw new InputError(
        `The input is longer than ${recordBytesMax} bytes, and --format raw makes one record of it.`,
        "Split it, or use --format lines.",
      );
  }
  yield { messages: [{ value: Buffer.concat(chunks) }], placeOf: () => undefined };
}

function checkTitles(titles: readonly string[]): readonly string[] {
  const doubled = titles.find((title, index) => titles.indexOf(title) !== index);
  if (doubled !== undefined)
    throw new InputError(
      `The first row names '${doubled}' twice.`,
      "The first row of CSV names the members, each once.",
    );
  return titles;
}

function rowToMessage(
  titles: readonly string[],
  row: readonly string[],
  fields: FieldOptions,
  where: string,
): OutgoingMessage {
  if (row.length !== titles.length)
    throw new InputError(
      `${where} has ${row.length} fields, and the first row has ${titles.length}.`,
      "Every row of CSV has the fields that the first row names.",
    );
  const members = Object.fromEntries(titles.map((title, index) => [title, row[index] ?? ""]));
  return { value: JSON.stringify(members), ...fieldsOf(members, fields, where) };
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new InputError(
      `${where} is not JSON: ${(error as Error).message}.`,
      "Each line of ndjson is one JSON value; --format lines takes any text.",
    );
  }
}

function fieldsOf(record: unknown, fields: FieldOptions, where: string): { key?: string | null; timestamp?: number } {
  return {
    ...(fields.keyField === undefined
      ? {}
      : { key: keyOf(memberOf(record, fields.keyField, where), fields.keyField, where) }),
    ...(fields.timestampField === undefined
      ? {}
      : { timestamp: timestampOf(memberOf(record, fields.timestampField, where), fields.timestampField, where) }),
  };
}

/** A member that is missing is most likely misspelled, so it is an error and not a null. */
function memberOf(record: unknown, name: string, where: string): unknown {
  if (typeof record === "object" && record !== null && !Array.isArray(record) && Object.hasOwn(record, name))
    return (record as Record<string, unknown>)[name];
  throw new InputError(`${where} has no member '${name}'.`, "Name a member that every record has.");
}

function keyOf(value: unknown, name: string, where: string): string | null {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new InputError(`${where}: '${name}' is no key.`, "A key is a text, a number, true, false or null.");
}

function timestampOf(value: unknown, name: string, where: string): number {
  const ms =
    typeof value === "string"
      ? /^\d+$/.test(value)
        ? Number(value)
        : isoTimeMs(value)
      : (value as number | undefined);
  if (typeof ms === "number" && Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw new InputError(
    `${where}: '${name}' is ${JSON.stringify(value)}, which is no time.`,
    "A time is ISO 8601, such as 2026-01-31T12:00:00Z, or milliseconds since 1970.",
  );
}
