/**
 * State machine of one partition on one broker: takes events, decides, gives back effects.
 *
 * This file only knows who leads and hands each event to the role; what a leader does is in `leader-role`. Pure and
 * synchronous: the same events give the same effects.
 *
 * Invariants: leader epochs only grow; every request is answered exactly once (acks=none too); what is pending when an epoch
 * ends is answered then.
 */

import { assertNever, invariant, type LeaderEpoch, type Offset, SluiceError } from "@sluice/model";
import { LeaderRole } from "./leader-role.js";
import type { PartitionEffect } from "./partition-effect.js";
import type { PartitionEvent, PartitionIdentity } from "./partition-event.js";

type EventOf<Type extends PartitionEvent["type"]> = Extract<PartitionEvent, { readonly type: Type }>;

export class PartitionStateMachine {
  readonly #identity: PartitionIdentity;
  #role: LeaderRole | undefined;
  /** Broker that leads, as far as known here. Undefined: none. */
  #leader: number | undefined;
  /** Newest epoch that was heard of. Undefined: none yet. */
  #newestEpoch: LeaderEpoch | undefined;
  /** Newest epoch in which this broker led. Undefined: none yet. */
  #ledEpoch: LeaderEpoch | undefined;
  /** Why the log takes no more appends. It stays so for the life of the machine: a failed disk is never tried again. */
  #offlineReason: string | undefined;

  constructor(identity: PartitionIdentity) {
    this.#identity = identity;
  }

  get isLeader(): boolean {
    return this.#role !== undefined;
  }

  /** First offset that is not known committed (exclusive). Undefined while this broker does not lead. */
  get highWatermark(): Offset | undefined {
    return this.#role?.highWatermark;
  }

  /** Epoch in which this broker leads. Undefined while it does not. */
  get leaderEpoch(): LeaderEpoch | undefined {
    return this.#role?.leaderEpoch;
  }

  /**
   * Why a question about offsets (list offsets, offset for a timestamp) is not answered now, or undefined if it is.
   *
   * @param clientEpoch leader epoch that the client knows; undefined: none
   * @returns NOT_LEADER, LEADER_NOT_AVAILABLE (also while the high watermark is only a lower bound, so that the latest offset
   *   never goes back after a failover), FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
   */
  offsetsRefusal(clientEpoch: number | undefined): SluiceError | undefined {
    if (this.#role === undefined) return this.#notLeader();
    return this.#role.epochRefusal(clientEpoch) ?? (this.#role.isHighWatermarkExact ? undefined : this.#noLeader());
  }

  /** Takes one event; returns what to do, in order. */
  step(event: PartitionEvent): PartitionEffect[] {
    switch (event.type) {
      case "becomeLeader":
        return this.#becomeLeader(event);
      case "inSyncReplicasMinChanged":
        return this.#role?.inSyncReplicasMinChanged(event) ?? [];
      case "resign":
        return this.#resign(event);
      case "appendRequested":
        return this.#appendRequested(event);
      case "appendPlaced":
        return this.#role?.appendPlaced(event) ?? [];
      case "appendDuplicated":
        return this.#role?.appendDuplicated(event) ?? [];
      case "appendRefused":
        return this.#role?.appendRefused(event) ?? [];
      case "appendsTakenBack":
        return this.#role?.appendsTakenBack(event) ?? [];
      case "logAdvanced":
        return this.#role?.logAdvanced(event) ?? [];
      case "logFailed":
        return this.#logFailed(event);
      case "fetchRequested":
        return this.#role?.fetchRequested(event) ?? [this.#rejectFetch(event.requestId)];
      case "fetchFellShort":
        return this.#role?.fetchFellShort(event) ?? [this.#rejectFetch(event.requestId)];
      case "fetchExpired":
        return this.#role?.fetchExpired(event) ?? [];
      case "logStartMoved":
        return this.#role?.logStartMoved(event) ?? [];
      default:
        return assertNever(event);
    }
  }

  #becomeLeader(event: EventOf<"becomeLeader">): PartitionEffect[] {
    const before = this.#role;
    // A broker never leads twice in one epoch: every change of leader, to none and back included, is a new one.
    invariant(
      event.leaderEpoch > (this.#ledEpoch ?? -1) && event.leaderEpoch >= (this.#newestEpoch ?? 0),
      `leader epoch ${event.leaderEpoch} does not follow ${this.#newestEpoch}`,
    );
    this.#ledEpoch = event.leaderEpoch;
    this.#newestEpoch = event.leaderEpoch;
    this.#leader = this.#identity.broker;
    this.#role = new LeaderRole(this.#identity, event);
    const fenced = before === undefined ? [] : before.end("its leader epoch is over", this.#fencedBy(before));
    return [...fenced, ...this.#role.begin()];
  }

  #resign(event: EventOf<"resign">): PartitionEffect[] {
    // A resignation from an epoch before the present one was overtaken.
    if (this.#newestEpoch !== undefined && event.leaderEpoch < this.#newestEpoch) return [];
    this.#newestEpoch = event.leaderEpoch;
    this.#leader = event.leader;
    const role = this.#role;
    this.#role = undefined;
    if (role === undefined) return [];
    const notLeader = new SluiceError("NOT_LEADER", { ...this.#details, leader: event.leader ?? "not known" });
    return role.end(`broker ${this.#identity.broker} leads no longer`, notLeader);
  }

  #appendRequested(event: EventOf<"appendRequested">): PartitionEffect[] {
    const { requestId } = event;
    if (this.#role === undefined) return [{ type: "rejectProduce", requestId, error: this.#notLeader() }];
    if (this.#offlineReason !== undefined) {
      const error = new SluiceError("PARTITION_OFFLINE", { ...this.#details, reason: this.#offlineReason });
      return [{ type: "rejectProduce", requestId, error }];
    }
    return this.#role.appendRequested(event);
  }

  #logFailed(event: EventOf<"logFailed">): PartitionEffect[] {
    this.#offlineReason ??= event.reason;
    return this.#role?.failAppends(event.reason) ?? [];
  }

  #rejectFetch(requestId: number): PartitionEffect {
    return { type: "rejectFetch", requestId, error: this.#notLeader() };
  }

  #notLeader(): SluiceError {
    if (this.#leader === undefined || this.#leader === this.#identity.broker) return this.#noLeader();
    return new SluiceError("NOT_LEADER", { ...this.#details, leader: this.#leader });
  }

  #noLeader(): SluiceError {
    return new SluiceError("LEADER_NOT_AVAILABLE", {
      topic: this.#identity.topic,
      partition: this.#identity.partition,
    });
  }

  #fencedBy(before: LeaderRole): SluiceError {
    return new SluiceError("FENCED_LEADER_EPOCH", {
      topic: this.#identity.topic,
      partition: this.#identity.partition,
      epoch: before.leaderEpoch,
      currentEpoch: this.#newestEpoch ?? before.leaderEpoch,
    });
  }

  get #details(): { topic: string; partition: number; broker: number } {
    return {
      topic: this.#identity.topic,
      partition: this.#identity.partition,
      broker: this.#identity.broker,
    };
  }
}
