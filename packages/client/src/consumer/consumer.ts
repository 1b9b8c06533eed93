/**
 * Consumer: reads messages, alone or as a member of a group.
 *
 * A message counts as processed when the next one is asked for (or its handler has returned), never before; only what is
 * processed is committed. So every message is processed at least once, whatever breaks.
 *
 * There is one reading at a time: by `for await`, by `batches()` or by `run()`. It begins with the first message that is asked
 * for, ends with `break`, `stop()` or `close()`, and may begin again after `stop()`. `read()` is apart from all that.
 *
 * Heartbeats run on a timer of their own, however long a handler takes. Code that never lets the event loop turn, such as a
 * calculation of seconds without an `await`, holds them up like everything else: move it to a worker thread, or raise
 * `sessionTimeout` above it.
 */

import { SluiceError, type TopicPartition, toSluiceError } from "@sluice/model";
import type { GroupDescription } from "../admin/group-admin-types.js";
import { GroupRequests } from "../admin/group-requests.js";
import { type Cancellable, orCancelled } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { type ClientEvent, ClientEvents } from "../client-events.js";
import type { Logger } from "../logger.js";
import { checkOptionNames, integerOption } from "../option-check.js";
import { RetryPolicy } from "../retry-policy.js";
import { BoundedRead, type ReadOptions } from "./bounded-read.js";
import { type ConsumerEventPayloads, checkEventName, consumerEvents } from "./consumer-events.js";
import { type ConsumerOptions, type ConsumerSettings, consumerSettings } from "./consumer-options.js";
import { ConsumerRun } from "./consumer-run.js";
import { ConsumerSources } from "./consumer-sources.js";
import type { ConsumerHealth, PartitionPosition, PartitionToAssign, Running, Subscription } from "./consumer-types.js";
import { BatchIteration, MessageIteration } from "./iterations.js";
import { type LagReport, lagOf } from "./lag.js";
import type { AnyMessage, Message } from "./message.js";
import type { MessageBatch } from "./message-batch.js";
import type { OffsetCommitter, OffsetToCommit } from "./offset-committer.js";
import { OffsetFinder, type OffsetInput, offsetSpecOf } from "./offset-spec.js";
import { PartitionPauses, type TopicPartitions, type TopicSelection } from "./partition-pauses.js";
import { noGroup, outsideCommitter, Reading } from "./reading.js";
import { type RunOptions, runSettings } from "./run-options.js";
import type { SubscribedTopic } from "./subscription.js";
import type { ConsumedMessage } from "./typed-messages.js";

const stopTimeoutMs = 30_000;

/** `Received`: its messages; `Message` with bytes unless it was made for typed topics. */
export class Consumer<Received extends AnyMessage = Message> implements AsyncIterable<Received>, AsyncDisposable {
  /** Names of events, for `on`. */
  readonly events = consumerEvents;
  readonly #settings: ConsumerSettings;
  readonly #dependencies: ClientDependencies & { readonly events: ClientEvents<ConsumerEventPayloads> };
  readonly #onClosed: (consumer: Consumer<Received>) => void;
  readonly #reads = new Set<BoundedRead>();
  readonly #pauses = new PartitionPauses();
  readonly #sources: ConsumerSources;
  readonly #run: ConsumerRun;
  #reading: Reading | undefined;
  #stopping: Promise<void> | undefined;
  #lastDelivery: number | undefined;
  #isClosed = false;

  /** Made by `Sluice.consumer`. @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_OPTION, INVALID_GROUP_NAME */
  constructor(
    options: ConsumerOptions,
    dependencies: ClientDependencies & { readonly onClosed: (consumer: Consumer<Received>) => void },
  ) {
    this.#settings = consumerSettings(options);
    const { retry } = this.#settings;
    const policy = retry === undefined ? dependencies.policy : new RetryPolicy(retry, dependencies);
    this.#dependencies = { ...dependencies, policy, events: new ClientEvents(dependencies) };
    this.#onClosed = dependencies.onClosed;
    this.#sources = new ConsumerSources(options.topics, this.#settings);
    this.#run = new ConsumerRun(this.#settings, this.#dependencies);
  }

  /** Calls `listener` at each event; the result ends that. A listener that throws is logged. @throws SluiceError INVALID_REQUEST */
  on<Name extends keyof ConsumerEventPayloads>(
    name: Name,
    listener: (event: ClientEvent<Name, ConsumerEventPayloads[Name]>) => void,
  ): () => void {
    checkEventName(name);
    return this.#dependencies.events.on(name, listener);
  }

  /** Checks that the cluster answers. Not needed before anything else. @throws SluiceError BROKER_UNREACHABLE, WRONG_PORT */
  async connect(options: Cancellable = {}): Promise<void> {
    this.#checkOpen();
    await this.#dependencies.metadata.describe([], options);
    this.#dependencies.events.emit("consumer.connect", null);
  }

