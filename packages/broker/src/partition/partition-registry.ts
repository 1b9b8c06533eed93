/**
 * All partitions that this broker keeps: makes of them what the cluster image says, and finds the one that a request names.
 *
 * Images are applied in the order of their revisions. Logs are opened when this broker first leads their partition, so many at
 * a time. Partitions on disk that no image knows are left alone and reported: an image that came from an old backup must
 * never cost records.
 */

import { type ClusterImage, changedKeys, type PartitionImage, type TopicImage } from "@sluice/cluster";
import type { LogDirectory, PartitionLog } from "@sluice/log";
import {
  type BrokerId,
  type Clock,
  type LeaderEpoch,
  SluiceError,
  type TopicConfig,
  type TopicId,
  topicName,
} from "@sluice/model";
import type { LatencyHistogram } from "../broker-counters.js";
import type { Logger } from "../logging.js";
import { ConcurrencyLimit } from "./concurrency-limit.js";
import type { LeadershipListener, LedPartitions } from "./partition-access.js";
import type { PartitionRuntime } from "./partition-runtime.js";
import { PartitionSlot } from "./partition-slot.js";

/** Logs that are opened or recovered at one time. */
const logOpensMax = 32;

interface TopicSlots {
  readonly topicId: TopicId;
  /** Index = partition; a hole where this broker keeps no replica. */
  readonly slots: (PartitionSlot | undefined)[];
}

export interface PartitionRegistryDependencies {
  readonly logDirectory: LogDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where appends are timed. */
  readonly appendLatency: LatencyHistogram;
}

export interface PartitionTotals {
  /** Partitions that this broker leads. */
  readonly led: number;
  /** Partitions that this broker keeps and cannot serve. */
  readonly offline: number;
  /** Fetches that wait for something to read. */
  readonly parkedFetches: number;
  /** Bytes in the segments of open logs. */
  readonly logSizeBytes: number;
  /** Records that wait for their write. */
  readonly unwrittenRecords: number;
  /** Records that a power loss would take, written or not. */
  readonly unflushedRecords: number;
}

export class PartitionRegistry implements LedPartitions {
  readonly #brokerId: BrokerId;
  readonly #dependencies: PartitionRegistryDependencies;
  readonly #opens = new ConcurrencyLimit(logOpensMax);
  readonly #topics = new Map<string, TopicSlots>();
  /** Slots whose files are being removed. */
  readonly #leaving = new Set<PartitionSlot>();
  readonly #led = new Map<PartitionRuntime, LeaderEpoch>();
  readonly #listeners = new Set<LeadershipListener>();
  #image: ClusterImage | undefined;
  #brokerEpoch: number | undefined;
  #closeError: SluiceError | undefined;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: PartitionRegistryDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
    dependencies.logDirectory.onRoom = () => {
      for (const slot of this.#allSlots()) slot.retry();
    };
  }

