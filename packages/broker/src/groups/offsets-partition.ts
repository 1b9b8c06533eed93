/**
 * The groups of one partition of `__consumer_offsets`, for as long as this broker leads it in one epoch.
 *
 * Nothing is answered before everything committed has been read (P54). Every append names the epoch, so one of a leader that was
 * replaced never lands (P53). After a failed append the state in memory may be ahead of the log: all groups are
 * dropped and read again, once every append under way has its outcome.
 */

import { type GroupOptions, type GroupRecord, parseGroupRecordKey, type TopicShapes } from "@sluice/groups";
import { type Clock, isSluiceError, type LeaderEpoch, SluiceError, type Timer, toSluiceError } from "@sluice/model";
import type { Logger } from "../logging.js";
import type { LedPartition } from "../partition/partition-access.js";
import { buildGroupBatch, readGroupRecords } from "./group-record-batch.js";
import { GroupRuntime } from "./group-runtime.js";
import { TopicUsers } from "./topic-users.js";

/** What an offsets partition needs of the partition that it is on. */
export type OffsetsLog = Pick<
  LedPartition,
  "partition" | "appendRefusal" | "readRefusal" | "produce" | "readCommitted"
>;

export interface OffsetsPartitionDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The topics of the newest image. */
  topics(): TopicShapes;
}

/** How long after a failure the log is read again. */
const reloadDelayMs = 1000;

type Phase =
  | { readonly type: "loading" }
  | { readonly type: "ready" }
  /** What the log holds cannot be read. */
  | { readonly type: "failed"; readonly error: SluiceError }
  | { readonly type: "stopped"; readonly error: SluiceError };

export class OffsetsPartition {
  readonly #log: OffsetsLog;
  readonly #leaderEpoch: LeaderEpoch;
  readonly #groupOptions: GroupOptions;
  readonly #dependencies: OffsetsPartitionDependencies;
  readonly #logger: Logger;
  readonly #groups = new Map<string, GroupRuntime>();
  readonly #topicUsers = new TopicUsers();
  readonly #appends = new Set<Promise<unknown>>();
  #phase: Phase = { type: "loading" };
  #reloadTimer: Timer | undefined;

  constructor(
    options: { readonly log: OffsetsLog; readonly leaderEpoch: LeaderEpoch; readonly groupOptions: GroupOptions },
    dependencies: OffsetsPartitionDependencies,
  ) {
    this.#log = options.log;
    this.#leaderEpoch = options.leaderEpoch;
    this.#groupOptions = options.groupOptions;
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child({
      offsetsPartition: options.log.partition,
      leaderEpoch: options.leaderEpoch,
    });
  }

  /** Whether the groups are known. */
  get isReady(): boolean {
    return this.#phase.type === "ready";
  }

