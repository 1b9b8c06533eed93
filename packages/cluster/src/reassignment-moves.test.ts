import { brokerId, topicName } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import type { ClusterImage } from "./cluster-image.js";
import { planOneWrite } from "./partition-writes.js";
import { costOfMoves, type PlannedMove, planDrainMoves, planRebalanceMoves } from "./reassignment-moves.js";
import { planReassignment } from "./reassignment-plan.js";
import { rackOf } from "./replica-placement.js";
import { PlannedCluster } from "./testing/planned-cluster.js";

/** Replicas of all partitions as they are when the moves have ended, the preferred leader first. */
function afterwards(image: ClusterImage, moves: readonly PlannedMove[]): (readonly number[])[] {
  const moved = new Map(moves.map((move) => [move.before, move.replicas]));
  return [...image.topics.values()].flatMap(({ partitions }) =>
    partitions.map((partition) => moved.get(partition) ?? partition.replicas),
  );
}

function spreadOf(counts: ReadonlyMap<number, number>, brokers: readonly number[]): number {
  const all = brokers.map((id) => counts.get(id) ?? 0);
  return Math.max(...all) - Math.min(...all);
}

function countOf(ids: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

const topics = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });

describe("moves that empty a broker", () => {
  it("take all of its replicas, keep the others where they are, and keep racks apart", () => {
    fc.assert(
      fc.property(topics, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 }), (sizes, factor, drained) => {
        const cluster = new PlannedCluster(0);
        for (const [index, rack] of ["a", "a", "b", "b", "c"].entries()) cluster.register(index + 1, rack);
        for (const [index, partitions] of sizes.entries())
          cluster.create({ name: `t${index}`, partitions, replicationFactor: factor });
        const { image } = cluster;
        const moves = planDrainMoves(image, brokerId(drained));
        for (const { before, replicas } of moves) {
          expect(before.replicas).toContain(drained);
          expect(replicas).toHaveLength(factor);
          const kept = before.replicas.filter((id) => id !== drained);
          expect(replicas).toEqual(expect.arrayContaining(kept));
        }
        const after = afterwards(image, moves);
        expect(after.flat()).not.toContain(drained);
        const racksLeft = drained === 5 ? 2 : 3;
        for (const replicas of after) {
          const racks = new Set(replicas.map((id) => rackOf({ id: brokerId(id), rack: rackNames[id - 1] ?? "" })));
          expect(racks.size).toBe(Math.min(factor, racksLeft));
        }
        // Every one of them can be asked for.
        for (const move of moves) expect(planReassignment(image, move)).toBeDefined();
      }),
      { numRuns: propertyRuns({ usual: 100, long: 2000 }) },
    );
  });

  it("make another replica the preferred leader, and the new one the last", () => {
    const cluster = new PlannedCluster(4);
    cluster.create({ name: "t", partitions: 1, replicationFactor: 3 });
    const [move] = planDrainMoves(cluster.image, brokerId(1));
    expect(move?.replicas).toEqual([2, 3, 4]);
    expect(costOfMoves(move === undefined ? [] : [move], () => 1000)).toEqual({
      replicasMoved: 1,
      leadersMoved: 0,
      bytesMoved: 1000,
    });
  });

  it("are refused where the others are too few, and look only at the topics that are named", () => {
    const cluster = new PlannedCluster(3);
    cluster.create({ name: "t", partitions: 1, replicationFactor: 3 });
    cluster.create({ name: "u", partitions: 1, replicationFactor: 1 });
    expect(() => planDrainMoves(cluster.image, brokerId(1))).toThrowError(
      expect.objectContaining({ code: "INVALID_ASSIGNMENT" }),
    );
    const leader = cluster.leaders("u")[0] ?? 0;
    const moves = planDrainMoves(cluster.image, brokerId(leader), { topics: new Set(["u"]) });
    expect(moves.map(({ topic }) => topic)).toEqual(["u"]);
  });
});

const rackNames = ["a", "a", "b", "b", "c"];

