/**
 * The followers of one partition, as its leader serves them: their senders, where they are, and the records that they are sent.
 *
 * What a follower says goes to the state machine, which decides; what it decided comes back here as an effect and goes to the sender
 * of that follower. A follower may ask before this broker leads, or after: then it is refused, or what it said is held until the
 * next change of role. There is one sender a follower, the one of its newest stream; what still comes on an older one is dropped.
 *
 * Records are sent as soon as they are written here, flushed or not, from memory where they were placed a moment ago.
 */

import type { PartitionLog } from "@sluice/log";
import { type BrokerId, type LeaderEpoch, type Offset, offset, type TopicId } from "@sluice/model";
import { batchesIn, batchLastOffset } from "@sluice/record";
import type { PartitionEffect, PartitionEvent, ReplicaStanding } from "@sluice/replication";
import type { ReplicaPosition, ReplicaSender, ReplicatedPartition } from "../replication/replica-access.js";
import { epochEndUpTo } from "./epoch-end.js";
import { noRecords } from "./fetch-waiters.js";
import { RecentBatches, type RecentBytesBudget } from "./recent-batches.js";

type EffectOf<Type extends PartitionEffect["type"]> = Extract<PartitionEffect, { readonly type: Type }>;

/** Effects that are about one follower. */
export type FollowerEffect = EffectOf<"sendRecords" | "sendDivergence" | "refuseReplica" | "holdReplica">;

interface Follower {
  readonly sender: ReplicaSender;
  /** What it said last. */
  position: ReplicaPosition;
  /** It waits for the next change of role here. */
  isHeld: boolean;
  /** Its log agrees with this one up to its position. */
  isServed: boolean;
}

export interface PartitionFollowersDependencies {
  readonly log: PartitionLog;
  readonly recentBytes: RecentBytesBudget;
  post(event: PartitionEvent): void;
  standingOf(replica: number): ReplicaStanding;
  /** Epoch in which this broker is about to lead; undefined: in none. */
  pendingEpoch(): LeaderEpoch | undefined;
  /** As far as this broker knows it, whatever its role. */
  highWatermark(): Offset;
}

export class PartitionFollowers implements ReplicatedPartition {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly #dependencies: PartitionFollowersDependencies;
  readonly #log: PartitionLog;
  readonly #recent: RecentBatches;
  readonly #followers = new Map<number, Follower>();
  /** Of streams that a newer one has replaced. */
  readonly #replaced = new WeakSet<ReplicaSender>();
  /** Up to where followers were told, in this epoch, that there is something to read. */
  #toldOffset = -1;

  constructor(
    name: { readonly topicId: TopicId; readonly partition: number },
    dependencies: PartitionFollowersDependencies,
  ) {
    this.topicId = name.topicId;
    this.partition = name.partition;
    this.#dependencies = dependencies;
    this.#log = dependencies.log;
    this.#recent = new RecentBatches(dependencies.recentBytes);
  }

