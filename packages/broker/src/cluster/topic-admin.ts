/**
 * Creates, changes and deletes topics for clients, on any broker.
 *
 * What is checked and planned comes from this broker's image, which may be behind: so it first catches up with what the store says
 * of that topic. Whatever changes after that is caught by the compares of the transactions, and then everything is done anew
 * from the catching up on, for as long as an answer may take. A creation, and an addition of partitions, is answered when the
 * image shows the topic with a living leader for every partition, a deletion when the image no longer shows it.
 */

import {
  applyStoreEvents,
  type ClusterImage,
  type ConfigAlteration,
  defaultReplicationFactor,
  hasLivingLeader,
  type PlannedOperation,
  planConfigAlteration,
  planPartitionAddition,
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
  isSluiceError,
  type Random,
  randomUuid,
  SluiceError,
  sleep,
  type TopicId,
  type TopicName,
  topicId,
  topicName,
} from "@sluice/model";
import { PlannedPlacements } from "./planned-placements.js";
import { type CodecCheck, checkTopicCodec, codecsKnown } from "./topic-codec.js";
import { runOrRefuse, runPartitionAddition, runTopicCreation } from "./topic-creation.js";

/** A client's wish. 0 partitions, or a replication factor of 0: the default. */
export interface CreateTopicOptions {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: readonly { readonly key: string; readonly value: string }[];
}

/** How many partitions a topic is to have. */
export interface AddPartitionsOptions {
  readonly name: string;
  readonly partitions: number;
}

/** Settings to change: `set` gets these values, `reset` its defaults back. */
export interface AlterConfigsOptions {
  readonly name: string;
  readonly set: readonly { readonly key: string; readonly value: string }[];
  readonly reset: readonly string[];
}

/** Settings of a topic: all in force, and those that differ from the default. */
export type TopicSettings = Pick<TopicImage, "config" | "configOverrides">;

export interface TopicAdminOptions {
  /** Partitions of a topic whose creator does not say. */
  readonly partitionsDefault: number;
  /** Replicas of a partition whose creator does not say; 0: `defaultReplicationFactor`. */
  readonly replicationFactorDefault: number;
  /** How long an answer waits for the image, in milliseconds. Default 30,000. */
  readonly waitMsMax?: number;
}

export interface TopicAdminDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly random: Random;
  /** Default: whether the codec's package is installed. */
  readonly checkCodec?: CodecCheck;
}

const waitMsMaxDefault = 30_000;
/** Longest pause before something that was changed meanwhile is done anew, in milliseconds. */
const conflictPauseMsMax = 64;

export class TopicAdmin {
  readonly #options: TopicAdminOptions;
  readonly #store: ClusterStore;
  readonly #images: ImageWatcher;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #checkCodec: CodecCheck | undefined;
  readonly #planned = new PlannedPlacements();

  constructor(options: TopicAdminOptions, dependencies: TopicAdminDependencies) {
    this.#options = options;
    this.#store = dependencies.store;
    this.#images = dependencies.images;
    this.#clock = dependencies.clock;
    this.#random = dependencies.random;
    this.#checkCodec = dependencies.checkCodec;
  }

