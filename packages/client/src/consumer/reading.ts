/**
 * One period of consuming, from the first message that is asked for until the consumer stops: the fetcher, the membership in
 * a group or the partitions that were assigned by hand, and the commits in between.
 */

import { type Clock, SluiceError, type TopicPartition, toSluiceError } from "@sluice/model";
import { type Cancellable, orCancelled } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import type { ClientEvents } from "../client-events.js";
import { GroupCoordinator } from "../group-coordinator.js";
import { CommitSchedule } from "./commit-schedule.js";
import type { ConsumerEventPayloads } from "./consumer-events.js";
import type { ConsumerSettings } from "./consumer-options.js";
import { createMissingTopics } from "./create-missing-topics.js";
import { FetchedPartition } from "./fetched-partition.js";
import { Fetcher } from "./fetcher.js";
import { GroupMembership } from "./group-membership.js";
import { type Committed, OffsetCommitter, type OffsetToCommit } from "./offset-committer.js";
import { keyOf, OffsetFinder, type OffsetSpec } from "./offset-spec.js";
import type { SoughtPlaces } from "./sought-places.js";
import { type PartitionToRead, startPositions } from "./start-positions.js";
import { StreamWatchdog } from "./stream-watchdog.js";
import type { Subscriptions } from "./subscription.js";
import { TopicWatch } from "./topic-watch.js";
import type { TypedTopics } from "./typed-messages.js";

/** What is read: topics shared with a group, or partitions that were given. */
export type ReadingSource =
  | { readonly type: "group"; readonly groupId: string }
  | { readonly type: "assigned"; readonly partitions: readonly PartitionToRead[] };

export interface ReadingDependencies extends ClientDependencies {
  readonly events: ClientEvents<ConsumerEventPayloads>;
  readonly typed: TypedTopics;
  readonly subscriptions: Subscriptions;
  readonly sought: SoughtPlaces;
  /** Called before a new partition is fetched. */
  readonly onAdded: (partition: FetchedPartition) => void;
  /** Called now and then, for what is told while somebody listens. */
  readonly onLook: () => void;
}

export class Reading {
  readonly fetcher: Fetcher;
  /** Undefined: there is no group to commit for. */
  readonly committer: OffsetCommitter | undefined;
  /** After the end: where each partition goes on, by `keyOf`. */
  readonly processedAtEnd = new Map<string, number>();
  readonly #settings: ConsumerSettings;
  readonly #source: ReadingSource;
  readonly #dependencies: ReadingDependencies;
  readonly #finder: OffsetFinder;
  readonly #membership: GroupMembership | undefined;
  readonly #watch: TopicWatch | undefined;
  readonly #watchdog: StreamWatchdog;
  readonly #schedule: CommitSchedule;
  readonly #lifetime = new AbortController();
  #error: SluiceError | undefined;
  #started: Promise<void> | undefined;
  #hasStarted = false;

