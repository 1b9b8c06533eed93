/**
 * The server's side of one open stream, over a grpc-js duplex call.
 *
 * The listener gets exactly one of `onEnd` and `onError`, last. What it throws, and bytes that are no message, end the call with the
 * status of that error.
 */

import type { ServerDuplexStream } from "@grpc/grpc-js";
import {
  type CallContext,
  type MessageStream,
  SluiceError,
  type StreamHandler,
  type StreamListener,
  type StreamMethod,
  toSluiceError,
} from "@sluice/model";
import { clientIdOf } from "./client-id.js";
import { type EncodedMessage, encodeForSending } from "./encoded-message.js";
import { SendQueue } from "./send-queue.js";
import { statusOfError } from "./status-mapping.js";

export type ServerDuplexCall = ServerDuplexStream<Buffer, Buffer | EncodedMessage>;

export interface ServerStreamOptions<Request, Response> {
  readonly method: StreamMethod<Request, Response>;
  readonly handler: StreamHandler<Request, Response>;
  readonly sendBufferBytesMax: number;
}

export class ServerStream<Request, Response> implements MessageStream<Response> {
  readonly #method: StreamMethod<Request, Response>;
  readonly #call: ServerDuplexCall;
  readonly #queue: SendQueue;
  readonly #aborted = new AbortController();
  #listener: StreamListener<Request> | undefined;
  /** This side has ended the call, with or without an error. */
  #hasEnded = false;
  /** The listener has had its last call. */
  #isSettled = false;

  constructor(options: ServerStreamOptions<Request, Response>, call: ServerDuplexCall) {
    this.#method = options.method;
    this.#call = call;
    this.#queue = new SendQueue({ bytesMax: options.sendBufferBytesMax, onDrain: () => this.#onDrain() }, call);
    call.on("cancelled", () => this.#onCallOver());
    // grpc-js has a listener of its own that ends the call; this one is for errors after the call is over.
    call.on("error", () => {});
    this.#start(options.handler);
  }

  send(message: Response): boolean {
    if (this.#hasEnded) return false;
    return this.#queue.send(encodeForSending(this.#method.response, message));
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#call.end();
  }

  abort(error: SluiceError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#call.emit("error", statusOfError(error));
    queueMicrotask(() => this.#settle(error));
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  #start(handler: StreamHandler<Request, Response>): void {
    const context: CallContext = {
      signal: this.#aborted.signal,
      authority: this.#call.getHost(),
      peer: this.#call.getPeer(),
      clientId: clientIdOf(this.#call.metadata),
    };
    try {
      this.#listener = handler(this, context);
    } catch (error) {
      this.abort(toSluiceError(error));
      return;
    }
    // grpc-js says `end` when the client went away, too, and only then that the call is cancelled.
    this.#call.on("end", () => setImmediate(() => this.#settle(undefined)));
    this.#call.on("data", (bytes: Buffer) => this.#onBytes(bytes));
  }

  #onBytes(bytes: Buffer): void {
    if (this.#hasEnded || this.#isSettled) return;
    try {
      this.#listener?.onMessage(this.#method.request.decode(bytes));
    } catch (error) {
      this.abort(toSluiceError(error));
    }
  }

  #onDrain(): void {
    if (!this.#hasEnded) this.#listener?.onDrain?.();
  }

  /** The call is over: this side has ended it, or the client went away. */
  #onCallOver(): void {
    if (this.#hasEnded) {
      this.#settle(undefined);
      return;
    }
    this.#hasEnded = true;
    const error = new SluiceError("CANCELLED", { operation: this.#method.path });
    this.#aborted.abort(error);
    this.#settle(error);
  }

  #settle(error: SluiceError | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    try {
      if (error === undefined) this.#listener?.onEnd();
      else this.#listener?.onError(error);
    } catch (thrown) {
      this.abort(toSluiceError(thrown));
    }
  }
}
