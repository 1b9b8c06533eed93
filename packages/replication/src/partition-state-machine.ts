/**
 * State machine of one partition on one broker: takes events, decides, gives back effects.
 *
 * This file only knows who leads in which epoch and hands each event to the role; what a leader does is in `leader-role`, what a
 * follower does in `follower-role`. Pure and synchronous: the same events give the same effects.
 *
 * A message of another broker that names a newer epoch ends the role at once, whatever this broker knows: the store is asked
 * then. A change of role that comes with an older epoch was overtaken and changes nothing. A client's word ends nothing.
 *
 * Invariants: leader epochs only grow; every request is answered exactly once (acks=none too); what is pending when an epoch
 * ends is answered then.
 */

import { invariant, type LeaderEpoch, type Offset, type SluiceError } from "@sluice/model";
import { FollowerRole } from "./follower-role.js";
import type { ReplicaStanding } from "./leader-replicas.js";
import { LeaderRole } from "./leader-role.js";
import type { PartitionEffect } from "./partition-effect.js";
import { PartitionErrors } from "./partition-errors.js";
import type { PartitionEvent, PartitionIdentity } from "./partition-event.js";

type EventOf<Type extends PartitionEvent["type"]> = Extract<PartitionEvent, { readonly type: Type }>;

export class PartitionStateMachine {
  readonly #identity: PartitionIdentity;
  readonly #errors: PartitionErrors;
  #leading: LeaderRole | undefined;
  #following: FollowerRole | undefined;
  /** Broker that leads, as far as known here. Undefined: none. */
  #leader: number | undefined;
  /** Newest epoch that was heard of. Undefined: none yet. */
  #newestEpoch: LeaderEpoch | undefined;
  /** What this broker is in the newest epoch is known, and not only that there is one. */
  #isRoleKnown = false;
  /** Newest epoch in which this broker led. Undefined: none yet. */
  #ledEpoch: LeaderEpoch | undefined;
  /** Why the log takes no more appends. It stays so for the life of the machine: a failed disk is never tried again. */
  #offlineReason: string | undefined;

  constructor(identity: PartitionIdentity) {
    this.#identity = identity;
    this.#errors = new PartitionErrors(identity);
  }

  get isLeader(): boolean {
    return this.#leading !== undefined;
  }

  /** First offset that is not known committed (exclusive). Undefined while this broker neither leads nor follows. */
  get highWatermark(): Offset | undefined {
    return this.#leading?.highWatermark ?? this.#following?.highWatermark;
  }

  /** Epoch in which this broker leads. Undefined while it does not. */
  get leaderEpoch(): LeaderEpoch | undefined {
    return this.#leading?.leaderEpoch;
  }

  /** Epoch in which this broker leads or follows. Undefined while it does neither. */
  get roleEpoch(): LeaderEpoch | undefined {
    return this.#leading?.leaderEpoch ?? this.#following?.leaderEpoch;
  }

  /**
   * Of a leader: the other replicas that count for the high watermark, confirmed or being added. Undefined while one of them does not
   * follow in this epoch, and while this broker does not lead.
   */
  get followersInSync(): readonly number[] | undefined {
    return this.#leading?.followersInSync;
  }

  /** Of a leader: why appends with acks=all are refused for now, though it leads. Undefined: they are taken. */
  get appendRefusal(): SluiceError | undefined {
    return this.#leading?.appendRefusal;
  }

  /** Of a leader: what that replica is to it, and so which traffic to it goes first. */
  standingOf(replica: number): ReplicaStanding {
    return this.#leading?.standingOf(replica) ?? "catchUp";
  }