  /**
   * Makes of all partitions what the image says. Leadership that it ends has ended when this returns; what it begins, begins
   * later (`settled`).
   * @param brokerEpoch registration of this broker: it leads under no other
   */
  apply(image: ClusterImage, brokerEpoch: number): void {
    if (this.#closeError !== undefined) return;
    const before = this.#image;
    const isNewLife = this.#brokerEpoch !== brokerEpoch;
    this.#image = image;
    this.#brokerEpoch = brokerEpoch;
    // In a new life all roles are new, whatever the image has changed.
    const names = changedKeys<string, TopicImage>(before?.topics ?? new Map(), image.topics);
    for (const name of isNewLife ? new Set([...names, ...image.topics.keys()]) : names) {
      const topic = image.topics.get(topicName(name));
      const known = this.#topics.get(name);
      if (known !== undefined && known.topicId !== topic?.id) this.#remove(name, known);
      if (topic !== undefined) this.#assign(topic);
    }
    if (before === undefined) void this.#reportStrays();
  }

  ledOrThrow(topic: string, partition: number): PartitionRuntime {
    const led = this.#topics.get(topic)?.slots[partition]?.led;
    if (led === undefined || this.#closeError !== undefined) throw this.#refusal(topic, partition);
    return led;
  }

  watchLeadership(listener: LeadershipListener): () => void {
    this.#listeners.add(listener);
    for (const [partition, leaderEpoch] of [...this.#led]) listener.onLeading(partition, leaderEpoch);
    return () => this.#listeners.delete(listener);
  }

  /** Partitions for which a change of role is being carried out. */
  get pendingCount(): number {
    let count = 0;
    for (const slot of this.#allSlots()) if (slot.isWorking) count += 1;
    return count;
  }

  /** Resolves when everything that was applied so far, of one topic or of all, has been carried out, or has failed. */
  async settled(topic?: string): Promise<void> {
    const slots = topic === undefined ? this.#allSlots() : (this.#topics.get(topic)?.slots ?? []);
    await Promise.all([...slots].flatMap((slot) => (slot === undefined ? [] : [slot.settled()])));
  }

  totals(): PartitionTotals {
    let [offline, parkedFetches, logSizeBytes, unwrittenRecords, unflushedRecords] = [0, 0, 0, 0, 0];
    for (const slot of this.#allSlots()) {
      // One that is being deleted answers nothing either, and nothing is wrong with it.
      if (slot.failure !== undefined && !this.#leaving.has(slot)) offline += 1;
      unwrittenRecords += slot.runtime?.unwrittenRecords ?? 0;
      unflushedRecords += slot.runtime?.unflushedRecords ?? 0;
      parkedFetches += slot.runtime?.parkedFetchCount ?? 0;
      logSizeBytes += slot.runtime?.logSizeBytes ?? 0;
    }
    return { led: this.#led.size, offline, parkedFetches, logSizeBytes, unwrittenRecords, unflushedRecords };
  }

  /** Refuses everything with BROKER_STOPPING and waits for what is being opened. Logs stay open for their directory to close. */
  async close(): Promise<void> {
    this.#closeError ??= new SluiceError("BROKER_STOPPING", { broker: this.#brokerId });
    for (const slot of this.#allSlots()) slot.close(this.#closeError);
    await this.settled();
  }

  *#allSlots(): Iterable<PartitionSlot> {
    for (const topic of this.#topics.values()) {
      for (const slot of topic.slots) if (slot !== undefined) yield slot;
    }
    yield* this.#leaving;
  }

  #remove(name: string, topic: TopicSlots): void {
    this.#topics.delete(name);
    for (const slot of topic.slots) {
      if (slot === undefined) continue;
      this.#leaving.add(slot);
      slot.delete();
      void slot.settled().finally(() => this.#leaving.delete(slot));
    }
  }

  #assign(topic: TopicImage): void {
    const known = this.#topics.get(topic.name) ?? { topicId: topic.id, slots: [] };
    this.#topics.set(topic.name, known);
    for (const partition of topic.partitions) {
      if (!partition.replicas.includes(this.#brokerId)) continue;
      const slot = known.slots[partition.partition] ?? this.#newSlot(topic, partition.partition);
      known.slots[partition.partition] = slot;
      slot.assign({
        leaderEpoch: partition.leaderEpoch,
        leader: partition.leader,
        isLeader: this.#isLeader(partition),
        inSyncReplicas: partition.inSyncReplicas,
        replicationFactor: topic.replicationFactor,
        config: topic.config,
      });
    }
  }

  #isLeader(partition: PartitionImage): boolean {
    return partition.leader === this.#brokerId && partition.leaderBrokerEpoch === this.#brokerEpoch;
  }

  #newSlot(topic: TopicImage, partition: number): PartitionSlot {
    const { logDirectory, clock, logger, appendLatency } = this.#dependencies;
    const { id: topicId, name } = topic;
    return new PartitionSlot(
      { brokerId: this.#brokerId, topicId, topic: name, partition },
      {
        clock,
        logger,
        appendLatency,
        leadership: {
          onLeading: (runtime, leaderEpoch) => this.#onLeading(runtime, leaderEpoch),
          onResigned: (runtime) => this.#onResigned(runtime),
        },
        openLog: (config) => this.#opens.run(() => this.#openLog(topic, partition, config)),
        deleteLog: () => logDirectory.deletePartition(topicId, partition),
      },
    );
  }

  async #openLog(topic: TopicImage, partition: number, config: TopicConfig): Promise<PartitionLog> {
    const { logDirectory, logger } = this.#dependencies;
    const { id: topicId, name, replicationFactor } = topic;
    const log = await logDirectory.openPartition({ topicId, topic: name, partition, config });
    if (logDirectory.isLossy({ topicId, partition })) {
      const { flush } = config;
      logger.warn({ topic: name, partition, flush, logEndOffset: log.logEndOffset }, "a crash may have cost records");
      // There is no other replica to lead instead, and nothing more that anybody could do about it.
      if (replicationFactor === 1) await logDirectory.clearLossy({ topicId, partition });
    }
    return log;
  }

  #onLeading(runtime: PartitionRuntime, leaderEpoch: LeaderEpoch): void {
    this.#led.set(runtime, leaderEpoch);
    for (const listener of this.#listeners) listener.onLeading(runtime, leaderEpoch);
  }

  #onResigned(runtime: PartitionRuntime): void {
    this.#led.delete(runtime);
    for (const listener of this.#listeners) listener.onResigned(runtime);
  }

  /** Why a request for that partition is not served here. */
  #refusal(topic: string, partition: number): SluiceError {
    if (this.#closeError !== undefined) return this.#closeError;
    // What there is, is not known yet.
    if (this.#image === undefined) return new SluiceError("LEADER_NOT_AVAILABLE", { topic, partition });
    const image = this.#image.topics.get(topicName(topic));
    if (image === undefined) return new SluiceError("UNKNOWN_TOPIC", { topic });
    const leader = image.partitions[partition]?.leader;
    if (image.partitions[partition] === undefined) return new SluiceError("UNKNOWN_PARTITION", { topic, partition });
    if (leader === undefined) return new SluiceError("LEADER_NOT_AVAILABLE", { topic, partition });
    if (leader !== this.#brokerId)
      return new SluiceError("NOT_LEADER", { topic, partition, broker: this.#brokerId, leader });
    // Elected, and not open yet, or elected in an earlier life, or out of order.
    const failure = this.#topics.get(topic)?.slots[partition]?.failure;
    return failure ?? new SluiceError("LEADER_NOT_AVAILABLE", { topic, partition });
  }

  /** Never rejects. */
  async #reportStrays(): Promise<void> {
    const { logDirectory, logger } = this.#dependencies;
    try {
      for (const { topicId, topic, partition } of await logDirectory.partitions()) {
        // By the newest image: a topic may have come meanwhile.
        if (this.#image?.topicsById.has(topicId) === true) continue;
        logger.warn({ topicId, topic, partition }, "partition on disk belongs to no topic: left as it is");
      }
    } catch (error) {
      logger.warn({ err: error }, "partitions on disk could not be listed");
    }
  }
}
