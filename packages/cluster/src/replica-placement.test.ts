import { brokerId } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import type { ClusterImage } from "./cluster-image.js";
import { defaultReplicationFactor, placeReplicas, rackOf } from "./replica-placement.js";
import { PlannedCluster } from "./testing/planned-cluster.js";

/** Brokers 1, 2, ... in these racks. */
const inRacks = (...racks: string[]): PlannedCluster => {
  const cluster = new PlannedCluster(0);
  for (const [index, rack] of racks.entries()) cluster.register(index + 1, rack);
  return cluster;
};
const countsOf = (ids: readonly number[], brokers: number): number[] =>
  Array.from({ length: brokers }, (_, index) => ids.filter((id) => id === index + 1).length);
const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);
/** How many replicas of each partition share a rack with another one. */
const sharing = (image: ClusterImage, replicas: readonly number[]): number => {
  const racks = replicas.map((id) => {
    const broker = image.brokers.get(brokerId(id));
    return broker === undefined ? "" : rackOf(broker);
  });
  return replicas.length - new Set(racks).size;
};

describe("placeReplicas", () => {
  it("gives each broker as many leaders and as many replicas", () => {
    const placed = placeReplicas(inRacks("", "", "").image, { partitions: 3, replicationFactor: 2 });
    expect(placed).toEqual([
      [1, 2],
      [2, 3],
      [3, 1],
    ]);
  });

  it("spreads what a broker leads over all others when it dies", () => {
    for (const replicationFactor of [2, 3, 4]) {
      const placed = placeReplicas(inRacks("", "", "", "").image, { partitions: 24, replicationFactor });
      for (const dead of [1, 2, 3, 4]) {
        const heirs = placed.filter(([leader]) => leader === dead).map(([, next]) => next);
        const others = [1, 2, 3, 4].filter((id) => id !== dead);
        expect(others.map((id) => heirs.filter((heir) => heir === id).length)).toEqual([2, 2, 2]);
      }
    }
  });

  it("keeps the replicas of a partition in racks of their own while there are racks enough, whatever the racks", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "b", "c", "d", ""), { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 40 }),
        (racks, factor, partitions) => {
          const { image } = inRacks(...racks);
          const replicationFactor = Math.min(factor, racks.length);
          const placed = placeReplicas(image, { partitions, replicationFactor });
          const rackCount = new Set([...image.brokers.values()].map(rackOf)).size;
          for (const replicas of placed) {
            expect(new Set(replicas).size).toBe(replicationFactor);
            expect(sharing(image, replicas)).toBe(Math.max(0, replicationFactor - rackCount));
          }
          const leaders = placed.flatMap((replicas) => replicas.slice(0, 1));
          expect(spread(countsOf(leaders, racks.length))).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: propertyRuns({ usual: 200, long: 5000 }) },
    );
  });

  it("gives brokers equally many replicas of a topic, within one, where racks do not forbid it", () => {
    for (let brokers = 1; brokers <= 8; brokers += 1) {
      const { image } = inRacks(...Array<string>(brokers).fill(""));
      for (let replicationFactor = 1; replicationFactor <= Math.min(4, brokers); replicationFactor += 1) {
        for (let partitions = 1; partitions <= 60; partitions += 1) {
          const placed = placeReplicas(image, { partitions, replicationFactor });
          expect(placed.every((replicas) => new Set(replicas).size === replicationFactor)).toBe(true);
          expect(spread(countsOf(placed.flat(), brokers))).toBeLessThanOrEqual(1);
        }
      }
    }
  });

  it("gives what is left over to the brokers that keep the least, over many topics", () => {
    const cluster = inRacks("", "", "", "");
    for (let topic = 0; topic < 20; topic += 1) {
      cluster.create({ name: `t${topic}`, partitions: 1 + (topic % 3), replicationFactor: 3 });
    }
    const { image } = cluster;
    expect(spread([1, 2, 3, 4].map((id) => image.preferredLeaders.get(brokerId(id)) ?? 0))).toBeLessThanOrEqual(1);
    expect(spread([1, 2, 3, 4].map((id) => image.replicaCounts.get(brokerId(id)) ?? 0))).toBeLessThanOrEqual(2);
  });

  it("gives nothing to brokers that are fenced or drained", () => {
    const cluster = inRacks("", "", "", "");
    cluster.drain(2, true);
    cluster.stop(3);
    cluster.registerFenced(3);
    const placed = placeReplicas(cluster.image, { partitions: 4, replicationFactor: 2 });
    expect(new Set(placed.flat())).toEqual(new Set([1, 4]));
    expect(() => placeReplicas(cluster.image, { partitions: 1, replicationFactor: 3 })).toThrowError(
      expect.objectContaining({ code: "INVALID_REPLICATION_FACTOR" }),
    );
  });

  it("has three replicas as a default, or as many as brokers take some, and one at least", () => {
    expect(defaultReplicationFactor(inRacks().image)).toBe(1);
    expect(defaultReplicationFactor(inRacks("", "").image)).toBe(2);
    const cluster = inRacks("", "", "", "");
    expect(defaultReplicationFactor(cluster.image)).toBe(3);
    cluster.drain(1, true);
    cluster.drain(2, true);
    expect(defaultReplicationFactor(cluster.image)).toBe(2);
    cluster.drain(2, false);
    expect(defaultReplicationFactor(cluster.image)).toBe(3);
  });
});
