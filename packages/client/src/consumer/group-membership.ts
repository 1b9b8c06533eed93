/**
 * Follows the assignments of the group: lets go of what is taken away, then acknowledges, then begins with what is new.
 *
 * A partition that is taken away is given up in this order: no more of its messages are given out; the one (or the batch)
 * that the application works on is finished; what is processed is committed; only then the assignment is acknowledged, and
 * the coordinator may give the partition to another member. So no two members work on it at the same time.
 */

import { isSluiceError, type SluiceError, sleep, type TopicPartition, toSluiceError } from "@sluice/model";
import type { ClientDependencies } from "../client-dependencies.js";
import type { ClientEvents } from "../client-events.js";
import type { GroupCoordinator } from "../group-coordinator.js";
import type { ConsumerEventPayloads } from "./consumer-events.js";
import type { ConsumerSettings } from "./consumer-options.js";
import { FetchedPartition } from "./fetched-partition.js";
import type { Fetcher } from "./fetcher.js";
import { GroupSession, type GroupSessionListener } from "./group-session.js";
import { type Committed, type Committer, OffsetCommitter } from "./offset-committer.js";
import { keyOf, type OffsetFinder, type OffsetSpec } from "./offset-spec.js";
import type { SoughtPlaces } from "./sought-places.js";
import { type StartPosition, startPositions } from "./start-positions.js";
import type { Subscriptions } from "./subscription.js";

interface Assignment {
  readonly generation: number;
  /** When it came, on the monotonic clock. */
  readonly cameMs: number;
  readonly partitions: readonly TopicPartition[];
}

export interface GroupMembershipDependencies extends ClientDependencies {
  readonly coordinator: GroupCoordinator;
  readonly fetcher: Fetcher;
  readonly finder: OffsetFinder;
  readonly events: ClientEvents<ConsumerEventPayloads>;
  readonly subscriptions: Subscriptions;
  readonly sought: SoughtPlaces;
  /** Told what was committed. */
  readonly onCommitted: (committed: Committed) => void;
  /** Called once: the consumer cannot go on. */
  readonly onFailed: (error: SluiceError) => void;
}

export class GroupMembership implements GroupSessionListener {
  readonly committer: OffsetCommitter;
  readonly #settings: ConsumerSettings;
  readonly #dependencies: GroupMembershipDependencies;
  readonly #session: GroupSession;
  readonly #lifetime = new AbortController();
  readonly #joined: Promise<void>;
  #topics: readonly string[];
  #isRevoking = false;
  #lastHeartbeatMs: number | undefined;
  #resolveJoined!: () => void;
  #wanted: Assignment | undefined;
  #applied: Assignment | undefined;
  #applying: Promise<void> | undefined;

