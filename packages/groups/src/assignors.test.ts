import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { partitionId } from "./assigned-partition.js";
import type { Assignment, Subscriber } from "./assignment-draft.js";
import type { AssignedPartition, TopicShapes } from "./group-event.js";
import { assignSticky } from "./sticky-assignor.js";
import { assignUniformly } from "./uniform-assignor.js";

const shapes = (counts: Record<string, number>): TopicShapes =>
  new Map(Object.entries(counts).map(([topic, partitions]) => [topic, { topicId: topic, partitions }]));
const ids = (partitions: readonly AssignedPartition[] | undefined): string[] => (partitions ?? []).map(partitionId);

const topicNames = ["a", "b", "c"];
const counts = fc.record({ a: fc.nat(12), b: fc.nat(5), c: fc.nat(3) });
const sameWishes = fc
  .uniqueArray(fc.constantFrom("m1", "m2", "m3", "m4", "m5"), { minLength: 1 })
  .map((members) => members.map((memberId): Subscriber => ({ memberId, topics: topicNames })));
const anyWishes = fc
  .uniqueArray(fc.constantFrom("m1", "m2", "m3", "m4", "m5"), { minLength: 1 })
  .chain((members) =>
    fc.tuple(
      ...members.map((memberId) =>
        fc.subarray(topicNames).map((topics): Subscriber => ({ memberId, topics: [...topics, "gone"] })),
      ),
    ),
  );

function expectCompleteAndDisjoint(assignment: Assignment, wishes: readonly Subscriber[], topics: TopicShapes): void {
  const all = [...assignment.values()].flatMap((partitions) => ids(partitions));
  const wanted = [...topics].flatMap(([topic, { partitions }]) =>
    wishes.some((wish) => wish.topics.includes(topic))
      ? Array.from({ length: partitions }, (_, n) => `${topic}/${n}`)
      : [],
  );
  expect(all.sort()).toEqual(wanted.sort());
  for (const { memberId, topics: wished } of wishes) {
    for (const { topic } of assignment.get(memberId) ?? []) expect(wished).toContain(topic);
  }
}

