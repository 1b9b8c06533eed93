/**
 * What the client knows of the cluster: brokers, topics and who leads which partition.
 *
 * It is a cache: leaders move. Of topics in use the brokers tell that by themselves (`cluster-watch`), and who listens here is
 * told in the same turn; else whoever finds out asks for a refresh. Refreshes asked for while one is under way share the next
 * one. What is taken over of an answer, and for how long it is kept, `cluster-view` says.
 */

import { type Clock, isSluiceError, type Random, type SluiceError } from "@sluice/model";
import { clusterService } from "@sluice/protocol";
import { prepareCompression } from "@sluice/record";
import type { BrokerConnections } from "./broker-connections.js";
import { type Cancellable, orCancelled, pauseBeforeRetry } from "./cancellation.js";
import {
  type BrokerMetadata,
  type ClusterAnswer,
  type ClusterMetadata,
  clusterAnswerOf,
  type PartitionLeader,
  type TopicMetadata,
} from "./cluster-metadata.js";
import { ClusterView } from "./cluster-view.js";
import { ClusterWatch } from "./cluster-watch.js";
import type { RetryPolicy } from "./retry-policy.js";
import { isRetriableRefusal } from "./retry-policy.js";

/** How long a topic that was just created may be unknown to a broker that has not heard of it yet. */
export const unknownTopicWaitMs = 1000;

export interface MetadataCacheOptions {
  /** Milliseconds to go on trying while no broker answers. */
  readonly requestTimeoutMs: number;
}

/** What a request for topics takes, besides. */
export interface TopicRequestOptions extends Cancellable {
  /** Create those that do not exist, where the brokers' autoCreateTopics allows it. Default false. */
  readonly createMissing?: boolean | undefined;
}

/** Names to ask for; of those in `toCreate`, those that do not exist are created. */
interface Wanted {
  readonly topics: Set<string>;
  readonly toCreate: Set<string>;
}

interface Refresh extends Wanted {
  readonly done: Promise<void>;
}

/** Told names of topics that are gone, or whose partitions or leaders are others than before. */
export type LeadersListener = (topics: ReadonlySet<string>) => void;

/** Told the brokers of the cluster as they are known now. */
export type BrokersListener = (brokers: readonly BrokerMetadata[]) => void;

export class MetadataCache {
  readonly #options: MetadataCacheOptions;
  readonly #connections: BrokerConnections;
  readonly #clock: Clock;
  readonly #policy: RetryPolicy;
  readonly #view = new ClusterView();
  readonly #watch: ClusterWatch;
  readonly #listeners = new Set<LeadersListener>();
  readonly #brokersListeners = new Set<BrokersListener>();
  #current: Promise<void> | undefined;
  #next: Refresh | undefined;
  /** On the monotonic clock: when a broker last answered. */
  #answeredAtMs: number | undefined;

