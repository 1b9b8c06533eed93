/**
 * The network of the simulation: hosts, the links between them, and the transport that each process has on it.
 *
 * Its faults are those of links (cut in one direction or both, clogged) and of connections (reset). A cut that lasts breaks the
 * connections over it.
 */

import { addressText, type BrokerAddress, type Transport } from "@sluice/model";
import type { Chance } from "../kernel/chance.js";
import type { Scheduler } from "../kernel/scheduler.js";
import type { SimulatedProcess } from "../kernel/simulated-process.js";
import type { Exchange } from "./exchange.js";
import { Host } from "./host.js";
import { type Latency, Link } from "./link.js";
import type { MessageObserver } from "./message-observer.js";
import { type Caller, SimulatedConnection } from "./simulated-connection.js";
import { SimulatedServer } from "./simulated-server.js";
import { Wire } from "./wire.js";

/** How long the ends of a connection bear with a cut link, in milliseconds: from and to. */
const patienceMs = [500, 15_000] as const;

export interface DialListener {
  connected(wire: Wire): void;
  refused(): void;
}

export interface SimulatedNetworkOptions {
  readonly latency: Latency;
  /** Of links from and to hosts of that name, where it is another. Default: none. */
  readonly latencyOf?: Readonly<Record<string, Latency>>;
}

export class SimulatedNetwork {
  readonly observer: MessageObserver;
  readonly #options: SimulatedNetworkOptions;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #hosts = new Map<string, Host>();
  readonly #links = new Map<string, Link>();
  readonly #wires = new Set<Wire>();
  readonly #servers = new Map<SimulatedProcess, SimulatedServer[]>();

  constructor(
    options: SimulatedNetworkOptions,
    dependencies: { readonly scheduler: Scheduler; readonly chance: Chance; readonly observer: MessageObserver },
  ) {
    this.#options = options;
    this.#scheduler = dependencies.scheduler;
    this.#chance = dependencies.chance;
    this.observer = dependencies.observer;
  }

  host(name: string): Host {
    const known = this.#hosts.get(name) ?? new Host(name);
    this.#hosts.set(name, known);
    return known;
  }

  /** From one host to another. */
  link(from: string, to: string): Link {
    const name = `${from} ${to}`;
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const { latency, latencyOf = {} } = this.#options;
    const link = new Link(latencyOf[from] ?? latencyOf[to] ?? latency, {
      scheduler: this.#scheduler,
      chance: this.#chance,
    });
    this.#links.set(name, link);
    return link;
  }

  /** The Transport port of a process on that host. */
  transportOf(caller: Caller): Transport {
    return {
      listen: async (options, methods) => {
        const server = new SimulatedServer(this.host(caller.host), caller.process, methods);
        server.bind(options.port);
        this.#servers.set(caller.process, [...(this.#servers.get(caller.process) ?? []), server]);
        return server;
      },
      connect: (address) => new SimulatedConnection(address, caller, this),
      accepts: (address, timeoutMs) => this.#accepts(address, caller, timeoutMs),
    };
  }

  /** Makes a connection. Exactly one method of the listener is called, in the process of the caller, or none. */
  dial(address: BrokerAddress, caller: Caller, listener: DialListener): void {
    const toServer = this.link(caller.host, address.host);
    const toClient = this.link(address.host, caller.host);
    toServer.transmit(() => {
      const host = this.host(address.host);
      if (!host.isUp) return;
      const server = host.serverAt(address.port);
      if (server === undefined) {
        toClient.transmit(() => caller.process.enter(() => listener.refused()));
        return;
      }
      const wire: Wire = new Wire(
        { client: caller.process, server, authority: addressText(address), toServer, toClient },
        {
          scheduler: this.#scheduler,
          chance: this.#chance,
          onBroken: () => {
            server.removeWire(wire);
            this.#wires.delete(wire);
          },
        },
      );
      server.addWire(wire);
      this.#wires.add(wire);
      toClient.transmit(() => {
        if (caller.process.isDead) wire.processGone(false);
        else caller.process.enter(() => listener.connected(wire));
      });
    });
  }

  /** A process that stands still accepts too: its kernel does. */
  #accepts(address: BrokerAddress, caller: Caller, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = caller.process.schedule(timeoutMs, () => resolve(false));
      const answer = (isAccepted: boolean): void => {
        timer.cancel();
        resolve(isAccepted);
      };
      this.link(caller.host, address.host).transmit(() => {
        const host = this.host(address.host);
        if (!host.isUp) return;
        const isAccepted = host.serverAt(address.port) !== undefined;
        this.link(address.host, caller.host).transmit(() => caller.process.enter(() => answer(isAccepted)));
      });
    });
  }

  /** Opens a call or stream on a wire. */
  begin(exchange: Exchange<unknown, unknown>, wire: Wire, caller: Caller): void {
    const { server, toServer, toClient } = wire;
    wire.add(exchange);
    exchange.begin(
      { server: server.process, toServer, toClient },
      {
        scheduler: this.#scheduler,
        onOpened: () => server.accept({ exchange, clientId: caller.clientId }, wire),
        onServerSettled: (error) => {
          wire.remove(exchange);
          server.settled(exchange, error);
        },
      },
    );
  }

  /** Cuts what goes from one host to the other; connections over it break where it lasts. */
  cut(from: string, to: string): void {
    const link = this.link(from, to);
    link.cut();
    for (const wire of this.#wires) {
      if (wire.toServer !== link && wire.toClient !== link) continue;
      this.#scheduler.schedule(this.#chance.between(...patienceMs), () => {
        if (link.isCut) wire.giveUp();
      });
    }
  }

  /** Breaks all connections between two hosts. */
  resetConnections(one: string, other: string): void {
    const links = [this.link(one, other), this.link(other, one)];
    for (const wire of [...this.#wires]) if (links.includes(wire.toServer)) wire.reset();
  }

  /** Ends all cuts and clogs. */
  healAll(): void {
    for (const link of this.#links.values()) link.heal();
  }

  /** A process has died. `isSilent`: its machine lost power, and nobody is told. */
  processGone(process: SimulatedProcess, isSilent: boolean): void {
    for (const server of this.#servers.get(process) ?? []) server.release();
    this.#servers.delete(process);
    for (const wire of [...this.#wires]) {
      if (wire.client === process || wire.server.process === process) wire.processGone(isSilent);
    }
  }
}
