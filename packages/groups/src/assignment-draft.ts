/**
 * An assignment in the making: the steps that assignors are made of.
 *
 * Every partition has at most one owner, and only one that wants its topic. Everything goes in the order of member ids
 * and partitions, so that the same input gives the same assignment.
 */

import { partitionId } from "./assigned-partition.js";
import type { AssignedPartition, TopicShapes } from "./group-event.js";

/** A member, as assignors see it. */
export interface Subscriber {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** Partitions of every member, by member id; a member without partitions has an empty list. */
export type Assignment = ReadonlyMap<string, readonly AssignedPartition[]>;

/** An assignment in the making: who wants what, and who has what. */
export class AssignmentDraft {
  readonly #topics: TopicShapes;
  /** Members that want a topic that exists, by topic, in the order of ids. */
  readonly #wantedBy = new Map<string, string[]>();
  readonly #partitionsOf = new Map<string, Map<string, AssignedPartition>>();
  readonly #owners = new Map<string, string>();

  constructor(subscribers: readonly Subscriber[], topics: TopicShapes) {
    this.#topics = topics;
    const sorted = [...subscribers].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
    for (const { memberId, topics: wanted } of sorted) {
      this.#partitionsOf.set(memberId, new Map());
      for (const topic of new Set(wanted)) this.#addWish(memberId, topic);
    }
  }

  /** Gives the partition to the member if it exists, is free, and the member wants its topic. */
  maybeGive(memberId: string, partition: AssignedPartition): void {
    const shape = this.#topics.get(partition.topic);
    const id = partitionId(partition);
    if (shape === undefined || partition.partition >= shape.partitions || this.#owners.has(id)) return;
    if (!(this.#wantedBy.get(partition.topic)?.includes(memberId) ?? false)) return;
    this.#give(memberId, partition);
  }

  /** Gives every free partition to the least loaded member that wants it. */
  fill(): this {
    const byChoice = [...this.#wantedBy].sort(([a, ofA], [b, ofB]) => ofA.length - ofB.length || (a < b ? -1 : 1));
    for (const [topic, members] of byChoice) {
      const count = this.#topics.get(topic)?.partitions ?? 0;
      for (let partition = 0; partition < count; partition += 1) {
        if (!this.#owners.has(partitionId({ topic, partition })))
          this.#give(this.#leastLoaded(members), { topic, partition });
      }
    }
    return this;
  }

  /**
   * Moves partitions from members that have more to members that have at least 2 fewer, until there is no such move. Those with
   * most give first and one at a time, so that nobody gives up more than balance needs.
   */
  level(): this {
    // Every move lowers the sum of the squares of the counts, so this ends.
    while (this.#levelOnce());
    return this;
  }

  finish(): Assignment {
    return new Map([...this.#partitionsOf].map(([memberId, partitions]) => [memberId, [...partitions.values()]]));
  }

  #levelOnce(): boolean {
    let hasMoved = false;
    const loads = [...this.#partitionsOf.values()].map((partitions) => partitions.size);
    for (let load = Math.max(0, ...loads); load >= 2; load -= 1) {
      for (const partitions of this.#partitionsOf.values()) {
        if (partitions.size >= load && this.#moveOne(partitions)) hasMoved = true;
      }
    }
    return hasMoved;
  }

  /** Moves one of these partitions to a member with at least 2 fewer. False: there is no such member. */
  #moveOne(partitions: Map<string, AssignedPartition>): boolean {
    const unfitTopics = new Set<string>();
    for (const partition of [...partitions.values()].reverse()) {
      if (unfitTopics.has(partition.topic)) continue;
      const taker = this.#leastLoaded(this.#wantedBy.get(partition.topic) ?? []);
      if (this.#loadOf(taker) + 2 > partitions.size) {
        unfitTopics.add(partition.topic);
        continue;
      }
      partitions.delete(partitionId(partition));
      this.#give(taker, partition);
      return true;
    }
    return false;
  }

  #addWish(memberId: string, topic: string): void {
    if (!this.#topics.has(topic)) return;
    const members = this.#wantedBy.get(topic);
    if (members === undefined) this.#wantedBy.set(topic, [memberId]);
    else members.push(memberId);
  }

  #give(memberId: string, { topic, partition }: AssignedPartition): void {
    const id = partitionId({ topic, partition });
    this.#owners.set(id, memberId);
    this.#partitionsOf.get(memberId)?.set(id, { topic, partition });
  }

  #leastLoaded(members: readonly string[]): string {
    return members.reduce((least, member) => (this.#loadOf(member) < this.#loadOf(least) ? member : least));
  }

  #loadOf(memberId: string): number {
    return this.#partitionsOf.get(memberId)?.size ?? 0;
  }
}
