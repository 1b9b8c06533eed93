/**
 * All partitions that this broker keeps: makes of them what the cluster image says, and finds the one that a request or another
 * broker names.
 *
 * Images are applied in the order of their revisions. Logs are opened when an image first says that this broker keeps a replica, so
 * many at a time. A replica that a newer image does not give to this broker has no role any more from then on. Its files are removed at
 * once where they are proven to be of no use, and are only closed elsewhere: an image that came from an old backup must never cost
 * records (`stray-replicas` of the cluster). For that same reason, what lies on disk and was never assigned in this life is not touched.
 */

import {
  type ClusterImage,
  changedKeys,
  inSyncReplicasMinOf,
  judgeReplica,
  type LossyReplica,
  type PartitionImage,
  type TopicImage,
} from "@sluice/cluster";
import type { LogDirectory, PartitionLog } from "@sluice/log";
import {
  type BrokerId,
  brokerId,
  type Clock,
  type LeaderEpoch,
  SluiceError,
  type Timer,
  type TopicConfig,
  type TopicId,
  type TopicName,
  topicName,
} from "@sluice/model";
import type { LatencyHistogram } from "../broker-counters.js";
import type { Logger } from "../logging.js";
import type {
  DescribedReplicas,
  ReplicaDescription,
  ReplicaName,
  ReplicatedPartition,
  ReplicatedPartitions,
} from "../replication/replica-access.js";
import { ConcurrencyLimit } from "./concurrency-limit.js";
import { EndedLives, endedRegistrations } from "./ended-lives.js";
import type { LeadershipListener, LedPartitions } from "./partition-access.js";
import type { PartitionRuntime } from "./partition-runtime.js";
import { PartitionSlot } from "./partition-slot.js";
import { RecentBytesBudget } from "./recent-batches.js";
import { ReplicaRemovals } from "./replica-removals.js";
import type { ReplicationPorts } from "./replication-ports.js";

/** Logs that are opened or recovered at one time. */
const logOpensMax = 32;
/** Memory for batches that followers are about to be sent, of all partitions. */
const recentBytesMax = 64 * 1024 * 1024;
/** How often all replicated partitions look for followers that lag, and ask again for what was refused. */
const lagCheckIntervalMs = 500;

interface TopicSlots {
  readonly topicId: TopicId;
  readonly name: TopicName;
  /** Index = partition; a hole where this broker keeps no replica. */
  readonly slots: (PartitionSlot | undefined)[];
  /** What each was assigned last, at the same index. */
  readonly images: (PartitionImage | undefined)[];
}

export interface PartitionRegistryOptions {
  readonly brokerId: BrokerId;
  /** A follower that has not caught up for so long leaves the in-sync replicas. */
  readonly replicaLagMsMax: number;
}

export interface PartitionRegistryDependencies {
  readonly logDirectory: LogDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where appends are timed. */
  readonly appendLatency: LatencyHistogram;
  readonly replication: ReplicationPorts;
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

/** A replica here that serves nothing. */
export interface OfflineReplica {
  readonly topic: TopicName;
  readonly partition: number;
  readonly failure: SluiceError;
  /** The partition has others. */
  readonly isReplicated: boolean;
}

export class PartitionRegistry implements LedPartitions, ReplicatedPartitions, DescribedReplicas {
  /** Called when a replica here has failed, as `failedReplicas` tells it. */
  onReplicaFailed: () => void = () => {};
  /** Called when an image takes a replica away. Its files may be left over: `removeStray`. */
  onReplicaTaken: () => void = () => {};
  readonly #brokerId: BrokerId;
  readonly #replicaLagMsMax: number;
  readonly #dependencies: PartitionRegistryDependencies;
  readonly #opens = new ConcurrencyLimit(logOpensMax);
  readonly #topics = new Map<string, TopicSlots>();
  readonly #topicsById = new Map<TopicId, TopicSlots>();
  readonly #recentBytes = new RecentBytesBudget(recentBytesMax);
  readonly #removals = new ReplicaRemovals();
  readonly #led = new Map<PartitionRuntime, LeaderEpoch>();
  readonly #listeners = new Set<LeadershipListener>();
  readonly #openedListeners: ((name: ReplicaName) => void)[] = [];
  readonly #endedLives = new EndedLives();
  #image: ClusterImage | undefined;
  #brokerEpoch: number | undefined;
  #takesRoles = true;
  #closeError: SluiceError | undefined;
  /** Runs while there is a partition with followers, or one that follows. */
  #lagTimer: Timer | undefined;