function expectBalanced(assignment: Assignment): void {
  const sizes = [...assignment.values()].map((partitions) => partitions.length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
}

/** Fewest partitions that a balanced assignment has to take from living members: everything over the largest fair shares. */
function movesNeeded(previous: Assignment, wishes: readonly Subscriber[], topics: TopicShapes): number {
  const total = [...topics.values()].reduce((sum, { partitions }) => sum + partitions, 0);
  const low = Math.floor(total / wishes.length);
  let larger = total % wishes.length;
  const kept = wishes.map(({ memberId }) => {
    return (previous.get(memberId) ?? []).filter((p) => p.partition < (topics.get(p.topic)?.partitions ?? 0)).length;
  });
  let moves = 0;
  for (const size of kept.sort((a, b) => b - a)) {
    const share = larger > 0 ? low + 1 : low;
    larger -= 1;
    moves += Math.max(0, size - share);
  }
  return moves;
}

/** Whether no partition could go from its member to one that wants it and has at least 2 fewer. */
function isLevel(assignment: Assignment, wishes: readonly Subscriber[]): boolean {
  const loadOf = (memberId: string): number => assignment.get(memberId)?.length ?? 0;
  return [...assignment].every(([memberId, partitions]) =>
    partitions.every(({ topic }) =>
      wishes.every((wish) => !wish.topics.includes(topic) || loadOf(wish.memberId) + 2 > loadOf(memberId)),
    ),
  );
}

/** Partitions that exist, by id, that members had, still want, and have no more. */
function takenFrom(
  previous: Assignment,
  assignment: Assignment,
  wishes: readonly Subscriber[],
  topics: TopicShapes,
): string[] {
  return wishes.flatMap(({ memberId, topics: wished }) => {
    const has = new Set(ids(assignment.get(memberId)));
    const had = (previous.get(memberId) ?? []).filter(
      ({ topic, partition }) => wished.includes(topic) && partition < (topics.get(topic)?.partitions ?? 0),
    );
    return ids(had).filter((id) => !has.has(id));
  });
}

/** Every way to share out the partitions among members that want them. */
function* allAssignments(wishes: readonly Subscriber[], topics: TopicShapes): Iterable<Assignment> {
  const all = [...topics].flatMap(([topic, shape]) =>
    Array.from({ length: shape.partitions }, (_, partition) => ({ topic, partition })),
  );
  const takers = all.map(({ topic }) => wishes.filter((wish) => wish.topics.includes(topic)));
  const wanted = all.filter((_, index) => (takers[index]?.length ?? 0) > 0);
  const choices = takers.filter((members) => members.length > 0);
  const count = choices.reduce((product, members) => product * members.length, 1);
  for (let number = 0; number < count; number += 1) {
    const assignment = new Map<string, AssignedPartition[]>(wishes.map(({ memberId }) => [memberId, []]));
    let rest = number;
    for (const [index, members] of choices.entries()) {
      const member = members[rest % members.length] as Subscriber;
      rest = Math.floor(rest / members.length);
      assignment.get(member.memberId)?.push(wanted[index] as AssignedPartition);
    }
    yield assignment;
  }
}

describe("assignUniformly", () => {
  it("gives every wanted partition to exactly one member that wants it", () => {
    fc.assert(
      fc.property(anyWishes, counts, (wishes, partitions) => {
        expectCompleteAndDisjoint(assignUniformly(wishes, shapes(partitions)), wishes, shapes(partitions));
      }),
    );
  });

  it("balances within 1 where all want the same topics", () => {
    fc.assert(
      fc.property(sameWishes, counts, (wishes, partitions) =>
        expectBalanced(assignUniformly(wishes, shapes(partitions))),
      ),
    );
  });

  it("shares out 6 partitions among 3 members two by two", () => {
    const wishes = ["x", "y", "z"].map((memberId) => ({ memberId, topics: ["a"] }));
    const assignment = assignUniformly(wishes, shapes({ a: 6 }));
    expect([...assignment].map(([memberId, partitions]) => [memberId, ids(partitions)])).toEqual([
      ["x", ["a/0", "a/3"]],
      ["y", ["a/1", "a/4"]],
      ["z", ["a/2", "a/5"]],
    ]);
  });
});

describe("assignSticky", () => {
  it("gives every wanted partition to exactly one member that wants it, whatever was before", () => {
    fc.assert(
      fc.property(anyWishes, anyWishes, counts, counts, (before, after, countsBefore, countsAfter) => {
        const previous = assignUniformly(before, shapes(countsBefore));
        const assignment = assignSticky(after, shapes(countsAfter), previous);
        expectCompleteAndDisjoint(assignment, after, shapes(countsAfter));
      }),
    );
  });

  it("balances within 1 and takes from living members no more than balance needs", () => {
    fc.assert(
      fc.property(sameWishes, sameWishes, counts, counts, (before, after, countsBefore, countsAfter) => {
        const topics = shapes(countsAfter);
        const previous = assignUniformly(before, shapes(countsBefore));
        const assignment = assignSticky(after, topics, previous);
        expectBalanced(assignment);
        const taken = after.flatMap(({ memberId }) => {
          const has = new Set(ids(assignment.get(memberId)));
          const had = (previous.get(memberId) ?? []).filter(
            (p) => p.partition < (topics.get(p.topic)?.partitions ?? 0),
          );
          return ids(had).filter((id) => !has.has(id));
        });
        expect(taken.length).toBe(movesNeeded(previous, after, topics));
      }),
    );
  });

  it("does not take for ever over ten thousand topics", () => {
    const topics = shapes(Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`t${index}`, 1])));
    const wish = (memberId: string): Subscriber => ({ memberId, topics: [...topics.keys()] });
    const alone = assignSticky([wish("a")], topics, new Map());
    const shared = assignSticky([wish("a"), wish("b")], topics, alone);
    expect([shared.get("a")?.length, shared.get("b")?.length]).toEqual([5000, 5000]);
  });

  it("changes nothing when nothing changed", () => {
    fc.assert(
      fc.property(anyWishes, counts, (wishes, partitions) => {
        const first = assignSticky(wishes, shapes(partitions), new Map());
        expect(assignSticky(wishes, shapes(partitions), first)).toEqual(first);
      }),
    );
  });

  const fewMembers = fc
    .uniqueArray(fc.constantFrom("m1", "m2", "m3"), { minLength: 1 })
    .chain((members) =>
      fc.tuple(
        ...members.map((memberId) => fc.subarray(topicNames).map((topics): Subscriber => ({ memberId, topics }))),
      ),
    );
  const fewPartitions = fc.record({ a: fc.nat(3), b: fc.nat(2), c: fc.nat(1) });

  it("leaves no partition with a member where another one that wants it has 2 fewer", () => {
    fc.assert(
      fc.property(anyWishes, anyWishes, counts, counts, (before, after, countsBefore, countsAfter) => {
        const previous = assignUniformly(before, shapes(countsBefore));
        expect(isLevel(assignSticky(after, shapes(countsAfter), previous), after)).toBe(true);
      }),
    );
  });

  it("takes from living members, whatever they want, no more than any assignment that is as balanced", () => {
    const unevenness = (assignment: Assignment): number =>
      [...assignment.values()].reduce((sum, partitions) => sum + partitions.length ** 2, 0);
    fc.assert(
      fc.property(fewMembers, fewMembers, fewPartitions, fewPartitions, (before, after, countsBefore, countsAfter) => {
        const topics = shapes(countsAfter);
        const previous = assignSticky(before, shapes(countsBefore), new Map());
        const assignment = assignSticky(after, topics, previous);
        const taken = takenFrom(previous, assignment, after, topics).length;
        for (const candidate of allAssignments(after, topics)) {
          if (unevenness(candidate) <= unevenness(assignment))
            expect(takenFrom(previous, candidate, after, topics).length).toBeGreaterThanOrEqual(taken);
        }
      }),
      { numRuns: propertyRuns({ usual: 500, long: 20_000 }) },
    );
  });
});
