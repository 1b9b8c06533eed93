/**
 * Creates and deletes topics for clients, on any broker.
 *
 * What is checked and planned comes from this broker's image, which may be behind: so it first catches up with what the store says
 * of that topic. Whatever changes after that is caught by the compares of the transactions. A creation is answered when the
 * image shows the topic with a living leader for every partition, a deletion when the image no longer shows it.
 */

import {
  applyStoreEvents,
  type ClusterImage,
  hasLivingLeader,
  planTopicCreation,
  planTopicDeletion,
  type TopicCreation,
  type TopicImage,
  topicKey,
} from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import {
  type Clock,
  invariant,
  type Random,
  randomUuid,
  SluiceError,
  type TopicName,
  topicId,
  topicName,
} from "@sluice/model";
import { runTopicCreation } from "./topic-creation.js";

/** A client's wish. 0 partitions, or a replication factor of 0: the default. */
export interface CreateTopicOptions {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: readonly { readonly key: string; readonly value: string }[];
}

export interface TopicAdminOptions {
  /** Partitions of a topic whose creator does not say. */
  readonly partitionsDefault: number;
  readonly replicationFactorDefault: number;
  /** How long an answer waits for the image, in milliseconds. Default 30,000. */
  readonly waitMsMax?: number;
}

export interface TopicAdminDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly random: Random;
}

const waitMsMaxDefault = 30_000;

export class TopicAdmin {
  readonly #options: TopicAdminOptions;
  readonly #store: ClusterStore;
  readonly #images: ImageWatcher;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: TopicAdminOptions, dependencies: TopicAdminDependencies) {
    this.#options = options;
    this.#store = dependencies.store;
    this.#images = dependencies.images;
    this.#clock = dependencies.clock;
    this.#random = dependencies.random;
  }

  /**
   * Creates the topic and waits for its leaders.
   *
   * @throws SluiceError what `planTopicCreation` throws, STORE_CONFLICT, and REQUEST_TIMED_OUT when the topic was created and a
   *   leader is still missing
   */
  async createTopic(options: CreateTopicOptions, signal: AbortSignal): Promise<TopicImage> {
    const creation = await this.#planCreation(options, signal);
    const revision = await runTopicCreation(this.#store, creation);
    const isSettled = (image: ClusterImage): boolean => {
      const topic = image.topicsById.get(creation.topicId);
      if (topic === undefined) return image.revision >= revision;
      return topic.partitions.every((partition) => hasLivingLeader(partition, image.brokers));
    };
    const image = await this.#waitFor(`creating topic '${creation.name}'`, isSettled, signal);
    const topic = image.topicsById.get(creation.topicId);
    // Somebody deleted it in the same moment.
    if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: creation.name });
    return topic;
  }

  /** The topic as it would be created now, under an id that is not kept. Changes nothing. @throws as `createTopic` */
  async validateTopic(options: CreateTopicOptions, signal: AbortSignal): Promise<TopicImage> {
    const creation = await this.#planCreation(options, signal);
    const { image } = this.#images;
    const revision = image.revision + 1;
    const operations = [...creation.chunks.flatMap((chunk) => chunk.operations), ...creation.lastOperations];
    const events = operations.map((operation) => {
      invariant(operation.type === "put", "a topic is made by puts alone");
      const { key, value } = operation;
      return { type: "put", entry: { key, value, createRevision: revision, modRevision: revision } } as const;
    });
    const topic = applyStoreEvents(image, revision, events).topicsById.get(creation.topicId);
    invariant(topic !== undefined, `the plan of topic '${creation.name}' does not make it`);
    return topic;
  }

  /** @throws SluiceError INVALID_TOPIC_NAME, INTERNAL_TOPIC, UNKNOWN_TOPIC, STORE_CONFLICT */
  async deleteTopic(name: string, signal: AbortSignal): Promise<void> {
    await this.#catchUp(topicName(name), signal);
    const plan = planTopicDeletion(this.#images.image, name);
    const { succeeded, revision } = await this.#store.transact(plan.compares, plan.operations);
    if (!succeeded) throw new SluiceError("STORE_CONFLICT", { operation: plan.purpose });
    await this.#waitFor(plan.purpose, (image) => image.revision >= revision, signal);
  }

  async #planCreation(options: CreateTopicOptions, signal: AbortSignal): Promise<TopicCreation> {
    await this.#catchUp(topicName(options.name), signal);
    const request = {
      name: options.name,
      partitions: options.partitions === 0 ? this.#options.partitionsDefault : options.partitions,
      replicationFactor:
        options.replicationFactor === 0 ? this.#options.replicationFactorDefault : options.replicationFactor,
      configs: options.configs.map(({ key, value }) => ({ name: key, value })),
    };
    return planTopicCreation(this.#images.image, request, topicId(randomUuid(this.#random)));
  }

  /** Waits until the image shows of this topic what the store held when asked, or something newer. */
  async #catchUp(name: TopicName, signal: AbortSignal): Promise<void> {
    const shown = this.#images.image.topics.get(name);
    const entry = await this.#store.get(topicKey(name));
    if (entry === undefined && shown === undefined) return;
    const isCurrent = (image: ClusterImage): boolean => {
      return entry === undefined ? image.topics.get(name)?.id !== shown?.id : image.revision >= entry.modRevision;
    };
    await this.#waitFor(`finding topic '${name}'`, isCurrent, signal);
  }

  async #waitFor(
    operation: string,
    condition: (image: ClusterImage) => boolean,
    signal: AbortSignal,
  ): Promise<ClusterImage> {
    const timeoutMs = this.#options.waitMsMax ?? waitMsMaxDefault;
    const timeout = new AbortController();
    const timer = this.#clock.setTimer(timeoutMs, () => {
      timeout.abort(new SluiceError("REQUEST_TIMED_OUT", { operation, timeoutMs }));
    });
    try {
      return await this.#images.waitFor(condition, AbortSignal.any([signal, timeout.signal]));
    } finally {
      timer.cancel();
    }
  }
}
