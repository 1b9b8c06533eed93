/**
 * What the client knows of the cluster: brokers, topics and who leads which partition.
 *
 * It is a cache: leaders move, and whoever finds that out asks for a refresh. Refreshes asked for while one is under way
 * share the next one. An answer older than what is known (a lower revision of the same cluster) is not taken over, so that a
 * broker that lags behind cannot turn the client back.
 */

import { type BrokerAddress, type Clock, isSluiceError, SluiceError } from "@sluice/model";
import { clusterService, fromWireError } from "@sluice/protocol";
import { prepareCompression } from "@sluice/record";
import type { BrokerConnections } from "./broker-connections.js";
import { type Cancellable, orCancelled, pauseBeforeRetry } from "./cancellation.js";
import type { RetryPolicy } from "./retry-policy.js";
import { isRetriableRefusal } from "./retry-policy.js";

export interface BrokerMetadata {
  readonly id: number;
  /** Host and port as the broker gives them. */
  readonly host: string;
  readonly port: number;
  /** Empty when not set. */
  readonly rack: string;
  /** Where this client dials it: through `addressMap`. */
  readonly address: BrokerAddress;
}

export interface PartitionMetadata {
  readonly partition: number;
  /** Undefined: none at present. */
  readonly leaderId: number | undefined;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
}

export interface TopicMetadata {
  readonly name: string;
  /** A UUID, never used twice. */
  readonly id: string;
  readonly isInternal: boolean;
  /** By number. */
  readonly partitions: readonly PartitionMetadata[];
}

export interface ClusterMetadata {
  readonly clusterId: string;
  /** Undefined: none at present. */
  readonly controllerId: number | undefined;
  readonly brokers: readonly BrokerMetadata[];
  readonly topics: readonly TopicMetadata[];
}

/** Where to send what is meant for one partition. */
export interface PartitionLeader {
  readonly brokerId: number;
  readonly address: BrokerAddress;
  readonly leaderEpoch: number;
}

/** How long a topic that was just created may be unknown to a broker that has not heard of it yet. */
export const unknownTopicWaitMs = 1000;

export interface MetadataCacheOptions {
  /** Milliseconds to go on trying while no broker answers. */
  readonly requestTimeoutMs: number;
}

interface Refresh {
  readonly topics: Set<string>;
  readonly done: Promise<void>;
}

export class MetadataCache {
  readonly #options: MetadataCacheOptions;
  readonly #connections: BrokerConnections;
  readonly #clock: Clock;
  readonly #policy: RetryPolicy;
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #topicErrors = new Map<string, SluiceError>();
  #brokers = new Map<number, BrokerMetadata>();
  #clusterId = "";
  #revision = -1;
  #current: Promise<void> | undefined;
  #next: Refresh | undefined;

  constructor(
    options: MetadataCacheOptions,
    dependencies: { readonly connections: BrokerConnections; readonly clock: Clock; readonly policy: RetryPolicy },
  ) {
    this.#options = options;
    this.#connections = dependencies.connections;
    this.#clock = dependencies.clock;
    this.#policy = dependencies.policy;
  }

  /** What is known of a topic; undefined: nothing yet, or that it does not exist. */
  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  broker(id: number): BrokerMetadata | undefined {
    return this.#brokers.get(id);
  }

  /** Undefined: the partition has no leader that is known. */
  leaderOf(topic: string, partition: number): PartitionLeader | undefined {
    const metadata = this.#topics.get(topic)?.partitions[partition];
    if (metadata?.leaderId === undefined) return undefined;
    const broker = this.#brokers.get(metadata.leaderId);
    if (broker === undefined) return undefined;
    return { brokerId: broker.id, address: broker.address, leaderEpoch: metadata.leaderEpoch };
  }

  /** Why the partition cannot be reached, as far as is known. */
  whyNoLeader(topic: string, partition: number): SluiceError {
    const metadata = this.#topics.get(topic);
    if (metadata === undefined) return this.#topicErrors.get(topic) ?? new SluiceError("UNKNOWN_TOPIC", { topic });
    if (metadata.partitions[partition] === undefined) return new SluiceError("UNKNOWN_PARTITION", { topic, partition });
    return new SluiceError("LEADER_NOT_AVAILABLE", { topic, partition });
  }

  /**
   * Asks once for the present state of topics.
   * @throws SluiceError what `callAny` throws, CANCELLED
   */
  async refresh(topics: readonly string[], options: Cancellable = {}): Promise<void> {
    const refresh = this.#current === undefined ? this.#start(new Set(topics)) : this.#queue(topics);
    await orCancelled(refresh, "Asking for metadata", options.signal);
  }

