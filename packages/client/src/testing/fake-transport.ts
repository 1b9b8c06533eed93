/**
 * Transport without a network, for tests: connections reach brokers of the same process. Messages arrive in a microtask, in
 * order, as they were given: nothing is encoded.
 */

import {
  addressText,
  type BrokerAddress,
  type CallOptions,
  type MessageStream,
  SluiceError,
  type StreamListener,
  type StreamMethod,
  type Transport,
  type TransportConnection,
  type TransportServer,
  type UnaryMethod,
} from "@sluice/model";
import { orCancelled } from "../cancellation.js";

/** The other end of a stream that a client opened. */
export interface FakeServerStream<In, Out> {
  /** What the client sent, as it arrives. */
  onMessage: (message: In) => void;
  /** The client will send no more, or broke the stream. */
  onEnd: () => void;
  send(message: Out): void;
  /** Ends the stream; with an error it breaks. */
  end(error?: SluiceError): void;
}

/** A broker that can be reached. Handlers by the path of the method. */
export interface FakeEndpoint {
  readonly unary: ReadonlyMap<string, (request: never) => Promise<unknown>>;
  readonly stream: ReadonlyMap<string, (stream: FakeServerStream<never, never>) => void>;
}

export class FakeTransport implements Transport {
  /** Reachable brokers by `host:port`. */
  readonly endpoints = new Map<string, FakeEndpoint>();
  /** Connections that are open. */
  readonly connections = new Set<FakeConnection>();
  /** Messages after which a stream says that it is full, until `drain`. */
  fullAfter = Number.POSITIVE_INFINITY;
  readonly #full = new Set<() => void>();

  listen(): Promise<TransportServer> {
    throw new SluiceError("UNSUPPORTED", { feature: "listening on the fake transport" });
  }

  connect(address: BrokerAddress): TransportConnection {
    const connection = new FakeConnection(address, this);
    this.connections.add(connection);
    return connection;
  }

  async accepts(address: BrokerAddress): Promise<boolean> {
    return this.endpoints.has(addressText(address));
  }

  /** A stream is full; `onDrain` is called when it is not any more. */
  filled(onDrain: () => void): void {
    this.#full.add(onDrain);
  }

  /** Streams that said that they are full take messages again. */
  drain(): void {
    const full = [...this.#full];
    this.#full.clear();
    for (const onDrain of full) onDrain();
  }

  /** Breaks all streams to a broker, as a lost connection does. */
  cut(address: BrokerAddress): void {
    const error = unreachable(address, "connection lost");
    for (const connection of this.connections)
      if (addressText(connection.address) === addressText(address)) connection.breakStreams(error);
  }
}

export class FakeConnection implements TransportConnection {
  readonly address: BrokerAddress;
  readonly #transport: FakeTransport;
  readonly #streams = new Set<(error: SluiceError) => void>();

  constructor(address: BrokerAddress, transport: FakeTransport) {
    this.address = address;
    this.#transport = transport;
  }

  async call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const handler = this.#endpoint()?.unary.get(method.path);
    if (handler === undefined) throw unreachable(this.address, "connection refused");
    if (options.signal?.aborted === true) throw new SluiceError("CANCELLED", { operation: method.path });
    const answer = handler(request as never) as Promise<Response>;
    return await orCancelled(answer, method.path, options.signal);
  }

  open<Request, Response>(
    method: StreamMethod<Request, Response>,
    listener: StreamListener<Response>,
  ): MessageStream<Request> {
    let isOver = false;
    let sent = 0;
    const settle = (tell: () => void): void => {
      if (isOver) return;
      isOver = true;
      this.#streams.delete(broken);
      queueMicrotask(tell);
    };
    const broken = (error: SluiceError): void => settle(() => listener.onError(error));
    const server: FakeServerStream<Request, Response> = {
      onMessage: () => undefined,
      onEnd: () => undefined,
      send: (message) => queueMicrotask(() => isOver || listener.onMessage(message)),
      // After the messages that are under way.
      end: (error) => queueMicrotask(() => (error === undefined ? settle(() => listener.onEnd()) : broken(error))),
    };
    const handler = this.#endpoint()?.stream.get(method.path);
    if (handler === undefined) broken(unreachable(this.address, "connection refused"));
    else {
      this.#streams.add(broken);
      handler(server as never);
    }
    return {
      send: (message) => {
        if (isOver) return false;
        queueMicrotask(() => server.onMessage(message));
        if (++sent % this.#transport.fullAfter !== 0) return true;
        this.#transport.filled(() => isOver || listener.onDrain?.());
        return false;
      },
      end: () => queueMicrotask(() => server.onEnd()),
      abort: (error) => {
        broken(error);
        queueMicrotask(() => server.onEnd());
      },
      pause: () => undefined,
      resume: () => undefined,
    };
  }

  breakStreams(error: SluiceError): void {
    for (const broken of [...this.#streams]) broken(error);
  }

  close(): void {
    this.breakStreams(new SluiceError("CLOSED", { subject: `The connection to ${addressText(this.address)}` }));
    this.#transport.connections.delete(this);
  }

  #endpoint(): FakeEndpoint | undefined {
    return this.#transport.endpoints.get(addressText(this.address));
  }
}

function unreachable(address: BrokerAddress, reason: string): SluiceError {
  return new SluiceError("BROKER_UNREACHABLE", { addresses: addressText(address), reason });
}
