/**
 * The place of one partition on this broker: what the cluster image wants of it, and what has been made of that.
 *
 * Image changes are carried out one at a time; when several arrive meanwhile, the newest counts. A role ends at once, in the same
 * tick as the change that ends it; the next one begins only after the log is open and written, and only if nothing newer has
 * come. What was applied is noted last, so a change that failed half-way is never taken for done (P32). The log is opened
 * whether anybody leads or not: what it may have lost is to be known.
 */

import type { PartitionLog } from "@sluice/log";
import {
  type BrokerId,
  type Clock,
  SluiceError,
  type TopicConfig,
  type TopicId,
  type TopicName,
  toSluiceError,
} from "@sluice/model";
import type { LatencyHistogram } from "../broker-counters.js";
import type { Logger } from "../logging.js";
import type { PartitionTerm } from "./partition-roles.js";
import { PartitionRuntime, type PartitionRuntimeDependencies } from "./partition-runtime.js";

/** What the image says about the partition, as far as this broker is concerned. */
export interface PartitionAssignment extends PartitionTerm {
  readonly config: TopicConfig;
}

export interface PartitionSlotOptions {
  readonly brokerId: BrokerId;
  readonly topicId: TopicId;
  readonly topic: TopicName;
  readonly partition: number;
  /** A follower that has not caught up for so long leaves the in-sync replicas. */
  readonly replicaLagMsMax: number;
}

export interface PartitionSlotDependencies
  extends Pick<PartitionRuntimeDependencies, "leadership" | "ports" | "recentBytes" | "endedLifeOf" | "onBreakdown"> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly appendLatency: LatencyHistogram;
  /** Resolves when it is on disk that there are the leader epochs of the images so far. @throws SluiceError DISK_FULL, DISK_FAILED */
  epochRecorded(): Promise<void>;
  openLog(config: TopicConfig): Promise<PartitionLog>;
  /** The log is open and the partition has its role, or it could not be opened. */
  onOpened(): void;
  /** Closes the log where it is open, and removes the partition's files. */
  deleteLog(): Promise<void>;
}

/**
 * The partition is not this broker's any more: its topic is gone, or its replica was moved elsewhere. Its files go too, or are closed
 * and stay, where nothing proves that they are of no use.
 */
export type PartitionEnd = "deleted" | "closed";

