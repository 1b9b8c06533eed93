/**
 * Transport port: the only way to the network. `grpc-transport` of package protocol is the real one.
 *
 * A method has a path and two codecs; calls are unary or bidirectional streams. Messages of one stream arrive in order; two
 * streams have no order between them. Handlers get and give messages, never bytes.
 */

import type { SluiceError } from "./sluice-error.js";

export interface Codec<Message> {
  encode(message: Message): Buffer;
  /** @throws any error when the bytes are not a message. */
  decode(bytes: Buffer): Message;
}

export interface UnaryMethod<Request, Response> {
  readonly kind: "unary";
  /** `/package.Service/Method` */
  readonly path: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

export interface StreamMethod<Request, Response> {
  readonly kind: "stream";
  readonly path: string;
  /** False where the client sends exactly one message (server streaming); the server sees no difference. */
  readonly clientStreams: boolean;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

/** What happens on a stream. Exactly one of `onEnd` and `onError` is called, last and once. */
export interface StreamListener<In> {
  onMessage(message: In): void;
  /** The other side will send no more, and nothing went wrong. */
  onEnd(): void;
  /** The stream is broken, here, there or between: nothing more arrives, nothing more is sent. */
  onError(error: SluiceError): void;
  /** After `send` returned false: there is room again. */
  onDrain?(): void;
}

/** One side of an open stream. */
export interface MessageStream<Out> {
  /** Queues a message. False: over the bound; stop until `onDrain`. After the end or an error it does nothing and returns false. */
  send(message: Out): boolean;
  /** Says that this side will send no more. On the server it ends the call. */
  end(): void;
  /** Breaks the stream at once, on both sides, with that error on the other. */
  abort(error: SluiceError): void;
  /** Stops and restarts `onMessage`; what the other side sends meanwhile fills its buffers and then stops it. */
  pause(): void;
  resume(): void;
}

/** What a server knows of a call. */
export interface CallContext {
  /** Aborts when the caller went away or its deadline passed. */
  readonly signal: AbortSignal;
  /** `host:port` that the caller dialled, as it named it; empty when not known. */
  readonly authority: string;
  /** Address of the caller, for logs. */
  readonly peer: string;
  /** How the caller calls itself: at most 128 printable ASCII characters; empty where it does not say. Nobody checks that it is true. */
  readonly clientId: string;
}

export type UnaryHandler<Request, Response> = (request: Request, context: CallContext) => Promise<Response>;
export type StreamHandler<Request, Response> = (
  stream: MessageStream<Response>,
  context: CallContext,
) => StreamListener<Request>;

/** A method and what serves it. Made by `serveUnary` and `serveStream`, which keep the types of both together. */
export type ServedMethod =
  | { readonly method: UnaryMethod<unknown, unknown>; readonly handler: UnaryHandler<unknown, unknown> }
  | { readonly method: StreamMethod<unknown, unknown>; readonly handler: StreamHandler<unknown, unknown> };

export function serveUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  handler: UnaryHandler<Request, Response>,
): ServedMethod {
  return { method, handler } as unknown as ServedMethod;
}

export function serveStream<Request, Response>(
  method: StreamMethod<Request, Response>,
  handler: StreamHandler<Request, Response>,
): ServedMethod {
  return { method, handler } as unknown as ServedMethod;
}

/** Where a server listens, and how much it takes on. */
export interface ListenOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Connections at one time; one more is closed as soon as it is made. Default: no limit. */
  readonly connectionsMax?: number;
  /** Calls and streams that one connection has open at one time; more wait at the caller. Default: the transport's. */
  readonly streamsPerConnectionMax?: number;
}

export interface Transport {
  /**
   * Listens on `host:port` (port 0: a free one).
   * @throws SluiceError ADDRESS_IN_USE
   */
  listen(options: ListenOptions, methods: readonly ServedMethod[]): Promise<TransportServer>;
  /** A connection that is made when first used and made again when broken. Never throws by itself. */
  connect(address: BrokerAddress): TransportConnection;
  /**
   * Whether something takes connections at that address, within that time. A process that stands still does, by its kernel; an
   * address that refuses, that cannot be reached or resolved, or that says nothing, does not. Never rejects.
   */
  accepts(address: BrokerAddress, timeoutMs: number): Promise<boolean>;
}

export interface TransportServer {
  /** The port that is bound. */
  readonly port: number;
  /** Connections that are open. */
  readonly connectionCount: number;
  /** Connections that were closed because there were `connectionsMax` already; it only grows. */
  readonly refusedConnectionCount: number;
  /** Whether `grpc.health.v1` says SERVING. */
  setServing(isServing: boolean): void;
  /** Takes no new calls, waits for those under way at most `graceMs`, then cuts them. Afterwards the port is free. */
  close(graceMs: number): Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds until the call fails with REQUEST_TIMED_OUT. Unary only. */
  readonly timeoutMs?: number;
}

export interface TransportConnection {
  readonly address: BrokerAddress;
  /** @throws SluiceError what the server answered, or BROKER_UNREACHABLE, WRONG_PORT, REQUEST_TIMED_OUT, CANCELLED. */
  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response>;
  /** Opens a stream. Failures, of connecting too, arrive at `listener.onError`. */
  open<Request, Response>(
    method: StreamMethod<Request, Response>,
    listener: StreamListener<Response>,
  ): MessageStream<Request>;
  /** Breaks every call with CLOSED and closes the socket. */
  close(): void;
}

/** Where a broker listens. */
export interface BrokerAddress {
  /** Host name, or address without brackets. */
  readonly host: string;
  /** TCP port of the gRPC listener. */
  readonly port: number;
}

/** `host:port`, with brackets around an IPv6 host. */
export function addressText(address: BrokerAddress): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
