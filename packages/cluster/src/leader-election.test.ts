import { type BrokerId, brokerId, leaderEpoch, topicId } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { type BrokerRegistration, emptyImage, type PartitionImage } from "./cluster-image.js";
import { planElection } from "./leader-election.js";
import { placeReplicas } from "./replica-placement.js";

const brokers = (...ids: number[]): ReadonlyMap<BrokerId, BrokerRegistration> =>
  new Map(
    ids.map((id) => [
      brokerId(id),
      { id: brokerId(id), incarnation: "i", brokerEpoch: 10 + id, host: "h", port: 1, rack: "" },
    ]),
  );
const partition = (more: Partial<PartitionImage>): PartitionImage => ({
  topicId: topicId("00000000-0000-4000-8000-000000000001"),
  partition: 0,
  leader: brokerId(1),
  leaderBrokerEpoch: 11,
  leaderEpoch: leaderEpoch(4),
  inSyncReplicas: [1, 2, 3].map(brokerId),
  replicas: [1, 2, 3].map(brokerId),
  version: 7,
  ...more,
});

describe("planElection", () => {
  it("leaves a living leader alone, preferred or not", () => {
    expect(planElection(partition({}), brokers(1, 2))).toBeUndefined();
    expect(planElection(partition({ leader: brokerId(3), leaderBrokerEpoch: 13 }), brokers(1, 2, 3))).toBeUndefined();
  });

  it("elects the first living in-sync replica and removes the deposed and the dead", () => {
    expect(planElection(partition({ inSyncReplicas: [1, 2, 3].map(brokerId) }), brokers(2))).toEqual({
      leader: 2,
      leaderBrokerEpoch: 12,
      leaderEpoch: 5,
      inSyncReplicas: [2],
      replicas: [1, 2, 3],
    });
    expect(planElection(partition({ inSyncReplicas: [1, 3].map(brokerId) }), brokers(2, 3))).toMatchObject({
      leader: 3,
    });
  });

  it("never elects a replica that is not in sync: then there is no leader, and all in-sync replicas stay candidates", () => {
    const only = partition({ inSyncReplicas: [1, 3].map(brokerId) });
    expect(planElection(only, brokers(2))).toMatchObject({
      leader: undefined,
      leaderBrokerEpoch: 0,
      leaderEpoch: 5,
      inSyncReplicas: [1, 3],
    });
    expect(planElection({ ...only, leader: undefined, leaderBrokerEpoch: 0 }, brokers(2))).toBeUndefined();
  });

  it("elects a leader anew that lives another life", () => {
    const elected = planElection(partition({ leaderBrokerEpoch: 5, inSyncReplicas: [brokerId(1)] }), brokers(1, 2));
    expect(elected).toMatchObject({ leader: 1, leaderBrokerEpoch: 11, leaderEpoch: 5, inSyncReplicas: [1] });
  });
});

describe("placeReplicas", () => {
  it("puts the replicas of a partition on brokers that follow one another, none twice", () => {
    const placed = placeReplicas({ ...emptyImage, brokers: brokers(1, 2, 3) }, { partitions: 4, replicationFactor: 2 });
    expect(placed).toEqual([
      [1, 2],
      [2, 3],
      [3, 1],
      [1, 2],
    ]);
  });

  it("refuses more replicas than there are brokers", () => {
    const image = { ...emptyImage, brokers: brokers(1, 2) };
    expect(() => placeReplicas(image, { partitions: 1, replicationFactor: 3 })).toThrowError(
      expect.objectContaining({ code: "INVALID_REPLICATION_FACTOR" }),
    );
  });
});
