/**
 * One period of consuming, from the first message that is asked for until the consumer stops: the fetcher, the membership in
 * a group or the partitions that were assigned by hand, and the commits in between.
 */

import { type Clock, isSluiceError, SluiceError, type Timer, type TopicPartition, toSluiceError } from "@sluice/model";
import { type Cancellable, orCancelled } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { GroupCoordinator } from "../group-coordinator.js";
import type { ConsumerSettings } from "./consumer-options.js";
import { FetchedPartition } from "./fetched-partition.js";
import { Fetcher } from "./fetcher.js";
import { GroupMembership } from "./group-membership.js";
import { OffsetCommitter } from "./offset-committer.js";
import { keyOf, OffsetFinder, type OffsetSpec } from "./offset-spec.js";
import { type PartitionToRead, startPositions } from "./start-positions.js";

/** What is read: topics shared with a group, or partitions that were given. */
export type ReadingSource =
  | { readonly type: "group"; readonly groupId: string; readonly topics: readonly string[] }
  | { readonly type: "assigned"; readonly partitions: readonly PartitionToRead[] };

export class Reading {
  readonly fetcher: Fetcher;
  /** Undefined: there is no group to commit for. */
  readonly committer: OffsetCommitter | undefined;
  readonly #settings: ConsumerSettings;
  readonly #source: ReadingSource;
  readonly #dependencies: ClientDependencies;
  readonly #finder: OffsetFinder;
  readonly #membership: GroupMembership | undefined;
  readonly #lifetime = new AbortController();
  /** After the end: where each partition goes on, by `keyOf`. */
  readonly processedAtEnd = new Map<string, number>();
  #commitTimer: Timer | undefined;
  #error: SluiceError | undefined;
  #started: Promise<void> | undefined;

  constructor(settings: ConsumerSettings, source: ReadingSource, dependencies: ClientDependencies) {
    this.#settings = settings;
    this.#source = source;
    this.#dependencies = dependencies;
    this.#finder = new OffsetFinder(dependencies);
    const finder = this.#finder;
    const failsOnUnknownTopic = source.type === "assigned";
    this.fetcher = new Fetcher({ ...settings, failsOnUnknownTopic }, { ...dependencies, finder });
    if (source.type === "group") {
      const coordinator = new GroupCoordinator(source.groupId, dependencies);
      const onFailed = (error: SluiceError): void => this.fail(error);
      const { fetcher } = this;
      const all = { ...dependencies, coordinator, fetcher, finder, onFailed };
      this.#membership = new GroupMembership(settings, source.topics, all);
      this.committer = this.#membership.committer;
    } else if (settings.groupId !== undefined) {
      this.committer = outsideCommitter(settings.groupId, dependencies);
    }
  }

  /** Aborts when the reading stops: for handlers. */
  get signal(): AbortSignal {
    return this.#lifetime.signal;
  }

  get clock(): Clock {
    return this.#dependencies.clock;
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
    if (partition === undefined) this.#membership?.seekLater(target, offset);
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

  /** Gives out no more messages. What is in hand may be finished. */
  halt(): void {
    this.#commitTimer?.cancel();
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
      this.#commitTimer?.cancel();
      for (const partition of this.fetcher.partitions)
        if (partition.processed !== undefined) this.processedAtEnd.set(keyOf(partition), partition.processed);
      this.fetcher.close();
    }
  }

  async #start(): Promise<void> {
    this.#commitLater();
    try {
      if (this.#membership === undefined) return await this.#startAssigned();
      this.#membership.start();
      await Promise.race([this.#membership.joined(), this.#failure()]);
    } catch (error) {
      this.fail(toSluiceError(error));
      throw error;
    }
  }

  /** Resolves when the reading stops. @throws SluiceError when it fails */
  async #failure(): Promise<void> {
    while (!this.isOver()) await this.fetcher.changed.next();
  }

  async #startAssigned(): Promise<void> {
    if (this.#source.type !== "assigned") return;
    const { signal } = this.#lifetime;
    const { partitions } = this.#source;
    for (const topic of new Set(partitions.map(({ topic }) => topic)))
      await this.#dependencies.metadata.requireTopic(topic, { signal });
    const { committer } = this;
    const finder = this.#finder;
    const starts = await startPositions(partitions, this.#settings, { finder, committer }, { signal });
    for (const start of starts) {
      const partition = new FetchedPartition(start, committer?.commitThrough ?? noGroup);
      partition.committed = start.committed;
      this.fetcher.add(partition);
    }
  }

  #commitLater(): void {
    if (!this.#settings.autoCommit || this.committer === undefined) return;
    this.#commitTimer = this.#dependencies.clock.setTimer(this.#settings.autoCommitIntervalMs, () => {
      this.#commitAll(this.#lifetime.signal).then(
        () => this.#commitAgain(),
        (error: unknown) => {
          if (isSluiceError(error, "GROUP_NOT_EMPTY")) return this.fail(error);
          this.#dependencies.logger.warn({ error }, "automatic commit failed, will be tried again");
          this.#commitAgain();
        },
      );
    });
  }

  #commitAgain(): void {
    if (!this.#lifetime.signal.aborted) this.#commitLater();
  }

  async #commitAll(signal: AbortSignal | undefined): Promise<void> {
    await this.committer?.commitProcessed(this.fetcher.partitions, { signal });
  }
}

/** Commits for a group that this consumer is not a member of: it reads partitions that it was given. */
function outsideCommitter(groupId: string, dependencies: ClientDependencies): OffsetCommitter {
  const coordinator = new GroupCoordinator(groupId, dependencies);
  const committer = () => ({ memberId: "", generation: undefined });
  return new OffsetCommitter({ ...dependencies, coordinator, committer, has: () => true });
}

/** @throws SluiceError INVALID_REQUEST */
export function noGroup(): never {
  throw new SluiceError("INVALID_REQUEST", { reason: "a consumer without groupId has nowhere to commit to" });
}
