/**
 * In-sync replicas of one partition in one leader epoch, as its leader sees them.
 *
 * Keeps, for every replica of the set, the offset up to which it has acknowledged the log *in this epoch*: its flushed offset
 * where flush=always, else its log end (exclusive). A replica that has not reported in this epoch holds the minimum back,
 * because what it reported to an earlier leader may have been truncated since.
 *
 * Invariants: the leader is always a member; what a replica acknowledged never goes back within the epoch.
 */

import { invariant, type Offset } from "@sluice/model";

export interface InSyncReplicasOptions {
  /** Id of the broker that leads. */
  readonly leader: number;
  /** Ids of the confirmed set, the leader among them. */
  readonly members: readonly number[];
  /** Members that the high watermark needs to move. */
  readonly membersMin: number;
}

export class InSyncReplicas {
  readonly #acked = new Map<number, Offset | undefined>();
  #membersMin: number;

  constructor(options: InSyncReplicasOptions) {
    for (const member of options.members) this.#acked.set(member, undefined);
    invariant(this.#acked.has(options.leader), `leader ${options.leader} is not among its in-sync replicas`);
    this.#membersMin = options.membersMin;
  }

  get size(): number {
    return this.#acked.size;
  }

  get membersMin(): number {
    return this.#membersMin;
  }

  /** From now on so many members are needed. */
  setMembersMin(membersMin: number): void {
    this.#membersMin = membersMin;
  }

  /** Whether there are enough members for acks=all, and for the high watermark to move at all (P15). */
  get hasEnough(): boolean {
    return this.#acked.size >= this.#membersMin;
  }

  /** Notes that `replica` has the log up to `ackedOffset` (exclusive). Replicas outside the set count for nothing. */
  acknowledged(replica: number, ackedOffset: Offset): void {
    if (!this.#acked.has(replica)) return;
    const before = this.#acked.get(replica);
    if (before === undefined || ackedOffset > before) this.#acked.set(replica, ackedOffset);
  }

  /** Offset up to which every member has the log (exclusive). Undefined: a member has not said so in this epoch. */
  get ackedByAll(): Offset | undefined {
    let lowest: Offset | undefined;
    for (const acked of this.#acked.values()) {
      if (acked === undefined) return undefined;
      if (lowest === undefined || acked < lowest) lowest = acked;
    }
    return lowest;
  }
}
