/**
 * Members of one group, and the moving of partitions between them.
 *
 * Every change recomputes what each member *shall* own, and grants what is free of it. A partition that another member still
 * owns is granted only after that one acknowledged an assignment without it, left, or expired: at any moment a partition has at most
 * one owner, and members whose partitions stay keep working.
 *
 * Invariants: the owned sets are disjoint; the generation grows with every assignment that is sent.
 */

import { invariant } from "@sluice/model";
import { type PartitionMap, partitionMap } from "./assigned-partition.js";
import type { Assignment } from "./assignment-draft.js";
import type { AssignorName, TopicShapes } from "./group-event.js";
import type { GroupValue } from "./group-record.js";
import { Member, type MemberIdentity } from "./member.js";
import { assignSticky } from "./sticky-assignor.js";
import { assignUniformly } from "./uniform-assignor.js";

export class GroupMembership {
  readonly #members = new Map<string, Member>();
  #generation = 0;
  #assignor: AssignorName | undefined;

  get size(): number {
    return this.#members.size;
  }

  /** Generation of the last assignment that was sent to anybody. 0: never. */
  get generation(): number {
    return this.#generation;
  }

  get(memberId: string): Member | undefined {
    return this.#members.get(memberId);
  }

  /** In the order of ids. */
  list(): Member[] {
    return [...this.#members.values()].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  }

  /** A new member. The first of a group decides how partitions are shared out. */
  add(memberId: string, identity: MemberIdentity, assignor: AssignorName, nowMs: number): void {
    invariant(!this.#members.has(memberId), `member ${memberId} joins twice`);
    this.#members.set(memberId, new Member(memberId, identity, nowMs));
    this.#assignor ??= assignor;
  }

  /** What the member owned is free. */
  remove(memberId: string): void {
    this.#members.delete(memberId);
    if (this.#members.size === 0) this.#assignor = undefined;
  }

  /** Members whose session is over. */
  expired(nowMs: number): Member[] {
    return this.list().filter((member) => member.sessionEndsMs <= nowMs);
  }

  /** When the next session is over, unless its member is heard before. Undefined: there is no member. */
  get nextExpiryMs(): number | undefined {
    let earliest: number | undefined;
    for (const { sessionEndsMs } of this.#members.values()) {
      if (earliest === undefined || sessionEndsMs < earliest) earliest = sessionEndsMs;
    }
    return earliest;
  }

  /** Works out anew what each member shall own. */
  retarget(topics: TopicShapes): void {
    const members = this.list();
    const subscribers = members.map((member) => ({ memberId: member.memberId, topics: member.identity.topics }));
    const assignment =
      this.#assignor === "uniform"
        ? assignUniformly(subscribers, topics)
        : assignSticky(subscribers, topics, previousOf(members));
    for (const member of members) member.assigned = partitionMap(assignment.get(member.memberId) ?? []);
  }

  /** Grants what can be granted now, under one new generation. Returns the members that have to be told. */
  grant(): Member[] {
    const owners = this.#owners();
    const told: Member[] = [];
    for (const member of this.list()) {
      const granted = grantable(member, owners);
      if (!member.needs(granted)) continue;
      if (told.length === 0) this.#generation += 1;
      member.send(granted, this.#generation);
      for (const id of granted.keys()) owners.set(id, member);
      told.push(member);
    }
    return told;
  }

  toValue(): GroupValue {
    const members = this.list().map((member) => member.toValue());
    return { generation: this.#generation, assignor: this.#assignor, members };
  }

  /** Takes the state that the log shows. Every member has a full session to come back. */
  restore(value: GroupValue, nowMs: number): void {
    this.#generation = value.generation;
    this.#assignor = value.assignor;
    this.#members.clear();
    for (const member of value.members) this.#members.set(member.memberId, Member.restore(member, nowMs));
  }

  #owners(): Map<string, Member> {
    const owners = new Map<string, Member>();
    for (const member of this.#members.values()) {
      for (const id of member.owned.keys()) {
        invariant(!owners.has(id), `${id} has two owners`);
        owners.set(id, member);
      }
    }
    return owners;
  }
}

function grantable(member: Member, owners: ReadonlyMap<string, Member>): PartitionMap {
  const free = [...member.assigned].filter(([id]) => (owners.get(id) ?? member) === member);
  return new Map(free);
}

/** What members have: what they own first, since moving that costs most, then what they were to get. */
function previousOf(members: readonly Member[]): Assignment {
  const owned = members.map((member) => [member.memberId, [...member.owned.values()]] as const);
  const previous = new Map(owned.map(([memberId, partitions]) => [memberId, [...partitions]]));
  const claimed = new Set(members.flatMap((member) => [...member.owned.keys()]));
  for (const member of members) {
    for (const [id, partition] of member.assigned) {
      if (!claimed.has(id)) previous.get(member.memberId)?.push(partition);
    }
  }
  return previous;
}
