/**
 * What the client knows of the cluster: brokers, topics and who leads which partition.
 *
 * It is a cache: leaders move, and whoever finds that out asks for a refresh. Refreshes asked for while one is under way
 * share the next one. An answer older than what is known (a lower revision of the same cluster) is not taken over, so that a
 * broker that lags behind cannot turn the client back.
 *
 * Bounds: topics that nobody has looked up for one to two times `unusedTopicAgeMs` are forgotten, and so are the oldest of the errors of topics
 * beyond `topicErrorsMax`.
 */

import { type BrokerAddress, type Clock, isSluiceError, SluiceError } from "@sluice/model";
import { clusterService, fromWireError } from "@sluice/protocol";
import { prepareCompression } from "@sluice/record";
import type { BrokerConnections } from "./broker-connections.js";
import { type Cancellable, orCancelled, pauseBeforeRetry } from "./cancellation.js";
import type { RetryPolicy } from "./retry-policy.js";
import { isRetriableRefusal } from "./retry-policy.js";

/** A broker of the cluster. */
export interface BrokerMetadata {
  /** Id of the broker. */
  readonly id: number;
  /** Host and port as the broker gives them. */
  readonly host: string;
  /** TCP port of gRPC, as the broker gives it. */
  readonly port: number;
  /** Empty when not set. */
  readonly rack: string;
  /** Where this client dials it: through `addressMap`. */
  readonly address: BrokerAddress;
}

/** A partition, and who leads it. */
export interface PartitionMetadata {
  /** Partition, from 0. */
  readonly partition: number;
  /** Undefined: none at present. */
  readonly leaderId: number | undefined;
  /** Leadership term: one more at each change of the leader. */
  readonly leaderEpoch: number;
  /** Ids of the brokers that keep it. */
  readonly replicas: readonly number[];
  /** Ids of the brokers that have all that is acknowledged. */
  readonly inSyncReplicas: readonly number[];
}

/** A topic and its partitions. */
export interface TopicMetadata {
  /** Name of the topic. */
  readonly name: string;
  /** A UUID, never used twice. */
  readonly id: string;
  /** It belongs to the cluster, as `__consumer_offsets` does. */
  readonly isInternal: boolean;
  /** By number. */
  readonly partitions: readonly PartitionMetadata[];
  /** Bytes of the largest record batch that it takes; 0: the broker does not say. */
  readonly maxMessageBytes: number;
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

interface KnownTopic {
  readonly metadata: TopicMetadata;
  /** Somebody looked it up since unused topics were last looked for. No time: it is looked up with each message. */
  isUsed: boolean;
}

/** How often unused topics are looked for. Longer than refresh periods, so that what is in use stays. */
const unusedTopicAgeMs = 3_600_000;
/** A program may ask for names that come from outside. */
const topicErrorsMax = 10_000;

export class MetadataCache {
  readonly #options: MetadataCacheOptions;
  readonly #connections: BrokerConnections;
  readonly #clock: Clock;
  readonly #policy: RetryPolicy;
  readonly #topics = new Map<string, KnownTopic>();
  readonly #topicErrors = new Map<string, SluiceError>();
  #brokers = new Map<number, BrokerMetadata>();
  #clusterId = "";
  #revision = -1;
  #current: Promise<void> | undefined;
  #next: Refresh | undefined;
  /** On the monotonic clock: when a broker last answered. */
  #answeredAtMs: number | undefined;
  /** On the monotonic clock: when topics without use are looked for again. */
  #sweepAtMs = 0;

  constructor(
    options: MetadataCacheOptions,
    dependencies: { readonly connections: BrokerConnections; readonly clock: Clock; readonly policy: RetryPolicy },
  ) {
    this.#options = options;
    this.#connections = dependencies.connections;
    this.#clock = dependencies.clock;
    this.#policy = dependencies.policy;
  }

  /** Milliseconds since a broker last told of the cluster. Undefined: none has yet. */
  get ageMs(): number | undefined {
    return this.#answeredAtMs === undefined ? undefined : this.#clock.monotonicMs() - this.#answeredAtMs;
  }

  /** How many topics are known. */
  get topicCount(): number {
    return this.#topics.size;
  }

