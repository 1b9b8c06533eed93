/**
 * A client's connection to one broker: made when first used, made again when broken.
 *
 * Every call under way is kept, so that closing, or giving up on connecting, ends all of them with one error.
 */

import { Client, credentials, type Metadata, type ServiceError } from "@grpc/grpc-js";
import {
  addressText,
  type BrokerAddress,
  type CallOptions,
  type MessageStream,
  SluiceError,
  type StreamListener,
  type StreamMethod,
  type TransportConnection,
  type UnaryMethod,
} from "@sluice/model";
import { clientIdMetadata } from "./client-id.js";
import { ClientStream } from "./client-stream.js";
import { closeClient } from "./close-client.js";
import { ConnectDeadline } from "./connect-deadline.js";
import { type EncodedMessage, encodeForSending } from "./encoded-message.js";
import { clientChannelOptions, type GrpcTransportOptions } from "./grpc-options.js";
import { errorOfStatus } from "./status-mapping.js";

type Sent = Buffer | EncodedMessage;

export class GrpcConnection implements TransportConnection {
  readonly address: BrokerAddress;
  readonly #options: GrpcTransportOptions;
  readonly #client: Client;
  readonly #connectDeadline: ConnectDeadline;
  /** How to end each call that is under way. */
  readonly #calls = new Set<(error: SluiceError) => void>();
  #isClosed = false;

  constructor(address: BrokerAddress, options: GrpcTransportOptions) {
    this.address = address;
    this.#options = options;
    this.#client = new Client(addressText(address), credentials.createInsecure(), clientChannelOptions(options));
    this.#connectDeadline = new ConnectDeadline(
      { timeoutMs: options.connectTimeoutMs, onExpired: () => this.#failAll(this.#connectTimeout()) },
      this.#client.getChannel(),
    );
  }

  async call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    if (this.#isClosed) throw this.#closedError();
    if (options.signal?.aborted === true) throw new SluiceError("CANCELLED", { operation: method.path });
    const bytes = await this.#callBytes(method.path, encodeForSending(method.request, request), options);
    return method.response.decode(bytes);
  }

  open<Request, Response>(
    method: StreamMethod<Request, Response>,
    listener: StreamListener<Response>,
  ): MessageStream<Request> {
    if (this.#isClosed) return closedStream(listener, this.#closedError());
    const call = this.#client.makeBidiStreamRequest<Sent, Buffer>(
      method.path,
      passThrough,
      passThrough,
      this.#metadata(),
    );
    const fail = (error: SluiceError): void => stream.abort(error);
    const stream = new ClientStream<Request, Response>(
      {
        method,
        listener,
        sendBufferBytesMax: this.#options.sendBufferBytesMax,
        errorOf: (failure) => errorOfStatus(failure, { path: method.path, address: this.address }),
        onSettled: () => this.#calls.delete(fail),
      },
      call,
    );
    this.#calls.add(fail);
    this.#connectDeadline.arm();
    return stream;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connectDeadline.cancel();
    this.#failAll(this.#closedError());
    closeClient(this.#client);
  }

  #callBytes(path: string, request: Sent, { signal, timeoutMs }: CallOptions): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#calls.delete(fail);
        signal?.removeEventListener("abort", onAbort);
      };
      const fail = (error: SluiceError): void => {
        settle();
        reject(error);
        call.cancel();
      };
      const onAbort = (): void => fail(new SluiceError("CANCELLED", { operation: path }, { cause: signal?.reason }));
      const onAnswer = (failure: ServiceError | null, response?: Buffer): void => {
        settle();
        if (failure !== null) reject(errorOfStatus(failure, { path, address: this.address, timeoutMs }));
        else resolve(response as Buffer);
      };
      const callOptions = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
      const call = this.#client.makeUnaryRequest<Sent, Buffer>(
        path,
        passThrough,
        passThrough,
        request,
        this.#metadata(),
        callOptions,
        onAnswer,
      );
      this.#calls.add(fail);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#connectDeadline.arm();
    });
  }

  /** New for each call: grpc-js adds to what it is given. */
  #metadata(): Metadata {
    return clientIdMetadata(this.#options.clientId);
  }

  #failAll(error: SluiceError): void {
    for (const fail of [...this.#calls]) fail(error);
  }

  #connectTimeout(): SluiceError {
    const reason = `no answer within ${this.#options.connectTimeoutMs} ms`;
    return new SluiceError("BROKER_UNREACHABLE", { addresses: addressText(this.address), reason });
  }

  #closedError(): SluiceError {
    return new SluiceError("CLOSED", { subject: `The connection to ${addressText(this.address)}` });
  }
}

/** grpc-js asks only for `length` and `copy` of what it sends, which an EncodedMessage has as well. */
function passThrough(message: Sent): Buffer {
  return message as Buffer;
}

function closedStream<Out, In>(listener: StreamListener<In>, error: SluiceError): MessageStream<Out> {
  queueMicrotask(() => listener.onError(error));
  return { send: () => false, end() {}, abort() {}, pause() {}, resume() {} };
}
