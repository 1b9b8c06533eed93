/**
 * What the leader of a partition decides about its replicas, in one leader epoch: who is sent what, who is in sync, and up to where
 * everything is committed.
 *
 * The high watermark is the least that the maximal in-sync replicas acknowledged, this broker among them, and stands while the gate
 * of `InSyncReplicas.mayCommit` is closed. What a follower says counts once its log was found to agree with this one, in this
 * epoch (P4), by its newest life (P10).
 *
 * A follower joins the in-sync replicas when it has all below the high watermark and below the start of this epoch (P5): an earlier leader may
 * have committed up to there. It leaves at once when its process is gone or its disk is full: waiting would bring nothing. It leaves also
 * when it has lagged too long; then it returns only after it has reached the offset that it was behind. Time in which this broker itself did not run is nobody's lag. At most one change
 * is under way.
 *
 * A follower that has not seen tombstones which compaction has dropped here may hold what they deleted: it begins again from the log start.
 */

import { invariant, type Offset, type SluiceError } from "@sluice/model";
import { FollowerProgress } from "./follower-progress.js";
import { HighWatermark } from "./high-watermark.js";
import { type AddedReplica, InSyncReplicas } from "./in-sync-replicas.js";
import type { LedLog } from "./led-log.js";
import { compareWithLeader } from "./log-divergence.js";
import type { PartitionEffect } from "./partition-effect.js";
import { type PartitionErrors, staleBrokerEpoch } from "./partition-errors.js";
import type { EpochEnd, PartitionEvent, PartitionIdentity } from "./partition-event.js";
import { planElectableReplicas } from "./replica-set-arithmetic.js";

type EventOf<Type extends PartitionEvent["type"]> = Extract<PartitionEvent, { readonly type: Type }>;

/** Of the time between two looks at the lags, so much counts at most: with more, this broker itself stood still. */
const lagCheckGapMsMax = 1000;

/** In sync, being added by a move of replicas, or behind. */
export type ReplicaStanding = "inSync" | "reassignment" | "catchUp";

export interface LeaderReplicasDependencies {
  readonly log: LedLog;
  readonly errors: PartitionErrors;
}

export class LeaderReplicas {
  readonly #broker: number;
  readonly #log: LedLog;
  readonly #errors: PartitionErrors;
  readonly #inSync: InSyncReplicas;
  readonly #highWatermark: HighWatermark;
  readonly #followers = new Map<number, FollowerProgress>();
  readonly #lagMsMax: number;
  /** What this broker itself acknowledges. */
  #ackedOffset: Offset;
  /** When lags were looked at last. */
  #checkedAtMs: number;
  /** For how long this broker has led, as far as it ran. */
  #ranMs = 0;

