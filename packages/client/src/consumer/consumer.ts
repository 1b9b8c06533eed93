/**
 * Consumer: reads messages, alone or as a member of a group.
 *
 * A message counts as processed when the next one is asked for (or its handler has returned), never before; only what is
 * processed is committed. So every message is processed at least once, whatever breaks.
 *
 * There is one reading at a time: by `for await`, by `batches()` or by `run()`. It begins with the first message that is asked
 * for, ends with `break`, `stop()` or `close()`, and may begin again after `stop()`. `read()` is apart from all that.
 */

import { groupName, SluiceError, type TopicPartition, topicName } from "@sluice/model";
import { type Cancellable, orCancelled } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { GroupCoordinator } from "../group-coordinator.js";
import { checkOptionNames, integerOption } from "../option-check.js";
import { BoundedRead, type ReadOptions } from "./bounded-read.js";
import { type ConsumerOptions, type ConsumerSettings, consumerSettings } from "./consumer-options.js";
import { BatchIteration, MessageIteration } from "./iterations.js";
import type { Message } from "./message.js";
import type { MessageBatch } from "./message-batch.js";
import { OffsetCommitter, type OffsetToCommit } from "./offset-committer.js";
import { checkOffsetSpec, keyOf, type OffsetSpec } from "./offset-spec.js";
import { noGroup, Reading, type ReadingSource } from "./reading.js";
import { checkRunOptions, isInsideHandler, type RunOptions, runHandlers } from "./run-loop.js";
import type { PartitionToRead } from "./start-positions.js";

export interface Subscription {
  readonly topics?: readonly string[] | undefined;
  readonly topic?: string | undefined;
  /** Where the group has nothing committed, begin at the earliest message: as `startFrom: "earliest"`. */
  readonly fromBeginning?: boolean | undefined;
}

/** A partition and an offset in it. */
export interface PartitionPosition extends TopicPartition {
  readonly offset: number;
}

/** A run that has begun. */
export interface Running {
  /** Resolves when the consumer has stopped; rejects with what a handler threw, or what made reading impossible. */
  readonly finished: Promise<void>;
}

const stopTimeoutMs = 30_000;

export class Consumer implements AsyncIterable<Message>, AsyncDisposable {
  #settings: ConsumerSettings;
  readonly #dependencies: ClientDependencies;
  readonly #onClosed: (consumer: Consumer) => void;
  readonly #reads = new Set<BoundedRead>();
  readonly #paused = new Set<string>();
  #topics: readonly string[] = [];
  #assigned: readonly PartitionToRead[] | undefined;
  #reading: Reading | undefined;
  #handlers: Promise<unknown> | undefined;
  #stopping: Promise<void> | undefined;
  #isClosed = false;

  /** Made by `Sluice.consumer`. @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_GROUP_NAME */
  constructor(
    options: ConsumerOptions,
    dependencies: ClientDependencies & { readonly onClosed: (consumer: Consumer) => void },
  ) {
    this.#settings = consumerSettings(options);
    this.#dependencies = dependencies;
    this.#onClosed = dependencies.onClosed;
  }

  /** Checks that the cluster answers. Not needed before anything else. @throws SluiceError BROKER_UNREACHABLE, WRONG_PORT */
  async connect(options: Cancellable = {}): Promise<void> {
    this.#checkOpen();
    await this.#dependencies.metadata.describe([], options);
  }

