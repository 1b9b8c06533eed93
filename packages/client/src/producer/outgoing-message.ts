/** Messages as applications give them to a producer, and their check and encoding. */

import { SluiceError } from "@sluice/model";
import type { RecordHeaderInput } from "@sluice/record";
import { checkOptionNames } from "../option-check.js";

/** Text is sent as UTF-8. Null is a value of its own: no key, or "deleted" in a compacted topic. */
export type MessageBytes = string | Uint8Array | null;

/** Headers by name; an array repeats the header. */
export type MessageHeaders = Readonly<Record<string, MessageBytes | readonly MessageBytes[] | undefined>>;

/** A message to send. Text is sent as UTF-8. */
export interface OutgoingMessage {
  /** Default null. Equal keys go to the same partition. */
  readonly key?: MessageBytes | undefined;
  /** Null says "deleted" in a compacted topic. */
  readonly value: MessageBytes;
  /** By name; those that are undefined are left out. */
  readonly headers?: MessageHeaders | undefined;
  /** Default: chosen by the partitioner. */
  readonly partition?: number | undefined;
  /** Milliseconds since 1970, as a number, in digits as kafkajs has them, or as a Date. Default: now. */
  readonly timestamp?: number | string | Date | undefined;
}

const names = [
  "key",
  "value",
  "headers",
  "partition",
  "timestamp",
] as const satisfies readonly (keyof OutgoingMessage)[];
const noHeaders: readonly RecordHeaderInput[] = [];

/**
 * Refuses what cannot be encoded, so that encoding cannot fail half way through a send.
 * @throws SluiceError INVALID_REQUEST, UNKNOWN_OPTION, INVALID_TIMESTAMP
 */
export function checkMessages(messages: readonly OutgoingMessage[]): void {
  if (!Array.isArray(messages)) throw invalid("messages is not an array");
  for (const message of messages as readonly OutgoingMessage[]) checkMessage(message);
}

function checkMessage(message: OutgoingMessage): void {
  if (typeof message !== "object" || message === null) throw invalid(`a message is ${String(message)}, not an object`);
  checkOptionNames("a message", message, names);
  const { key, value, headers, partition, timestamp } = message;
  if (key !== undefined && !isBytes(key)) throw invalid("the key of a message is not text, bytes or null");
  if (!isBytes(value)) throw invalid("the value of a message is not text, bytes or null");
  if (headers !== undefined) checkHeaders(headers);
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0))
    throw invalid(`${String(partition)} is not a partition`);
  if (timestamp !== undefined) timestampMsOf(timestamp);
}

/** @throws SluiceError INVALID_TIMESTAMP */
export function timestampMsOf(timestamp: number | string | Date): number {
  const ms =
    timestamp instanceof Date ? timestamp.getTime() : typeof timestamp === "string" ? digits(timestamp) : timestamp;
  if (!Number.isSafeInteger(ms) || ms < 0)
    throw new SluiceError("INVALID_TIMESTAMP", { timestamp: String(timestamp), where: "a message" });
  return ms;
}

function digits(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

export function encodeBytes(value: MessageBytes | undefined): Uint8Array | null {
  if (typeof value === "string") return Buffer.from(value, "utf8");
  return value ?? null;
}

export function encodeHeaders(headers: MessageHeaders | undefined): readonly RecordHeaderInput[] {
  if (headers === undefined) return noHeaders;
  const encoded: RecordHeaderInput[] = [];
  for (const [key, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    for (const one of isBytes(value) ? [value] : value) encoded.push({ key, value: encodeBytes(one) });
  }
  return encoded;
}

function checkHeaders(headers: MessageHeaders): void {
  if (typeof headers !== "object" || headers === null) throw invalid("the headers of a message are not an object");
  for (const [name, value] of Object.entries(headers)) {
    const isValid = value === undefined || isBytes(value) || (Array.isArray(value) && value.every(isBytes));
    if (!isValid) throw invalid(`header '${name}' is not text, bytes, null or an array of those`);
  }
}

function isBytes(value: unknown): value is MessageBytes {
  return typeof value === "string" || value === null || value instanceof Uint8Array;
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_REQUEST", { reason });
}
