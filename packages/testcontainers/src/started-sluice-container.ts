/** A cluster that `SluiceContainer` has started: where it is, clients of it, and its end. */

import { Sluice, type SluiceOptions } from "@sluice/client";
import type { StartedNetwork, StartedTestContainer } from "testcontainers";

export interface StartedBroker {
  readonly id: number;
  readonly container: StartedTestContainer;
  /** `host:port` for this machine. */
  readonly address: string;
  /** `host:port` for containers of the same network. */
  readonly internalAddress: string;
}

export class StartedSluiceContainer implements AsyncDisposable {
  /** The brokers, each with its container: to be stopped, restarted or looked into by a test. */
  readonly brokers: readonly StartedBroker[];
  /** For containers that use the cluster: `withNetwork(cluster.network)`. */
  readonly network: StartedNetwork;
  readonly #containers: readonly StartedTestContainer[];
  readonly #clients = new Set<Sluice>();
  #stopping: Promise<void> | undefined;

  /** Made by `SluiceContainer.start`. @param parts.containers all of the cluster, what brokers need before the brokers. */
  constructor(parts: {
    readonly brokers: readonly StartedBroker[];
    readonly containers: readonly StartedTestContainer[];
    readonly network: StartedNetwork;
  }) {
    this.brokers = parts.brokers;
    this.network = parts.network;
    this.#containers = parts.containers;
  }

  /** `host:port` of each broker, for programs on this machine. */
  bootstrapServers(): string[] {
    return this.brokers.map(({ address }) => address);
  }

  /** `host:port` of each broker, for containers in `network`. */
  internalBootstrapServers(): string[] {
    return this.brokers.map(({ internalAddress }) => internalAddress);
  }

  /** A client of this cluster. It is closed with the cluster. */
  createClient(options: Omit<SluiceOptions, "brokers"> = {}): Sluice {
    const client = new Sluice({ ...options, brokers: this.bootstrapServers() });
    this.#clients.add(client);
    return client;
  }

  /** Closes the clients, and removes the containers and the network. Stopping again waits for the same. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
    // Nothing of it is kept, so nobody waits for an orderly end.
    const stops = await Promise.allSettled(this.#containers.map((container) => container.stop({ timeout: 0 })));
    await this.network.stop();
    const failed = stops.find((stop) => stop.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}