  /**
   * Says which topics to share with the group. Takes effect when reading begins.
   * @throws SluiceError INVALID_REQUEST without `groupId` or while reading, INVALID_TOPIC_NAME, UNKNOWN_OPTION
   */
  async subscribe(subscription: Subscription): Promise<void> {
    checkOptionNames("subscribe", subscription, ["topics", "topic", "fromBeginning"]);
    this.#checkIdle("subscribe");
    if (this.#settings.groupId === undefined)
      throw invalid("subscribe takes a consumer with groupId; without one, use assign or read");
    const topics = [...(subscription.topics ?? []), ...(subscription.topic === undefined ? [] : [subscription.topic])];
    this.#topics = [...new Set([...this.#topics, ...topics.map(topicName)])];
    this.#assigned = undefined;
    if (subscription.fromBeginning !== undefined)
      this.#settings = { ...this.#settings, startFrom: subscription.fromBeginning ? "earliest" : "latest" };
  }

  /**
   * Says which partitions to read, without sharing them. Without an offset, begins where the group is, else at `startFrom`.
   * @throws SluiceError INVALID_REQUEST while reading, INVALID_TOPIC_NAME
   */
  async assign(partitions: readonly PartitionToRead[]): Promise<void> {
    this.#checkIdle("assign");
    for (const { topic, offset } of partitions) {
      topicName(topic);
      if (offset !== undefined) checkOffsetSpec(offset);
    }
    this.#assigned = partitions.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
    this.#topics = [];
  }

  /** Message by message; `break` stops the consumer. The message in hand then is not processed: it comes again. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, undefined> {
    const reading = this.#begin();
    return new MessageIteration(reading, () => this.stop());
  }

  /** Batch by batch, the fastest way. Asking for the next says that the one before is processed. */
  batches(options: Cancellable = {}): AsyncIterableIterator<MessageBatch, undefined> {
    const reading = this.#begin();
    return new BatchIteration(reading, { ...options, stop: () => this.stop() });
  }

  /**
   * Calls a handler with each message or batch. Resolves when the group took the consumer in, or the assigned partitions are
   * being read; the run goes on until `stop`, `close`, or a handler throws: see `Running.finished`.
   * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_REQUEST, and what makes reading impossible
   */
  async run(options: RunOptions, { signal }: Cancellable = {}): Promise<Running> {
    checkRunOptions(options);
    const reading = this.#begin();
    const handlers = runHandlers(reading, options, (place) => this.#pauseOne(place));
    this.#handlers = handlers.catch(() => undefined); // `finished` tells it.
    const finished = this.#finish(handlers, signal);
    try {
      await Promise.race([reading.start(), finished]);
    } catch (error) {
      await finished.catch(() => undefined); // The same error, told by the throw below.
      throw error;
    }
    return { finished };
  }

  /**
   * Messages of a topic from one place to another, without a group and without committing; any number at the same time.
   * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION; while iterating UNKNOWN_TOPIC, OFFSET_OUT_OF_RANGE, CANCELLED ...
   */
  read(options: ReadOptions): AsyncIterableIterator<Message, undefined> & AsyncDisposable {
    this.#checkOpen();
    const onEnded = (read: BoundedRead): void => void this.#reads.delete(read);
    const read = new BoundedRead(options, this.#settings, { ...this.#dependencies, onEnded });
    this.#reads.add(read);
    return read;
  }

  /**
   * Goes on at another place; without a partition, in all of the topic that are assigned. Also before reading begins.
   * @throws SluiceError INVALID_REQUEST, UNKNOWN_TOPIC, BROKER_UNREACHABLE ...
   */
  async seek(target: {
    readonly topic: string;
    readonly partition?: number;
    readonly offset: OffsetSpec;
  }): Promise<void> {
    checkOptionNames("seek", target, ["topic", "partition", "offset"]);
    this.#checkOpen();
    checkOffsetSpec(target.offset);
    const { topic, partition, offset } = target;
    const reading = this.#reading;
    if (reading === undefined) return this.#seekAssigned(target);
    const partitions =
      partition === undefined ? this.assignment().filter((one) => one.topic === topic) : [{ topic, partition }];
    await Promise.all(partitions.map((one) => reading.seek(one, offset)));
  }

  /** Gives out no more messages of partitions (of all of a topic without `partitions`; of all without topics). */
  pause(topics?: readonly { readonly topic: string; readonly partitions?: readonly number[] }[]): void {
    for (const partition of this.#selected(topics)) this.#paused.add(partition);
    this.#applyPauses();
  }

  resume(topics?: readonly { readonly topic: string; readonly partitions?: readonly number[] }[]): void {
    for (const partition of this.#selected(topics)) this.#paused.delete(partition);
    this.#applyPauses();
  }

  /** Partitions that are paused. */
  paused(): TopicPartition[] {
    return this.assignment().filter((partition) => this.#paused.has(keyOf(partition)));
  }

  /** Partitions that this consumer reads now. */
  assignment(): TopicPartition[] {
    const partitions = this.#reading?.fetcher.partitions ?? [];
    return partitions.map(({ topic, partition }) => ({ topic, partition }));
  }

  /** For each partition that is read, the offset of the message that is given out next. */
  position(): PartitionPosition[] {
    const partitions = this.#reading?.fetcher.partitions ?? [];
    return partitions.map(({ topic, partition, position: offset }) => ({ topic, partition, offset }));
  }

  /**
   * Commits what is processed, or the offsets given: those of the next messages to process.
   * @throws SluiceError INVALID_REQUEST without a group, UNKNOWN_MEMBER, PARTITION_NOT_OWNED, INVALID_COMMIT_OFFSET ...
   */
  async commit(offsets?: readonly OffsetToCommit[], options: Cancellable = {}): Promise<void> {
    this.#checkOpen();
    if (offsets !== undefined) await (this.#reading?.committer ?? this.#outsider()).commitOffsets(offsets, options);
    else await this.#reading?.commit(options);
  }

  /** As `commit`, under kafkajs's name. */
  commitOffsets(offsets: readonly OffsetToCommit[], options: Cancellable = {}): Promise<void> {
    return this.commit(offsets, options);
  }

  /**
   * What the group has committed for partitions; default: those that are read. Partitions without a commit are left out.
   * @throws SluiceError INVALID_REQUEST without a group, BROKER_UNREACHABLE ...
   */
  async committed(partitions?: readonly TopicPartition[], options: Cancellable = {}): Promise<PartitionPosition[]> {
    this.#checkOpen();
    const committer = this.#reading?.committer ?? this.#outsider();
    const committed = await committer.fetch(partitions ?? this.assignment(), options);
    return committed.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  }

  /**
   * Ends reading: handlers finish what they have, what is processed is committed, the group is left. Reading may begin again.
   * Called inside a handler, it does not wait for that handler. Always settles, after `timeoutMs` (30000) at the latest.
   */
  stop(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    checkOptionNames("stop", options, ["timeoutMs"]);
    const timeoutMs = integerOption({ subject: "stop", option: "timeoutMs" }, options.timeoutMs, {
      fallback: stopTimeoutMs,
      min: 0,
      max: 86_400_000,
    });
    const reading = this.#reading;
    if (reading === undefined) return Promise.resolve();
    this.#stopping ??= this.#stop(reading, timeoutMs).finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /** As `close`. */
  disconnect(): Promise<void> {
    return this.close();
  }

  /** Stops, ends all reads, and takes nothing more. Always settles; closing again waits for the same. */
  async close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    checkOptionNames("close", options, ["timeoutMs"]);
    this.#isClosed = true;
    for (const read of [...this.#reads]) read.close();
    await this.stop(options);
    this.#onClosed(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #begin(): Reading {
    this.#checkIdle("reading");
    const reading = new Reading(this.#settings, this.#source(), this.#dependencies);
    reading.fetcher.onAdded = (partition) => {
      partition.isPaused = this.#paused.has(keyOf(partition));
    };
    this.#reading = reading;
    return reading;
  }

  #source(): ReadingSource {
    if (this.#assigned !== undefined) return { type: "assigned", partitions: this.#assigned };
    const { groupId } = this.#settings;
    if (groupId === undefined)
      throw invalid("a consumer without groupId reads what assign gives it; call assign first");
    if (this.#topics.length === 0) throw invalid("subscribe to a topic, or assign partitions, before reading");
    return { type: "group", groupId, topics: this.#topics };
  }

  async #finish(handlers: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => void this.stop();
    if (signal?.aborted === true) stop();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      await handlers;
    } catch (error) {
      // Whoever does not look at `finished` has no other way to find out.
      this.#dependencies.logger.error({ error }, "consumer stopped by an error");
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      await this.stop();
    }
  }

  async #stop(reading: Reading, timeoutMs: number): Promise<void> {
    const timeout = new AbortController();
    const timer = this.#dependencies.clock.setTimer(timeoutMs, () => timeout.abort());
    reading.halt();
    try {
      const waits = this.#handlers !== undefined && !isInsideHandler(reading);
      if (waits) await orCancelled(this.#handlers as Promise<unknown>, "Waiting for handlers", timeout.signal);
    } catch (error) {
      this.#dependencies.logger.warn({ error, timeoutMs }, "consumer stopped before its handlers were done");
    } finally {
      await reading.end(timeout.signal);
      timer.cancel();
      this.#keepPositions(reading);
      this.#reading = undefined;
      this.#handlers = undefined;
    }
  }

  /** Assigned partitions go on, when reading begins again, at what is not processed. */
  #keepPositions(reading: Reading): void {
    const processed = reading.processedAtEnd;
    this.#assigned = this.#assigned?.map((wanted) => ({
      ...wanted,
      offset: processed.get(keyOf(wanted)) ?? wanted.offset,
    }));
  }

  #seekAssigned(target: { readonly topic: string; readonly partition?: number; readonly offset: OffsetSpec }): void {
    if (this.#assigned === undefined) throw invalid("seek before reading takes assigned partitions; call assign first");
    const { topic, partition, offset } = target;
    this.#assigned = this.#assigned.map((wanted) => {
      const isMeant = wanted.topic === topic && (partition === undefined || partition === wanted.partition);
      return isMeant ? { ...wanted, offset } : wanted;
    });
  }

  #selected(
    topics: readonly { readonly topic: string; readonly partitions?: readonly number[] }[] | undefined,
  ): string[] {
    const assignment = this.assignment();
    if (topics === undefined) return [...assignment.map(keyOf), ...this.#paused];
    return topics.flatMap(({ topic, partitions }) => {
      const all = partitions ?? assignment.filter((one) => one.topic === topic).map(({ partition }) => partition);
      return all.map((partition) => keyOf({ topic, partition }));
    });
  }

  #applyPauses(): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    for (const partition of reading.fetcher.partitions) partition.isPaused = this.#paused.has(keyOf(partition));
    reading.fetcher.resume();
  }

  #pauseOne({ topic, partition }: TopicPartition): () => void {
    const one = [{ topic, partitions: [partition] }];
    this.pause(one);
    return () => this.resume(one);
  }

  #outsider(): OffsetCommitter {
    const { groupId } = this.#settings;
    if (groupId === undefined) noGroup();
    const coordinator = new GroupCoordinator(groupName(groupId), this.#dependencies);
    const committer = () => ({ memberId: "", generation: undefined });
    return new OffsetCommitter({ ...this.#dependencies, coordinator, committer, has: () => true });
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new SluiceError("CLOSED", { subject: "The consumer" });
  }

  #checkIdle(operation: string): void {
    this.#checkOpen();
    if (this.#reading !== undefined)
      throw invalid(`${operation} has to wait until the consumer has stopped: call stop first`);
  }
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_REQUEST", { reason });
}
