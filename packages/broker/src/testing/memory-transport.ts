/**
 * A network within the process for tests: listeners and streams without sockets. Messages go through their codecs, in order, each in a
 * turn of its own microtask; nothing takes time. `cut` breaks what is open to an address, and keeps it from being reached.
 */

import {
  addressText,
  type BrokerAddress,
  type CallContext,
  type CallOptions,
  type ListenOptions,
  type MessageStream,
  type ServedMethod,
  SluiceError,
  type StreamHandler,
  type StreamListener,
  type StreamMethod,
  type Transport,
  type TransportConnection,
  type TransportServer,
  toSluiceError,
  type UnaryHandler,
  type UnaryMethod,
} from "@sluice/model";

interface Listening {
  readonly methods: readonly ServedMethod[];
  readonly streams: Set<StreamPair>;
}

export class MemoryTransport implements Transport {
  readonly #listening = new Map<string, Listening>();
  readonly #cut = new Set<string>();
  #nextPort = 20_000;
  /** Streams that were opened, those that could not be included. */
  openedCount = 0;

  async listen(options: ListenOptions, methods: readonly ServedMethod[]): Promise<TransportServer> {
    this.#nextPort += 1;
    const port = options.port === 0 ? this.#nextPort : options.port;
    const text = addressText({ host: options.host, port });
    if (this.#listening.has(text)) throw new SluiceError("ADDRESS_IN_USE", { address: text, option: "port" });
    const listening: Listening = { methods, streams: new Set() };
    this.#listening.set(text, listening);
    return {
      port,
      connectionCount: 0,
      refusedConnectionCount: 0,
      setServing: () => undefined,
      close: async () => {
        this.#listening.delete(text);
        for (const stream of [...listening.streams]) stream.break(unreachable(text));
      },
    };
  }

  connect(address: BrokerAddress): TransportConnection {
    const own = new Set<StreamPair>();
    return {
      address,
      call: (method, request, options) => this.#call(address, method, request, options),
      open: (method, listener) => this.#open(address, method, listener, own),
      close: () => {
        for (const stream of [...own]) stream.break(new SluiceError("CLOSED", { subject: "The connection" }));
      },
    };
  }

  async accepts(address: BrokerAddress): Promise<boolean> {
    return this.#reachable(addressText(address)) !== undefined;
  }

  /** Breaks all streams to that address; new ones fail until `mend`. */
  cut(address: BrokerAddress): void {
    const text = addressText(address);
    this.#cut.add(text);
    for (const stream of [...(this.#listening.get(text)?.streams ?? [])]) stream.break(unreachable(text));
  }

  mend(address: BrokerAddress): void {
    this.#cut.delete(addressText(address));
  }

  #reachable(text: string): Listening | undefined {
    return this.#cut.has(text) ? undefined : this.#listening.get(text);
  }

  async #call<Request, Response>(
    address: BrokerAddress,
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const text = addressText(address);
    const served = this.#reachable(text)?.methods.find((candidate) => candidate.method.path === method.path);
    if (served === undefined) throw unreachable(text);
    const handler = served.handler as UnaryHandler<unknown, unknown>;
    const context = contextOf(text, options.signal ?? new AbortController().signal);
    return (await handler(request, context)) as Response;
  }

  #open<Request, Response>(
    address: BrokerAddress,
    method: StreamMethod<Request, Response>,
    listener: StreamListener<Response>,
    own: Set<StreamPair>,
  ): MessageStream<Request> {
    this.openedCount += 1;
    const text = addressText(address);
    const listening = this.#reachable(text);
    const served = listening?.methods.find((candidate) => candidate.method.path === method.path);
    if (listening === undefined || served === undefined) {
      queueMicrotask(() => listener.onError(unreachable(text)));
      return { send: () => false, end: () => {}, abort: () => {}, pause: () => {}, resume: () => {} };
    }
    const pair = new StreamPair(() => {
      own.delete(pair);
      listening.streams.delete(pair);
    });
    own.add(pair);
    listening.streams.add(pair);
    const client = pair.client as StreamEnd<Request>;
    const server = pair.server as StreamEnd<Response>;
    const reencode = (message: unknown): unknown => method.request.decode(method.request.encode(message as Request));
    const reencodeBack = (message: unknown): unknown =>
      method.response.decode(method.response.encode(message as Response));
    client.attach(listener as StreamListener<unknown>, reencode);
    const handler = served.handler as unknown as StreamHandler<Request, Response>;
    try {
      const context = contextOf(text, new AbortController().signal);
      server.attach(handler(server, context) as StreamListener<unknown>, reencodeBack);
    } catch (error) {
      pair.break(error as SluiceError);
    }
    return client;
  }
}

/** Both ends of one stream. */
class StreamPair {
  readonly client: StreamEnd<never>;
  readonly server: StreamEnd<never>;
  readonly #onOver: () => void;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
    this.client = new StreamEnd(this, () => this.server);
    this.server = new StreamEnd(this, () => this.client);
  }

  break(error: SluiceError): void {
    this.#onOver();
    this.client.break(error);
    this.server.break(error);
  }

  /** One side has ended: the server's end is that of the call. */
  ended(end: StreamEnd<never>): void {
    if (end !== this.server) return;
    this.#onOver();
    this.server.settle();
  }
}

class StreamEnd<Out> implements MessageStream<Out> {
  readonly #pair: StreamPair;
  readonly #peer: () => StreamEnd<never>;
  readonly #arrived: (() => void)[] = [];
  #listener: StreamListener<unknown> | undefined;
  #reencode: (message: unknown) => unknown = (message) => message;
  #isPaused = false;
  /** This side sends no more. */
  #hasEnded = false;
  /** The listener has had its last call. */
  #isSettled = false;

  constructor(pair: StreamPair, peer: () => StreamEnd<never>) {
    this.#pair = pair;
    this.#peer = peer;
  }

  attach(listener: StreamListener<unknown>, reencode: (message: unknown) => unknown): void {
    this.#listener = listener;
    this.#reencode = reencode;
  }

  send(message: Out): boolean {
    if (this.#hasEnded) return false;
    const copy = this.#reencode(message);
    const peer = this.#peer();
    peer.#arrive(() => peer.#listener?.onMessage(copy));
    return true;
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const peer = this.#peer();
    peer.#arrive(() => peer.settle());
    this.#pair.ended(this as unknown as StreamEnd<never>);
  }

  abort(error: SluiceError): void {
    this.#pair.break(error);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#deliver());
  }

  /** Nothing more arrives: the last call of the listener. */
  settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#listener?.onEnd();
  }

  break(error: SluiceError): void {
    this.#hasEnded = true;
    if (this.#isSettled) return;
    this.#isSettled = true;
    queueMicrotask(() => this.#listener?.onError(error));
  }

  #arrive(event: () => void): void {
    this.#arrived.push(event);
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    if (this.#isPaused || this.#isSettled) return;
    try {
      this.#arrived.shift()?.();
    } catch (error) {
      this.abort(toSluiceError(error));
    }
    if (this.#arrived.length > 0) queueMicrotask(() => this.#deliver());
  }
}

function unreachable(text: string): SluiceError {
  return new SluiceError("BROKER_UNREACHABLE", { addresses: text, reason: "it is cut off" });
}

function contextOf(authority: string, signal: AbortSignal): CallContext {
  return { signal, authority, peer: "memory", clientId: "" };
}
