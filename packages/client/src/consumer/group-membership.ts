/**
 * Follows the assignments of the group: lets go of what is taken away, then acknowledges, then begins with what is new.
 *
 * A partition that is taken away is given up in this order: no more of its messages are given out; the one (or the batch)
 * that the application works on is finished; what is processed is committed; only then the assignment is acknowledged, and
 * the coordinator may give the partition to another member. So no two members work on it at the same time.
 */

import { isSluiceError, type SluiceError, sleep, type TopicPartition, toSluiceError } from "@sluice/model";
import type { ClientDependencies } from "../client-dependencies.js";
import type { GroupCoordinator } from "../group-coordinator.js";
import type { ConsumerSettings } from "./consumer-options.js";
import { FetchedPartition } from "./fetched-partition.js";
import type { Fetcher } from "./fetcher.js";
import { GroupSession, type GroupSessionListener } from "./group-session.js";
import { type Committer, OffsetCommitter } from "./offset-committer.js";
import { keyOf, type OffsetFinder, type OffsetSpec } from "./offset-spec.js";
import { startPositions } from "./start-positions.js";

interface Assignment {
  readonly generation: number;
  readonly partitions: readonly TopicPartition[];
}

export interface GroupMembershipDependencies extends ClientDependencies {
  readonly coordinator: GroupCoordinator;
  readonly fetcher: Fetcher;
  readonly finder: OffsetFinder;
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
  readonly #sought = new Map<string, OffsetSpec>();
  #resolveJoined!: () => void;
  #wanted: Assignment | undefined;
  #applied: Assignment | undefined;
  #applying: Promise<void> | undefined;

  constructor(settings: ConsumerSettings, topics: readonly string[], dependencies: GroupMembershipDependencies) {
    this.#settings = settings;
    this.#dependencies = dependencies;
    this.#joined = new Promise((resolve) => {
      this.#resolveJoined = resolve;
    });
    const { sessionTimeoutMs, assignor } = settings;
    this.#session = new GroupSession({ topics, sessionTimeoutMs, assignor }, { ...dependencies, listener: this });
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

  /** Where to begin a partition that this member does not have yet, should it get it. */
  seekLater(partition: TopicPartition, offset: OffsetSpec): void {
    this.#sought.set(keyOf(partition), offset);
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

  onAssignment(generation: number, partitions: readonly TopicPartition[]): void {
    this.#wanted = { generation, partitions };
    this.#dependencies.fetcher.changed.wake();
    this.#applying ??= this.#apply().finally(() => {
      this.#applying = undefined;
    });
  }

  onLost(): void {
    this.#wanted = undefined;
    this.#applied = undefined;
    const { fetcher, logger, coordinator } = this.#dependencies;
    logger.warn(
      { group: coordinator.group, partitions: fetcher.partitions.map(keyOf) },
      "lost membership and partitions",
    );
    for (const partition of [...fetcher.partitions]) fetcher.remove(partition);
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
    fetcher.resume();
    while (revoked.some(({ isBusy }) => isBusy)) {
      await fetcher.changed.next();
      if (this.#wanted !== assignment || this.#lifetime.signal.aborted) return false;
    }
    await this.#commitRevoked(revoked);
    if (this.#wanted !== assignment || this.#lifetime.signal.aborted) return false;
    for (const partition of revoked) fetcher.remove(partition);
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
    const { fetcher, finder, metadata } = this.#dependencies;
    const { signal } = this.#lifetime;
    for (const topic of new Set(added.map(({ topic }) => topic))) await metadata.requireTopic(topic, { signal });
    const wanted = added.map(({ topic, partition }) => {
      return { topic, partition, offset: this.#sought.get(keyOf({ topic, partition })) };
    });
    const { committer } = this;
    const starts = await startPositions(wanted, this.#settings, { finder, committer }, { signal });
    if (this.#wanted !== assignment || signal.aborted) return;
    // Sought elsewhere while that was looked up.
    if (wanted.some((one) => this.#sought.get(keyOf(one)) !== one.offset)) return await this.#add(assignment, added);
    for (const start of starts) {
      this.#sought.delete(keyOf(start));
      const partition = new FetchedPartition(start, this.committer.commitThrough);
      partition.committed = start.committed;
      fetcher.add(partition);
    }
  }

  #committer(): Committer {
    return { memberId: this.#session.memberId, generation: this.#session.generation };
  }

  #has(partition: TopicPartition): boolean {
    const key = keyOf(partition);
    return this.#wanted?.partitions.some((other) => keyOf(other) === key) ?? false;
  }
}