describe("moves that spread everything evenly", () => {
  it("leave replicas and leaders within one of each other, whatever there was, and nothing to move then", () => {
    fc.assert(
      fc.property(topics, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 }), (sizes, factor, added) => {
        // What was made when there were three brokers, and is uneven since more came.
        const cluster = new PlannedCluster(3);
        for (const [index, partitions] of sizes.entries())
          cluster.create({ name: `t${index}`, partitions, replicationFactor: factor });
        const brokers = Array.from({ length: 3 + added }, (_, index) => index + 1);
        for (const id of brokers.slice(3)) cluster.register(id);
        const { image } = cluster;
        const moves = planRebalanceMoves(image);
        const after = afterwards(image, moves);
        expect(after.every((replicas) => new Set(replicas).size === factor)).toBe(true);
        expect(spreadOf(countOf(after.flat()), brokers)).toBeLessThanOrEqual(1);
        const leaders = after.flatMap((replicas) => replicas.slice(0, 1));
        expect(spreadOf(countOf(leaders), brokers)).toBeLessThanOrEqual(1);
        for (const move of moves) {
          const write = planReassignment(image, move);
          expect(write).toBeDefined();
        }
      }),
      { numRuns: propertyRuns({ usual: 100, long: 2000 }) },
    );
  });

  it("find none where everything is even", () => {
    const cluster = new PlannedCluster(3);
    cluster.create({ name: "t", partitions: 6, replicationFactor: 2 });
    expect(planRebalanceMoves(cluster.image)).toEqual([]);
  });

  it("only change the order where that is enough, which copies nothing", () => {
    const cluster = new PlannedCluster(3);
    cluster.create({ name: "t", partitions: 3, replicationFactor: 3 });
    for (const partition of [0, 1, 2]) {
      const write = planReassignment(cluster.image, { topic: "t", partition, replicas: [1, 2, 3].map(brokerId) });
      if (write !== undefined) cluster.store.run(planOneWrite("test", write));
    }
    const moves = planRebalanceMoves(cluster.image);
    expect(costOfMoves(moves, () => 5)).toEqual({ replicasMoved: 0, leadersMoved: 2, bytesMoved: 0 });
    const leaders = afterwards(cluster.image, moves).map(([leader]) => leader);
    expect(new Set(leaders)).toEqual(new Set([1, 2, 3]));
  });

  it("give leaderships along a chain, where the one with too many shares nothing with the one with too few", () => {
    const cluster = new PlannedCluster(3);
    cluster.create({ name: "t", partitions: 4, replicationFactor: 2 });
    const wanted = [
      [1, 2],
      [1, 2],
      [2, 3],
      [2, 1],
    ];
    for (const [partition, replicas] of wanted.entries()) {
      const write = planReassignment(cluster.image, { topic: "t", partition, replicas: replicas.map(brokerId) });
      if (write !== undefined) cluster.store.run(planOneWrite("test", write));
    }
    const after = afterwards(cluster.image, planRebalanceMoves(cluster.image));
    const leaders = countOf(after.flatMap((replicas) => replicas.slice(0, 1)));
    expect(spreadOf(leaders, [1, 2, 3])).toBeLessThanOrEqual(1);
  });

  it("take replicas out of a rack that has several, and off brokers that are drained", () => {
    const cluster = new PlannedCluster(0);
    cluster.register(1, "a");
    cluster.register(2, "a");
    cluster.create({ name: "t", partitions: 2, replicationFactor: 2 });
    cluster.register(3, "b");
    cluster.register(4, "b");
    cluster.drain(2, true);
    const after = afterwards(cluster.image, planRebalanceMoves(cluster.image));
    for (const replicas of after) {
      expect(replicas).not.toContain(2);
      expect(replicas.includes(1)).toBe(true);
    }
  });

  it("leave partitions alone that are being moved", () => {
    const cluster = new PlannedCluster(4);
    cluster.create({ name: "t", partitions: 1, replicationFactor: 3 });
    const write = planReassignment(cluster.image, { topic: "t", partition: 0, replicas: [4, 2, 3].map(brokerId) });
    if (write !== undefined) cluster.store.run(planOneWrite("test", write));
    expect(cluster.image.topics.get(topicName("t"))?.partitions[0]?.addingReplicas).toEqual([4]);
    expect(planDrainMoves(cluster.image, brokerId(2))).toEqual([]);
    expect(planRebalanceMoves(cluster.image)).toEqual([]);
  });
});
