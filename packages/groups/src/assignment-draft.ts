/**
 * An assignment in the making: the steps that assignors are made of.
 *
 * Every partition has at most one owner, and only one that wants its topic. Everything goes in the order of member ids
 * and partitions, so that the same input gives the same assignment. Topics that the same members want are treated alike, so that
 * work grows with members and partitions, and not with one times the other times topics.
 */

import { invariant } from "@sluice/model";
import { comparePartitions, partitionId } from "./assigned-partition.js";
import type { AssignedPartition, TopicShapes } from "./group-event.js";

/** A member, as assignors see it. */
export interface Subscriber {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** Partitions of every member, by member id; a member without partitions has an empty list. */
export type Assignment = ReadonlyMap<string, readonly AssignedPartition[]>;

/** Topics that the same members want: where one of their partitions may go, any of them may. */
interface TopicClass {
  /** In the order of ids. */
  readonly members: readonly Holding[];
}

/** What one member has so far. */
interface Holding {
  readonly memberId: string;
  size: number;
  readonly byClass: Map<TopicClass, AssignedPartition[]>;
}

/** An assignment in the making: who wants what, and who has what. */
export class AssignmentDraft {
  readonly #topics: TopicShapes;
  /** Of topics that exist and that somebody wants. */
  readonly #classes: ReadonlyMap<string, TopicClass>;
  readonly #holdings = new Map<string, Holding>();
  readonly #given = new Set<string>();

  constructor(subscribers: readonly Subscriber[], topics: TopicShapes) {
    this.#topics = topics;
    const sorted = [...subscribers].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
    for (const { memberId } of sorted) this.#holdings.set(memberId, { memberId, size: 0, byClass: new Map() });
    this.#classes = classesOf(sorted, topics, this.#holdings);
  }

  /** Gives the partition to the member if it exists, is free, and the member wants its topic. */
  maybeGive(memberId: string, partition: AssignedPartition): void {
    const topicClass = this.#classes.get(partition.topic);
    const count = this.#topics.get(partition.topic)?.partitions ?? 0;
    if (topicClass === undefined || partition.partition >= count || this.#given.has(partitionId(partition))) return;
    const taker = topicClass.members.find((member) => member.memberId === memberId);
    if (taker !== undefined) give(taker, topicClass, partition, this.#given);
  }

  /** Gives every free partition to the least loaded member that wants it. */
  fill(): this {
    const byChoice = [...this.#classes].sort(
      ([a, ofA], [b, ofB]) => ofA.members.length - ofB.members.length || (a < b ? -1 : 1),
    );
    for (const [topic, topicClass] of byChoice) {
      const count = this.#topics.get(topic)?.partitions ?? 0;
      for (let partition = 0; partition < count; partition += 1) {
        if (!this.#given.has(partitionId({ topic, partition })))
          give(leastLoaded(topicClass), topicClass, { topic, partition }, this.#given);
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
    return new Map(
      [...this.#holdings].map(([memberId, { byClass }]) => [
        memberId,
        [...byClass.values()].flat().sort(comparePartitions),
      ]),
    );
  }

  #levelOnce(): boolean {
    let hasMoved = false;
    const sizes = [...this.#holdings.values()].map(({ size }) => size);
    for (let load = Math.max(0, ...sizes); load >= 2; load -= 1) {
      for (const holding of this.#holdings.values()) {
        if (holding.size >= load && this.#moveOne(holding)) hasMoved = true;
      }
    }
    return hasMoved;
  }

  /**
   * Moves one partition to the member with fewest of all that want one of these, if it has at least 2 fewer. To another one it
   * might have to be followed by a second. False: there is no such member.
   */
  #moveOne(from: Holding): boolean {
    let best: { readonly topicClass: TopicClass; readonly taker: Holding } | undefined;
    for (const [topicClass, partitions] of from.byClass) {
      if (partitions.length === 0) continue;
      const taker = leastLoaded(topicClass);
      if (best === undefined || taker.size < best.taker.size) best = { topicClass, taker };
    }
    if (best === undefined || best.taker.size + 2 > from.size) return false;
    const partition = from.byClass.get(best.topicClass)?.pop();
    invariant(partition !== undefined, "a member gives a partition that it does not have");
    from.size -= 1;
    give(best.taker, best.topicClass, partition, this.#given);
    return true;
  }
}

function give(taker: Holding, topicClass: TopicClass, partition: AssignedPartition, given: Set<string>): void {
  given.add(partitionId(partition));
  const ofClass = taker.byClass.get(topicClass);
  const { topic, partition: number } = partition;
  if (ofClass === undefined) taker.byClass.set(topicClass, [{ topic, partition: number }]);
  else ofClass.push({ topic, partition: number });
  taker.size += 1;
}

/** The first of those with fewest. */
function leastLoaded({ members }: TopicClass): Holding {
  return members.reduce((least, member) => (member.size < least.size ? member : least));
}

/** The classes of topics that exist, by topic. Each member in turn splits those it wants only some topics of. */
function classesOf(
  subscribers: readonly Subscriber[],
  topics: TopicShapes,
  holdings: ReadonlyMap<string, Holding>,
): Map<string, TopicClass> {
  const classes = new Map<string, TopicClass>();
  for (const { memberId, topics: wanted } of subscribers) {
    const holding = holdings.get(memberId);
    invariant(holding !== undefined, `nothing is held for ${memberId}`);
    const grown = new Map<TopicClass | undefined, TopicClass>();
    for (const topic of new Set(wanted)) {
      if (!topics.has(topic)) continue;
      const before = classes.get(topic);
      const after = grown.get(before) ?? { members: [...(before?.members ?? []), holding] };
      grown.set(before, after);
      classes.set(topic, after);
    }
  }
  return classes;
}
