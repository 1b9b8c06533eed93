/** All gRPC listeners of a broker as one server: opened together, and closed together. */

import type { ListenOptions, ServedMethod, Transport, TransportServer } from "@sluice/model";
import type { ListenerConfig } from "./listener-config.js";

export interface ListenersOptions extends Omit<ListenOptions, "host" | "port"> {
  /** At least one. */
  readonly listeners: readonly ListenerConfig[];
  /** What that listener serves: it tells clients the addresses that go with it. */
  readonly methodsOf: (listener: ListenerConfig) => readonly ServedMethod[];
}

export class Listeners implements TransportServer {
  readonly #servers: ReadonlyMap<ListenerConfig, TransportServer>;

  private constructor(servers: ReadonlyMap<ListenerConfig, TransportServer>) {
    this.#servers = servers;
  }

  /**
   * Opens all of them, or none.
   * @throws SluiceError ADDRESS_IN_USE, and what the transport throws
   */
  static async open(options: ListenersOptions, transport: Transport): Promise<Listeners> {
    const { listeners, methodsOf, ...limits } = options;
    const servers = new Map<ListenerConfig, TransportServer>();
    try {
      for (const listener of listeners) {
        const { host, port } = listener;
        servers.set(listener, await transport.listen({ ...limits, host, port }, methodsOf(listener)));
      }
    } catch (error) {
      await Promise.all([...servers.values()].map((server) => server.close(0)));
      throw error;
    }
    return new Listeners(servers);
  }

  /** The port of the first. */
  get port(): number {
    return this.#all[0]?.port ?? 0;
  }

  portOf(listener: ListenerConfig): number {
    return this.#servers.get(listener)?.port ?? 0;
  }

  get connectionCount(): number {
    return this.#all.reduce((sum, server) => sum + server.connectionCount, 0);
  }

  get refusedConnectionCount(): number {
    return this.#all.reduce((sum, server) => sum + server.refusedConnectionCount, 0);
  }

  setServing(isServing: boolean): void {
    for (const server of this.#all) server.setServing(isServing);
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#all.map((server) => server.close(graceMs)));
  }

  get #all(): readonly TransportServer[] {
    return [...this.#servers.values()];
  }
}
