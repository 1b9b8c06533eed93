/**
 * The place of one partition on this broker: what the cluster image wants of it, and what has been made of that.
 *
 * Image changes are carried out one at a time; when several arrive meanwhile, the newest counts. Leadership ends at once, in
 * the same tick as the change that ends it; it begins only after the log is open and written, and only if nothing newer has
 * come. What was applied is noted last, so a change that failed half-way is never taken for done (P32).
 */

import type { PartitionLog } from "@sluice/log";
import {
  type BrokerId,
  type Clock,
  type LeaderEpoch,
  SluiceError,
  type TopicConfig,
  type TopicId,
  type TopicName,
  toSluiceError,
} from "@sluice/model";
import type { LatencyHistogram } from "../broker-counters.js";
import type { Logger } from "../logging.js";
import { PartitionRuntime, type PartitionRuntimeDependencies } from "./partition-runtime.js";

/** What the image says about the partition, as far as this broker is concerned. */
export interface PartitionAssignment {
  readonly leaderEpoch: LeaderEpoch;
  readonly leader: BrokerId | undefined;
  /** This life of this broker is the leader. */
  readonly isLeader: boolean;
  readonly inSyncReplicas: readonly BrokerId[];
  readonly replicationFactor: number;
  readonly config: TopicConfig;
}

export interface PartitionSlotOptions {
  readonly brokerId: BrokerId;
  readonly topicId: TopicId;
  readonly topic: TopicName;
  readonly partition: number;
}

export interface PartitionSlotDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leadership: PartitionRuntimeDependencies["leadership"];
  readonly appendLatency: LatencyHistogram;
  openLog(config: TopicConfig): Promise<PartitionLog>;
  /** Closes the log where it is open, and removes the partition's files. */
  deleteLog(): Promise<void>;
}

interface Settings {
  readonly config: TopicConfig;
  readonly replicationFactor: number;
}

/** The partition's topic is gone: its files go too. */
const deleted = Symbol("deleted");

export class PartitionSlot {
  readonly #options: PartitionSlotOptions;
  readonly #dependencies: PartitionSlotDependencies;
  readonly #logger: Logger;
  #desired: PartitionAssignment | typeof deleted | undefined;
  #applied: PartitionAssignment | typeof deleted | undefined;
  #settings: Settings | undefined;
  /** The log has not taken the newest settings: there was no room to record them. */
  #isConfigDue = false;
  /** The newest settings are being recorded; never rejects. */
  #configuring: Promise<void> | undefined;
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

  /** The partition where its log is open, whoever leads. */
  get runtime(): PartitionRuntime | undefined {
    return this.#runtime;
  }

  /** Why the last change could not be carried out, or why the partition stopped. */
  get failure(): SluiceError | undefined {
    return this.#failure ?? this.#runtime?.failure;
  }

  /** A change is being carried out. */
  get isWorking(): boolean {
    return this.#work !== undefined;
  }

  /** Makes of the partition what the image says; ends leadership before it returns. */
  assign(assignment: PartitionAssignment): void {
    this.#configure(assignment);
    if (this.#desired !== undefined && this.#desired !== deleted && isSame(this.#desired, assignment)) return;
    this.#desired = assignment;
    const { leaderEpoch, leader } = assignment;
    this.#runtime?.resign(leaderEpoch, leader);
    this.#startWork();
  }

  /** There is room on the disk again: makes up for what there was none for. */
  retry(): void {
    if (this.#isClosed || this.#desired === deleted) return;
    if (this.#isConfigDue) this.#applyConfig();
    if (this.#failure?.code !== "DISK_FULL" || this.#work !== undefined) return;
    this.#applied = undefined;
    this.#startWork();
  }

  /** Ends the partition with its files. */
  delete(): void {
    this.#desired = deleted;
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

  /** New settings need no new role: they count for the log that is open. */
  #configure({ config, replicationFactor }: PartitionAssignment): void {
    const before = this.#settings;
    this.#settings = { config, replicationFactor };
    if (before === undefined || isSameConfig(before.config, config)) return;
    this.#applyConfig();
  }

  #applyConfig(): void {
    const settings = this.#settings;
    if (this.#runtime === undefined || settings === undefined) return;
    this.#isConfigDue = false;
    const configuring = this.#runtime.updateConfig(settings.config, settings.replicationFactor).then(
      () => this.#logger.info({}, "topic settings changed"),
      (error: unknown) => {
        if (this.#isClosed || this.#desired === deleted) return;
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
      try {
        await this.#carryOut(desired);
        this.#failure = undefined;
      } catch (error) {
        this.#failure = toSluiceError(error);
        this.#logger.error({ err: error }, "partition is offline: its role could not be taken");
      }
      this.#applied = desired;
    }
    // In the same turn as the last look at what is desired: a change that comes later starts the loop again.
    this.#work = undefined;
  }

  async #carryOut(desired: PartitionAssignment | typeof deleted | undefined): Promise<void> {
    if (desired === undefined) return;
    if (desired === deleted) {
      await this.#dependencies.deleteLog();
      this.#logger.info({}, "partition deleted");
      return;
    }
    if (!desired.isLeader) return;
    const runtime = await this.#openRuntime();
    await runtime.settleLog();
    // A newer change ended this leadership before it began.
    if (this.#desired !== desired || this.#isClosed) return;
    runtime.becomeLeader(desired);
    this.#logger.debug({ leaderEpoch: desired.leaderEpoch }, "partition led");
  }

  async #openRuntime(): Promise<PartitionRuntime> {
    if (this.#runtime !== undefined) return this.#runtime;
    const { topic, topicId, partition, brokerId } = this.#options;
    const { config } = this.#settings as Settings;
    const log = await this.#dependencies.openLog(config);
    this.#runtime = new PartitionRuntime(
      { identity: { topic, partition, broker: brokerId }, topicId, config },
      {
        log,
        clock: this.#dependencies.clock,
        logger: this.#logger,
        leadership: this.#dependencies.leadership,
        appendLatency: this.#dependencies.appendLatency,
      },
    );
    // They may have changed while it was being opened.
    if (this.#settings?.config !== config) this.#applyConfig();
    return this.#runtime;
  }
}

/** Whether nothing changes for this broker: a new epoch always does. */
function isSame(before: PartitionAssignment, after: PartitionAssignment): boolean {
  return (
    before.leaderEpoch === after.leaderEpoch && before.leader === after.leader && before.isLeader === after.isLeader
  );
}

function isSameConfig(before: TopicConfig, after: TopicConfig): boolean {
  const keys = Object.keys(after) as (keyof TopicConfig)[];
  return before === after || keys.every((key) => before[key] === after[key]);
}
