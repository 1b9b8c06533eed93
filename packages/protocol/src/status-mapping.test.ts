import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type ErrorCode, errorCatalogue, grpcStatus, SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { messageType } from "./load-proto.js";
import { errorOfStatus, errorTrailer, statusOfError } from "./status-mapping.js";
import { fromWireError, toWireError } from "./wire-error.js";

const call = { path: "/sluice.v1.Cluster/Describe", address: { host: "b", port: 9092 }, timeoutMs: 5 };

function failure(code: status, details: string, metadata = new Metadata()): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata });
}

describe("an error of the catalogue", () => {
  it.each(Object.keys(errorCatalogue) as ErrorCode[])("%s survives the way through a status", (code) => {
    const { message, hint } = errorCatalogue[code];
    const names = [...`${message} ${hint}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
    const details = Object.fromEntries(names.map((name) => [name, `<${name}>`]));
    const error = new SluiceError(code, details as never);
    const sent = statusOfError(error);
    expect(sent.code).toBe(grpcStatus[error.status]);
    expect(sent.details).toBe(`${error.message} ${error.hint}`);
    const received = errorOfStatus(failure(sent.code, sent.details, sent.metadata), call);
    expect(received).toMatchObject({ code, message: error.message, hint: error.hint, details });
  });

  it("of a newer peer stays understandable, and retriable where it was", () => {
    const newer = {
      number: 9999,
      code: "THROTTLED",
      message: "Too fast.",
      hint: "Slow down.",
      retriable: true,
      details: [],
    };
    expect(fromWireError(newer)).toMatchObject({
      code: "UNKNOWN_RETRIABLE_ERROR",
      retriable: true,
      message: "THROTTLED: Too fast.",
      hint: "Slow down.",
    });
    expect(fromWireError({ ...newer, retriable: false }).retriable).toBe(false);
    const bytes = messageType("sluice.v1.Error").serialize(newer);
    const metadata = new Metadata();
    metadata.set(errorTrailer, bytes);
    expect(errorOfStatus(failure(status.UNKNOWN, "?", metadata), call).message).toBe("THROTTLED: Too fast.");
  });

  it("is clipped where it quotes too much", () => {
    const wire = toWireError(new SluiceError("INVALID_TOPIC_NAME", { topic: "x".repeat(1_000_000) }));
    expect(JSON.stringify(wire).length).toBeLessThan(4000);
  });
});

describe("a status without an error of ours", () => {
  it.each([
    [
      status.UNAVAILABLE,
      "No connection established. Last error: Error: connect ECONNREFUSED 1.2.3.4:1. Resolution note: ",
      "BROKER_UNREACHABLE",
    ],
    [
      status.UNAVAILABLE,
      "No connection established. Last error: Protocol error (2026-01-01T00:00:00.000Z). Resolution note: ",
      "WRONG_PORT",
    ],
    [status.UNAVAILABLE, "Name resolution failed for target dns:nowhere:1", "BROKER_UNREACHABLE"],
    [status.UNAVAILABLE, "Connection dropped", "BROKER_UNREACHABLE"],
    [status.UNIMPLEMENTED, "Received HTTP status code 404", "WRONG_PORT"],
    [status.UNIMPLEMENTED, "The server does not implement the method /a/b", "UNSUPPORTED"],
    [status.RESOURCE_EXHAUSTED, "Received message larger than max (1752460652 vs 4194304)", "WRONG_PORT"],
    [status.RESOURCE_EXHAUSTED, "Received message larger than max (70000000 vs 4194304)", "INVALID_REQUEST"],
    [status.RESOURCE_EXHAUSTED, "Bandwidth exhausted or memory limit exceeded", "RESOURCE_EXHAUSTED"],
    [status.DEADLINE_EXCEEDED, "Deadline exceeded", "REQUEST_TIMED_OUT"],
    [status.INTERNAL, "Received RST_STREAM with code 2 (Internal server error)", "BROKER_UNREACHABLE"],
    [status.CANCELLED, "Call cancelled", "BROKER_UNREACHABLE"],
    [status.UNKNOWN, "who knows", "INTERNAL"],
  ])("%i %s is %s", (code, details, expected) => {
    expect(errorOfStatus(failure(code, details), call).code).toBe(expected);
  });

  it("names the address and the bare reason", () => {
    const details = "No connection established. Last error: Error: connect ECONNREFUSED 1.2.3.4:1. Resolution note: ";
    const { message } = errorOfStatus(failure(status.UNAVAILABLE, details), call);
    expect(message).toBe("No broker answers at b:9092: connect ECONNREFUSED 1.2.3.4:1.");
  });

  it("is what a stream error of Node becomes too, which has no status", () => {
    const pushed = Object.assign(new Error("stream.push() after EOF"), { code: "ERR_STREAM_PUSH_AFTER_EOF" });
    expect(errorOfStatus(pushed, call)).toMatchObject({
      code: "INTERNAL",
      details: { reason: pushed.message },
      cause: pushed,
    });
  });

  it("with a broken trailer is judged by the status alone", () => {
    const metadata = new Metadata();
    metadata.set(errorTrailer, Buffer.from([0x08, 0xff]));
    expect(errorOfStatus(failure(status.UNAVAILABLE, "Connection dropped", metadata), call).code).toBe(
      "BROKER_UNREACHABLE",
    );
  });
});