  /**
   * Says which topics to share with the group, on top of those before. Takes effect when reading begins. A pattern also
   * matches topics that are made later, within `metadataMaxAge`.
   * @throws SluiceError INVALID_REQUEST without `groupId` or while reading, INVALID_TOPIC_NAME, UNKNOWN_OPTION
   */
  async subscribe(subscription: Subscription<Received>): Promise<void> {
    this.#checkIdle("subscribe");
    this.#sources.subscribe(subscription);
  }

  /**
   * Says which partitions to read, without sharing them. Without an offset, begins where the group is, else at `startFrom`.
   * @throws SluiceError INVALID_REQUEST while reading, INVALID_TOPIC_NAME
   */
  async assign(partitions: readonly PartitionToAssign[]): Promise<void> {
    this.#checkIdle("assign");
    this.#sources.assign(partitions);
  }

  /**
   * Message by message. Asking for the next says that the one before is processed. `break` stops the consumer: the message in
   * hand then is not processed, and comes again; `message.commit()` before it says otherwise.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Received, undefined> {
    return this.messages();
  }

  /** As `for await (const message of consumer)`, and ends with CANCELLED when the signal aborts. */
  messages(options: Cancellable = {}): AsyncIterableIterator<Received, undefined> {
    const iteration = new MessageIteration(this.#begin(), { ...options, stop: () => this.stop() });
    return iteration as unknown as AsyncIterableIterator<Received, undefined>;
  }

  /** Batch by batch, the fastest way. Asking for the next says that the one before is processed. */
  batches(options: Cancellable = {}): AsyncIterableIterator<MessageBatch<Received>, undefined> {
    const iteration = new BatchIteration(this.#begin(), { ...options, stop: () => this.stop() });
    return iteration as unknown as AsyncIterableIterator<MessageBatch<Received>, undefined>;
  }

  /**
   * Calls a handler with each message or batch. Resolves when the group took the consumer in, or the assigned partitions are
   * being read; the run goes on until `stop`, `close`, or a handler throws and `onError` has no other answer: see
   * `Running.finished`. A run that ended with an error does not begin again by itself.
   * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_REQUEST, and what makes reading impossible
   */
  async run(options: RunOptions<Received>, { signal }: Cancellable = {}): Promise<Running> {
    const { random } = this.#dependencies;
    const { named: topics } = this.#sources;
    const settings = runSettings(options as unknown as RunOptions, { random, defaults: this.#settings, topics });
    const reading = this.#begin({ ...this.#settings, ...settings.commits });
    const pauses = (place: TopicPartition): (() => void) => this.#pauseOne(place);
    return await this.#run.start(reading, settings, { pauses, stop: () => this.stop(), signal });
  }

  /**
   * Messages of a topic from one place to another, without a group and without committing; any number at the same time.
   * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION; while iterating UNKNOWN_TOPIC, OFFSET_OUT_OF_RANGE, LOG_TRUNCATED,
   *   CANCELLED ...
   */
  read<Topic extends Exclude<SubscribedTopic, RegExp>>(
    options: ReadOptions<Topic>,
  ): AsyncIterableIterator<ConsumedMessage<Topic>, undefined> & AsyncDisposable {
    this.#checkOpen();
    const onEnded = (read: BoundedRead): void => void this.#reads.delete(read);
    const read = new BoundedRead(options, this.#settings, { ...this.#dependencies, onEnded });
    this.#reads.add(read);
    return read as unknown as AsyncIterableIterator<ConsumedMessage<Topic>, undefined> & AsyncDisposable;
  }

  /**
   * Goes on at another place; without a partition, in all of the topic that are assigned. At any time: partitions that are
   * not had yet begin there when they come.
   * @throws SluiceError INVALID_REQUEST, UNKNOWN_TOPIC, BROKER_UNREACHABLE ...
   */
  async seek(target: {
    readonly topic: string;
    readonly partition?: number;
    readonly offset: OffsetInput;
  }): Promise<void> {
    checkOptionNames("seek", target, ["topic", "partition", "offset"]);
    this.#checkOpen();
    const offset = offsetSpecOf(target.offset);
    const { topic, partition } = target;
    const reading = this.#reading;
    if (reading === undefined) return this.#sources.seek({ topic, partition }, offset);
    const partitions =
      partition === undefined ? this.assignment().filter((one) => one.topic === topic) : [{ topic, partition }];
    await Promise.all(partitions.map((one) => reading.seek(one, offset)));
  }

  /** Gives out no more messages of partitions (of all of a topic without `partitions`; of all without topics). */
  pause(topics?: readonly TopicSelection[]): void {
    this.#pauses.pause(topics, this.assignment());
    this.#applyPauses();
  }

  /** Goes on with what is paused. */
  resume(topics?: readonly TopicSelection[]): void {
    this.#pauses.resume(topics, this.assignment());
    this.#applyPauses();
  }

  /** What is paused, by topic. */
  paused(): TopicPartitions[] {
    return this.#pauses.list();
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
   * How far behind what is processed is, in the partitions that are read now.
   * @throws SluiceError BROKER_UNREACHABLE, UNKNOWN_TOPIC, CANCELLED ...
   */
  async lag(options: Cancellable = {}): Promise<LagReport> {
    this.#checkOpen();
    const positions = (this.#reading?.fetcher.partitions ?? []).map(({ topic, partition, processed, beganAt }) => {
      return { topic, partition, offset: processed ?? beganAt };
    });
    const timestampAt = async ({ topic, partition, offset }: PartitionPosition): Promise<number | undefined> => {
      for await (const { timestamp } of this.read({ ...options, topic, partition, from: offset, limit: 1 }))
        return timestamp;
      return undefined;
    };
    const finder = new OffsetFinder(this.#dependencies);
    return await lagOf(positions, { finder, nowMs: this.#dependencies.clock.nowMs(), timestampAt }, options);
  }

  /** Whether it goes on, for a liveness probe. Asks nobody. */
  health(): ConsumerHealth {
    const reading = this.#reading;
    const lastDelivery = reading?.fetcher.lastTakenMs ?? this.#lastDelivery;
    return { state: this.#state(reading), lastDelivery, lastHeartbeat: reading?.lastHeartbeatMs };
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
   * State, members and committed offsets of the group, as `admin.describeGroup`.
   * @throws SluiceError INVALID_REQUEST without a group, UNKNOWN_GROUP, BROKER_UNREACHABLE ...
   */
  async describeGroup(options: Cancellable = {}): Promise<GroupDescription> {
    this.#checkOpen();
    const { groupId } = this.#settings;
    if (groupId === undefined) throw invalid("a consumer without groupId is in no group");
    return await new GroupRequests(this.#dependencies).describe(groupId, options);
  }

  /** Where this client says what it does: the logger that `Sluice` was given. */
  logger(): Logger {
    return this.#dependencies.logger;
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
    const wasClosed = this.#isClosed;
    this.#isClosed = true;
    for (const read of [...this.#reads]) read.close();
    await this.stop(options);
    this.#onClosed(this);
    if (!wasClosed) this.#dependencies.events.emit("consumer.disconnect", null);
  }

  /** As `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #begin(settings = this.#settings): Reading {
    this.#checkIdle("reading");
    const { typed, subscriptions, sought } = this.#sources;
    const reading: Reading = new Reading(settings, this.#sources.source(), {
      ...this.#dependencies,
      typed,
      subscriptions,
      sought,
      onAdded: (partition) => {
        partition.isPaused = this.#pauses.has(partition);
      },
      onLook: () => this.#tellLag(),
    });
    this.#reading = reading;
    return reading;
  }

  #state(reading: Reading | undefined): ConsumerHealth["state"] {
    if (this.#isClosed) return "closed";
    if (reading === undefined) return "idle";
    if (reading.fetcher.partitions.some(({ isStalled }) => isStalled) || this.#run.isSlow) return "stalled";
    return reading.isRunning ? "running" : "joining";
  }

  async #stop(reading: Reading, timeoutMs: number): Promise<void> {
    const { clock, logger, events } = this.#dependencies;
    const timeout = new AbortController();
    const timer = clock.setTimer(timeoutMs, () => timeout.abort());
    reading.halt();
    try {
      await orCancelled(this.#run.handlersDone(reading), "Waiting for handlers", timeout.signal);
    } catch (error) {
      logger.warn({ error, timeoutMs }, "consumer stopped before its handlers were done");
    } finally {
      await reading.end(timeout.signal);
      timer.cancel();
      this.#sources.ended(reading.processedAtEnd);
      this.#lastDelivery = reading.fetcher.lastTakenMs ?? this.#lastDelivery;
      this.#reading = undefined;
      this.#run.ended();
      events.emit("consumer.stop", null);
    }
  }

  #applyPauses(): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    for (const partition of reading.fetcher.partitions) partition.isPaused = this.#pauses.has(partition);
    reading.fetcher.resume();
  }

  #pauseOne({ topic, partition }: TopicPartition): () => void {
    const one = [{ topic, partitions: [partition] }];
    this.pause(one);
    return () => this.resume(one);
  }

  #tellLag(): void {
    const { events, logger } = this.#dependencies;
    if (!events.has("consumer.lag")) return;
    this.lag().then(
      ({ partitions }) => events.emit("consumer.lag", { partitions }),
      (error: unknown) => logger.debug({ error: toSluiceError(error) }, "could not find out the lag"),
    );
  }

  #outsider(): OffsetCommitter {
    const { groupId } = this.#settings;
    if (groupId === undefined) noGroup();
    return outsideCommitter(groupId, this.#dependencies);
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
