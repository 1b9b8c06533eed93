/**
 * The serdes that come with the client.
 *
 *     string   UTF-8
 *     bytes    as they are
 *     uint     8 bytes, big-endian: what LongSerializer of Kafka's Java client writes, and sorts as the numbers do
 *     json     JSON in UTF-8, with or without a schema
 *
 * With a schema the bytes are the JSON of what was given to `send`, the schema's input; what a consumer gets is the schema's
 * output. So defaults and transformations are made once, by whoever reads, and both sides check.
 */

import { isUtf8 } from "node:buffer";
import type { Serde } from "./serde.js";
import type { StandardSchemaIssue, StandardSchemaV1 } from "./standard-schema.js";

/** Text as UTF-8. Bytes that are no UTF-8 are not decoded. */
export const string: Serde<string> = {
  encode: (value) => {
    if (typeof value !== "string") throw new TypeError(`it takes text, not ${nameOf(value)}`);
    return Buffer.from(value, "utf8");
  },
  decode: (encoded) => textOf(encoded),
};

/** Bytes as they are. What is decoded is a view: whoever keeps it keeps the whole batch in memory. */
export const bytes: Serde<Buffer, Uint8Array> = {
  encode: (value) => {
    if (!(value instanceof Uint8Array)) throw new TypeError(`it takes bytes, not ${nameOf(value)}`);
    return value;
  },
  decode: (encoded) => encoded,
};

/** What stands for a key without a serde: text or bytes as given, bytes when read. */
export const textOrBytes: Serde<Buffer, string | Uint8Array> = {
  encode: (value) => {
    if (typeof value === "string") return Buffer.from(value, "utf8");
    if (!(value instanceof Uint8Array)) throw new TypeError(`it takes text or bytes, not ${nameOf(value)}`);
    return value;
  },
  decode: (encoded) => encoded,
};

/** Whole numbers from 0 to 2^53 - 1 as 8 bytes, big-endian. */
export const uint: Serde<number> = {
  encode: (value) => {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`it takes a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, not ${nameOf(value)}`);
    const encoded = Buffer.allocUnsafe(8);
    encoded.writeBigUInt64BE(BigInt(value));
    return encoded;
  },
  decode: (encoded) => {
    if (encoded.length !== 8) throw new RangeError(`a number takes 8 bytes, not ${encoded.length}`);
    const value = encoded.readBigUInt64BE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${value} is above ${Number.MAX_SAFE_INTEGER}`);
    return Number(value);
  },
};

/**
 * JSON. With a schema (zod, valibot, arktype, anything of Standard Schema) it is checked in both directions; without one the
 * type is what the caller says it is, and nothing is checked.
 */
export function json<Type = unknown>(): Serde<Type>;
export function json<Input, Output>(schema: StandardSchemaV1<Input, Output>): Serde<Output, Input>;
export function json(schema?: StandardSchemaV1): Serde<unknown> {
  return {
    encode: (value) => {
      if (schema !== undefined) validated(schema, value);
      const text = JSON.stringify(value) as string | undefined;
      if (text === undefined) throw new TypeError(`${nameOf(value)} has no form in JSON`);
      return Buffer.from(text, "utf8");
    },
    decode: (encoded) => {
      const value: unknown = JSON.parse(textOf(encoded));
      return schema === undefined ? value : validated(schema, value);
    },
  };
}

/** True for a schema of Standard Schema, of any library. */
export function isStandardSchema(given: unknown): given is StandardSchemaV1 {
  const isHolder = (typeof given === "object" && given !== null) || typeof given === "function";
  return isHolder && "~standard" in given;
}

/** @throws Error with what is wrong, and the schema's issues as its cause */
function validated<Output>(schema: StandardSchemaV1<unknown, Output>, value: unknown): Output {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    // Nobody waits for it, so nobody else hears of its failure.
    result.catch(() => undefined);
    throw new TypeError("its schema answers with a promise, and keys and values are checked synchronously");
  }
  if (result.issues === undefined) return result.value;
  throw new TypeError(result.issues.map(issueText).join("; "), { cause: result.issues });
}

function issueText(issue: StandardSchemaIssue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  return path.length === 0 ? issue.message : `${path.join(".")}: ${issue.message}`;
}

function textOf(encoded: Buffer): string {
  if (!isUtf8(encoded)) throw new TypeError("its bytes are not UTF-8");
  return encoded.toString("utf8");
}

function nameOf(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : `${typeof value} ${String(value)}`;
}