  /** @param topics names to ask the group for at first. */
  constructor(settings: ConsumerSettings, topics: readonly string[], dependencies: GroupMembershipDependencies) {
    this.#settings = settings;
    this.#topics = topics;
    this.#dependencies = dependencies;
    this.#joined = new Promise((resolve) => {
      this.#resolveJoined = resolve;
    });
    this.#session = new GroupSession(topics, settings, { ...dependencies, listener: this });
    this.committer = new OffsetCommitter({
      ...dependencies,
      committer: () => this.#committer(),
      has: (partition) => this.#has(partition),
    });
  }

  start(): void {
    this.#session.start();
  }

  /** Resolves once the coordinator took the member in. */
  joined(): Promise<void> {
    return this.#joined;
  }

  /** Partitions are being given up: they are committed once, at the end of that, and by nothing else. */
  get isRevoking(): boolean {
    return this.#isRevoking;
  }

  /** The coordinator has taken the member in, and not put it out. */
  get isMember(): boolean {
    return this.#session.memberId !== "";
  }

  /** Milliseconds since 1970. Undefined: none yet. */
  get lastHeartbeatMs(): number | undefined {
    return this.#lastHeartbeatMs;
  }

  /** Names asked of the group. */
  get topics(): readonly string[] {
    return this.#topics;
  }

  /** Asks the group for other topics: the whole of them. */
  resubscribe(topics: readonly string[]): void {
    this.#topics = topics;
    this.#session.resubscribe(topics);
  }

  /** Leaves the group. What is to be committed is committed already. */
  async leave(): Promise<void> {
    this.#lifetime.abort();
    this.#dependencies.fetcher.changed.wake();
    await this.#applying;
    await this.#session.leave();
  }

  /** Goes without a word: the group finds out when the session has timed out. */
  abort(): void {
    this.#lifetime.abort();
    this.#session.abort();
  }

  onJoined(): void {
    this.#resolveJoined();
  }

  onHeartbeat(): void {
    const { clock, events } = this.#dependencies;
    this.#lastHeartbeatMs = clock.nowMs();
    events.emit("consumer.heartbeat", { ...this.#member(), groupGenerationId: this.#session.generation });
  }

  onAssignment(generation: number, partitions: readonly TopicPartition[]): void {
    const { clock, events } = this.#dependencies;
    this.#wanted = { generation, partitions, cameMs: clock.monotonicMs() };
    events.emit("consumer.rebalancing", this.#member());
    this.#tellUnsubscribed(this.#wanted);
    this.#dependencies.fetcher.changed.wake();
    this.#applying ??= this.#apply().finally(() => {
      this.#applying = undefined;
    });
  }

  onLost(): void {
    this.#wanted = undefined;
    this.#applied = undefined;
    this.#isRevoking = false;
    const { fetcher, logger, coordinator, events } = this.#dependencies;
    const lost = [...fetcher.partitions];
    logger.warn({ group: coordinator.group, partitions: lost.map(keyOf) }, "lost membership and partitions");
    for (const partition of lost) fetcher.remove(partition);
    if (lost.length > 0) events.emit("consumer.lost", { partitions: lost.map(plain) });
  }

  onFailed(error: SluiceError): void {
    this.#dependencies.onFailed(error);
  }

  async #apply(): Promise<void> {
    while (!this.#lifetime.signal.aborted && this.#wanted !== undefined && this.#wanted !== this.#applied) {
      const assignment = this.#wanted;
      try {
        if (!(await this.#letGo(assignment))) continue;
        this.#applied = assignment;
        this.#session.acknowledge(assignment.generation, assignment.partitions);
        this.#tellJoined(assignment);
        await this.#begin(assignment);
      } catch (error) {
        if (!this.#lifetime.signal.aborted) this.#dependencies.onFailed(toSluiceError(error));
        return;
      }
    }
  }

  /** False: a newer assignment came meanwhile. */
  async #letGo(assignment: Assignment): Promise<boolean> {
    const { fetcher } = this.#dependencies;
    const kept = new Set(assignment.partitions.map(keyOf));
    const revoked = fetcher.partitions.filter((partition) => !kept.has(keyOf(partition)));
    for (const partition of fetcher.partitions) partition.isRevoked = !kept.has(keyOf(partition));
    this.#isRevoking = revoked.length > 0;
    fetcher.resume();
    while (revoked.some(({ isBusy }) => isBusy)) {
      await fetcher.changed.next();
      if (this.#wanted !== assignment || this.#lifetime.signal.aborted) return false;
    }
    await this.#commitRevoked(revoked);
    if (this.#wanted !== assignment || this.#lifetime.signal.aborted) return false;
    for (const partition of revoked) fetcher.remove(partition);
    this.#isRevoking = false;
    if (revoked.length > 0) this.#dependencies.events.emit("consumer.revoke", { partitions: revoked.map(plain) });
    return true;
  }

  async #commitRevoked(revoked: readonly FetchedPartition[]): Promise<void> {
    if (!this.#settings.autoCommit) return;
    try {
      await this.committer.commitProcessed(revoked, { signal: this.#lifetime.signal });
    } catch (error) {
      // The next owner reads the records again from what is committed: at least once, as promised.
      const { logger, coordinator } = this.#dependencies;
      logger.warn({ group: coordinator.group, error }, "could not commit partitions that were taken away");
    }
  }

  async #begin(assignment: Assignment): Promise<void> {
    const { fetcher, clock, policy, logger, coordinator } = this.#dependencies;
    const { signal } = this.#lifetime;
    for (let retry = 0; this.#wanted === assignment && !signal.aborted; retry++) {
      try {
        const had = new Set(fetcher.partitions.map(keyOf));
        await this.#add(
          assignment,
          assignment.partitions.filter((partition) => !had.has(keyOf(partition))),
        );
        return;
      } catch (thrown) {
        const error = toSluiceError(thrown);
        if (!error.retriable || isSluiceError(error, "CANCELLED")) throw error;
        logger.warn({ group: coordinator.group, code: error.code }, "could not look up where to begin, will retry");
        await sleep(clock, policy.delayMs(retry), signal);
      }
    }
  }

  async #add(assignment: Assignment, added: readonly TopicPartition[]): Promise<void> {
    if (added.length === 0) return;
    const { metadata, sought, events } = this.#dependencies;
    const { signal } = this.#lifetime;
    const topics = [...new Set(added.map(({ topic }) => topic))];
    // The coordinator may know of partitions that this client has not heard of yet.
    await metadata.refresh(topics, { signal });
    for (const topic of topics) await metadata.requireTopic(topic, { signal });
    const wanted = added.map((partition) => ({ ...plain(partition), offset: sought.placeOf(partition) }));
    const starts = await this.#startsOf(wanted);
    if (this.#wanted !== assignment || signal.aborted) return;
    // Sought elsewhere while that was looked up.
    if (wanted.some((one) => sought.placeOf(one) !== one.offset)) return await this.#add(assignment, added);
    const begun = starts.map((start) => this.#beginOne(start));
    events.emit("consumer.assign", {
      partitions: starts.map(({ topic, partition, offset }) => ({ topic, partition, offset })),
    });
    await this.#commitBeginning(begun.filter(({ isDirty }) => isDirty));
  }

  #startsOf(wanted: readonly (TopicPartition & { readonly offset: OffsetSpec | undefined })[]) {
    const { finder, metadata, subscriptions, coordinator } = this.#dependencies;
    const dependencies = {
      finder,
      committer: this.committer,
      partitionCount: (topic: string) => metadata.topic(topic)?.partitions.length,
      startFrom: (topic: string) => subscriptions.startFromOf(topic) ?? this.#settings.startFrom,
      groupId: coordinator.group,
    };
    return startPositions(wanted, dependencies, { signal: this.#lifetime.signal });
  }

  #beginOne(start: StartPosition): FetchedPartition {
    const { fetcher, sought } = this.#dependencies;
    sought.taken(start);
    const partition = new FetchedPartition(start, this.committer.commitThrough);
    partition.committed = start.committed;
    partition.groupBeganWith = start.groupBeganWith;
    if (start.isMomentary) partition.markProcessed(start.offset, undefined);
    fetcher.add(partition);
    return partition;
  }

  /** Where the group began is kept, so that a member that comes later does not begin at a later end. */
  async #commitBeginning(begun: readonly FetchedPartition[]): Promise<void> {
    const { logger, coordinator } = this.#dependencies;
    try {
      await this.committer.commitProcessed(begun, { signal: this.#lifetime.signal });
    } catch (error) {
      // Its partitions may be gone already; those that are not are committed with what is processed.
      if (!this.#lifetime.signal.aborted)
        logger.warn({ group: coordinator.group, error }, "could not commit where the group begins");
    }
  }

  #tellJoined({ cameMs, partitions }: Assignment): void {
    const { events, clock } = this.#dependencies;
    if (!events.has("consumer.group_join")) return;
    const memberAssignment: Record<string, number[]> = {};
    for (const { topic, partition } of partitions)
      memberAssignment[topic] = [...(memberAssignment[topic] ?? []), partition];
    events.emit("consumer.group_join", {
      ...this.#member(),
      duration: clock.monotonicMs() - cameMs,
      isLeader: false, // The coordinator shares partitions out: no member leads.
      leaderId: "",
      groupProtocol: this.#settings.assignor,
      memberAssignment,
    });
  }

  #tellUnsubscribed({ generation, partitions }: Assignment): void {
    const assignedTopics = [...new Set(partitions.map(({ topic }) => topic))];
    const topicsNotSubscribed = assignedTopics.filter((topic) => !this.#topics.includes(topic));
    if (topicsNotSubscribed.length === 0) return;
    this.#dependencies.events.emit("consumer.received_unsubscribed_topics", {
      ...this.#member(),
      generationId: generation,
      assignedTopics,
      topicsSubscribed: this.#topics,
      topicsNotSubscribed,
    });
  }

  #member(): { readonly groupId: string; readonly memberId: string } {
    return { groupId: this.#dependencies.coordinator.group, memberId: this.#session.memberId };
  }

  #committer(): Committer {
    return { memberId: this.#session.memberId, generation: this.#session.generation };
  }

  #has(partition: TopicPartition): boolean {
    const key = keyOf(partition);
    return this.#wanted?.partitions.some((other) => keyOf(other) === key) ?? false;
  }
}

function plain({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}