  constructor(options: PartitionRegistryOptions, dependencies: PartitionRegistryDependencies) {
    this.#brokerId = options.brokerId;
    this.#replicaLagMsMax = options.replicaLagMsMax;
    this.#dependencies = dependencies;
    dependencies.logDirectory.onRoom = () => {
      for (const slot of this.#allSlots()) slot.retry();
    };
  }

  /**
   * Makes of all partitions what the image says. Leadership that it ends has ended when this returns; what it begins, begins
   * later (`settled`).
   * @param brokerEpoch registration of this broker: it leads under no other
   * @param takesRoles false: it neither leads nor follows, whatever the image says
   */
  apply(image: ClusterImage, brokerEpoch: number, takesRoles = true): void {
    if (this.#closeError !== undefined) return;
    const before = this.#image;
    const isNewLife = this.#brokerEpoch !== brokerEpoch || this.#takesRoles !== takesRoles;
    this.#takesRoles = takesRoles;
    this.#image = image;
    this.#brokerEpoch = brokerEpoch;
    // In a new life all roles are new, whatever the image has changed.
    const names = changedKeys<string, TopicImage>(before?.topics ?? new Map(), image.topics);
    for (const name of isNewLife ? new Set([...names, ...image.topics.keys()]) : names) {
      const topic = image.topics.get(topicName(name));
      const known = this.#topics.get(name);
      if (known !== undefined && known.topicId !== topic?.id) this.#removeTopic(known);
      if (topic !== undefined) this.#assign(topic, before?.topicsById.get(topic.id), isNewLife);
    }
    if (before !== undefined && before.brokers !== image.brokers) {
      for (const life of endedRegistrations(before.brokers, image.brokers)) this.replicaGone(life.id, life.brokerEpoch);
    }
  }

  ledOrThrow(topic: string, partition: number): PartitionRuntime {
    const led = this.#topics.get(topic)?.slots[partition]?.led;
    if (led === undefined || this.#closeError !== undefined) throw this.#refusal(topic, partition);
    return led;
  }

  /**
   * Resolves when this broker leads that partition, which it was elected for, or has failed to; never rejects. Undefined: it is not about
   * to lead it, or has its log still to open.
   */
  takingLead(topic: string, partition: number): Promise<void> | undefined {
    return this.#topics.get(topic)?.slots[partition]?.takingLead;
  }

  replicatedOrThrow({ topicId, partition }: ReplicaName): ReplicatedPartition {
    const topic = this.#topicsById.get(topicId);
    const slot = topic?.slots[partition];
    const runtime = slot?.runtime;
    if (runtime?.failure !== undefined) throw runtime.failure;
    if (runtime !== undefined && this.#closeError === undefined) return runtime.replication.followers;
    // Its image may be on the way, or its log is being opened: whom it follows then is not known now.
    if (topic === undefined || (slot !== undefined && slot.failure === undefined))
      throw this.#closeError ?? new SluiceError("LEADER_NOT_AVAILABLE", { topic: topic?.name ?? topicId, partition });
    throw this.#refusal(topic.name, partition);
  }

  watchOpened(listener: (name: ReplicaName) => void): void {
    this.#openedListeners.push(listener);
  }

  *describeReplicas(): Iterable<ReplicaDescription> {
    for (const slot of this.#allSlots()) if (slot.runtime !== undefined) yield slot.runtime.description;
  }

  describeReplica({ topicId, partition }: ReplicaName): ReplicaDescription | undefined {
    return this.#topicsById.get(topicId)?.slots[partition]?.runtime?.description;
  }

  /** The partition, where this broker leads it now. */
  handed(topicId: TopicId, partition: number): PartitionRuntime | undefined {
    return this.#topicsById.get(topicId)?.slots[partition]?.led;
  }

  /** All partitions that this broker leads now. */
  allHanded(): PartitionRuntime[] {
    return [...this.#allSlots()].flatMap((slot) => slot.led ?? []);
  }

  /** That life of that broker is over, or about to be: it leaves the in-sync replicas of what is led here. */
  replicaGone(replica: BrokerId, brokerEpoch: number): void {
    this.#endedLives.gone(replica, brokerEpoch);
    for (const { replication } of this.allHanded()) replication.roles.replicaGone(replica, brokerEpoch);
  }

  /**
   * Replicas here that may have lost records, and those that could not be opened, when everything that was applied so far has been
   * carried out. The cluster may still count on them.
   */
  async lossyReplicas(): Promise<LossyReplica[]> {
    await this.settled();
    const lossy: LossyReplica[] = [];
    for (const { topicId, slots } of this.#topics.values()) {
      for (const [partition, slot] of slots.entries()) {
        // Of one that is alone, there is nobody else to count on.
        if (slot === undefined || !slot.isReplicated) continue;
        const isLost = slot.failure !== undefined || this.#dependencies.logDirectory.isLossy({ topicId, partition });
        if (isLost) lossy.push({ topicId, partition });
      }
    }
    return lossy;
  }

  /** Replicas here that can neither lead nor follow before the next start, and that are not the only ones. */
  failedReplicas(): LossyReplica[] {
    const failed: LossyReplica[] = [];
    for (const { topicId, slots } of this.#topics.values()) {
      for (const [partition, slot] of slots.entries()) {
        if (slot?.isReplicated && slot.breakdown !== undefined) failed.push({ topicId, partition });
      }
    }
    return failed;
  }

  /** Replicas here that serve nothing, those aside that are being removed. */
  offlineReplicas(): OfflineReplica[] {
    return [...this.#topics.values()].flatMap(({ name, slots }) =>
      slots.flatMap((slot, partition) => {
        if (slot?.failure === undefined) return [];
        return { topic: name, partition, failure: slot.failure, isReplicated: slot.isReplicated };
      }),
    );
  }

  /** The cluster counts on none of these any more. @throws SluiceError DISK_FULL, DISK_FAILED */
  async clearLossy(lossy: readonly LossyReplica[]): Promise<void> {
    const { logDirectory } = this.#dependencies;
    await Promise.all(lossy.map((name) => logDirectory.clearLossy(name)));
    await logDirectory.clearMissing();
  }

  /**
   * Removes a replica that the image does not give to this broker, and that lies on its disk all the same. Nothing happens where the
   * newest image gives it to it.
   * @throws SluiceError DISK_FULL, DISK_FAILED
   */
  async removeStray({ topicId, partition }: ReplicaName): Promise<void> {
    const name = replicaText(topicId, partition);
    const isInUse = this.#topicsById.get(topicId)?.slots[partition] !== undefined;
    if (this.#closeError !== undefined || isInUse || this.#removals.isUnderWay(name)) return;
    await this.#removals.removeStray(name, () => this.#dependencies.logDirectory.deletePartition(topicId, partition));
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
    const offline = this.offlineReplicas().length;
    let [parkedFetches, logSizeBytes, unwrittenRecords, unflushedRecords] = [0, 0, 0, 0];
    for (const slot of this.#allSlots()) {
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
    this.#lagTimer?.cancel();
    for (const slot of this.#allSlots()) slot.close(this.#closeError);
    await this.settled();
    await this.#removals.straysEnded();
  }

  *#allSlots(): Iterable<PartitionSlot> {
    for (const topic of this.#topics.values()) {
      for (const slot of topic.slots) if (slot !== undefined) yield slot;
    }
    yield* this.#removals.slots;
  }

  #removeTopic(topic: TopicSlots): void {
    this.#topics.delete(topic.name);
    this.#topicsById.delete(topic.topicId);
    for (const partition of topic.slots.keys()) this.#maybeEndReplica(topic, partition);
  }

  #assign(topic: TopicImage, before: TopicImage | undefined, isNewLife: boolean): void {
    const known = this.#topics.get(topic.name) ?? { topicId: topic.id, name: topic.name, slots: [], images: [] };
    this.#topics.set(topic.name, known);
    this.#topicsById.set(topic.id, known);
    const isSameTopic = before?.config === topic.config && !isNewLife;
    for (const image of topic.partitions) {
      const { partition } = image;
      if (isSameTopic && known.images[partition] === image) continue;
      known.images[partition] = image;
      if (image.replicas.includes(this.#brokerId)) this.#assignSlot(topic, image, known);
      else this.#maybeEndReplica(known, partition);
    }
  }

  #assignSlot(topic: TopicImage, image: PartitionImage, known: TopicSlots): void {
    const slot = known.slots[image.partition] ?? this.#newSlot(topic, image.partition);
    known.slots[image.partition] = slot;
    slot.assign({
      leaderEpoch: image.leaderEpoch,
      leader: this.#takesRoles ? image.leader : undefined,
      isLeader: this.#takesRoles && this.#isLeader(image),
      replicaSets: image,
      inSyncReplicasMin: inSyncReplicasMinOf(topic, image),
      uncleanEpoch: image.uncleanEpoch,
      config: topic.config,
    });
    if (slot.isReplicated) this.#checkLagLater();
  }

  /** The topic is gone, or a move has given the replica to another broker, where an image showed it here before. */
  #maybeEndReplica({ topicId, slots }: TopicSlots, partition: number): void {
    const slot = slots[partition];
    if (slot === undefined) return;
    slots[partition] = undefined;
    const how = this.#isOfNoUse({ topicId, partition }) ? "deleted" : "closed";
    this.#removals.endSlot(replicaText(topicId, partition), slot, how);
    this.onReplicaTaken();
  }

  /** Images may lag behind the store: what it gives back later, it counts on only after this broker has fetched it all. */
  #isOfNoUse(name: ReplicaName): boolean {
    if (this.#image === undefined || !this.#takesRoles) return false;
    const known = this.#dependencies.logDirectory.known.get(name);
    return judgeReplica(this.#image, { ...name, known }, this.#brokerId).type === "stray";
  }

  #endedLifeOf(broker: BrokerId): number | undefined {
    const { replication } = this.#dependencies;
    const isHeardFrom = (id: BrokerId): boolean => replication.isHeardFrom(id);
    return this.#image && this.#endedLives.endedLifeOf(broker, this.#image, isHeardFrom);
  }

  /** One timer for all partitions; none while no partition has another replica. */
  #checkLagLater(): void {
    this.#lagTimer ??= this.#dependencies.clock.setTimer(lagCheckIntervalMs, () => {
      this.#lagTimer = undefined;
      for (const slot of this.#allSlots()) {
        if (!slot.isReplicated) continue;
        slot.runtime?.replication.roles.checkLag();
        this.#checkLagLater();
      }
    });
  }

  #isLeader(partition: PartitionImage): boolean {
    return partition.leader === this.#brokerId && partition.leaderBrokerEpoch === this.#brokerEpoch;
  }

  #newSlot(topic: TopicImage, partition: number): PartitionSlot {
    const { logDirectory, clock, logger, appendLatency, replication: ports } = this.#dependencies;
    const { id: topicId, name } = topic;
    return new PartitionSlot(
      { brokerId: this.#brokerId, topicId, topic: name, partition, replicaLagMsMax: this.#replicaLagMsMax },
      {
        clock,
        logger,
        appendLatency,
        ports,
        recentBytes: this.#recentBytes,
        endedLifeOf: (broker) => this.#endedLifeOf(brokerId(broker)),
        onBreakdown: () => this.onReplicaFailed(),
        leadership: {
          onLeading: (runtime, leaderEpoch) => this.#onLeading(runtime, leaderEpoch),
          onResigned: (runtime) => this.#onResigned(runtime),
        },
        epochRecorded: () => logDirectory.recordKnown(),
        openLog: async (config) => {
          // It was here before, and was taken away only a moment ago.
          await this.#removals.ended(replicaText(topicId, partition));
          return this.#opens.run(() => this.#openLog(topic, partition, config));
        },
        onOpened: () => {
          for (const listener of this.#openedListeners) listener({ topicId, partition });
        },
        deleteLog: () => logDirectory.deletePartition(topicId, partition),
      },
    );
  }

  async #openLog(topic: TopicImage, partition: number, config: TopicConfig): Promise<PartitionLog> {
    const { logDirectory, logger } = this.#dependencies;
    const { id: topicId, name } = topic;
    const log = await logDirectory.openPartition({ topicId, topic: name, partition, config });
    if (logDirectory.isLossy({ topicId, partition })) {
      const { flush } = config;
      logger.warn({ topic: name, partition, flush, logEndOffset: log.logEndOffset }, "a crash may have cost records");
      // There is no other replica to lead instead, and nothing more that anybody could do about it.
      const isReplicated = this.#topicsById.get(topicId)?.slots[partition]?.isReplicated ?? true;
      if (!isReplicated) await logDirectory.clearLossy({ topicId, partition });
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
}

function replicaText(topicId: TopicId, partition: number): string {
  return `${topicId}-${partition}`;
}
