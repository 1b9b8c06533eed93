/** What one client knows of the cluster: a connection to each broker, and who leads what, asked of any broker that answers. */

import { type BrokerAddress, type Clock, sleep, type Transport, type TransportConnection } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import type { Chance } from "../kernel/chance.js";

export interface ClusterSessionDependencies {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly chance: Chance;
  /** All brokers that there may be. */
  readonly addresses: readonly BrokerAddress[];
}

const callTimeoutMs = 1000;
/** Wait between two tries, in milliseconds: from and to. */
const backoffMs = [20, 200] as const;

export class ClusterSession {
  readonly #dependencies: ClusterSessionDependencies;
  readonly #connections = new Map<string, TransportConnection>();

  constructor(dependencies: ClusterSessionDependencies) {
    this.#dependencies = dependencies;
  }

  /** A connection to any broker. */
  anyBroker(): TransportConnection {
    return this.connection(this.#dependencies.chance.pick(this.#dependencies.addresses));
  }

  connection(address: BrokerAddress): TransportConnection {
    const name = `${address.host}:${address.port}`;
    const known = this.#connections.get(name) ?? this.#dependencies.transport.connect(address);
    this.#connections.set(name, known);
    return known;
  }

  backoff(): Promise<void> {
    return sleep(this.#dependencies.clock, this.#dependencies.chance.between(...backoffMs));
  }

  /** Asks one broker who leads; undefined where it does not answer or nobody does. */
  async findLeader(topic: string, partition: number): Promise<TransportConnection | undefined> {
    const request = { topics: [topic], brokersOnly: false, createMissing: false };
    try {
      const options = { timeoutMs: callTimeoutMs };
      const answer = await this.anyBroker().call(clusterService.describe, request, options);
      const described = answer.topics.find(({ name }) => name === topic)?.partitions[partition];
      const leader = answer.brokers.find(({ id }) => id + 1 === described?.leaderIdPlusOne);
      return leader === undefined ? undefined : this.connection(leader);
    } catch {
      // Whoever asks asks another broker next.
      return undefined;
    }
  }

  /** Repeats a call at any broker until one answers. */
  async untilAnswered<Result>(call: (connection: TransportConnection) => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await call(this.anyBroker());
      } catch {
        await this.backoff();
      }
    }
  }
}
