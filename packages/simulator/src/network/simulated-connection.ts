/**
 * The calling side of the simulated transport: a connection that is made when it is first used, and made again when it broke.
 *
 * While it is being made, calls wait for it. A host without power and a cut link are silent, so that it is given up after
 * `connectTimeoutMs`; a host where nobody listens refuses.
 */

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
import type { ScheduledEvent } from "../kernel/scheduler.js";
import type { SimulatedProcess } from "../kernel/simulated-process.js";
import { type AnyMethod, Exchange } from "./exchange.js";
import type { SimulatedNetwork } from "./simulated-network.js";
import type { Wire } from "./wire.js";

const connectTimeoutMs = 5000;
/** `send` on a stream answers false while more than this is under way. */
const sendBufferBytesMax = 64 * 1024;

export interface Caller {
  readonly process: SimulatedProcess;
  readonly host: string;
  readonly clientId: string;
}

export class SimulatedConnection implements TransportConnection {
  readonly address: BrokerAddress;
  readonly #network: SimulatedNetwork;
  readonly #caller: Caller;
  readonly #open = new Set<Exchange<unknown, unknown>>();
  readonly #waiting: Exchange<unknown, unknown>[] = [];
  #wire: Wire | undefined;
  #connecting: ScheduledEvent | undefined;
  #isClosed = false;

  constructor(address: BrokerAddress, caller: Caller, network: SimulatedNetwork) {
    this.address = address;
    this.#caller = caller;
    this.#network = network;
  }

  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const { signal, timeoutMs } = options;
      const cancelled = (): SluiceError => new SluiceError("CANCELLED", { operation: method.path });
      if (signal?.aborted === true) return reject(cancelled());
      let response: { readonly message: Response } | undefined;
      const settled = (): void => {
        timer?.cancel();
        signal?.removeEventListener("abort", onAbort);
      };
      const exchange = this.#begin(method, settled);
      const giveUp = (error: SluiceError): void => exchange.clientEnd.abort(error);
      const onAbort = (): void => giveUp(cancelled());
      const timer =
        timeoutMs === undefined
          ? undefined
          : this.#caller.process.schedule(timeoutMs, () => giveUp(this.#timedOut(method.path, timeoutMs)));
      signal?.addEventListener("abort", onAbort, { once: true });
      exchange.clientEnd.listen({
        onMessage: (message) => {
          response = { message };
        },
        onEnd: () => (response === undefined ? reject(this.#unreachable("no answer")) : resolve(response.message)),
        onError: reject,
      });
      exchange.clientEnd.send(request);
      exchange.clientEnd.end();
    });
  }

  open<Request, Response>(
    method: StreamMethod<Request, Response>,
    listener: StreamListener<Response>,
  ): MessageStream<Request> {
    const exchange = this.#begin(method, () => undefined);
    exchange.clientEnd.listen(listener);
    return exchange.clientEnd;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connecting?.cancel();
    const error = new SluiceError("CLOSED", { subject: `The connection to ${addressText(this.address)}` });
    for (const exchange of [...this.#open]) exchange.clientEnd.abort(error);
    this.#wire?.closeByClient();
  }

  #begin<Request, Response>(method: AnyMethod<Request, Response>, onSettled: () => void): Exchange<Request, Response> {
    const exchange = new Exchange<Request, Response>(
      {
        method,
        client: this.#caller.process,
        sendBufferBytesMax,
        onClientSettled: () => {
          this.#open.delete(exchange as Exchange<unknown, unknown>);
          onSettled();
        },
      },
      this.#network.observer,
    );
    const any = exchange as Exchange<unknown, unknown>;
    this.#open.add(any);
    if (this.#isClosed) {
      exchange.clientEnd.abort(
        new SluiceError("CLOSED", { subject: `The connection to ${addressText(this.address)}` }),
      );
    } else if (this.#wire !== undefined && !this.#wire.isBroken) this.#network.begin(any, this.#wire, this.#caller);
    else {
      this.#waiting.push(any);
      this.#connect();
    }
    return exchange;
  }

  #connect(): void {
    if (this.#connecting !== undefined) return;
    const timeout = this.#caller.process.schedule(connectTimeoutMs, () => this.#failed("it does not answer"));
    this.#connecting = timeout;
    const isCurrent = (): boolean => this.#connecting === timeout && !this.#isClosed;
    this.#network.dial(this.address, this.#caller, {
      connected: (wire) => {
        if (isCurrent()) this.#connected(wire);
        else wire.closeByClient();
      },
      refused: () => {
        if (isCurrent()) this.#failed("connection refused");
      },
    });
  }

  #connected(wire: Wire): void {
    if (wire.isBroken) {
      this.#failed("connection lost");
      return;
    }
    this.#connecting?.cancel();
    this.#connecting = undefined;
    this.#wire = wire;
    for (const exchange of this.#waiting.splice(0)) {
      if (!exchange.clientEnd.isSettled) this.#network.begin(exchange, wire, this.#caller);
    }
  }

  #failed(reason: string): void {
    this.#connecting?.cancel();
    this.#connecting = undefined;
    for (const exchange of this.#waiting.splice(0)) exchange.clientEnd.settle(this.#unreachable(reason));
  }

  #unreachable(reason: string): SluiceError {
    return new SluiceError("BROKER_UNREACHABLE", { addresses: addressText(this.address), reason });
  }

  #timedOut(path: string, timeoutMs: number): SluiceError {
    const operation = `${path} at ${addressText(this.address)}`;
    return new SluiceError("REQUEST_TIMED_OUT", { operation, timeoutMs });
  }
}
