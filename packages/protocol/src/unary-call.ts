/** The server's side of a unary call: decodes, runs the handler, answers with its message or with the status of its error. */

import type { handleUnaryCall, ServerUnaryCall } from "@grpc/grpc-js";
import { type CallContext, SluiceError, type UnaryHandler, type UnaryMethod } from "@sluice/model";
import { clientIdOf } from "./client-id.js";
import { encodeForSending } from "./encoded-message.js";
import { statusOfError } from "./status-mapping.js";

/** What grpc-js runs for each call of `method`. */
export function unaryCall<Request, Response>(
  method: UnaryMethod<Request, Response>,
  handler: UnaryHandler<Request, Response>,
): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    answer(method, handler, call).then(
      (message) => callback(null, message as Buffer),
      (error: unknown) => callback(statusOfError(error)),
    );
  };
}

async function answer<Request, Response>(
  method: UnaryMethod<Request, Response>,
  handler: UnaryHandler<Request, Response>,
  call: ServerUnaryCall<Buffer, Buffer>,
) {
  const aborted = new AbortController();
  let isAnswered = false;
  // grpc-js says so at the end of every call.
  call.on("cancelled", () => {
    if (!isAnswered) aborted.abort(new SluiceError("CANCELLED", { operation: method.path }));
  });
  try {
    const request = method.request.decode(call.request);
    const context: CallContext = {
      signal: aborted.signal,
      authority: call.getHost(),
      peer: call.getPeer(),
      clientId: clientIdOf(call.metadata),
    };
    return encodeForSending(method.response, await handler(request, context));
  } finally {
    isAnswered = true;
  }
}
