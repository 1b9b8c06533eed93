/**
 * In-sync replicas of one partition in one leader epoch, as its leader sees them.
 *
 * State is what is *confirmed* (the cluster store holds it) and at most one *proposed* change, whose outcome is not known. What counts
 * for the high watermark is the *maximal* set: the confirmed members and those that the proposal adds, because the store may have
 * taken it already and elect one of them. Members that a proposal removes count until it is taken (P6).
 *
 * A proposal is compared with the version that it was planned from, so it can be taken only as long as the store holds that version.
 * After a refusal nothing is proposed until something newer is heard of, or a while has passed.
 *
 * Invariant: the leader is a confirmed member.
 */

import { invariant } from "@sluice/model";
import type { ReplicaSets } from "./partition-event.js";
import type { ElectableReplicas } from "./replica-set-arithmetic.js";

export interface InSyncReplicasOptions {
  /** Id of the broker that leads. */
  readonly leader: number;
  readonly replicaSets: ReplicaSets;
  /** Confirmed members that the high watermark needs to move. */
  readonly membersMin: number;
}

/** A member-to-be, and the life in which it showed that it has everything. */
export interface AddedReplica {
  readonly replica: number;
  readonly brokerEpoch: number;
}

/** A change that the store is asked for. */
export interface ReplicaSetsProposal extends ElectableReplicas {
  /** Of the sets that it was planned from. */
  readonly version: number;
  readonly added: readonly AddedReplica[];
}

export class InSyncReplicas {
  readonly #leader: number;
  #membersMin: number;
  #confirmed: ReplicaSets;
  #proposed: ReplicaSetsProposal | undefined;
  #maximal: readonly number[];
  /** Planning from this version was refused: the sets that are confirmed here may be outdated. */
  #refusedVersion = -1;

  constructor(options: InSyncReplicasOptions) {
    this.#leader = options.leader;
    this.#membersMin = options.membersMin;
    this.#confirmed = options.replicaSets;
    this.#maximal = this.#maximalNow();
  }

  get confirmed(): ReplicaSets {
    return this.#confirmed;
  }

  /** Ids of the confirmed members and of those being added; the high watermark is the least that these acknowledged. */
  get maximal(): readonly number[] {
    return this.#maximal;
  }

  get membersMin(): number {
    return this.#membersMin;
  }

  /** From now on so many members are needed. */
  setMembersMin(membersMin: number): void {
    this.#membersMin = membersMin;
  }

  /** Whether enough members are confirmed for acks=all to be taken. */
  get hasEnough(): boolean {
    return this.#confirmed.inSyncReplicas.length >= this.#membersMin;
  }

  /**
   * Whether the high watermark may move: enough members are confirmed (P15), and nobody but they can be elected, since what is
   * committed from now on only they have (P12).
   */
  get mayCommit(): boolean {
    return this.hasEnough && this.#confirmed.eligibleLeaderReplicas.length === 0;
  }

  /** Whether a change may be planned from what is confirmed. */
  get mayPropose(): boolean {
    return this.#proposed === undefined && this.#confirmed.version > this.#refusedVersion;
  }

  propose(proposal: ReplicaSetsProposal): void {
    invariant(this.mayPropose, "another change of the replica sets is under way");
    invariant(proposal.version === this.#confirmed.version, "a change was planned from other replica sets");
    this.#proposed = proposal;
    this.#maximal = this.#maximalNow();
  }

  /** The store took what was proposed. */
  taken(replicaSets: ReplicaSets): void {
    this.#proposed = undefined;
    this.changed(replicaSets);
  }

  /** The store never takes what was proposed from that version. */
  refused(version: number): void {
    if (this.#proposed?.version !== version) return;
    this.#proposed = undefined;
    this.#refusedVersion = version;
    this.#maximal = this.#maximalNow();
  }

  /** What the store holds. An older version than is known changes nothing. What is proposed stays so until its own outcome is known. */
  changed(replicaSets: ReplicaSets): void {
    if (replicaSets.version > this.#confirmed.version) this.#confirmed = replicaSets;
    this.#maximal = this.#maximalNow();
  }

  /** A refusal was long enough ago: what was refused may be asked for again. */
  forgetRefusal(): void {
    this.#refusedVersion = -1;
  }

  #maximalNow(): readonly number[] {
    const { inSyncReplicas } = this.#confirmed;
    invariant(inSyncReplicas.includes(this.#leader), `leader ${this.#leader} is not among its in-sync replicas`);
    const added = this.#proposed?.added.map(({ replica }) => replica) ?? [];
    return [...inSyncReplicas, ...added.filter((replica) => !inSyncReplicas.includes(replica))];
  }
}