  /**
   * Why a question about offsets (list offsets, offset for a timestamp) is not answered now, or undefined if it is.
   *
   * @param clientEpoch leader epoch that the client knows; undefined: none
   * @returns NOT_LEADER, LEADER_NOT_AVAILABLE (also while the high watermark is only a lower bound, so that the latest offset
   *   never goes back after a failover), FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
   */
  offsetsRefusal(clientEpoch: number | undefined): SluiceError | undefined {
    if (this.#leading === undefined) return this.#notLeader();
    const refusal = this.#leading.epochRefusal(clientEpoch);
    return refusal ?? (this.#leading.isHighWatermarkExact ? undefined : this.#errors.leaderNotAvailable());
  }

  /** Takes one event; returns what to do, in order. */
  step(event: PartitionEvent): PartitionEffect[] {
    switch (event.type) {
      case "becomeLeader":
        return this.#becomeLeader(event);
      case "becomeFollower":
        return this.#becomeFollower(event);
      case "resign":
        return this.#resign(event);
      case "epochHeard":
        return this.#heard(event.leaderEpoch);
      case "appendRequested":
        return this.#appendRequested(event);
      case "appendPlaced":
        return this.#leading?.appendPlaced(event) ?? [];
      case "appendDuplicated":
        return this.#leading?.appendDuplicated(event) ?? [];
      case "appendRefused":
        return this.#leading?.appendRefused(event) ?? [];
      case "appendsTakenBack":
        return this.#leading?.appendsTakenBack(event) ?? [];
      case "logAdvanced":
        return (this.#leading ?? this.#following)?.logAdvanced(event) ?? [];
      case "logSettled":
        return this.#following?.logSettled(event) ?? [];
      case "logFailed":
        return this.#logFailed(event);
      case "logStartMoved":
        return (this.#leading ?? this.#following)?.logStartMoved(event) ?? [];
      case "lagChecked":
        return this.#leading?.lagChecked(event) ?? this.#following?.lagChecked() ?? [];
      case "fetchRequested":
        return this.#leading?.fetchRequested(event) ?? [this.#rejectFetch(event.requestId)];
      case "fetchFellShort":
        return this.#leading?.fetchFellShort(event) ?? [this.#rejectFetch(event.requestId)];
      case "fetchExpired":
        return this.#leading?.fetchExpired(event) ?? [];
      case "replicaFetched":
        return this.#replicaFetched(event);
      case "replicaGone":
        return this.#leading?.replicaGone(event) ?? [];
      case "replicaSetsChanged":
        return this.#leading?.replicaSetsChanged(event) ?? [];
      case "replicaSetsTaken":
        return this.#leading?.replicaSetsTaken(event) ?? [];
      case "replicaSetsRefused":
        return this.#leading?.replicaSetsRefused(event) ?? [];
      case "inSyncReplicasMinChanged":
        return this.#leading?.inSyncReplicasMinChanged(event) ?? [];
      case "handoverStarted":
        return this.#leading?.handoverStarted(event) ?? [];
      case "handoverEnded":
        return this.#leading?.handoverEnded() ?? [];
      case "leaderConnected":
        return this.#following?.leaderConnected(event) ?? [];
      case "leaderRecordsReceived":
        return this.#recordsReceived(event);
      case "leaderDiverged":
        return [...this.#heard(event.leaderEpoch), ...(this.#following?.diverged(event) ?? [])];
      case "leaderRefused":
        return [...this.#heard(event.leaderEpoch), ...(this.#following?.refused(event) ?? [])];
    }
  }

  #becomeLeader(event: EventOf<"becomeLeader">): PartitionEffect[] {
    if (this.#isOvertaken(event.leaderEpoch)) return [];
    // A broker never leads twice in one epoch: every change of leader, to none and back included, is a new one.
    invariant(
      event.leaderEpoch > (this.#ledEpoch ?? -1),
      `leader epoch ${event.leaderEpoch} does not follow ${this.#ledEpoch}`,
    );
    const role = new LeaderRole(this.#identity, event, this.#errors);
    this.#ledEpoch = event.leaderEpoch;
    const ended = this.#enterEpoch(event.leaderEpoch, this.#identity.broker);
    this.#leading = role;
    return [...ended, ...role.begin()];
  }

  #becomeFollower(event: EventOf<"becomeFollower">): PartitionEffect[] {
    if (this.#isOvertaken(event.leaderEpoch)) return [];
    invariant(event.leader !== this.#identity.broker, "a broker follows itself");
    const role = new FollowerRole(event);
    const ended = this.#enterEpoch(event.leaderEpoch, event.leader);
    this.#following = role;
    if (this.#offlineReason !== undefined) role.stop();
    return [...ended, ...role.begin()];
  }

  #resign(event: EventOf<"resign">): PartitionEffect[] {
    if (this.#isOvertaken(event.leaderEpoch)) return [];
    return this.#enterEpoch(event.leaderEpoch, event.leader);
  }

  /** Whether something newer than that epoch is known already. */
  #isOvertaken(leaderEpoch: LeaderEpoch): boolean {
    return leaderEpoch < (this.#newestEpoch ?? -1);
  }

  /** Ends what this broker was; who led is told that it does no longer. */
  #enterEpoch(leaderEpoch: LeaderEpoch, leader: number | undefined): PartitionEffect[] {
    const before = this.#leader;
    const isNewer = leaderEpoch > (this.#newestEpoch ?? -1) || !this.#isRoleKnown;
    this.#newestEpoch = leaderEpoch;
    this.#leader = leader;
    this.#isRoleKnown = true;
    const effects = this.#endRole();
    if (isNewer && before !== undefined && before !== leader && before !== this.#identity.broker) {
      effects.push({ type: "announceEpoch", broker: before, leaderEpoch });
    }
    return effects;
  }

  /** Another broker is in that epoch. Undefined: it did not say in which. */
  #heard(leaderEpoch: LeaderEpoch | undefined): PartitionEffect[] {
    if (leaderEpoch === undefined || leaderEpoch <= (this.#newestEpoch ?? -1)) return [];
    this.#newestEpoch = leaderEpoch;
    this.#isRoleKnown = false;
    const effects = this.#endRole();
    effects.push({ type: "readPartition", leaderEpoch });
    return effects;
  }

  #endRole(): PartitionEffect[] {
    const leading = this.#leading;
    this.#leading = undefined;
    this.#following = undefined;
    if (leading === undefined) return [];
    const isStillLeader = this.#isRoleKnown && this.#leader === this.#identity.broker;
    if (isStillLeader) return leading.end("its leader epoch is over", this.#fencedBy(leading));
    const leader = this.#isRoleKnown ? this.#leader : undefined;
    return leading.end(`broker ${this.#identity.broker} leads no longer`, this.#errors.notLeader(leader));
  }

  #replicaFetched(event: EventOf<"replicaFetched">): PartitionEffect[] {
    const { replica, leaderEpoch } = event;
    const effects = this.#heard(leaderEpoch);
    if (this.#leading !== undefined) return this.#leading.replicaFetched(event);
    const newestEpoch = this.#newestEpoch ?? leaderEpoch;
    if (leaderEpoch < newestEpoch) {
      const error = this.#errors.otherEpoch(leaderEpoch, newestEpoch);
      effects.push({ type: "refuseReplica", replica, leaderEpoch: newestEpoch, error, copyStartOffset: undefined });
    } else if (this.#isRoleKnown) {
      const error = this.#notLeader();
      effects.push({ type: "refuseReplica", replica, leaderEpoch: newestEpoch, error, copyStartOffset: undefined });
    } else {
      effects.push({ type: "holdReplica", replica });
    }
    return effects;
  }

  #recordsReceived(event: EventOf<"leaderRecordsReceived">): PartitionEffect[] {
    const heard = this.#heard(event.leaderEpoch);
    if (this.#following !== undefined) return this.#following.recordsReceived(event);
    return [...heard, { type: "dropReplicated", receiptId: event.receiptId, reason: undefined }];
  }

  #appendRequested(event: EventOf<"appendRequested">): PartitionEffect[] {
    const { requestId } = event;
    if (this.#leading === undefined) return [{ type: "rejectProduce", requestId, error: this.#notLeader() }];
    if (this.#offlineReason !== undefined) {
      return [{ type: "rejectProduce", requestId, error: this.#errors.offline(this.#offlineReason) }];
    }
    return this.#leading.appendRequested(event);
  }

  #logFailed(event: EventOf<"logFailed">): PartitionEffect[] {
    this.#offlineReason ??= event.reason;
    this.#following?.stop();
    return this.#leading?.failAppends(event.reason) ?? [];
  }

  #rejectFetch(requestId: number): PartitionEffect {
    return { type: "rejectFetch", requestId, error: this.#notLeader() };
  }

  #notLeader(): SluiceError {
    const isKnown = this.#isRoleKnown && this.#leader !== undefined && this.#leader !== this.#identity.broker;
    return isKnown ? this.#errors.notLeader(this.#leader) : this.#errors.leaderNotAvailable();
  }

  #fencedBy(before: LeaderRole): SluiceError {
    return this.#errors.otherEpoch(before.leaderEpoch, this.#newestEpoch ?? before.leaderEpoch);
  }
}