  /**
   * Creates the topic and waits for its leaders.
   *
   * @throws SluiceError what `planTopicCreation` throws, MISSING_CODEC_PACKAGE for a codec that this broker lacks, STORE_CONFLICT, and
   *   REQUEST_TIMED_OUT when the topic was created and a leader is still missing
   */
  async createTopic(options: CreateTopicOptions, signal: AbortSignal): Promise<TopicImage> {
    await codecsKnown();
    return this.#whileUnchanged(signal, async () => {
      await this.#catchUp(topicName(options.name), signal);
      const creation = this.#planCreation(options);
      return this.#planned.during(creation.placed, async () => {
        const revision = await runTopicCreation(this.#store, creation);
        return this.#whenLed(creation, revision, signal);
      });
    });
  }

  /** The topic as it would be created now, under an id that is not kept. Changes nothing. @throws as `createTopic` */
  async validateTopic(options: CreateTopicOptions, signal: AbortSignal): Promise<TopicImage> {
    await codecsKnown();
    await this.#catchUp(topicName(options.name), signal);
    const creation = this.#planCreation(options);
    const chunks = creation.chunks.flatMap((chunk) => chunk.operations);
    return this.#preview(creation.topicId, [...chunks, ...creation.lastOperations]);
  }

  /**
   * The topic as it is known here, when all its partitions have leaders that live.
   *
   * @throws SluiceError INVALID_TOPIC_NAME, UNKNOWN_TOPIC where it does not exist, REQUEST_TIMED_OUT when a leader is still missing
   */
  async awaitTopic(name: string, signal: AbortSignal): Promise<TopicImage> {
    await this.#catchUp(topicName(name), signal);
    const topic = this.#images.image.topics.get(topicName(name));
    if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: name });
    return this.#whenLed({ name: topic.name, topicId: topic.id }, topic.version, signal);
  }

  /**
   * Gives the topic more partitions and waits for their leaders.
   *
   * @throws SluiceError what `planPartitionAddition` throws, STORE_CONFLICT, and REQUEST_TIMED_OUT when they were added and a leader
   *   is still missing
   */
  async addPartitions(options: AddPartitionsOptions, signal: AbortSignal): Promise<TopicImage> {
    return this.#whileUnchanged(signal, async () => {
      await this.#catchUp(topicName(options.name), signal);
      const addition = planPartitionAddition(this.#images.image, { ...options, ...this.#planned.load });
      return this.#planned.during(addition.placed, async () => {
        const revision = await runPartitionAddition(this.#store, addition);
        return this.#whenLed({ name: addition.topic.name, topicId: addition.topic.id }, revision, signal);
      });
    });
  }

  /** The topic as it would be with more partitions. Changes nothing. @throws as `addPartitions` */
  async validatePartitions(options: AddPartitionsOptions, signal: AbortSignal): Promise<TopicImage> {
    await this.#catchUp(topicName(options.name), signal);
    const addition = planPartitionAddition(this.#images.image, options);
    const chunks = addition.chunks.flatMap((chunk) => chunk.operations);
    return this.#preview(addition.topic.id, [...chunks, ...addition.lastOperations]);
  }

  /**
   * Changes settings, and answers with all of them when this broker goes by them.
   *
   * @throws SluiceError what `planConfigAlteration` throws, MISSING_CODEC_PACKAGE for a codec that this broker lacks, STORE_CONFLICT
   */
  async alterConfigs(options: AlterConfigsOptions, signal: AbortSignal): Promise<TopicSettings> {
    return this.#whileUnchanged(signal, async () => {
      const plan = await this.#planAlteration(options, signal);
      if (plan.transaction === undefined) return plan.topic;
      const revision = await runOrRefuse(this.#store, plan.transaction);
      const isSeen = (image: ClusterImage): boolean => image.revision >= revision;
      const image = await this.#waitFor(plan.transaction.purpose, isSeen, signal);
      const topic = image.topicsById.get(plan.topic.id);
      // Somebody deleted it in the same moment.
      if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: options.name });
      return topic;
    });
  }

  /** Settings as they would be. Changes nothing. @throws as `alterConfigs` */
  async validateConfigs(options: AlterConfigsOptions, signal: AbortSignal): Promise<TopicSettings> {
    return this.#planAlteration(options, signal);
  }

  /** @throws SluiceError INVALID_TOPIC_NAME, INTERNAL_TOPIC, UNKNOWN_TOPIC, STORE_CONFLICT */
  async deleteTopic(name: string, signal: AbortSignal): Promise<void> {
    await this.#whileUnchanged(signal, async () => {
      await this.#catchUp(topicName(name), signal);
      const plan = planTopicDeletion(this.#images.image, name);
      const revision = await runOrRefuse(this.#store, plan);
      await this.#waitFor(plan.purpose, (image) => image.revision >= revision, signal);
    });
  }

  /** Repeats what failed because somebody else changed something meanwhile. One of those who collide always succeeds. */
  async #whileUnchanged<Result>(signal: AbortSignal, attempt: () => Promise<Result>): Promise<Result> {
    const endMs = this.#clock.monotonicMs() + (this.#options.waitMsMax ?? waitMsMaxDefault);
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!isSluiceError(error, "STORE_CONFLICT") || this.#clock.monotonicMs() >= endMs) throw error;
      }
      // Two who write in chunks could hinder each other for ever: chance parts them.
      const pauseMs = this.#random.uint32() % Math.min(2 ** tries, conflictPauseMsMax);
      if (pauseMs > 0) await sleep(this.#clock, pauseMs, signal);
    }
  }

  async #planAlteration(options: AlterConfigsOptions, signal: AbortSignal): Promise<ConfigAlteration> {
    await codecsKnown();
    await this.#catchUp(topicName(options.name), signal);
    const set = options.set.map(({ key, value }) => ({ name: key, value }));
    const alteration = planConfigAlteration(this.#images.image, { ...options, set });
    // Only where it is asked for: what stands already must not keep the other settings from being changed.
    checkTopicCodec(options.set, this.#checkCodec);
    return alteration;
  }

  /** The topic, from the first image of that revision or later that shows it with a living leader for every partition. */
  async #whenLed(
    wanted: { readonly name: TopicName; readonly topicId: TopicId },
    revision: number,
    signal: AbortSignal,
  ): Promise<TopicImage> {
    const isSettled = (image: ClusterImage): boolean => {
      if (image.revision < revision) return false;
      const topic = image.topicsById.get(wanted.topicId);
      return topic === undefined || topic.partitions.every((partition) => hasLivingLeader(partition, image.brokers));
    };
    const operation = `waiting for the leaders of topic '${wanted.name}'`;
    const image = await this.#waitFor(operation, isSettled, signal);
    const topic = image.topicsById.get(wanted.topicId);
    // Somebody deleted it in the same moment.
    if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: wanted.name });
    return topic;
  }

  /** The topic as the operations would make it. */
  #preview(id: TopicId, operations: readonly PlannedOperation[]): TopicImage {
    const { image } = this.#images;
    const revision = image.revision + 1;
    const events = operations.map((operation) => {
      invariant(operation.type === "put", "a topic is made by puts alone");
      const { key, value } = operation;
      return { type: "put", entry: { key, value, createRevision: revision, modRevision: revision } } as const;
    });
    const topic = applyStoreEvents(image, revision, events).topicsById.get(id);
    invariant(topic !== undefined, `the plan of topic id ${id} does not make it`);
    return topic;
  }

  /** To be carried out in the same turn: whoever plans next counts it in. */
  #planCreation(options: CreateTopicOptions): TopicCreation {
    const { image } = this.#images;
    const { partitionsDefault, replicationFactorDefault } = this.#options;
    const request = {
      name: options.name,
      partitions: options.partitions || partitionsDefault,
      replicationFactor: options.replicationFactor || replicationFactorDefault || defaultReplicationFactor(image),
      configs: options.configs.map(({ key, value }) => ({ name: key, value })),
      ...this.#planned.load,
    };
    const creation = planTopicCreation(image, request, topicId(randomUuid(this.#random)));
    checkTopicCodec(options.configs, this.#checkCodec);
    return creation;
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