  /** Reads the log, and then answers. Never rejects: what goes wrong is what is answered. */
  async load(): Promise<void> {
    const startMs = this.#dependencies.clock.monotonicMs();
    try {
      const records = await this.#readLog();
      if (this.#phase.type !== "loading") return;
      for (const record of records) this.#replay(record);
      this.#phase = { type: "ready" };
      for (const runtime of [...this.#groups.values()]) runtime.topicsChanged();
      const loadMs = this.#dependencies.clock.monotonicMs() - startMs;
      this.#logger.debug({ groups: this.#groups.size, records: records.length, loadMs }, "group offsets loaded");
    } catch (error) {
      // Leadership that ended in the middle of it is no failure.
      if (this.#phase.type !== "stopped") this.#loadFailed(toSluiceError(error));
    }
  }

  /** All groups, by name. @throws SluiceError COORDINATOR_LOADING and what `find` throws */
  list(): GroupRuntime[] {
    this.#checkReady("*");
    return [...this.#groups.values()].filter((runtime) => runtime.view.exists);
  }

  /**
   * The group; undefined: it does not exist.
   * @throws SluiceError COORDINATOR_LOADING; why the log cannot be read; why this broker answers no more
   */
  find(group: string): GroupRuntime | undefined {
    this.#checkReady(group);
    return this.#groups.get(group);
  }

  /** The group, made where it does not exist. @throws as `find` */
  findOrCreate(group: string): GroupRuntime {
    this.#checkReady(group);
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const runtime = this.#newRuntime(group);
    this.#groups.set(group, runtime);
    return runtime;
  }

  /** How many groups are held. */
  get groupCount(): number {
    return this.#groups.size;
  }

  /** All groups; none while they are being read. */
  groups(): Iterable<GroupRuntime> {
    return this.#phase.type === "ready" ? this.#groups.values() : [];
  }

  /** These topics came, went or grew. */
  topicsChanged(changed: readonly string[]): void {
    if (this.#phase.type !== "ready") return;
    this.#topicUsers.topicsChanged(changed, (topic) => this.#dependencies.topics().has(topic));
  }

  /** This broker answers for these groups no more. */
  stop(error: SluiceError): void {
    this.#phase = { type: "stopped", error };
    this.#reloadTimer?.cancel();
    this.#dropGroups(error);
  }

  async #readLog(): Promise<GroupRecord[]> {
    await Promise.allSettled(this.#appends);
    /** Last record of each key. A key that is put again moves to the end, as in the log. */
    const latest = new Map<string, GroupRecord>();
    for await (const chunk of this.#log.readCommitted()) {
      if (this.#phase.type !== "loading") return [];
      for (const record of readGroupRecords(chunk)) {
        latest.delete(record.key);
        if (record.value !== null) latest.set(record.key, record);
      }
    }
    return [...latest.values()];
  }

  #loadFailed(error: SluiceError): void {
    this.#dropGroups(error);
    this.#phase = { type: "failed", error };
    this.#logger.error({ err: error }, "group offsets cannot be loaded");
    // What is written wrong stays wrong; a disk or a role may come back.
    if (!isSluiceError(error, "CORRUPT_GROUP_RECORD")) this.#reloadLater();
  }

  #replay(record: GroupRecord): void {
    const { group } = parseGroupRecordKey(record.key);
    const runtime = this.#groups.get(group) ?? this.#newRuntime(group);
    this.#groups.set(group, runtime);
    runtime.replay(record);
  }

  #newRuntime(group: string): GroupRuntime {
    const runtime: GroupRuntime = new GroupRuntime(
      { group, groupOptions: this.#groupOptions },
      {
        clock: this.#dependencies.clock,
        append: (records) => this.#append(records),
        appendRefusal: () => this.#log.appendRefusal,
        topics: () => this.#dependencies.topics(),
        onTopicUsed: (topic) => this.#topicUsers.add(topic, runtime),
        onExpired: ({ idleSinceMs, offsets }) =>
          this.#logger.info({ group, idleSinceMs, offsets }, "idle group is forgotten"),
        onBroken: (error) => this.#broken(group, error),
        onGone: () => this.#forget(runtime),
      },
    );
    return runtime;
  }

  /** Lets go of a group that is nothing any more, unless another one took its name meanwhile. */
  #forget(runtime: GroupRuntime): void {
    this.#topicUsers.remove(runtime);
    if (this.#groups.get(runtime.group) === runtime) this.#groups.delete(runtime.group);
  }

  async #append(records: readonly GroupRecord[]): Promise<void> {
    const batch = buildGroupBatch(records, this.#dependencies.clock.nowMs());
    const append = this.#log.produce(batch, { acks: "all", clientEpoch: this.#leaderEpoch });
    this.#appends.add(append);
    try {
      await append;
    } finally {
      this.#appends.delete(append);
    }
  }

  #broken(group: string, error: SluiceError): void {
    if (this.#phase.type !== "ready") return;
    this.#logger.warn({ group, err: error }, "group state is read again after a failure");
    this.#phase = { type: "loading" };
    this.#dropGroups(new SluiceError("COORDINATOR_LOADING", { group }));
    this.#reloadLater();
  }

  #reloadLater(): void {
    this.#reloadTimer = this.#dependencies.clock.setTimer(reloadDelayMs, () => {
      if (this.#phase.type === "stopped") return;
      this.#phase = { type: "loading" };
      void this.load();
    });
  }

  #dropGroups(error: SluiceError): void {
    const runtimes = [...this.#groups.values()];
    this.#groups.clear();
    this.#topicUsers.clear();
    for (const runtime of runtimes) runtime.stop(error);
  }

  #checkReady(group: string): void {
    if (this.#phase.type === "loading") throw new SluiceError("COORDINATOR_LOADING", { group });
    if (this.#phase.type !== "ready") throw this.#phase.error;
    // Another coordinator may know more by now.
    if (this.#log.readRefusal !== undefined) throw this.#log.readRefusal;
  }
}
