/** A machine as the network sees it: whether it answers at all, and what listens on it. */

import type { SimulatedServer } from "./simulated-server.js";

export class Host {
  readonly name: string;
  /** A machine without power does not even refuse. */
  isUp = true;
  readonly #servers = new Map<number, SimulatedServer>();
  #nextFreePort = 30_000;

  constructor(name: string) {
    this.name = name;
  }

  /** Binds the port, 0: a free one. Undefined where it is taken. */
  bind(port: number, server: SimulatedServer): number | undefined {
    const bound = port === 0 ? this.#nextFreePort++ : port;
    if (this.#servers.has(bound)) return undefined;
    this.#servers.set(bound, server);
    return bound;
  }

  /** Frees the port where that server has it. */
  release(port: number, server: SimulatedServer): void {
    if (this.#servers.get(port) === server) this.#servers.delete(port);
  }

  serverAt(port: number): SimulatedServer | undefined {
    return this.#servers.get(port);
  }
}
