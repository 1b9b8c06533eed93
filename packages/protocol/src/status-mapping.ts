/**
 * Errors of calls: SluiceError to gRPC status at the server, gRPC status to SluiceError at the client.
 *
 * A server puts the whole wire Error into the trailer `sluice-error-bin`, and its message and hint into the status message, so
 * that any gRPC client shows something useful. A status without the trailer comes from grpc-js, from the network, or from a
 * program that is not Sluice; grpc-js tells these apart in its texts only, and status-mapping.test.ts pins those.
 */

import { Metadata, type ServiceError, type StatusObject, status } from "@grpc/grpc-js";
import { addressText, type BrokerAddress, grpcStatus, SluiceError, toSluiceError } from "@sluice/model";
import { clipText } from "./clip-text.js";
import { decodeWireError, encodeWireError } from "./wire-error.js";

export const errorTrailer = "sluice-error-bin";

/** The status that ends a call with `error`: of the catalogue where it is a SluiceError, else INTERNAL. */
export function statusOfError(error: unknown): StatusObject {
  const sluiceError = toSluiceError(error);
  const metadata = new Metadata();
  metadata.set(errorTrailer, encodeWireError(sluiceError));
  const details = clipText(`${sluiceError.message} ${sluiceError.hint}`);
  return { code: grpcStatus[sluiceError.status], details, metadata };
}

/** What a failed call was, for the text of its error. */
export interface FailedCall {
  /** Path of the method. */
  readonly path: string;
  readonly address: BrokerAddress;
  /** Milliseconds that the call was given, where it was. */
  readonly timeoutMs?: number | undefined;
}

/** The error behind the status that a client got, or behind what broke the stream on this side. */
export function errorOfStatus(failure: ServiceError | Error, call: FailedCall): SluiceError {
  // Node's own stream errors carry no status: grpc-js still pushes messages that arrive after a cancel, for one.
  if (!isStatus(failure)) return new SluiceError("INTERNAL", { reason: tidy(failure.message) }, { cause: failure });
  return errorOfTrailer(failure) ?? errorOfForeignStatus(failure, call);
}

function isStatus(failure: ServiceError | Error): failure is ServiceError {
  return "details" in failure;
}

function errorOfTrailer(failure: ServiceError): SluiceError | undefined {
  const [bytes] = failure.metadata?.get(errorTrailer) ?? [];
  if (!Buffer.isBuffer(bytes)) return undefined;
  try {
    return decodeWireError(bytes);
  } catch {
    // A trailer that is broken says nothing; the status itself still does.
    return undefined;
  }
}

function errorOfForeignStatus(failure: ServiceError, call: FailedCall): SluiceError {
  const options = { cause: failure };
  const address = addressText(call.address);
  const reason = tidy(failure.details);
  if (isForeignAnswer(failure)) return new SluiceError("WRONG_PORT", { address, reason }, options);
  switch (failure.code) {
    case status.CANCELLED:
      // Not by this side, which would not ask what became of the call.
      return new SluiceError("BROKER_UNREACHABLE", { addresses: address, reason: "it cut the call" }, options);
    case status.DEADLINE_EXCEEDED:
      return new SluiceError(
        "REQUEST_TIMED_OUT",
        { operation: `${call.path} at ${address}`, timeoutMs: call.timeoutMs ?? "the given" },
        options,
      );
    case status.UNAVAILABLE:
      return new SluiceError("BROKER_UNREACHABLE", { addresses: address, reason }, options);
    case status.UNIMPLEMENTED:
      return new SluiceError("UNSUPPORTED", { feature: `${call.path} of the broker at ${address}` }, options);
    case status.RESOURCE_EXHAUSTED:
      return /larger than/.test(failure.details)
        ? new SluiceError("INVALID_REQUEST", { reason }, options)
        : new SluiceError("RESOURCE_EXHAUSTED", { resource: `The broker at ${address}`, limit: reason }, options);
    case status.INTERNAL:
      // The connection broke in the middle of the call, or the other program died.
      return /RST_STREAM/.test(failure.details)
        ? new SluiceError("BROKER_UNREACHABLE", { addresses: address, reason }, options)
        : new SluiceError("INTERNAL", { reason }, options);
    default:
      return new SluiceError("INTERNAL", { reason: `status ${failure.code}: ${reason}` }, options);
  }
}

/** True where something answered that does not speak gRPC: an HTTP/1 server, another protocol, or HTTP/2 without gRPC. */
function isForeignAnswer({ code, details }: ServiceError): boolean {
  if (/^Received HTTP status code/.test(details)) return true;
  if (code === status.UNAVAILABLE) return /Last error: Protocol error/.test(details);
  // A web page read as the head of a message: its first letters make a size of more than a gigabyte.
  const size = /^Received message larger than max \((\d+) vs/.exec(details)?.[1];
  return size !== undefined && Number(size) >= 2 ** 30;
}

/** Without what grpc-js adds around the cause. */
function tidy(details: string): string {
  const lastError =
    /Last error: (?:Error: )?(.*?)(?: \(\d{4}-[^)]*\))?\. Resolution note:/.exec(details)?.[1] ?? details;
  return lastError.replace(/\.$/, "") || "no reason given";
}
