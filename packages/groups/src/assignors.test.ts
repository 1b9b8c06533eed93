import fc from "fast-check";
import { describe, expect, it } from "vitest";
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

  it("changes nothing when nothing changed", () => {
    fc.assert(
      fc.property(anyWishes, counts, (wishes, partitions) => {
        const first = assignSticky(wishes, shapes(partitions), new Map());
        expect(assignSticky(wishes, shapes(partitions), first)).toEqual(first);
      }),
    );
  });
});