  constructor(
    options: MetadataCacheOptions,
    dependencies: {
      readonly connections: BrokerConnections;
      readonly clock: Clock;
      readonly policy: RetryPolicy;
      readonly random: Random;
    },
  ) {
    this.#options = options;
    this.#connections = dependencies.connections;
    this.#clock = dependencies.clock;
    this.#policy = dependencies.policy;
    this.#watch = new ClusterWatch({
      ...dependencies,
      brokers: () => this.#view.brokers,
      onAnswer: (response, from) => {
        this.#connections.heardFrom(from);
        const answer = clusterAnswerOf(response, (address) => this.#connections.dialled(address));
        this.#remember(answer, { isComplete: false });
      },
    });
  }

  /** Milliseconds since a broker last told of the cluster. Undefined: none has yet. */
  get ageMs(): number | undefined {
    return this.#answeredAtMs === undefined ? undefined : this.#clock.monotonicMs() - this.#answeredAtMs;
  }

  /** How many topics are known. */
  get topicCount(): number {
    return this.#view.topicCount;
  }

  /** What is known of a topic; undefined: nothing yet, or that it does not exist. */
  topic(name: string): TopicMetadata | undefined {
    return this.#view.topic(name);
  }

  broker(id: number): BrokerMetadata | undefined {
    return this.#view.broker(id);
  }

  /** Undefined: the partition has no leader that is known. */
  leaderOf(topic: string, partition: number): PartitionLeader | undefined {
    return this.#view.leaderOf(topic, partition);
  }

  /** Why the partition cannot be reached, as far as is known. */
  whyNoLeader(topic: string, partition: number): SluiceError {
    return this.#view.whyNoLeader(topic, partition);
  }

  /** Has the brokers tell when leaders of that topic change: it is in use. */
  watch(topic: string): void {
    this.#watch.add(topic);
  }

  /** Calls `listener` whenever leaders have changed. Returns what ends that. */
  onLeadersChanged(listener: LeadersListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Calls `listener` whenever a broker has told of the cluster. Returns what ends that. */
  onBrokersTold(listener: BrokersListener): () => void {
    this.#brokersListeners.add(listener);
    return () => void this.#brokersListeners.delete(listener);
  }

  /** Watches nothing any more. */
  close(): void {
    this.#watch.close();
    this.#listeners.clear();
    this.#brokersListeners.clear();
  }

  /**
   * Asks once for the present state of topics.
   * @throws SluiceError what `callAny` throws, CANCELLED
   */
  async refresh(topics: readonly string[], options: TopicRequestOptions = {}): Promise<void> {
    const toCreate = options.createMissing === true ? topics : [];
    const wanted = { topics: new Set(topics), toCreate: new Set(toCreate) };
    const refresh = this.#current === undefined ? this.#start(wanted) : this.#queue(wanted);
    await orCancelled(refresh, "Asking for metadata", options.signal);
  }

  /**
   * The topic, asked for where it is not known yet, and again for a while where no broker answers or none has heard of it.
   * @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE, WRONG_PORT, INVALID_TOPIC_NAME, CANCELLED; where it was to be created,
   *   why it was not: INTERNAL_TOPIC ...
   */
  async requireTopic(name: string, options: TopicRequestOptions = {}): Promise<TopicMetadata> {
    const startedMs = this.#clock.monotonicMs();
    for (let retry = 0; ; retry++) {
      const known = this.topic(name);
      if (known !== undefined) return known;
      const error = await this.#refreshError(name, options);
      if (error === undefined) continue;
      const limitMs = isSluiceError(error, "UNKNOWN_TOPIC") ? unknownTopicWaitMs : this.#options.requestTimeoutMs;
      const delayMs = this.#policy.delayMs(retry);
      const isOver = this.#clock.monotonicMs() - startedMs + delayMs > limitMs;
      if (isOver || retry >= this.#policy.retriesMax || !isRetriableRefusal(error)) throw error;
      await pauseBeforeRetry(this.#clock, delayMs, options.signal);
    }
  }

  /**
   * Brokers and topics as a broker sees them now; the answer is remembered too.
   * @param topics which; undefined: all; empty: none.
   * @throws SluiceError what `callAny` throws
   */
  async describe(
    topics: readonly string[] | undefined,
    { signal, createMissing = false }: TopicRequestOptions = {},
  ): Promise<ClusterMetadata> {
    const brokersOnly = topics !== undefined && topics.length === 0;
    const request = { topics: [...(topics ?? [])], brokersOnly, createMissing };
    // A broker that creates topics first answers when they have leaders.
    const time = createMissing ? { timeoutMs: this.#options.requestTimeoutMs } : {};
    // Together with the first metadata: from then on batches are built and read without waiting.
    const [response] = await Promise.all([
      this.#connections.callAny(clusterService.describe, request, { signal, ...time }),
      prepareCompression(),
    ]);
    const answer = clusterAnswerOf(response, (address) => this.#connections.dialled(address));
    this.#remember(answer, { isComplete: topics === undefined });
    for (const name of topics ?? []) {
      const error = answer.errors.get(name);
      if (error !== undefined && this.#view.topic(name) === undefined) throw error;
    }
    return answer;
  }

  /** Forgets a topic that this client has deleted. */
  forget(topic: string): void {
    this.#view.forget(topic);
  }

  /** Undefined: the refresh went well. */
  async #refreshError(topic: string, options: TopicRequestOptions): Promise<SluiceError | undefined> {
    try {
      await this.refresh([topic], options);
      return this.#view.topicError(topic);
    } catch (error) {
      if (isSluiceError(error)) return error;
      throw error;
    }
  }

  #start(wanted: Wanted): Promise<void> {
    const current = this.#ask(wanted).finally(() => {
      this.#current = undefined;
    });
    this.#current = current;
    return current;
  }

  /** A refresh that begins once the one under way is over: the answer to that one may be older than the question. */
  #queue(wanted: Wanted): Promise<void> {
    if (this.#next !== undefined) {
      for (const topic of wanted.topics) this.#next.topics.add(topic);
      for (const topic of wanted.toCreate) this.#next.toCreate.add(topic);
      return this.#next.done;
    }
    const done = (this.#current ?? Promise.resolve())
      .catch(() => undefined) // Its own callers are told.
      .then(() => {
        this.#next = undefined;
        return this.#start(wanted);
      });
    this.#next = { ...wanted, done };
    return done;
  }

  async #ask({ topics, toCreate }: Wanted): Promise<void> {
    const plain = [...topics].filter((topic) => !toCreate.has(topic));
    if (plain.length > 0 || toCreate.size === 0) await this.#askFor(plain, false);
    if (toCreate.size > 0) await this.#askFor([...toCreate], true);
  }

  async #askFor(topics: readonly string[], createMissing: boolean): Promise<void> {
    try {
      await this.describe(topics, { createMissing });
    } catch (error) {
      // An unknown topic is an answer: `whyNoLeader` and `requireTopic` tell it.
      if (!isSluiceError(error) || !this.#isTopicError(error, topics)) throw error;
    }
  }

  #isTopicError(error: SluiceError, topics: readonly string[]): boolean {
    for (const topic of topics) if (this.#view.topicError(topic) === error) return true;
    return false;
  }

  #remember(answer: ClusterAnswer, { isComplete }: { readonly isComplete: boolean }): void {
    const nowMs = this.#clock.monotonicMs();
    this.#answeredAtMs = nowMs;
    const changed = this.#view.learn(answer, { isComplete, nowMs });
    const { brokers } = this.#view;
    this.#connections.learn(brokers);
    this.#watch.brokersChanged();
    for (const listener of [...this.#brokersListeners]) listener(brokers);
    if (changed.size > 0) for (const listener of [...this.#listeners]) listener(changed);
  }
}
