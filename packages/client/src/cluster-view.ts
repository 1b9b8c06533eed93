/**
 * What the client knows of the cluster at this moment, put together from the answers of several brokers. Asks nobody.
 *
 * Every topic, and the list of brokers, is of one revision of the cluster. What is of an older one is not taken over, so that
 * a broker that lags behind cannot turn the client back, whichever way its answer came.
 *
 * Bounds: topics that nobody has looked up for one to two times `unusedTopicAgeMs` are forgotten, and so are the oldest of
 * the errors of topics beyond `topicErrorsMax`.
 */

import { SluiceError } from "@sluice/model";
import type { BrokerMetadata, ClusterAnswer, PartitionLeader, TopicMetadata } from "./cluster-metadata.js";

interface KnownTopic {
  readonly metadata: TopicMetadata;
  readonly revision: number;
  /** Somebody looked it up since unused topics were last looked for. No time: it is looked up with each message. */
  isUsed: boolean;
}

/** How often unused topics are looked for. Longer than refresh periods, so that what is in use stays. */
const unusedTopicAgeMs = 3_600_000;
/** A program may ask for names that come from outside. */
const topicErrorsMax = 10_000;
/** Of what was learned from another cluster, or not yet. */
const noRevision = -1;

export class ClusterView {
  readonly #topics = new Map<string, KnownTopic>();
  readonly #topicErrors = new Map<string, SluiceError>();
  #brokers = new Map<number, BrokerMetadata>();
  #brokersRevision = noRevision;
  #clusterId = "";
  /** On the monotonic clock: when topics without use are looked for again. */
  #sweepAtMs = 0;

  /** How many topics are known. */
  get topicCount(): number {
    return this.#topics.size;
  }

  get brokers(): readonly BrokerMetadata[] {
    return [...this.#brokers.values()];
  }

  /** What is known of a topic; undefined: nothing yet, or that it does not exist. */
  topic(name: string): TopicMetadata | undefined {
    const known = this.#topics.get(name);
    if (known === undefined) return undefined;
    known.isUsed = true;
    return known.metadata;
  }

  /** Why a topic is not known, where a broker said so. */
  topicError(name: string): SluiceError | undefined {
    return this.#topicErrors.get(name);
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
   * Takes over what an answer has that is not older than what is known.
   * @param options.isComplete it holds all topics that there are.
   * @param options.nowMs on the monotonic clock.
   * @returns names of topics that are gone, or whose partitions or leaders are others than before.
   */
  learn(answer: ClusterAnswer, options: { readonly isComplete: boolean; readonly nowMs: number }): ReadonlySet<string> {
    if (answer.clusterId !== this.#clusterId) this.#meetCluster(answer.clusterId);
    const moved = this.#learnBrokers(answer);
    const changed = new Set<string>();
    for (const metadata of answer.topics)
      if (this.#learnTopic(metadata, answer.revision, moved)) changed.add(metadata.name);
    for (const [name, error] of answer.errors) if (this.#drop(name, answer.revision, error)) changed.add(name);
    for (const name of this.#goneBy(answer, options.isComplete))
      if (this.#drop(name, answer.revision)) changed.add(name);
    for (const name of this.#ledBy(moved)) changed.add(name);
    this.#keepBounds(options.nowMs);
    return changed;
  }

  /** Forgets a topic that this client has deleted. */
  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  /** Another cluster answers at the same addresses: its revisions begin anew. */
  #meetCluster(clusterId: string): void {
    this.#clusterId = clusterId;
    this.#brokersRevision = noRevision;
    for (const [name, known] of this.#topics) this.#topics.set(name, { ...known, revision: noRevision });
  }

  /** Returns the ids of brokers that were not known, or are dialled elsewhere now. */
  #learnBrokers({ brokers, revision, isDelta }: ClusterAnswer): ReadonlySet<number> {
    const isSame = isDelta && brokers.length === 0;
    if (isSame || revision < this.#brokersRevision) return new Set();
    this.#brokersRevision = revision;
    const before = this.#brokers;
    this.#brokers = new Map(brokers.map((broker) => [broker.id, broker]));
    const isMoved = ({ id, address }: BrokerMetadata): boolean => {
      const known = before.get(id)?.address;
      return known?.host !== address.host || known.port !== address.port;
    };
    return new Set(brokers.filter(isMoved).map(({ id }) => id));
  }

  #learnTopic(metadata: TopicMetadata, revision: number, moved: ReadonlySet<number>): boolean {
    const known = this.#topics.get(metadata.name);
    if (known !== undefined && known.revision > revision) return false;
    this.#topics.set(metadata.name, { metadata, revision, isUsed: known?.isUsed ?? true });
    this.#topicErrors.delete(metadata.name);
    return known === undefined || !hasSameLeaders(known.metadata, metadata) || isLedByOne(metadata, moved);
  }

  /** Returns whether it was known. */
  #drop(name: string, revision: number, error?: SluiceError): boolean {
    const known = this.#topics.get(name);
    if (known !== undefined && known.revision > revision) return false;
    this.#topics.delete(name);
    // Anew, so that the oldest are first.
    this.#topicErrors.delete(name);
    if (error !== undefined) this.#topicErrors.set(name, error);
    return known !== undefined;
  }

  #goneBy(answer: ClusterAnswer, isComplete: boolean): readonly string[] {
    if (!isComplete) return answer.deletedTopics;
    const there = new Set(answer.topics.map(({ name }) => name));
    return [...this.#topics.keys()].filter((name) => !there.has(name) && !answer.errors.has(name));
  }

  #ledBy(brokers: ReadonlySet<number>): readonly string[] {
    if (brokers.size === 0) return [];
    return [...this.#topics.values()]
      .filter(({ metadata }) => isLedByOne(metadata, brokers))
      .map(({ metadata }) => metadata.name);
  }

  #keepBounds(nowMs: number): void {
    for (const name of this.#topicErrors.keys()) {
      if (this.#topicErrors.size <= topicErrorsMax) break;
      this.#topicErrors.delete(name);
    }
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + unusedTopicAgeMs;
    for (const [name, known] of this.#topics) {
      if (!known.isUsed) this.#topics.delete(name);
      known.isUsed = false;
    }
  }
}

function hasSameLeaders(before: TopicMetadata, after: TopicMetadata): boolean {
  if (before.id !== after.id || before.partitions.length !== after.partitions.length) return false;
  return after.partitions.every(({ leaderId, leaderEpoch }, index) => {
    const known = before.partitions[index];
    return known !== undefined && known.leaderId === leaderId && known.leaderEpoch === leaderEpoch;
  });
}

function isLedByOne({ partitions }: TopicMetadata, brokers: ReadonlySet<number>): boolean {
  return partitions.some(({ leaderId }) => leaderId !== undefined && brokers.has(leaderId));
}
