/**
 * One member of a group, as the coordinator sees it.
 *
 * `owned` is what the member may be working on: everything that was granted to it and that it has not let go of. It only
 * grows by a grant, and only shrinks when the member acknowledges the last assignment that it was sent. At most one assignment is
 * unacknowledged, so that an acknowledgement always means the same set here and there. How long it may stay so is bounded, over
 * new streams of the member too: heartbeats alone do not hold partitions for ever.
 */

import { isSamePartitions, type PartitionMap, partitionId, partitionMap } from "./assigned-partition.js";
import type { AssignedPartition } from "./group-event.js";
import type { MemberValue } from "./group-record.js";

/** Who the member says it is. */
export type MemberIdentity = Pick<
  MemberValue,
  "clientId" | "host" | "topics" | "sessionTimeoutMs" | "rebalanceTimeoutMs"
>;

export class Member {
  readonly memberId: string;
  identity: MemberIdentity;
  /** Monotonic time at which the session is over. */
  sessionEndsMs: number;
  /** What it shall own. */
  assigned: PartitionMap = new Map();
  #owned: PartitionMap = new Map();
  /** Partitions of the last assignment that was sent. Undefined: another must be sent whatever it says. */
  #sent: PartitionMap | undefined;
  #generation = 0;
  #acknowledgedGeneration: number | undefined;
  #awaitsAcknowledgement = false;
  /** Monotonic time by which the last assignment must be acknowledged. Undefined: nothing was sent since the last was. */
  #acknowledgeByMs: number | undefined;

  constructor(memberId: string, identity: MemberIdentity, nowMs: number) {
    this.memberId = memberId;
    this.identity = identity;
    this.sessionEndsMs = nowMs + identity.sessionTimeoutMs;
  }

  /** A member as the log shows it. It gets no assignment until it has come back and joined. */
  static restore(value: MemberValue, nowMs: number): Member {
    const { memberId, clientId, host, topics, sessionTimeoutMs, rebalanceTimeoutMs } = value;
    const member = new Member(memberId, { clientId, host, topics, sessionTimeoutMs, rebalanceTimeoutMs }, nowMs);
    member.assigned = partitionMap(value.assigned);
    member.#owned = partitionMap(value.owned);
    member.#generation = value.generation;
    member.#awaitsAcknowledgement = true;
    return member;
  }

  get owned(): PartitionMap {
    return this.#owned;
  }

  /** Generation of the last assignment that was sent. 0: none yet. */
  get generation(): number {
    return this.#generation;
  }

  /** Partitions of the last assignment that was sent on this stream. Undefined: none was. */
  get sent(): PartitionMap | undefined {
    return this.#sent;
  }

  /** Whether it owns what it shall own, and has said so. */
  get isSettled(): boolean {
    return !this.#awaitsAcknowledgement && isSamePartitions(this.#owned, this.assigned);
  }

  /** Monotonic time at which the member has to go unless it is heard of, or acknowledges, before. */
  get expiryMs(): number {
    return Math.min(this.sessionEndsMs, this.#acknowledgeByMs ?? Number.POSITIVE_INFINITY);
  }

  /** Why the member has to go, as a sentence ends; undefined: it may stay. */
  expiryReason(nowMs: number): string | undefined {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.identity;
    if (this.sessionEndsMs <= nowMs) return `nothing was heard of it for ${sessionTimeoutMs} ms`;
    if (this.#acknowledgeByMs === undefined || this.#acknowledgeByMs > nowMs) return undefined;
    return `it did not acknowledge its assignment within its rebalance timeout of ${rebalanceTimeoutMs} ms`;
  }

  heard(nowMs: number): void {
    this.sessionEndsMs = nowMs + this.identity.sessionTimeoutMs;
  }

  /** The member is back on a new stream: what was sent on the old one may never have arrived. */
  rejoin(identity: MemberIdentity, nowMs: number): void {
    this.identity = identity;
    this.heard(nowMs);
    this.#sent = undefined;
    this.#awaitsAcknowledgement = false;
  }

  /** Whether `granted` has to be sent to it now. */
  needs(granted: PartitionMap): boolean {
    if (this.#awaitsAcknowledgement) return false;
    return this.#sent === undefined || !isSamePartitions(this.#sent, granted);
  }

  /** Grants exactly these partitions. What it owned besides stays its own until it acknowledges. */
  send(granted: PartitionMap, generation: number, nowMs: number): void {
    this.#sent = granted;
    // A member that only opens one stream after another still owes what it was sent on the first.
    this.#acknowledgeByMs ??= nowMs + this.identity.rebalanceTimeoutMs;
    this.#generation = generation;
    this.#awaitsAcknowledgement = true;
    this.#owned = partitionMap([...this.#owned.values(), ...granted.values()]);
  }

  /**
   * Takes an acknowledgement; returns whether partitions became free. One of an earlier generation frees nothing: a later
   * assignment is on its way to the member.
   */
  acknowledge(generation: number, stillOwned: readonly AssignedPartition[]): boolean {
    if (generation !== this.#generation || this.#sent === undefined) return false;
    const sent = this.#sent;
    const kept = new Set(stillOwned.map(partitionId));
    const remaining = [...this.#owned].filter(([id]) => sent.has(id) || kept.has(id)).map(([, partition]) => partition);
    const hasFreed = remaining.length < this.#owned.size;
    this.#owned = partitionMap(remaining);
    this.#acknowledgedGeneration = generation;
    // A member that says it keeps more than it may has not finished: it will acknowledge again.
    this.#awaitsAcknowledgement = remaining.length > sent.size;
    if (!this.#awaitsAcknowledgement) this.#acknowledgeByMs = undefined;
    return hasFreed;
  }

  /** Whether the member may speak for that generation: the last that was sent, or the last that it acknowledged. */
  isGeneration(generation: number): boolean {
    return generation === this.#generation || generation === this.#acknowledgedGeneration;
  }

  toValue(): MemberValue {
    const { clientId, host, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.identity;
    return {
      memberId: this.memberId,
      clientId,
      host,
      topics,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      generation: this.#generation,
      owned: [...this.#owned.values()],
      assigned: [...this.assigned.values()],
    };
  }
}
