/** One call or stream on a wire: its two ends, and the two pipes between them. */

import type { SluiceError, StreamMethod, UnaryMethod } from "@sluice/model";
import type { Scheduler } from "../kernel/scheduler.js";
import type { SimulatedProcess } from "../kernel/simulated-process.js";
import { FramePipe } from "./frame-pipe.js";
import type { Link } from "./link.js";
import type { MessageObserver, ObservedStream } from "./message-observer.js";
import { type Frame, StreamEnd } from "./stream-end.js";

export type AnyMethod<Request, Response> = UnaryMethod<Request, Response> | StreamMethod<Request, Response>;

export interface ExchangeOptions<Request, Response> {
  readonly method: AnyMethod<Request, Response>;
  readonly client: SimulatedProcess;
  readonly sendBufferBytesMax: number;
  /** The client's end is over. */
  readonly onClientSettled: () => void;
}

export interface ExchangeWire {
  readonly server: SimulatedProcess;
  readonly toServer: Link;
  readonly toClient: Link;
}

export interface ExchangeBeginning {
  readonly scheduler: Scheduler;
  /** The call has reached the server. Runs there. */
  readonly onOpened: () => void;
  /** The server's end is over. Undefined: in order. */
  readonly onServerSettled: (error: SluiceError | undefined) => void;
}

export class Exchange<Request, Response> implements ObservedStream {
  readonly method: AnyMethod<Request, Response>;
  readonly client: SimulatedProcess;
  readonly clientEnd: StreamEnd<Response, Request>;
  readonly #options: ExchangeOptions<Request, Response>;
  readonly #observer: MessageObserver;
  #server: SimulatedProcess | undefined;
  #serverEnd: StreamEnd<Request, Response> | undefined;
  #pipes: { break(): void }[] = [];
  /** What was sent before there was a wire. */
  readonly #early: Frame[] = [];

  constructor(options: ExchangeOptions<Request, Response>, observer: MessageObserver) {
    const { method, client, sendBufferBytesMax, onClientSettled } = options;
    this.method = method;
    this.client = client;
    this.#options = options;
    this.#observer = observer;
    this.clientEnd = new StreamEnd<Response, Request>(
      {
        role: "client",
        process: client,
        outgoing: method.request,
        incoming: method.response,
        sendBufferBytesMax,
        onSent: (message) => observer.onRequest(this, message),
        onAborted: (error) => observer.onAborted(this, "client", error),
        onSettled: onClientSettled,
      },
      { send: (frame) => this.#early.push(frame) },
    );
  }

  get path(): string {
    return this.method.path;
  }

  get clientName(): string {
    return this.client.name;
  }

  /** Empty before the stream has reached a server. */
  get serverName(): string {
    return this.#server?.name ?? "";
  }

  get serverEnd(): StreamEnd<Request, Response> | undefined {
    return this.#serverEnd;
  }

  /** Puts it on a wire; what was sent already goes out. */
  begin(wire: ExchangeWire, dependencies: ExchangeBeginning): void {
    const { scheduler, onServerSettled, onOpened } = dependencies;
    this.#server = wire.server;
    const toClient = new FramePipe<Frame>(wire.toClient, scheduler, (frame) =>
      this.clientEnd.arrived(frame, (bytes) => serverEnd.taken(bytes)),
    );
    const serverEnd = new StreamEnd<Request, Response>(
      {
        role: "server",
        process: wire.server,
        outgoing: this.method.response,
        incoming: this.method.request,
        sendBufferBytesMax: this.#options.sendBufferBytesMax,
        onSent: (message) => this.#observer.onResponse(this, message),
        onAborted: (error) => this.#observer.onAborted(this, "server", error),
        onSettled: onServerSettled,
      },
      toClient,
    );
    this.#serverEnd = serverEnd;
    const toServer = new FramePipe<Frame | { readonly type: "open" }>(wire.toServer, scheduler, (frame) => {
      if (frame.type === "open") wire.server.enter(onOpened);
      else serverEnd.arrived(frame, (bytes) => this.clientEnd.taken(bytes));
    });
    this.#pipes = [toServer, toClient];
    this.clientEnd.attach(toServer);
    toServer.send({ type: "open" });
    for (const frame of this.#early.splice(0)) toServer.send(frame);
  }

  /** What is under way is lost, in both directions. */
  breakPipes(): void {
    for (const pipe of this.#pipes) pipe.break();
  }

  settleClient(error: SluiceError): void {
    this.client.enter(() => this.clientEnd.settle(error));
  }

  settleServer(error: SluiceError): void {
    this.#server?.enter(() => this.#serverEnd?.settle(error));
  }
}