  /**
   * The topic, asked for where it is not known yet, and again for a while where no broker answers or none has heard of it.
   * @throws SluiceError UNKNOWN_TOPIC, BROKER_UNREACHABLE, WRONG_PORT, INVALID_TOPIC_NAME, CANCELLED
   */
  async requireTopic(name: string, options: Cancellable = {}): Promise<TopicMetadata> {
    const startedMs = this.#clock.monotonicMs();
    for (let retry = 0; ; retry++) {
      const known = this.#topics.get(name);
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
  async describe(topics: readonly string[] | undefined, options: Cancellable = {}): Promise<ClusterMetadata> {
    const brokersOnly = topics !== undefined && topics.length === 0;
    const request = { topics: [...(topics ?? [])], brokersOnly };
    // Together with the first metadata: from then on batches are built and read without waiting.
    const [response] = await Promise.all([
      this.#connections.callAny(clusterService.describe, request, options),
      prepareCompression(),
    ]);
    const brokers = response.brokers.map(({ id, host, port, rack }) => {
      return { id, host, port, rack, address: this.#connections.dialled({ host, port }) };
    });
    const found: TopicMetadata[] = [];
    const errors = new Map<string, SluiceError>();
    for (const topic of response.topics) {
      if (topic.error) errors.set(topic.name, fromWireError(topic.error));
      else found.push(topicOf(topic));
    }
    this.#remember({ clusterId: response.clusterId, revision: response.revision, brokers, topics: found, errors });
    for (const name of topics ?? []) {
      const error = errors.get(name);
      if (error !== undefined && !this.#topics.has(name)) throw error;
    }
    return {
      clusterId: response.clusterId,
      controllerId: response.controllerIdPlusOne === 0 ? undefined : response.controllerIdPlusOne - 1,
      brokers,
      topics: found,
    };
  }

  /** Forgets a topic that this client has deleted. */
  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  /** Undefined: the refresh went well. */
  async #refreshError(topic: string, options: Cancellable): Promise<SluiceError | undefined> {
    try {
      await this.refresh([topic], options);
      return this.#topicErrors.get(topic);
    } catch (error) {
      if (isSluiceError(error)) return error;
      throw error;
    }
  }

  #start(topics: Set<string>): Promise<void> {
    const current = this.#ask(topics).finally(() => {
      this.#current = undefined;
    });
    this.#current = current;
    return current;
  }

  /** A refresh that begins once the one under way is over: the answer to that one may be older than the question. */
  #queue(topics: readonly string[]): Promise<void> {
    if (this.#next !== undefined) {
      for (const topic of topics) this.#next.topics.add(topic);
      return this.#next.done;
    }
    const wanted = new Set(topics);
    const done = (this.#current ?? Promise.resolve())
      .catch(() => undefined) // Its own callers are told.
      .then(() => {
        this.#next = undefined;
        return this.#start(wanted);
      });
    this.#next = { topics: wanted, done };
    return done;
  }

  async #ask(topics: Set<string>): Promise<void> {
    try {
      await this.describe([...topics]);
    } catch (error) {
      // An unknown topic is an answer: `whyNoLeader` and `requireTopic` tell it.
      if (!isSluiceError(error) || !this.#isTopicError(error, topics)) throw error;
    }
  }

  #isTopicError(error: SluiceError, topics: Set<string>): boolean {
    for (const topic of topics) if (this.#topicErrors.get(topic) === error) return true;
    return false;
  }

  #remember(answer: {
    readonly clusterId: string;
    readonly revision: number;
    readonly brokers: readonly BrokerMetadata[];
    readonly topics: readonly TopicMetadata[];
    readonly errors: ReadonlyMap<string, SluiceError>;
  }): void {
    const isOlder = answer.clusterId === this.#clusterId && answer.revision < this.#revision;
    if (isOlder) return;
    this.#clusterId = answer.clusterId;
    this.#revision = answer.revision;
    this.#brokers = new Map(answer.brokers.map((broker) => [broker.id, broker]));
    this.#connections.learn(answer.brokers.map(({ address }) => address));
    for (const topic of answer.topics) {
      this.#topics.set(topic.name, topic);
      this.#topicErrors.delete(topic.name);
    }
    for (const [name, error] of answer.errors) {
      this.#topics.delete(name);
      this.#topicErrors.set(name, error);
    }
  }
}

function topicOf(topic: {
  readonly name: string;
  readonly id: string;
  readonly internal: boolean;
  readonly partitions: readonly {
    readonly partition: number;
    readonly leaderIdPlusOne: number;
    readonly leaderEpoch: number;
    readonly replicas: readonly number[];
    readonly inSyncReplicas: readonly number[];
  }[];
}): TopicMetadata {
  const partitions = topic.partitions
    .map(({ partition, leaderIdPlusOne, leaderEpoch, replicas, inSyncReplicas }) => {
      const leaderId = leaderIdPlusOne === 0 ? undefined : leaderIdPlusOne - 1;
      return { partition, leaderId, leaderEpoch, replicas, inSyncReplicas };
    })
    .sort((left, right) => left.partition - right.partition);
  return { name: topic.name, id: topic.id, isInternal: topic.internal, partitions };
}
