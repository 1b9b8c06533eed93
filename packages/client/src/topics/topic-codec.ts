/**
 * Keys and values of a typed topic to bytes and back, with errors that say which topic, which part and which message.
 *
 * Null stays null in both directions: it is Kafka's "no key", and "deleted" in a compacted topic.
 */

import { SluiceError } from "@sluice/model";
import type { AnyTopic } from "./topic.js";

/** @throws SluiceError SCHEMA_MISMATCH with what the serde threw as its cause */
export function encodePart(topic: AnyTopic, part: "key" | "value", given: unknown): Uint8Array | null {
  if (given === null || (given === undefined && part === "key")) return null;
  let encoded: unknown;
  try {
    encoded = topic[part].encode(given, { topic: topic.name, part });
  } catch (cause) {
    throw new SluiceError("SCHEMA_MISMATCH", { part, topic: topic.name, reason: reasonOf(cause) }, { cause });
  }
  if (encoded instanceof Uint8Array) return encoded;
  if (encoded instanceof Promise) encoded.catch(() => undefined);
  const reason =
    encoded instanceof Promise ? "its serde answers with a promise" : "its serde did not answer with bytes";
  throw new SluiceError("SCHEMA_MISMATCH", { part, topic: topic.name, reason });
}

/** @throws SluiceError DECODE_FAILED with what the serde threw as its cause */
export function decodePart(
  topic: AnyTopic,
  part: "key" | "value",
  from: { readonly bytes: Buffer | null; readonly partition: number; readonly offset: number },
): unknown {
  if (from.bytes === null) return null;
  const where = { part, topic: topic.name, partition: from.partition, offset: from.offset };
  let decoded: unknown;
  try {
    decoded = topic[part].decode(from.bytes, { topic: topic.name, part });
  } catch (cause) {
    throw new SluiceError("DECODE_FAILED", { ...where, reason: reasonOf(cause) }, { cause });
  }
  if (!(decoded instanceof Promise)) return decoded;
  decoded.catch(() => undefined);
  throw new SluiceError("DECODE_FAILED", { ...where, reason: "its serde answers with a promise" });
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
