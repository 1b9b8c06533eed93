/**
 * SluiceError as the message `Error` of sluice/v1/common.proto, and back.
 *
 * What is received is made anew from the catalogue of this version. A code that only the peer knows becomes UNKNOWN_ERROR, or
 * UNKNOWN_RETRIABLE_ERROR, with the peer's own text: still understandable, and still retried where that helps.
 */

import { type DetailName, type ErrorCode, errorCodeOfNumber, SluiceError } from "@sluice/model";
import { clipText } from "./clip-text.js";
import { protoCodec } from "./proto-codec.js";
import type { WireError } from "./wire-messages.js";

const codec = protoCodec<WireError>("sluice.v1.Error");

/** The error as it travels, in a message or in the trailer of a call: texts are clipped to a size that fits there. */
export function toWireError(error: SluiceError): WireError {
  return {
    number: error.number,
    code: error.code,
    message: clipText(error.message),
    hint: clipText(error.hint),
    retriable: error.retriable,
    details: Object.entries(error.details).map(([name, value]) => ({ name, value: clipText(String(value)) })),
  };
}

/** The error that a peer sent. Its details are texts, also where they were numbers. */
export function fromWireError(wire: WireError): SluiceError {
  const code = errorCodeOfNumber(wire.number);
  if (code !== undefined) {
    const details = Object.fromEntries(wire.details.map(({ name, value }) => [name, value]));
    return new SluiceError(code, details as Record<DetailName<ErrorCode>, string>);
  }
  return new SluiceError(wire.retriable ? "UNKNOWN_RETRIABLE_ERROR" : "UNKNOWN_ERROR", {
    code: wire.code || `Error ${wire.number}`,
    message: wire.message || "no description",
    hint: wire.hint || "A newer version of Sluice knows this code.",
  });
}

export function encodeWireError(error: SluiceError): Buffer {
  return codec.encode(toWireError(error));
}

/** @throws SluiceError INVALID_REQUEST where the bytes are no Error. */
export function decodeWireError(bytes: Buffer): SluiceError {
  return fromWireError(codec.decode(bytes));
}