  constructor(identity: PartitionIdentity, event: EventOf<"becomeLeader">, dependencies: LeaderReplicasDependencies) {
    this.#broker = identity.broker;
    this.#log = dependencies.log;
    this.#errors = dependencies.errors;
    this.#lagMsMax = event.replicaLagMsMax;
    this.#checkedAtMs = event.nowMs;
    this.#ackedOffset = event.ackedOffset;
    this.#inSync = new InSyncReplicas({
      leader: identity.broker,
      replicaSets: event.replicaSets,
      membersMin: event.inSyncReplicasMin,
    });
    const knownCommitted = event.highWatermark > event.logStartOffset ? event.highWatermark : event.logStartOffset;
    // A log that has lost its end knows of more than it has.
    const lowerBound = knownCommitted < event.logEndOffset ? knownCommitted : event.logEndOffset;
    this.#highWatermark = new HighWatermark(lowerBound, event.logEndOffset);
    this.#beginLags();
    this.maybeAdvance();
  }

  get highWatermark(): Offset {
    return this.#highWatermark.value;
  }

  /** Whether the high watermark is known, and not only a lower bound of it. */
  get isHighWatermarkExact(): boolean {
    return this.#highWatermark.isExact;
  }

  /** Why acks=all is not taken now: nothing that is appended could be committed. Undefined: it is taken. */
  get appendRefusal(): SluiceError | undefined {
    if (this.#inSync.hasEnough) return undefined;
    return this.#errors.notEnoughReplicas(this.#inSync.confirmed.inSyncReplicas.length, this.#inSync.membersMin);
  }

  /** The other maximal in-sync replicas; undefined while one of them is not being served in this epoch. */
  get followersInSync(): readonly number[] | undefined {
    const others = this.#inSync.maximal.filter((replica) => replica !== this.#broker);
    return others.every((replica) => this.#followers.get(replica)?.isServed) ? others : undefined;
  }

  /** Whether the store is known to hold that replica as in sync. */
  isConfirmed(replica: number): boolean {
    return this.#inSync.confirmed.inSyncReplicas.includes(replica);
  }

  /** How many of the maximal in-sync replicas have the log up to that offset (exclusive). */
  countWith(endOffset: Offset): number {
    let count = 0;
    for (const replica of this.#inSync.maximal) if ((this.#ackedBy(replica) ?? -1) >= endOffset) count += 1;
    return count;
  }

  /** Whether that confirmed in-sync replica has everything that is placed here. */
  hasEverything(replica: number): boolean {
    return this.isConfirmed(replica) && (this.#ackedBy(replica) ?? -1) >= this.#log.placedOffset;
  }

  standingOf(replica: number): ReplicaStanding {
    if (this.#inSync.maximal.includes(replica)) return "inSync";
    return this.#inSync.confirmed.addingReplicas.includes(replica) ? "reassignment" : "catchUp";
  }

  /** Moves the high watermark as far as the replicas allow. True if it moved. */
  maybeAdvance(): boolean {
    return this.#inSync.mayCommit && this.#highWatermark.maybeAdvance(this.#ackedByAll());
  }

  /** This broker's own log is acknowledged up to there. What it acknowledged before stays so. */
  acknowledged(ackedOffset: Offset): void {
    if (ackedOffset > this.#ackedOffset) this.#ackedOffset = ackedOffset;
  }

  setMembersMin(membersMin: number): void {
    this.#inSync.setMembersMin(membersMin);
  }

  replicaSetsChanged(event: EventOf<"replicaSetsChanged">): void {
    this.#inSync.changed(event.replicaSets);
  }

  replicaSetsTaken(event: EventOf<"replicaSetsTaken">): void {
    this.#inSync.taken(event.replicaSets);
  }

  replicaSetsRefused(event: EventOf<"replicaSetsRefused">): void {
    this.#inSync.refused(event.version);
  }

  replicaGone({ replica, brokerEpoch }: EventOf<"replicaGone">): PartitionEffect[] {
    const follower = this.#followers.get(replica);
    if (follower === undefined || brokerEpoch < follower.brokerEpoch) return [];
    const wasServed = follower.isServed;
    follower.leave(brokerEpoch);
    // Should it live after all, it asks again, and is looked at anew: an idle one would say nothing otherwise.
    return wasServed ? [this.#refuse(replica, this.#errors.leaderNotAvailable())] : [];
  }

  lagChecked(event: EventOf<"lagChecked">): void {
    // What followers said while this broker stood still has not been heard yet.
    this.#ranMs += Math.min(event.nowMs - this.#checkedAtMs, lagCheckGapMsMax);
    this.#checkedAtMs = event.nowMs;
    this.#inSync.forgetRefusal();
    this.#beginLags();
  }

  /** The epoch of the event is this one, or older. */
  replicaFetched(event: EventOf<"replicaFetched">): PartitionEffect[] {
    const { replica } = event;
    if (event.leaderEpoch < this.#log.leaderEpoch) {
      return [this.#refuse(replica, this.#errors.otherEpoch(event.leaderEpoch, this.#log.leaderEpoch))];
    }
    invariant(replica !== this.#broker, "a leader follows itself");
    const follower = this.#followerOf(replica);
    if (event.brokerEpoch < follower.brokerEpoch) {
      return [this.#refuse(replica, staleBrokerEpoch(replica, event.brokerEpoch, follower.brokerEpoch))];
    }
    follower.enterLife(event.brokerEpoch);
    follower.setFull(event.isFull === true);
    // What was said before the answer to its last question had come: it will ask again.
    if (!event.isRestart && !follower.isServed) return [];
    return this.#answer(follower, event);
  }

  /** The change that is due, if one may be asked for now. */
  maybePropose(): PartitionEffect[] {
    if (!this.#inSync.mayPropose) return [];
    const { confirmed } = this.#inSync;
    const staying = confirmed.inSyncReplicas.filter((replica) => !this.#mustLeave(replica));
    const added = this.#joining();
    const members = [...staying, ...added.map(({ replica }) => replica)];
    const planned = planElectableReplicas(confirmed, members, this.#inSync.membersMin);
    if (planned === undefined) return [];
    const proposal = { version: confirmed.version, ...planned, added };
    this.#inSync.propose(proposal);
    return [{ type: "changeReplicaSets", leaderEpoch: this.#log.leaderEpoch, ...proposal }];
  }

  #answer(follower: FollowerProgress, event: EventOf<"replicaFetched">): PartitionEffect[] {
    const { replica, fetchOffset } = event;
    const comparison = event.isRestart ? this.#compare(event) : this.#checkProgress(event);
    if (comparison.type === "diverge") {
      follower.interrupt();
      return [this.#sendDivergence(replica, comparison.epochEnd)];
    }
    if (comparison.type === "outOfRange" || this.#hasMissedTombstones(follower, event)) {
      follower.interrupt();
      const error = this.#errors.outOfRange(fetchOffset, this.#log.logStartOffset, this.highWatermark);
      return [this.#refuse(replica, error, this.#copyStart(event))];
    }
    follower.serve();
    follower.acknowledge(event.ackedOffset < fetchOffset ? event.ackedOffset : fetchOffset);
    if (!event.isRestart) return [];
    return [{ type: "sendRecords", replica, leaderEpoch: this.#log.leaderEpoch, fromOffset: fetchOffset }];
  }

  #compare(event: EventOf<"replicaFetched">): ReturnType<typeof compareWithLeader> {
    const { fetchOffset: endOffset, lastFetchedEpoch: lastEpoch, epochEnd } = event;
    const { leaderEpoch, placedOffset: logEndOffset } = this.#log;
    const copyStartOffset = this.#copyStart(event);
    return compareWithLeader({ endOffset, lastEpoch }, { leaderEpoch, copyStartOffset, logEndOffset }, epochEnd);
  }

  /** What a replica that is being served got from here agrees; more than that cannot be. */
  #checkProgress({ fetchOffset }: EventOf<"replicaFetched">): ReturnType<typeof compareWithLeader> {
    const { leaderEpoch: epoch, placedOffset: endOffset } = this.#log;
    return fetchOffset > endOffset ? { type: "diverge", epochEnd: { epoch, endOffset } } : { type: "agree" };
  }

  /** Who may be elected has everything that is committed, and so every tombstone: only those below the high watermark are dropped. */
  #hasMissedTombstones(follower: FollowerProgress, event: EventOf<"replicaFetched">): boolean {
    const droppedEnd = event.droppedTombstonesEnd ?? 0;
    const isAtStart = event.lastFetchedEpoch === undefined && event.fetchOffset === this.#copyStart(event);
    if (event.isRestart && isAtStart) follower.beginCopy(droppedEnd);
    if (event.fetchOffset >= droppedEnd || (follower.copiedBesides ?? -1) >= droppedEnd) return false;
    return (
      !this.#inSync.maximal.includes(event.replica) &&
      !this.#inSync.confirmed.eligibleLeaderReplicas.includes(event.replica)
    );
  }

  #joining(): AddedReplica[] {
    const { inSyncReplicas, replicas } = this.#inSync.confirmed;
    const added: AddedReplica[] = [];
    for (const follower of this.#followers.values()) {
      const { replica, brokerEpoch } = follower;
      const isCandidate = replicas.includes(replica) && !inSyncReplicas.includes(replica);
      if (isCandidate && this.#mayJoin(follower)) added.push({ replica, brokerEpoch });
    }
    return added;
  }

  #mayJoin(follower: FollowerProgress): boolean {
    const { ackedOffset } = follower;
    if (ackedOffset === undefined || follower.isGone || follower.isFull || follower.isLagging) return false;
    return ackedOffset >= this.highWatermark && ackedOffset >= this.#log.epochStartOffset;
  }

  #mustLeave(replica: number): boolean {
    const follower = this.#followers.get(replica);
    if (follower === undefined) return false;
    return follower.isGone || follower.isFull || follower.hasLaggedFor(this.#lagMsMax, this.#ranMs);
  }

  /** Who is in sync and behind begins to lag now, if it does not already. */
  #beginLags(): void {
    for (const replica of this.#inSync.confirmed.inSyncReplicas) {
      if (replica !== this.#broker) this.#followerOf(replica).maybeBeginLag(this.#log.placedOffset, this.#ranMs);
    }
  }

  #ackedByAll(): Offset | undefined {
    let lowest: Offset | undefined;
    // This broker is one of them.
    for (const replica of this.#inSync.maximal) {
      const acked = this.#ackedBy(replica);
      if (acked === undefined) return undefined;
      if (lowest === undefined || acked < lowest) lowest = acked;
    }
    return lowest;
  }

  #ackedBy(replica: number): Offset | undefined {
    return replica === this.#broker ? this.#ackedOffset : this.#followers.get(replica)?.ackedOffset;
  }

  #followerOf(replica: number): FollowerProgress {
    let follower = this.#followers.get(replica);
    if (follower === undefined) {
      follower = new FollowerProgress(replica);
      this.#followers.set(replica, follower);
    }
    return follower;
  }

  #copyStart(event: EventOf<"replicaFetched">): Offset {
    return event.copyStartOffset ?? this.#log.logStartOffset;
  }

  #refuse(replica: number, error: SluiceError, copyStartOffset?: Offset): PartitionEffect {
    return { type: "refuseReplica", replica, leaderEpoch: this.#log.leaderEpoch, error, copyStartOffset };
  }

  #sendDivergence(replica: number, epochEnd: EpochEnd): PartitionEffect {
    return { type: "sendDivergence", replica, leaderEpoch: this.#log.leaderEpoch, epochEnd };
  }
}