export class PartitionSlot {
  readonly #options: PartitionSlotOptions;
  readonly #dependencies: PartitionSlotDependencies;
  readonly #logger: Logger;
  #desired: PartitionAssignment | PartitionEnd | undefined;
  #applied: PartitionAssignment | PartitionEnd | undefined;
  /** What the image says now of the role that is desired: the replica sets may have changed since. */
  #newest: PartitionAssignment | undefined;
  #config: TopicConfig | undefined;
  /** The log has not taken the newest settings: there was no room to record them. */
  #isConfigDue = false;
  /** The newest settings are being recorded; never rejects. */
  #configuring: Promise<void> | undefined;
  #log: PartitionLog | undefined;
  #runtime: PartitionRuntime | undefined;
  #failure: SluiceError | undefined;
  #work: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: PartitionSlotOptions, dependencies: PartitionSlotDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child({ topic: options.topic, partition: options.partition });
  }

  /** The partition where this broker leads it now. */
  get led(): PartitionRuntime | undefined {
    return this.#runtime?.leaderEpoch === undefined ? undefined : this.#runtime;
  }

  /** Resolves when this broker leads, or has failed to; never rejects. Undefined: it is not about to, or its log is not open yet. */
  get takingLead(): Promise<void> | undefined {
    const desired = this.#desired;
    if (desired === undefined || isEnd(desired) || this.#runtime === undefined) return undefined;
    return desired.isLeader && this.#applied !== desired ? this.#work : undefined;
  }

  /** The partition where its log is open, whoever leads. */
  get runtime(): PartitionRuntime | undefined {
    return this.#runtime;
  }

  /** Why the last change could not be carried out, or why the partition stopped. */
  get failure(): SluiceError | undefined {
    return this.#failure ?? this.#runtime?.failure;
  }

  /** Why this replica can neither lead nor follow before the next start; undefined: it can, or has only no room now. */
  get breakdown(): SluiceError | undefined {
    if (this.#isClosed || isEnd(this.#desired)) return undefined;
    if (this.#runtime !== undefined) return this.#runtime.breakdown;
    return this.#failure?.code === "DISK_FULL" ? undefined : this.#failure;
  }

  /** The partition has other replicas than this one. */
  get isReplicated(): boolean {
    return !isEnd(this.#desired) && (this.#newest?.replicaSets.replicas.length ?? 0) > 1;
  }

  /** A change is being carried out. */
  get isWorking(): boolean {
    return this.#work !== undefined;
  }

  /** Makes of the partition what the image says; ends the role that it had before it returns. */
  assign(assignment: PartitionAssignment): void {
    const before = this.#desired;
    const isSameRole = before !== undefined && !isEnd(before) && isSame(before, assignment);
    this.#configure(assignment.config);
    this.#newest = assignment;
    if (isSameRole) {
      this.#maybeChangeSets(assignment);
      return;
    }
    this.#desired = assignment;
    this.#runtime?.replication.roles.resign(assignment);
    this.#startWork();
  }

  /** There is room on the disk again: makes up for what there was none for. */
  retry(): void {
    if (this.#isClosed || isEnd(this.#desired)) return;
    if (this.#isConfigDue) this.#applyConfig();
    this.#runtime?.replication.retry();
    if (this.#failure?.code !== "DISK_FULL" || this.#work !== undefined) return;
    this.#applied = undefined;
    this.#startWork();
  }

  /** Ends the partition here, and its role at once. */
  end(how: PartitionEnd): void {
    this.#desired = how;
    this.#runtime?.stop(new SluiceError("UNKNOWN_TOPIC", { topic: this.#options.topic }));
    this.#startWork();
  }

  /** Refuses everything from now on. The log stays open for its directory to close. */
  close(error: SluiceError): void {
    this.#isClosed = true;
    this.#runtime?.stop(error);
  }

  /** Resolves when the newest change has been carried out, or has failed. */
  async settled(): Promise<void> {
    while (this.#work !== undefined || this.#configuring !== undefined) {
      await this.#work;
      await this.#configuring;
    }
  }

  /** Other replica sets are no new role: who leads hears of them. */
  #maybeChangeSets({ leaderEpoch, isLeader, replicaSets, inSyncReplicasMin }: PartitionAssignment): void {
    const roles = this.#runtime?.replication.roles;
    // A role that is not taken yet begins with the newest.
    if (roles === undefined || !isLeader) return;
    roles.setInSyncReplicasMin(inSyncReplicasMin);
    roles.replicaSetsChanged(leaderEpoch, replicaSets);
  }

  /** New settings need no new role: they count for the log that is open. */
  #configure(config: TopicConfig): void {
    const before = this.#config;
    this.#config = config;
    if (before === undefined || isSameConfig(before, config)) return;
    this.#applyConfig();
  }

  #applyConfig(): void {
    const config = this.#config;
    if (this.#runtime === undefined || config === undefined) return;
    this.#isConfigDue = false;
    const configuring = this.#runtime.updateConfig(config).then(
      () => this.#logger.info({}, "topic settings changed"),
      (error: unknown) => {
        if (this.#isClosed || isEnd(this.#desired)) return;
        // Without room to record them they are taken again when there is; every other error has taken the log offline.
        this.#isConfigDue = true;
        this.#logger.error({ err: error }, "topic settings could not be taken");
      },
    );
    this.#configuring = configuring;
    void configuring.then(() => {
      if (this.#configuring === configuring) this.#configuring = undefined;
    });
  }

  #startWork(): void {
    this.#work ??= this.#workLoop();
  }

  /** Never rejects. */
  async #workLoop(): Promise<void> {
    // Begun in a later tick: the caller sees the same order of things whether the log is open or not.
    await Promise.resolve();
    while (this.#applied !== this.#desired && !this.#isClosed) {
      const desired = this.#desired;
      const wasOpen = this.#runtime !== undefined;
      try {
        await this.#carryOut(desired);
        this.#failure = undefined;
      } catch (error) {
        this.#failure = toSluiceError(error);
        this.#logger.error({ err: error }, "partition is offline: its role could not be taken");
        this.#dependencies.onBreakdown();
      }
      this.#applied = desired;
      if (!wasOpen) this.#dependencies.onOpened();
    }
    // In the same turn as the last look at what is desired: a change that comes later starts the loop again.
    this.#work = undefined;
  }

  async #carryOut(desired: PartitionAssignment | PartitionEnd | undefined): Promise<void> {
    if (desired === undefined) return;
    if (isEnd(desired)) {
      if (desired === "deleted") await this.#dependencies.deleteLog();
      else await this.#log?.close();
      this.#logger.info({}, desired === "deleted" ? "partition deleted" : "partition closed: its files stay");
      return;
    }
    const { roles } = (await this.#openRuntime(desired)).replication;
    await this.#dependencies.epochRecorded();
    await roles.settleLog();
    // A newer change ended this role before it began.
    if (this.#desired !== desired || this.#isClosed) return;
    roles.take(this.#newest ?? desired);
    const { leaderEpoch, leader } = desired;
    this.#logger.debug({ leaderEpoch, leader }, desired.isLeader ? "partition led" : "partition not led");
  }

  async #openRuntime({ config }: PartitionAssignment): Promise<PartitionRuntime> {
    if (this.#runtime !== undefined) return this.#runtime;
    const { topic, topicId, partition, brokerId, replicaLagMsMax } = this.#options;
    const log = await this.#dependencies.openLog(config);
    this.#log = log;
    this.#runtime = new PartitionRuntime(
      { identity: { topic, partition, broker: brokerId }, topicId, config, replicaLagMsMax },
      { ...this.#dependencies, log, logger: this.#logger },
    );
    // They may have changed while it was being opened.
    if (this.#config !== config) this.#applyConfig();
    return this.#runtime;
  }
}

function isEnd(desired: PartitionAssignment | PartitionEnd | undefined): desired is PartitionEnd {
  return typeof desired === "string";
}

/** Whether this broker has the same role: in a new epoch it never has. */
function isSame(before: PartitionTerm, after: PartitionTerm): boolean {
  return (
    before.leaderEpoch === after.leaderEpoch && before.leader === after.leader && before.isLeader === after.isLeader
  );
}

function isSameConfig(before: TopicConfig, after: TopicConfig): boolean {
  const keys = Object.keys(after) as (keyof TopicConfig)[];
  return before === after || keys.every((key) => before[key] === after[key]);
}
