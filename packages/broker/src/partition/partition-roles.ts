/**
 * The roles of one partition on this broker: how it comes to lead or follow, and how that ends.
 *
 * A role ends at once, in the call that says so; the next one begins when nothing of the log is being written any more. It may also
 * end by itself, when a newer epoch is heard of. Whoever must know of an end is told after the event that brought it, when everything
 * that was pending has its answer.
 */

import type { PartitionLog } from "@sluice/log";
import { type Clock, type LeaderEpoch, type Offset, SluiceError } from "@sluice/model";
import type {
  PartitionEffect,
  PartitionEvent,
  PartitionIdentity,
  PartitionStateMachine,
  ReplicaSets,
} from "@sluice/replication";
import type { Logger } from "../logging.js";
import type { ReplicaName } from "../replication/replica-access.js";
import type { FollowerLog } from "./follower-log.js";
import type { PartitionFollowers } from "./partition-followers.js";
import type { ReplicationPorts } from "./replication-ports.js";

type EffectOf<Type extends PartitionEffect["type"]> = Extract<PartitionEffect, { readonly type: Type }>;

/** Effects that are about this broker's role. */
export type RoleEffect = EffectOf<"changeReplicaSets" | "readPartition" | "handoverReady" | "quarantineReplica">;

/** Who leads a partition in one epoch, as the cluster store says. */
export interface PartitionTerm {
  readonly leaderEpoch: LeaderEpoch;
  readonly leader: number | undefined;
  /** This life of this broker is the leader. */
  readonly isLeader: boolean;
  readonly replicaSets: ReplicaSets;
  /** `min.insync.replicas` of the topic, and no more than the partition has replicas. */
  readonly inSyncReplicasMin: number;
  /** Newest leader epoch that began with an unclean election. Undefined: there never was one. */
  readonly uncleanEpoch: LeaderEpoch | undefined;
}

export interface PartitionRolesOptions {
  readonly identity: PartitionIdentity;
  readonly name: ReplicaName;
  /** A follower that has not caught up for so long leaves the in-sync replicas. */
  readonly replicaLagMsMax: number;
}

export interface PartitionRolesDependencies {
  readonly log: PartitionLog;
  readonly machine: PartitionStateMachine;
  readonly followers: PartitionFollowers;
  readonly followerLog: FollowerLog;
  readonly ports: ReplicationPorts;
  readonly clock: Clock;
  readonly logger: Logger;
  post(event: PartitionEvent): void;
  /** What this replica acknowledges of its log now. */
  ackedOffset(): Offset;
  /** The life of that broker that is known to be over; undefined: it may well run. */
  endedLifeOf(broker: number): number | undefined;
  /** This broker led, and does not any more. */
  onResigned(): void;
}

export class PartitionRoles {
  readonly #options: PartitionRolesOptions;
  readonly #dependencies: PartitionRolesDependencies;
  readonly #log: PartitionLog;
  readonly #machine: PartitionStateMachine;
  /** Epoch in which this broker led when it was last looked. */
  #ledEpoch: LeaderEpoch | undefined;
  /** Epoch in which this broker was elected and does not lead yet. */
  #pendingEpoch: LeaderEpoch | undefined;
  #inSyncReplicasMin = 1;
  #onHandoverReady: ((leaderEpoch: LeaderEpoch) => void) | undefined;
  #quarantine: SluiceError | undefined;
  #onLogMoved: (() => void) | undefined;

  constructor(options: PartitionRolesOptions, dependencies: PartitionRolesDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#log = dependencies.log;
    this.#machine = dependencies.machine;
  }

  /** Epoch in which this broker was elected and does not lead yet; undefined: there is none. */
  get pendingEpoch(): LeaderEpoch | undefined {
    return this.#pendingEpoch;
  }

  /** Why this replica does not follow, until the next change of role: PARTITION_QUARANTINED. */
  get quarantine(): SluiceError | undefined {
    return this.#quarantine;
  }

  /** Why committed records are not read here now: BROKER_FENCED. Undefined: nobody else can have committed more. */
  get readRefusal(): SluiceError | undefined {
    const { ports } = this.#dependencies;
    if (ports.isWithinDeadline()) return undefined;
    const others = this.#machine.followersInSync;
    const isAlone = others?.length === 0 && this.#inSyncReplicasMin > 1;
    if (others !== undefined && !isAlone && others.every((replica) => ports.isHeardFrom(replica))) return undefined;
    return this.#fenced();
  }

