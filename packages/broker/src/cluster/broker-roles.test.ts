import type { ClusterImage, PartitionImage } from "@sluice/cluster";
import { emptyImage } from "@sluice/cluster";
import { brokerId, groupOffsetsTopic } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { hasAllRoles, isInSyncEverywhere, underReplicatedCount } from "./broker-roles.js";

const one = brokerId(1);

/** An image of these partitions, and of brokers that run: those in `fenced` take no part yet. */
function imageOf(
  partitions: readonly Partial<PartitionImage>[],
  { running = [1, 2, 3], fenced = [] }: { running?: number[]; fenced?: number[] } = {},
): ClusterImage {
  const brokers = running.map((id) => [brokerId(id), { id, brokerEpoch: id * 10, isActive: !fenced.includes(id) }]);
  const all = partitions.map((partition) => ({
    leaderBrokerEpoch: Number(partition.leader ?? 0) * 10,
    inSyncReplicas: [1, 2, 3],
    eligibleLeaderReplicas: [],
    replicas: [1, 2, 3],
    addingReplicas: [],
    ...partition,
  }));
  const topics = new Map([
    ["t", { partitions: all }],
    [groupOffsetsTopic, { partitions: [] }],
  ]);
  return { ...emptyImage, brokers: new Map(brokers as never), topics } as unknown as ClusterImage;
}

const options = { brokerId: one, brokerEpoch: 10, groupOffsetsBrokersMin: 3 };

describe("roles of a broker", () => {
  it("are all there when everything that it keeps has a living leader, or can have none", () => {
    expect(hasAllRoles(imageOf([{ leader: one }, { leader: brokerId(2) }]), options)).toBe(true);
    expect(hasAllRoles(imageOf([{ leader: undefined }]), options)).toBe(false);
    const waiting = { leader: undefined, inSyncReplicas: [brokerId(3)] };
    expect(hasAllRoles(imageOf([waiting], { running: [1, 2] }), options)).toBe(true);
    expect(hasAllRoles(imageOf([{ ...waiting, replicas: [brokerId(2), brokerId(3)] }]), options)).toBe(true);
  });

  it("are none of a broker that is fenced, or lives another life", () => {
    expect(hasAllRoles(imageOf([{ leader: one }], { fenced: [1] }), options)).toBe(false);
    expect(hasAllRoles(imageOf([{ leader: one }]), { ...options, brokerEpoch: 11 })).toBe(false);
  });

  it("are missing while the topic of group offsets is, where there are enough brokers for it", () => {
    const image = { ...imageOf([]), topics: new Map() } as unknown as ClusterImage;
    expect(hasAllRoles(image, options)).toBe(false);
    expect(hasAllRoles(image, { ...options, groupOffsetsBrokersMin: 4 })).toBe(true);
  });

  it("are in sync where whoever leads says so", () => {
    expect(isInSyncEverywhere(imageOf([{ leader: brokerId(2) }]), one)).toBe(true);
    const behind = { inSyncReplicas: [brokerId(2), brokerId(3)] };
    expect(isInSyncEverywhere(imageOf([{ ...behind, leader: brokerId(2) }]), one)).toBe(false);
    expect(isInSyncEverywhere(imageOf([{ ...behind, leader: undefined }]), one)).toBe(true);
  });

  it("are under-replicated where this broker leads and others are not in sync", () => {
    const short = { inSyncReplicas: [one, brokerId(2)] };
    const image = imageOf([{ leader: one }, { leader: one, ...short }, { leader: brokerId(2), ...short }]);
    expect(underReplicatedCount(image, one)).toBe(1);
    const copying = { ...short, replicas: [one, brokerId(2), brokerId(3)], addingReplicas: [brokerId(3)] };
    expect(underReplicatedCount(imageOf([{ leader: one, ...copying }]), one)).toBe(0);
  });
});