  constructor(settings: ConsumerSettings, source: ReadingSource, dependencies: ReadingDependencies) {
    this.#settings = settings;
    this.#source = source;
    this.#dependencies = dependencies;
    const finder = new OffsetFinder(dependencies);
    this.#finder = finder;
    const failsOnUnknownTopic = source.type === "assigned";
    const observer = {
      fetched: ({ topic, partition, fetchOffset: offset }: FetchedPartition, sizeBytes: number) =>
        dependencies.events.emit("consumer.fetch", { topic, partition, offset, sizeBytes }),
    };
    this.fetcher = new Fetcher({ ...settings, failsOnUnknownTopic }, { ...dependencies, finder, observer });
    const { fetcher } = this;
    const onFailed = (error: SluiceError): void => this.fail(error);
    if (source.type === "group") {
      const { groupId } = source;
      const onCommitted = (committed: Committed): void => tellCommitted(groupId, committed, dependencies.events);
      const coordinator = new GroupCoordinator(groupId, dependencies);
      const all = { ...dependencies, coordinator, fetcher, finder, onFailed, onCommitted };
      const { subscriptions } = dependencies;
      const membership = new GroupMembership(settings, subscriptions.named, all);
      this.#membership = membership;
      this.committer = membership.committer;
      const onTopics = (names: readonly string[]): void => membership.resubscribe(names);
      this.#watch = new TopicWatch(subscriptions, {
        ...dependencies,
        intervalMs: settings.metadataMaxAgeMs,
        onTopics,
      });
    } else if (settings.groupId !== undefined) {
      this.committer = outsideCommitter(settings.groupId, dependencies);
    }
    const { signal } = this.#lifetime;
    const { onLook } = dependencies;
    this.#watchdog = new StreamWatchdog(settings.stallTimeoutMs, { ...dependencies, finder, fetcher, signal, onLook });
    this.#schedule = new CommitSchedule(settings, {
      ...dependencies,
      commit: () => this.#commitAll(this.#lifetime.signal),
      isRevoking: () => this.#membership?.isRevoking ?? false,
      onFailed,
    });
    fetcher.onAdded = (partition) => {
      dependencies.onAdded(partition);
      this.#schedule.watch(partition);
    };
  }

  /** Aborts when the reading stops: for handlers. */
  get signal(): AbortSignal {
    return this.#lifetime.signal;
  }

  get clock(): Clock {
    return this.#dependencies.clock;
  }

  /** The group has taken the member in, or the assigned partitions are being fetched. */
  get isRunning(): boolean {
    return this.#membership?.isMember ?? this.#hasStarted;
  }

  /** When the last heartbeat was sent, milliseconds since 1970. Undefined: none yet. */
  get lastHeartbeatMs(): number | undefined {
    return this.#membership?.lastHeartbeatMs;
  }

  /** Undefined: it can go on. */
  get error(): SluiceError | undefined {
    return this.#error;
  }

  /** True: stopped. @throws SluiceError why it cannot go on */
  isOver(): boolean {
    if (this.#error !== undefined) throw this.#error;
    return this.#lifetime.signal.aborted;
  }

  /**
   * Begins, once; resolves when the group took the member in, or the assigned partitions are being fetched.
   * @throws SluiceError what makes that impossible
   */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** The reading cannot go on: readers are told. */
  fail(error: SluiceError): void {
    this.#error ??= error;
    this.fetcher.changed.wake();
  }

  /** Goes on elsewhere in a partition, now or when it is assigned. @throws what `OffsetFinder.find` throws */
  async seek(target: TopicPartition, offset: OffsetSpec): Promise<void> {
    const [found] = await this.#finder.find([{ ...target, offset }], { signal: this.#lifetime.signal });
    const key = keyOf(target);
    const partition = this.fetcher.partitions.find((other) => keyOf(other) === key);
    if (partition === undefined) this.#dependencies.sought.seek(target, offset);
    else if (found !== undefined) {
      this.fetcher.seek(partition, found.offset);
      // Asked for by the application: from now on this is where the group is.
      partition.markProcessed(found.offset, undefined);
    }
  }

  /** Commits what is processed. @throws SluiceError INVALID_REQUEST without a group; what `commitProcessed` throws */
  async commit(options: Cancellable = {}): Promise<void> {
    if (this.committer === undefined) noGroup();
    await this.#commitAll(options.signal);
  }

  /** Commits these offsets. @throws SluiceError INVALID_REQUEST without a group; what `OffsetCommitter` throws */
  async commitOffsets(offsets: readonly OffsetToCommit[], options: Cancellable = {}): Promise<void> {
    if (this.committer === undefined) noGroup();
    await this.committer.commitOffsets(offsets, options);
  }

  /** What is processed and not committed: offsets of the next messages to process. */
  uncommitted(): (TopicPartition & { readonly offset: number })[] {
    return this.fetcher.partitions
      .filter(({ isDirty }) => isDirty)
      .map(({ topic, partition, processed }) => ({ topic, partition, offset: processed as number }));
  }

  /** Gives out no more messages. What is in hand may be finished. */
  halt(): void {
    this.#schedule.stop();
    this.#watchdog.stop();
    this.#lifetime.abort(new SluiceError("CLOSED", { subject: "The consumer" }));
    this.fetcher.changed.wake();
  }

  /**
   * After `halt`: commits what is processed, leaves the group and ends the fetching. Always settles; `signal` cuts it short.
   */
  async end(signal: AbortSignal): Promise<void> {
    const { logger } = this.#dependencies;
    try {
      if (this.#settings.autoCommit) await this.#commitAll(signal);
    } catch (error) {
      logger.warn({ error }, "consumer stopped without committing all that it processed");
    }
    try {
      await orCancelled(this.#membership?.leave() ?? Promise.resolve(), "Leaving the group", signal);
    } catch (error) {
      logger.warn({ error }, "consumer stopped without leaving its group");
      this.#membership?.abort();
    } finally {
      for (const partition of this.fetcher.partitions)
        if (partition.processed !== undefined) this.processedAtEnd.set(keyOf(partition), partition.processed);
      this.fetcher.close();
    }
  }

  async #start(): Promise<void> {
    if (this.committer !== undefined) this.#schedule.start();
    this.#watchdog.start();
    try {
      // First: what is missing now is new once it is created.
      await this.#watch?.first(this.#lifetime.signal);
      await this.#createMissing();
      if (this.#membership === undefined) await this.#startAssigned();
      else await this.#joinGroup(this.#membership);
      this.#hasStarted = true;
    } catch (error) {
      // Stopped before it had begun: what was under way for it was cancelled, and nobody waits for it.
      if (this.#lifetime.signal.aborted && this.#error === undefined) return;
      this.fail(toSluiceError(error));
      throw error;
    }
  }

  async #joinGroup(membership: GroupMembership): Promise<void> {
    const { signal } = this.#lifetime;
    if (signal.aborted) return;
    membership.start();
    void this.#watch?.run(signal);
    await Promise.race([membership.joined(), this.#failure()]);
  }

  /** Resolves when the reading stops. @throws SluiceError when it fails */
  async #failure(): Promise<void> {
    while (!this.isOver()) await this.fetcher.changed.next();
  }

  async #createMissing(): Promise<void> {
    if (!this.#settings.allowAutoTopicCreation) return;
    const source = this.#source;
    const { subscriptions } = this.#dependencies;
    const topics = source.type === "group" ? subscriptions.named : source.partitions.map(({ topic }) => topic);
    await createMissingTopics([...new Set(topics)], this.#dependencies, this.#lifetime.signal);
  }

  async #startAssigned(): Promise<void> {
    if (this.#source.type !== "assigned") return;
    const { signal } = this.#lifetime;
    const { partitions } = this.#source;
    const { metadata } = this.#dependencies;
    for (const topic of new Set(partitions.map(({ topic }) => topic))) await metadata.requireTopic(topic, { signal });
    const { committer } = this;
    const dependencies = {
      finder: this.#finder,
      committer,
      partitionCount: (topic: string) => metadata.topic(topic)?.partitions.length,
      startFrom: () => this.#settings.startFrom,
      groupId: this.#settings.groupId,
    };
    const starts = await startPositions(partitions, dependencies, { signal });
    for (const start of starts) {
      const partition = new FetchedPartition(start, committer?.commitThrough ?? noGroup);
      partition.committed = start.committed;
      partition.groupBeganWith = start.groupBeganWith;
      this.fetcher.add(partition);
    }
    this.#dependencies.events.emit("consumer.assign", {
      partitions: starts.map(({ topic, partition, offset }) => ({ topic, partition, offset })),
    });
  }

  async #commitAll(signal: AbortSignal | undefined): Promise<void> {
    await this.committer?.commitProcessed(this.fetcher.partitions, { signal });
  }
}

/** Commits for a group that this consumer is not a member of: it reads partitions that it was given. */
export function outsideCommitter(
  groupId: string,
  dependencies: ClientDependencies & { readonly events: ClientEvents<ConsumerEventPayloads> },
): OffsetCommitter {
  const coordinator = new GroupCoordinator(groupId, dependencies);
  const committer = () => ({ memberId: "", generation: undefined });
  const onCommitted = (committed: Committed): void => tellCommitted(groupId, committed, dependencies.events);
  return new OffsetCommitter({ ...dependencies, coordinator, committer, has: () => true, onCommitted });
}

function tellCommitted(groupId: string, committed: Committed, events: ClientEvents<ConsumerEventPayloads>): void {
  if (!events.has("consumer.commit_offsets")) return;
  const { memberId, generation = -1, offsets } = committed;
  const topics = [...new Set(offsets.map(({ topic }) => topic))].map((topic) => {
    const partitions = offsets.filter((one) => one.topic === topic);
    return { topic, partitions: partitions.map(({ partition, offset }) => ({ partition, offset })) };
  });
  events.emit("consumer.commit_offsets", { groupId, memberId, groupGenerationId: generation, topics });
}

/** @throws SluiceError INVALID_REQUEST */
export function noGroup(): never {
  throw new SluiceError("INVALID_REQUEST", { reason: "a consumer without groupId has nowhere to commit to" });
}
