/**
 * Hears of changes of the cluster as they happen: a WatchCluster stream to each of two brokers, so that one of them may die
 * together with a leader and the client still learns at once who leads now.
 *
 * It watches the topics that are sent to or read from, and nothing while there are none. A topic that comes into use later is
 * added by opening the streams anew, at most once in `reopenIntervalMs`; until then it is asked for where that is needed, as
 * everything is where brokers cannot be watched.
 *
 * A stream that breaks is opened again, at another broker where there is one. What it tells may come twice, or late: whoever
 * is told goes by revisions.
 */

import {
  addressText,
  type BrokerAddress,
  type Clock,
  isSluiceError,
  type MessageStream,
  type Random,
  randomBelow,
  SluiceError,
  type Timer,
} from "@sluice/model";
import { clusterService, type DescribeClusterRequest, type DescribeClusterResponse } from "@sluice/protocol";
import type { BrokerConnections } from "./broker-connections.js";
import type { BrokerMetadata } from "./cluster-metadata.js";
import type { RetryPolicy } from "./retry-policy.js";

export interface ClusterWatchDependencies {
  readonly connections: BrokerConnections;
  readonly clock: Clock;
  readonly policy: RetryPolicy;
  readonly random: Random;
  /** The brokers that are known now. */
  readonly brokers: () => readonly BrokerMetadata[];
  /** Told every answer. */
  readonly onAnswer: (response: DescribeClusterResponse, from: BrokerAddress) => void;
}

interface OpenWatch {
  readonly address: string;
  readonly stream: MessageStream<DescribeClusterRequest>;
}

const streamsMax = 2;
const reopenIntervalMs = 1000;
/** Topics that come into use together are added together. */
const gatherMs = 20;

export class ClusterWatch {
  readonly #dependencies: ClusterWatchDependencies;
  readonly #topics = new Set<string>();
  readonly #watches = new Set<OpenWatch>();
  /** Addresses of brokers that cannot be watched: they are older than this client. */
  readonly #unable = new Set<string>();
  #openTimer: Timer | undefined;
  /** On the monotonic clock: when streams were opened last. */
  #openedAtMs = Number.NEGATIVE_INFINITY;
  #hasNewTopics = false;
  /** Streams that broke since one of them told something. */
  #failures = 0;
  #isClosed = false;

  constructor(dependencies: ClusterWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** Watches this topic too, from soon on. */
  add(topic: string): void {
    if (this.#topics.has(topic)) return;
    this.#topics.add(topic);
    this.#hasNewTopics = true;
    this.#openSoon(gatherMs);
  }

  /** Brokers came or went: there may be a better one to watch. */
  brokersChanged(): void {
    if (this.#topics.size > 0 && this.#watches.size < streamsMax) this.#openSoon(gatherMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#openTimer?.cancel();
    this.#closeAll();
  }

  #openSoon(delayMs: number): void {
    if (this.#isClosed || this.#openTimer !== undefined) return;
    const { clock } = this.#dependencies;
    // New topics in a steady flow must not keep the streams from ever telling anything.
    const restMs = this.#watches.size === 0 ? 0 : this.#openedAtMs + reopenIntervalMs - clock.monotonicMs();
    this.#openTimer = clock.setTimer(Math.max(delayMs, restMs), () => {
      this.#openTimer = undefined;
      this.#open();
    });
  }

  #open(): void {
    if (this.#hasNewTopics) this.#closeAll();
    this.#hasNewTopics = false;
    this.#openedAtMs = this.#dependencies.clock.monotonicMs();
    while (this.#watches.size < streamsMax) {
      const broker = this.#pick();
      if (broker === undefined) return;
      this.#watch(broker);
    }
  }

  /** Any broker that is not watched already. */
  #pick(): BrokerMetadata | undefined {
    const watched = new Set([...this.#watches].map(({ address }) => address));
    const free = this.#dependencies
      .brokers()
      .map((broker) => ({ broker, address: addressText(broker.address) }))
      .filter(({ address }) => !watched.has(address) && !this.#unable.has(address));
    return free[randomBelow(this.#dependencies.random, Math.max(free.length, 1))]?.broker;
  }

  #watch(broker: BrokerMetadata): void {
    const address = addressText(broker.address);
    const { connections, onAnswer } = this.#dependencies;
    const stream = connections.open(broker.address, clusterService.watchCluster, {
      onMessage: (response) => {
        if (!this.#watches.has(watch)) return;
        this.#failures = 0;
        onAnswer(response, broker.address);
      },
      onEnd: () => this.#ended(watch, undefined),
      onError: (error) => this.#ended(watch, error),
    });
    const watch: OpenWatch = { address, stream };
    this.#watches.add(watch);
    stream.send({ topics: [...this.#topics], brokersOnly: false, createMissing: false });
    stream.end();
  }

  #ended(watch: OpenWatch, error: SluiceError | undefined): void {
    // False where it was closed here.
    if (!this.#watches.delete(watch) || this.#isClosed) return;
    if (isSluiceError(error, "UNSUPPORTED")) this.#unable.add(watch.address);
    this.#openSoon(this.#dependencies.policy.delayMs(this.#failures++));
  }

  #closeAll(): void {
    const watches = [...this.#watches];
    this.#watches.clear();
    for (const { stream } of watches) stream.abort(new SluiceError("CLOSED", { subject: "The watch of the cluster" }));
  }
}