  /** Why nothing is changed here that followers do not confirm: BROKER_FENCED. Undefined: it may be. */
  get changeRefusal(): SluiceError | undefined {
    return this.#dependencies.ports.isWithinDeadline() ? undefined : this.#fenced();
  }

  /** Ends the role that this broker has, in favour of what `take` begins. */
  resign({ leaderEpoch, leader }: PartitionTerm): void {
    // Also where this life is not to lead yet: it may not take part yet.
    this.#pendingEpoch = leader === this.#options.identity.broker ? leaderEpoch : undefined;
    this.#quarantine = undefined;
    this.#dependencies.post({ type: "resign", leaderEpoch, leader });
    this.#dependencies.followerLog.forget(leaderEpoch);
    if (this.#pendingEpoch === undefined) this.#dependencies.followers.roleChanged();
  }

  /** Resolves when nothing of the log is being written or changed. @throws SluiceError DISK_FAILED, CLOSED */
  async settleLog(): Promise<void> {
    await this.#dependencies.followerLog.idle();
    while (this.#log.writtenOffset < this.#log.logEndOffset) {
      if (this.#log.failure !== undefined) throw this.#log.failure;
      await new Promise<void>((resolve) => {
        this.#onLogMoved = resolve;
      });
    }
  }

  /** More of the log is written, or nothing more of what was placed will be. */
  logMoved(): void {
    this.#onLogMoved?.();
    this.#onLogMoved = undefined;
  }

  /**
   * Begins the role that this broker has in that epoch. The log is settled, and has been since the last turn.
   * @throws SluiceError STORE_RESTORED: the log knows a newer epoch than the store
   */
  take(term: PartitionTerm): void {
    if (term.leader !== undefined) this.#checkEpoch(term.leaderEpoch);
    if (term.isLeader) {
      this.#pendingEpoch = undefined;
      this.#becomeLeader(term);
    } else if (term.leader !== undefined && term.leader !== this.#options.identity.broker) {
      this.#becomeFollower(term, term.leader);
    }
    this.#dependencies.followers.roleChanged();
  }

  /** The store holds this of the epoch in which this broker leads, or another one. */
  replicaSetsChanged(leaderEpoch: LeaderEpoch, replicaSets: ReplicaSets): void {
    this.#dependencies.post({ type: "replicaSetsChanged", leaderEpoch, replicaSets });
  }

  setInSyncReplicasMin(inSyncReplicasMin: number): void {
    if (inSyncReplicasMin === this.#inSyncReplicasMin) return;
    this.#inSyncReplicasMin = inSyncReplicasMin;
    this.#dependencies.post({ type: "inSyncReplicasMinChanged", inSyncReplicasMin });
  }

  /** That life of that replica is over, or about to be. */
  replicaGone(replica: number, brokerEpoch: number): void {
    if (this.#machine.isLeader) this.#dependencies.post({ type: "replicaGone", replica, brokerEpoch });
  }

  /** Time has passed. */
  checkLag(): void {
    if (this.#machine.roleEpoch === undefined) return;
    this.#dependencies.post({ type: "lagChecked", nowMs: this.#dependencies.clock.monotonicMs() });
  }

  /**
   * Takes no more appends, and tells when that in-sync replica has everything, and everybody an answer: then it is to be elected.
   * It ends with the epoch, too.
   */
  startHandover(candidate: number, onReady: (leaderEpoch: LeaderEpoch) => void): void {
    if (!this.#machine.isLeader) return;
    this.#onHandoverReady = onReady;
    this.#dependencies.post({ type: "handoverStarted", candidate });
  }

  /** Goes on leading. */
  endHandover(): void {
    if (this.#onHandoverReady === undefined) return;
    this.#onHandoverReady = undefined;
    this.#dependencies.post({ type: "handoverEnded" });
  }

  run(effect: RoleEffect): void {
    switch (effect.type) {
      case "changeReplicaSets":
        this.#changeReplicaSets(effect);
        break;
      case "readPartition":
        this.#newerEpochHeard(effect.leaderEpoch);
        break;
      case "handoverReady":
        this.#onHandoverReady?.(effect.leaderEpoch);
        break;
      case "quarantineReplica":
        this.#quarantined(effect.reason);
        break;
    }
  }

  /** Tells of a leadership that has ended. To be called when events have been dealt with. */
  noticeEnd(): void {
    const { leaderEpoch } = this.#machine;
    if (leaderEpoch === this.#ledEpoch) return;
    const hasLed = this.#ledEpoch !== undefined;
    this.#ledEpoch = leaderEpoch;
    if (hasLed) this.#leadershipEnded();
  }

  /** Nothing is led, or waited for, any more. */
  stop(): void {
    this.#leadershipEnded();
    this.logMoved();
  }

  #leadershipEnded(): void {
    this.#onHandoverReady = undefined;
    this.#dependencies.followers.leadershipEnded();
    this.#dependencies.onResigned();
  }

  #becomeLeader({ leaderEpoch, replicaSets, inSyncReplicasMin }: PartitionTerm): void {
    const { logStartOffset, logEndOffset, highWatermark } = this.#log;
    this.#inSyncReplicasMin = inSyncReplicasMin;
    this.#dependencies.post({
      type: "becomeLeader",
      leaderEpoch,
      replicaSets,
      inSyncReplicasMin,
      logStartOffset,
      logEndOffset,
      ackedOffset: this.#dependencies.ackedOffset(),
      highWatermark,
      replicaLagMsMax: this.#options.replicaLagMsMax,
      nowMs: this.#dependencies.clock.monotonicMs(),
    });
    // Nobody will say again that they are gone.
    for (const replica of replicaSets.inSyncReplicas) {
      const brokerEpoch = this.#dependencies.endedLifeOf(replica);
      if (brokerEpoch !== undefined) this.replicaGone(replica, brokerEpoch);
    }
  }

  /** An epoch that has been in use is never given anew (P34). */
  #checkEpoch(leaderEpoch: LeaderEpoch): void {
    const { latestEpoch } = this.#log;
    if (latestEpoch === undefined || latestEpoch <= leaderEpoch) return;
    const { topic, partition } = this.#options.identity;
    const reason = `the log of ${topic}-${partition} has leader epoch ${latestEpoch}, and the store ${leaderEpoch}`;
    throw new SluiceError("STORE_RESTORED", { reason });
  }

  #becomeFollower({ leaderEpoch, uncleanEpoch }: PartitionTerm, leader: number): void {
    const { logStartOffset, logEndOffset, latestEpoch, highWatermark } = this.#log;
    this.#dependencies.post({
      type: "becomeFollower",
      leaderEpoch,
      leader,
      logStartOffset,
      logEndOffset,
      lastEpoch: latestEpoch,
      ackedOffset: this.#dependencies.ackedOffset(),
      highWatermark,
      uncleanEpoch,
    });
    this.#dependencies.followerLog.follow(leader, leaderEpoch);
  }

