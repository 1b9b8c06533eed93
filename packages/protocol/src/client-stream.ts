/**
 * The client's side of one open stream, over a grpc-js duplex call.
 *
 * The listener gets exactly one of `onEnd` and `onError`, last. What it throws breaks the stream.
 */

import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import type { MessageStream, SluiceError, StreamListener, StreamMethod } from "@sluice/model";
import { toSluiceError } from "@sluice/model";
import { type EncodedMessage, encodeForSending } from "./encoded-message.js";
import { SendQueue } from "./send-queue.js";

export interface ClientStreamOptions<Request, Response> {
  readonly method: StreamMethod<Request, Response>;
  readonly listener: StreamListener<Response>;
  readonly sendBufferBytesMax: number;
  /** The error behind a failed call. */
  readonly errorOf: (failure: ServiceError) => SluiceError;
  /** Called once, when nothing more happens on the stream. */
  readonly onSettled: () => void;
}

export class ClientStream<Request, Response> implements MessageStream<Request> {
  readonly #options: ClientStreamOptions<Request, Response>;
  readonly #call: ClientDuplexStream<Buffer | EncodedMessage, Buffer>;
  readonly #queue: SendQueue;
  #hasEnded = false;
  #isSettled = false;
  #abortedWith: SluiceError | undefined;

  constructor(
    options: ClientStreamOptions<Request, Response>,
    call: ClientDuplexStream<Buffer | EncodedMessage, Buffer>,
  ) {
    this.#options = options;
    this.#call = call;
    this.#queue = new SendQueue({ bytesMax: options.sendBufferBytesMax, onDrain: () => this.#onDrain() }, call);
    call.on("error", (failure: ServiceError) => this.#settle(options.errorOf(failure)));
    call.on("end", () => this.#settle(undefined));
    call.on("data", (bytes: Buffer) => this.#onBytes(bytes));
  }

  send(message: Request): boolean {
    if (this.#hasEnded || this.#isOver()) return false;
    return this.#queue.send(encodeForSending(this.#options.method.request, message));
  }

  end(): void {
    if (this.#hasEnded || this.#isOver()) return;
    this.#hasEnded = true;
    this.#call.end();
  }

  abort(error: SluiceError): void {
    if (this.#isSettled || this.#abortedWith !== undefined) return;
    this.#abortedWith = error;
    this.#call.cancel();
    // Not from within the caller's own call: it may be in the middle of something.
    queueMicrotask(() => this.#settle(error));
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  #onBytes(bytes: Buffer): void {
    if (this.#isOver()) return;
    try {
      this.#options.listener.onMessage(this.#options.method.response.decode(bytes));
    } catch (error) {
      this.abort(toSluiceError(error));
    }
  }

  #onDrain(): void {
    if (!this.#hasEnded && !this.#isOver()) this.#options.listener.onDrain?.();
  }

  #settle(error: SluiceError | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#options.onSettled();
    // Of an aborted call grpc-js says no more than that it was cancelled.
    const reason = this.#abortedWith ?? error;
    if (reason === undefined) this.#options.listener.onEnd();
    else this.#options.listener.onError(reason);
  }

  #isOver(): boolean {
    return this.#isSettled || this.#abortedWith !== undefined;
  }
}