  get marks(): { readonly highWatermark: Offset; readonly logStartOffset: Offset } {
    return { highWatermark: this.#dependencies.highWatermark(), logStartOffset: this.#log.logStartOffset };
  }

  trafficOf(replica: BrokerId): ReplicaStanding {
    return this.#dependencies.standingOf(replica);
  }

  onReplicaFetched(sender: ReplicaSender, position: ReplicaPosition): void {
    if (this.#replaced.has(sender)) return;
    const { replica } = sender.follower;
    let follower = this.#followers.get(replica);
    if (follower?.sender === sender) {
      // What was asked for and has no answer yet is still wanted, from where the follower is now.
      const isRestart = position.isRestart || (follower.isHeld && follower.position.isRestart);
      follower.position = isRestart === position.isRestart ? position : { ...position, isRestart };
      follower.isServed &&= !isRestart;
    } else {
      if (follower !== undefined) this.#replace(follower.sender);
      follower = { sender, position, isHeld: false, isServed: false };
      this.#followers.set(replica, follower);
    }
    this.#postPosition(follower);
    this.#dropRecent();
  }

  onSenderClosed(sender: ReplicaSender, leaderEpoch?: LeaderEpoch): void {
    const { replica } = sender.follower;
    if (this.#followers.get(replica)?.sender === sender) this.#followers.delete(replica);
    if (this.#followers.size === 0) this.#recent.clear();
    if (leaderEpoch !== undefined) this.#dependencies.post({ type: "epochHeard", leaderEpoch });
  }

  readForReplica(fromOffset: Offset, sizeBytesMax: number): ReturnType<ReplicatedPartition["readForReplica"]> {
    const upToOffset = this.#log.writtenOffset;
    if (fromOffset >= upToOffset) return { records: noRecords, nextOffset: fromOffset };
    const limits = { upToOffset, sizeBytesMax };
    return this.#recent.read(fromOffset, limits) ?? this.#readFile(fromOffset, limits);
  }

  run(effect: FollowerEffect): void {
    // It has gone meanwhile.
    const follower = this.#followers.get(effect.replica);
    if (follower === undefined) return;
    switch (effect.type) {
      case "sendRecords":
        follower.isServed = true;
        follower.sender.sendRecords(effect.leaderEpoch, effect.fromOffset);
        break;
      case "sendDivergence":
        follower.sender.sendDivergence(effect.leaderEpoch, effect.epochEnd);
        break;
      case "refuseReplica":
        follower.sender.refuse(effect.leaderEpoch, effect.error, effect.copyStartOffset);
        break;
      case "holdReplica":
        follower.isHeld = true;
        break;
    }
  }

  /** The role here is another one: what was held is asked again. */
  roleChanged(): void {
    for (const follower of [...this.#followers.values()]) {
      if (follower.isHeld) this.#postPosition(follower);
    }
  }

  /** This broker leads no longer: nothing more is sent in that epoch. */
  leadershipEnded(): void {
    for (const follower of this.#followers.values()) {
      follower.isServed = false;
      follower.sender.stop();
    }
    this.#recent.clear();
    // The log may be cut before the next epoch.
    this.#toldOffset = -1;
  }

  /** A batch was placed behind the last one. */
  placed(batch: Buffer, baseOffset: Offset, endOffset: Offset): void {
    if (this.#followers.size > 0) this.#recent.placed(batch, baseOffset, endOffset);
  }

  /** What was placed from there on was never written. */
  takenBack(fromOffset: Offset): void {
    this.#recent.takenBack(fromOffset);
  }

  /** This leader's log is written up to there. */
  written(writtenOffset: Offset): void {
    if (writtenOffset === this.#toldOffset) return;
    this.#toldOffset = writtenOffset;
    for (const { sender } of this.#followers.values()) sender.recordsPlaced();
  }

  /** The high watermark of this leader, or its log start, has moved. */
  marksMoved(): void {
    for (const { sender } of this.#followers.values()) sender.marksMoved();
  }

  /** How many followers have said that they have this leader's log up to there on their disks. */
  flushedCount(endOffset: number): number {
    let count = 0;
    for (const { position, isServed } of this.#followers.values()) {
      if (isServed && position.flushedOffset >= endOffset) count += 1;
    }
    return count;
  }

  #postPosition(follower: Follower): void {
    const { sender, position } = follower;
    follower.isHeld = false;
    // It comes early: the log is still being settled.
    if (position.leaderEpoch === this.#dependencies.pendingEpoch()) {
      follower.isHeld = true;
      return;
    }
    const { fetchOffset, flushedOffset, lastFetchedEpoch, isRestart, isFull = false } = position;
    const log = this.#log;
    const event = {
      type: "replicaFetched",
      ...sender.follower,
      leaderEpoch: position.leaderEpoch,
      fetchOffset,
      lastFetchedEpoch,
      epochEnd: isRestart && lastFetchedEpoch !== undefined ? epochEndUpTo(log, lastFetchedEpoch) : undefined,
      ackedOffset: log.config.flush === "always" ? flushedOffset : fetchOffset,
      isRestart,
      isFull,
    } as const;
    const { tombstonesDroppedTo } = log;
    // Compaction may also overtake a follower that is being sent records.
    const hasDropped = tombstonesDroppedTo >= 0;
    this.#dependencies.post(hasDropped ? { ...event, droppedTombstonesEnd: offset(tombstonesDroppedTo + 1) } : event);
  }

  #replace(sender: ReplicaSender): void {
    this.#replaced.add(sender);
    sender.stop();
  }

  /** Forgets the batches that every in-sync follower has. */
  #dropRecent(): void {
    let offsetOfAll = Number.POSITIVE_INFINITY;
    for (const { sender, position } of this.#followers.values()) {
      if (this.trafficOf(sender.follower.replica) === "inSync")
        offsetOfAll = Math.min(offsetOfAll, position.fetchOffset);
    }
    this.#recent.dropBelow(offsetOfAll);
  }

  async #readFile(
    fromOffset: Offset,
    limits: { readonly upToOffset: Offset; readonly sizeBytesMax: number },
  ): Promise<{ readonly records: Buffer; readonly nextOffset: Offset }> {
    const records = await this.#log.read(fromOffset, limits);
    let nextOffset: number = fromOffset;
    for (const batch of batchesIn(records)) nextOffset = batchLastOffset(batch) + 1;
    return { records, nextOffset: offset(nextOffset) };
  }
}