  #changeReplicaSets({ type: _, ...change }: EffectOf<"changeReplicaSets">): void {
    const { ports, post } = this.#dependencies;
    ports.replicaSetsChanges.propose(
      { ...this.#options.name, ...change },
      {
        onTaken: (leaderEpoch, replicaSets) => post({ type: "replicaSetsTaken", leaderEpoch, replicaSets }),
        onRefused: (leaderEpoch, version) => post({ type: "replicaSetsRefused", leaderEpoch, version }),
      },
    );
  }

  #newerEpochHeard(leaderEpoch: LeaderEpoch): void {
    const { ports, logger, followerLog } = this.#dependencies;
    logger.info({ leaderEpoch }, "another broker is in a newer leader epoch");
    followerLog.forget(leaderEpoch);
    ports.readPartition(this.#options.name, leaderEpoch);
  }

  #quarantined(reason: string): void {
    const { topic, partition, broker } = this.#options.identity;
    this.#quarantine = new SluiceError("PARTITION_QUARANTINED", { topic, partition, broker, reason });
    this.#dependencies.logger.error({ err: this.#quarantine }, "replica left as it is: it does not follow");
  }

  #fenced(): SluiceError {
    return new SluiceError("BROKER_FENCED", { broker: this.#options.identity.broker });
  }
}
