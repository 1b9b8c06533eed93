/** The serving side of the simulated transport: finds the handler of a call, and runs it in the process that listens. */

import {
  type CallContext,
  type ServedMethod,
  SluiceError,
  type StreamHandler,
  type TransportServer,
  toSluiceError,
  type UnaryHandler,
} from "@sluice/model";
import type { SimulatedProcess } from "../kernel/simulated-process.js";
import type { Exchange } from "./exchange.js";
import type { Host } from "./host.js";
import type { StreamEnd } from "./stream-end.js";
import type { Wire } from "./wire.js";

export interface AcceptedCall {
  readonly exchange: Exchange<unknown, unknown>;
  readonly clientId: string;
}

export class SimulatedServer implements TransportServer {
  readonly refusedConnectionCount = 0;
  readonly process: SimulatedProcess;
  readonly #host: Host;
  readonly #methods: ReadonlyMap<string, ServedMethod>;
  readonly #wires = new Set<Wire>();
  readonly #callsUnderWay = new Map<Exchange<unknown, unknown>, AbortController>();
  #port = 0;
  #whenIdle: (() => void) | undefined;
  #isClosing = false;

  constructor(host: Host, process: SimulatedProcess, methods: readonly ServedMethod[]) {
    this.#host = host;
    this.process = process;
    this.#methods = new Map(methods.map((served) => [served.method.path, served]));
  }

  get port(): number {
    return this.#port;
  }

  get connectionCount(): number {
    return this.#wires.size;
  }

  /** @throws SluiceError ADDRESS_IN_USE */
  bind(port: number): void {
    const bound = this.#host.bind(port, this);
    if (bound === undefined) {
      throw new SluiceError("ADDRESS_IN_USE", { address: `${this.#host.name}:${port}`, option: "port" });
    }
    this.#port = bound;
  }

  /** The process is gone, or has closed: the port is free. */
  release(): void {
    this.#host.release(this.#port, this);
  }

  addWire(wire: Wire): void {
    this.#wires.add(wire);
  }

  removeWire(wire: Wire): void {
    this.#wires.delete(wire);
  }

  setServing(): void {
    // Health checks are not simulated.
  }

  /** A call has arrived. Runs in the process. */
  accept({ exchange, clientId }: AcceptedCall, wire: Wire): void {
    const end = exchange.serverEnd;
    if (end === undefined || end.isSettled) return;
    const served = this.#methods.get(exchange.path);
    if (served === undefined || this.#isClosing) {
      end.abort(this.#refusal(exchange.path, wire.authority));
      return;
    }
    const aborted = new AbortController();
    this.#callsUnderWay.set(exchange, aborted);
    const context: CallContext = {
      signal: aborted.signal,
      authority: wire.authority,
      peer: wire.client.name,
      clientId,
    };
    if (served.method.kind === "stream") serveStream(served.handler as StreamHandler<unknown, unknown>, end, context);
    else serveUnary(served.handler as UnaryHandler<unknown, unknown>, end, context);
  }

  /** A call is over at this side. */
  settled(exchange: Exchange<unknown, unknown>, error: SluiceError | undefined): void {
    const aborted = this.#callsUnderWay.get(exchange);
    this.#callsUnderWay.delete(exchange);
    if (error !== undefined) aborted?.abort(error);
    if (this.#callsUnderWay.size === 0) this.#whenIdle?.();
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.release();
    if (this.#callsUnderWay.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.process.schedule(graceMs, resolve);
        this.#whenIdle = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    for (const wire of [...this.#wires]) wire.reset();
  }

  #refusal(path: string, address: string): SluiceError {
    if (this.#isClosing) return new SluiceError("BROKER_UNREACHABLE", { addresses: address, reason: "it is closing" });
    return new SluiceError("UNSUPPORTED", { feature: `${path} of the broker at ${address}` });
  }
}

function serveStream(
  handler: StreamHandler<unknown, unknown>,
  end: StreamEnd<unknown, unknown>,
  context: CallContext,
): void {
  try {
    end.listen(handler(end, context));
  } catch (error) {
    end.abort(toSluiceError(error));
  }
}

function serveUnary(
  handler: UnaryHandler<unknown, unknown>,
  end: StreamEnd<unknown, unknown>,
  context: CallContext,
): void {
  const answer = (response: unknown): void => {
    end.send(response);
    end.end();
  };
  end.listen({
    onMessage: (request) => void handler(request, context).then(answer, (error) => end.abort(toSluiceError(error))),
    onEnd: () => undefined,
    onError: () => undefined,
  });
}
