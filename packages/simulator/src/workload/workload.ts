/**
 * The clients of a run: administrators who create the topics and change their settings, producers, readers, and at the end the reading of
 * everything from the beginning. Each client is a process on a host of its own.
 */

import { isSluiceError } from "@sluice/model";
import type { DescribeClusterResponse } from "@sluice/protocol";
import { clusterService } from "@sluice/protocol";
import { brokerPort } from "../brokers/simulated-broker.js";
import type { SwarmOptions, TopicOptions } from "../faults/swarm-options.js";
import type { Chance } from "../kernel/chance.js";
import type { Scheduler } from "../kernel/scheduler.js";
import { SimulatedClock } from "../kernel/simulated-clock.js";
import { SimulatedProcess } from "../kernel/simulated-process.js";
import type { SimulatedNetwork } from "../network/simulated-network.js";
import { ClusterSession } from "./cluster-session.js";
import { ClusterWatcher } from "./cluster-watcher.js";
import type { History } from "./history.js";
import { Producer } from "./producer.js";
import { Reader } from "./reader.js";
import { SettingsChanger } from "./settings-changer.js";
import { StoreOperator } from "./store-operator.js";

export interface WorkloadDependencies {
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly chance: Chance;
  readonly history: History;
  /** Whether the cluster works with its store, or works with it again after a restore. */
  readonly isStoreTrusted: () => boolean;
}

/** Hosts that clients are on. */
export const clientHosts = ["client-1", "client-2"] as const;

const adminTimeoutMs = 3000;

export class Workload {
  readonly #options: SwarmOptions;
  readonly #dependencies: WorkloadDependencies;
  readonly #producers: Producer[] = [];
  readonly #readers: Reader[] = [];
  readonly #settingsChangers: SettingsChanger[] = [];
  readonly #storeOperator: StoreOperator;
  #clientCount = 0;

  constructor(options: SwarmOptions, dependencies: WorkloadDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#storeOperator = new StoreOperator({ ...this.#client(), isStoreTrusted: dependencies.isStoreTrusted });
  }

  /** Batches without an outcome. */
  get pendingCount(): number {
    return this.#producers.reduce((count, producer) => count + producer.pendingCount, 0);
  }

  /** Creates the topics; resolves when all exist. */
  async createTopics(): Promise<void> {
    const { session } = this.#client();
    for (const topic of this.#options.topics) await session.untilAnswered(() => this.#createTopic(session, topic));
  }

  /** Begins to produce, to read and to change settings. */
  start(): void {
    for (const { topic, partition } of this.#partitions()) {
      for (let each = 1; each <= this.#options.producers; each += 1) {
        this.#startProducer(`p${each}`, topic, partition, "all");
      }
      if (this.#options.hasLeaderAcks) this.#startProducer("q", topic, partition, "leader");
      this.#readers.push(this.#startReader("r", topic, partition));
    }
    const { topics, settingsIntervalMs } = this.#options;
    if (settingsIntervalMs !== undefined) for (const { name } of topics) this.#changeSettings(name, settingsIntervalMs);
  }

  /** After that time an operator adopts a restored store, and every later one at once. */
  adoptStore(afterMs: number): void {
    void this.#storeOperator.begin(afterMs);
  }

  /** Nothing new is written or changed. */
  stopChanges(): void {
    for (const producer of this.#producers) producer.stop();
    for (const changer of this.#settingsChangers) changer.stop();
  }

  /** Readers that begin at offset 0, one for each partition. */
  readAgain(): readonly Reader[] {
    for (const reader of this.#readers) reader.stop();
    return this.#partitions().map(({ topic, partition }) => this.#startReader("final", topic, partition));
  }

  /** What each broker says about the cluster; undefined where it does not answer. */
  async describeAll(): Promise<(DescribeClusterResponse | undefined)[]> {
    const { session } = this.#client();
    const request = { topics: [], brokersOnly: false, createMissing: false };
    return Promise.all(
      this.#addresses.map((address) =>
        session
          .connection(address)
          .call(clusterService.describe, request, { timeoutMs: 1000 })
          .catch(() => undefined),
      ),
    );
  }

  /** Begins to watch the cluster at each broker. */
  watchAll(): readonly ClusterWatcher[] {
    return this.#addresses.map((address) => {
      const watcher = new ClusterWatcher(address, this.#client());
      watcher.run();
      return watcher;
    });
  }

  async #createTopic(session: ClusterSession, topic: TopicOptions): Promise<void> {
    const { name, partitions, replicationFactor } = topic;
    const configs = Object.entries(topic.configs).map(([key, value]) => ({ key, value }));
    const request = { name, partitions, replicationFactor, configs, validateOnly: false };
    try {
      await session.anyBroker().call(clusterService.createTopic, request, { timeoutMs: adminTimeoutMs });
    } catch (error) {
      // An earlier try whose answer was lost.
      if (!isSluiceError(error, "TOPIC_ALREADY_EXISTS")) throw error;
    }
  }

  #startProducer(name: string, topic: string, partition: number, acks: "all" | "leader"): void {
    const { inFlightMax, pauseMsMax } = this.#options;
    const { clock, session } = this.#client();
    const { history, chance } = this.#dependencies;
    const options = { topic, partition, acks, inFlightMax, pauseMsMax, isIdempotent: acks === "all" };
    const producer = new Producer(
      { ...options, name: `${topic}${partition}${name}` },
      { session, history, clock, chance },
    );
    this.#producers.push(producer);
    void producer.run();
  }

  #changeSettings(topic: string, intervalMs: number): void {
    const changer = new SettingsChanger(
      { topic, intervalMs },
      { ...this.#client(), chance: this.#dependencies.chance },
    );
    this.#settingsChangers.push(changer);
    void changer.run();
  }

  #startReader(name: string, topic: string, partition: number): Reader {
    const { clock, session } = this.#client();
    const { history } = this.#dependencies;
    const reader = new Reader({ name: `${name}-${topic}-${partition}`, topic, partition }, { session, history, clock });
    void reader.run();
    return reader;
  }

  #partitions(): { readonly topic: string; readonly partition: number }[] {
    return this.#options.topics.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
    );
  }

  get #addresses() {
    return Array.from({ length: this.#options.brokers }, (_, index) => ({
      host: `broker-${index + 1}`,
      port: brokerPort,
    }));
  }

  #client(): { readonly clock: SimulatedClock; readonly session: ClusterSession } {
    const { scheduler, network, chance } = this.#dependencies;
    this.#clientCount += 1;
    const host = clientHosts[this.#clientCount % clientHosts.length] as string;
    const process = new SimulatedProcess(`${host}/${this.#clientCount}`, scheduler);
    const clock = new SimulatedClock(scheduler, process, () => 0);
    const transport = network.transportOf({ process, host, clientId: process.name });
    return { clock, session: new ClusterSession({ transport, clock, chance, addresses: this.#addresses }) };
  }
}