  /** What is known of a topic; undefined: nothing yet, or that it does not exist. */
  topic(name: string): TopicMetadata | undefined {
    const known = this.#topics.get(name);
    if (known === undefined) return undefined;
    known.isUsed = true;
    return known.metadata;
  }

  broker(id: number): BrokerMetadata | undefined {
    return this.#brokers.get(id);
  }

  /** Undefined: the partition has no leader that is known. */
  leaderOf(topic: string, partition: number): PartitionLeader | undefined {
    const metadata = this.topic(topic)?.partitions[partition];
    if (metadata?.leaderId === undefined) return undefined;
    const broker = this.#brokers.get(metadata.leaderId);
    if (broker === undefined) return undefined;
    return { brokerId: broker.id, address: broker.address, leaderEpoch: metadata.leaderEpoch };
  }

  /** Why the partition cannot be reached, as far as is known. */
  whyNoLeader(topic: string, partition: number): SluiceError {
    const metadata = this.topic(topic);
    if (metadata === undefined) return this.#topicErrors.get(topic) ?? new SluiceError("UNKNOWN_TOPIC", { topic });
    if (metadata.partitions[partition] === undefined) return new SluiceError("UNKNOWN_PARTITION", { topic, partition });
    return new SluiceError("LEADER_NOT_AVAILABLE", { topic, partition });
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
    const brokers = response.brokers.map(({ id, host, port, rack }) => {
      return { id, host, port, rack, address: this.#connections.dialled({ host, port }) };
    });
    const found: TopicMetadata[] = [];
    const errors = new Map<string, SluiceError>();
    for (const topic of response.topics) {
      if (topic.error) errors.set(topic.name, fromWireError(topic.error));
      else found.push(topicOf(topic));
    }
    const { clusterId, revision } = response;
    this.#remember({ clusterId, revision, brokers, topics: found, errors, isComplete: topics === undefined });
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
  async #refreshError(topic: string, options: TopicRequestOptions): Promise<SluiceError | undefined> {
    try {
      await this.refresh([topic], options);
      return this.#topicErrors.get(topic);
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
    for (const topic of topics) if (this.#topicErrors.get(topic) === error) return true;
    return false;
  }

  #remember(answer: {
    readonly clusterId: string;
    readonly revision: number;
    readonly brokers: readonly BrokerMetadata[];
    readonly topics: readonly TopicMetadata[];
    readonly errors: ReadonlyMap<string, SluiceError>;
    /** It holds all topics that there are. */
    readonly isComplete: boolean;
  }): void {
    const isOlder = answer.clusterId === this.#clusterId && answer.revision < this.#revision;
    if (isOlder) return;
    this.#answeredAtMs = this.#clock.monotonicMs();
    this.#clusterId = answer.clusterId;
    this.#revision = answer.revision;
    this.#brokers = new Map(answer.brokers.map((broker) => [broker.id, broker]));
    this.#connections.learn(answer.brokers);
    if (answer.isComplete) this.#forgetAllBut(new Set(answer.topics.map(({ name }) => name)));
    for (const metadata of answer.topics) {
      this.#topics.set(metadata.name, { metadata, isUsed: this.#topics.get(metadata.name)?.isUsed ?? true });
      this.#topicErrors.delete(metadata.name);
    }
    for (const [name, error] of answer.errors) {
      this.#topics.delete(name);
      // Anew, so that the oldest are first.
      this.#topicErrors.delete(name);
      this.#topicErrors.set(name, error);
    }
    this.#keepBounds();
  }

  #forgetAllBut(names: ReadonlySet<string>): void {
    for (const name of this.#topics.keys()) if (!names.has(name)) this.#topics.delete(name);
  }

  #keepBounds(): void {
    for (const name of this.#topicErrors.keys()) {
      if (this.#topicErrors.size <= topicErrorsMax) break;
      this.#topicErrors.delete(name);
    }
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + unusedTopicAgeMs;
    for (const [name, known] of this.#topics) {
      if (!known.isUsed) this.#topics.delete(name);
      known.isUsed = false;
    }
  }
}

function topicOf(topic: {
  readonly name: string;
  readonly id: string;
  readonly internal: boolean;
  readonly maxMessageBytes: number;
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
  return {
    name: topic.name,
    id: topic.id,
    isInternal: topic.internal,
    partitions,
    maxMessageBytes: topic.maxMessageBytes,
  };
}
