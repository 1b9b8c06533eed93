/**
 * Members of one group, and the moving of partitions between them.
 *
 * Every change recomputes what each member *shall* own, and grants what is free of it. A partition that another member still
 * owns is granted only after that one acknowledged an assignment without it, left, or expired: at any moment a partition has at most
 * one owner, and members whose partitions stay keep working. A topic that is deleted and made again under its name is another one: its
 * partitions are given out when nobody works on those of the old one any more.
 *
 * Invariants: the owned sets are disjoint; the generation grows with every assignment that is sent.
 */

import { invariant } from "@sluice/model";
import { isSamePartitions, type PartitionMap, partitionMap } from "./assigned-partition.js";
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
  #emptySinceMs: number | undefined;
  #topics: TopicShapes = new Map();
  /** Ids of the topics of owned partitions, as they were when the partitions were granted. */
  readonly #ownedIds = new Map<string, string>();
  /** Topics of which partitions are owned that are those of an earlier topic of that name. */
  #replaced: ReadonlySet<string> = new Set();

  get size(): number {
    return this.#members.size;
  }

  /** Generation of the last assignment that was sent to anybody. 0: never. */
  get generation(): number {
    return this.#generation;
  }

  /** Wall time at which the last member went. Undefined: there are members, never were any, or it is not known. */
  get emptySinceMs(): number | undefined {
    return this.#emptySinceMs;
  }

  /** Whether any member wants the topic. */
  wants(topic: string): boolean {
    for (const { identity } of this.#members.values()) if (identity.topics.includes(topic)) return true;
    return false;
  }

  /** Whether any partitions that are owned are those of an earlier topic of this name; without a name: of any. */
  hasReplaced(topic?: string): boolean {
    return topic === undefined ? this.#replaced.size > 0 : this.#replaced.has(topic);
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
    this.#emptySinceMs = undefined;
  }

  /** What the member owned is free. `wallMs`: milliseconds since 1970. */
  remove(memberId: string, wallMs: number): void {
    this.#members.delete(memberId);
    if (this.#members.size > 0) return;
    this.#assignor = undefined;
    this.#emptySinceMs = wallMs;
  }

  /** When the next member has to go, unless it is heard of before. Undefined: there is no member. */
  get nextExpiryMs(): number | undefined {
    let earliest: number | undefined;
    for (const { expiryMs } of this.#members.values()) {
      if (earliest === undefined || expiryMs < earliest) earliest = expiryMs;
    }
    return earliest;
  }

  /** Works out anew what each member shall own. Returns whether that differs for any from before. */
  retarget(topics: TopicShapes): boolean {
    this.#topics = topics;
    this.#replaced = this.#findReplaced();
    const usable = this.hasReplaced() ? new Map([...topics].filter(([topic]) => !this.#replaced.has(topic))) : topics;
    const members = this.list();
    const subscribers = members.map((member) => ({ memberId: member.memberId, topics: member.identity.topics }));
    const assignment =
      this.#assignor === "uniform"
        ? assignUniformly(subscribers, usable)
        : assignSticky(subscribers, usable, previousOf(members));
    let isChanged = false;
    for (const member of members) {
      const assigned = partitionMap(assignment.get(member.memberId) ?? []);
      if (isSamePartitions(member.assigned, assigned)) continue;
      member.assigned = assigned;
      isChanged = true;
    }
    return isChanged;
  }

  /** Grants what can be granted now, under one new generation. Returns the members that have to be told. */
  grant(nowMs: number): Member[] {
    const owners = this.#owners();
    const told: Member[] = [];
    for (const member of this.list()) {
      const granted = grantable(member, owners);
      if (!member.needs(granted)) continue;
      if (told.length === 0) this.#generation += 1;
      member.send(granted, this.#generation, nowMs);
      for (const [id, { topic }] of granted) {
        owners.set(id, member);
        if (!this.#ownedIds.has(topic)) this.#ownedIds.set(topic, this.#topics.get(topic)?.topicId ?? "");
      }
      told.push(member);
    }
    return told;
  }

  toValue(): GroupValue {
    const members = this.list().map((member) => member.toValue());
    return { generation: this.#generation, assignor: this.#assignor, emptySinceMs: this.#emptySinceMs, members };
  }

  /** Takes the state that the log shows. Every member has a full session to come back. */
  restore(value: GroupValue, nowMs: number): void {
    this.#generation = value.generation;
    this.#assignor = value.assignor;
    this.#emptySinceMs = value.emptySinceMs;
    this.#members.clear();
    this.#ownedIds.clear();
    for (const member of value.members) this.#members.set(member.memberId, Member.restore(member, nowMs));
  }

  #findReplaced(): Set<string> {
    const owned = new Set<string>();
    for (const member of this.#members.values()) for (const { topic } of member.owned.values()) owned.add(topic);
    for (const topic of [...this.#ownedIds.keys()]) if (!owned.has(topic)) this.#ownedIds.delete(topic);
    const replaced = new Set<string>();
    for (const topic of owned) {
      const current = this.#topics.get(topic)?.topicId;
      if (current === undefined) continue;
      // Members that were read from the log were granted what there is now, as far as anybody knows.
      if (!this.#ownedIds.has(topic)) this.#ownedIds.set(topic, current);
      if (this.#ownedIds.get(topic) !== current) replaced.add(topic);
    }
    return replaced;
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
