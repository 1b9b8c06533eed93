import { type BrokerId, brokerId, leaderEpoch, topicId } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { BrokerRegistration, PartitionImage } from "./cluster-image.js";
import { planElection } from "./leader-election.js";

const brokers = (...ids: number[]): Map<BrokerId, BrokerRegistration> =>
  new Map(
    ids.map((id) => [
      brokerId(id),
      {
        id: brokerId(id),
        incarnation: "i",
        brokerEpoch: 10 + id,
        host: "h",
        port: 1,
        listeners: {},
        rack: "",
        isActive: true,
        stateVersion: 20 + id,
      },
    ]),
  );
/** Those, of which some are registered and fenced. */
const withFenced = (registered: number[], fenced: number[]): Map<BrokerId, BrokerRegistration> => {
  const all = brokers(...registered, ...fenced);
  for (const id of fenced.map(brokerId)) {
    const registration = all.get(id);
    if (registration !== undefined) all.set(id, { ...registration, isActive: false });
  }
  return all;
};
/** A partition that differs from the usual one in that; broker ids are written as plain numbers. */
const partition = (more: { readonly [Member in keyof PartitionImage]?: unknown }): PartitionImage => {
  const usual: PartitionImage = {
    topicId: topicId("00000000-0000-4000-8000-000000000001"),
    partition: 0,
    leader: brokerId(1),
    leaderBrokerEpoch: 11,
    leaderEpoch: leaderEpoch(4),
    inSyncReplicas: [1, 2, 3].map(brokerId),
    eligibleLeaderReplicas: [],
    lastEligibleLeaderReplicas: [],
    replicas: [1, 2, 3].map(brokerId),
    addingReplicas: [],
    removingReplicas: [],
    version: 7,
  };
  return { ...usual, ...more } as PartitionImage;
};
const minTwo = { inSyncReplicasMin: 2 };

describe("planElection", () => {
  it("leaves a living leader alone, preferred or not", () => {
    expect(planElection(partition({}), brokers(1, 2), minTwo)).toBeUndefined();
    const led = partition({ leader: 3, leaderBrokerEpoch: 13 });
    expect(planElection(led, brokers(1, 2, 3), minTwo)).toBeUndefined();
  });

  it("elects the first living in-sync replica in the preferred order, and takes the deposed and the dead out", () => {
    expect(planElection(partition({}), brokers(2, 3), minTwo)).toEqual({
      leader: 2,
      leaderBrokerEpoch: 12,
      leaderEpoch: 5,
      inSyncReplicas: [2, 3],
      eligibleLeaderReplicas: [],
      lastEligibleLeaderReplicas: [],
      replicas: [1, 2, 3],
      addingReplicas: [],
      removingReplicas: [],
    });
    expect(planElection(partition({ inSyncReplicas: [1, 3] }), brokers(2, 3), minTwo)).toMatchObject({
      leader: 3,
      inSyncReplicas: [3],
      eligibleLeaderReplicas: [1],
    });
  });

  it("keeps those eligible that leave while fewer than enough stay in sync, and nobody once enough do", () => {
    const short = partition({ inSyncReplicas: [1, 2], eligibleLeaderReplicas: [3] });
    expect(planElection(short, brokers(2), minTwo)).toMatchObject({
      leader: 2,
      inSyncReplicas: [2],
      eligibleLeaderReplicas: [1, 3],
    });
    expect(planElection(short, brokers(2), { inSyncReplicasMin: 1 })).toMatchObject({
      inSyncReplicas: [2],
      eligibleLeaderReplicas: [],
    });
  });

  it("elects an eligible replica where no in-sync one can be, and nobody else", () => {
    const orphan = partition({ inSyncReplicas: [1], eligibleLeaderReplicas: [3] });
    expect(planElection(orphan, brokers(2, 3), minTwo)).toMatchObject({
      leader: 3,
      leaderBrokerEpoch: 13,
      inSyncReplicas: [3],
      eligibleLeaderReplicas: [1],
    });
    expect(planElection(orphan, brokers(2), minTwo)).toMatchObject({ leader: undefined });
  });

  it("leaves no leader where none can be had, and all who have everything stay candidates", () => {
    const only = partition({ inSyncReplicas: [1, 3], eligibleLeaderReplicas: [] });
    expect(planElection(only, brokers(2), minTwo)).toMatchObject({
      leader: undefined,
      leaderBrokerEpoch: 0,
      leaderEpoch: 5,
      inSyncReplicas: [1, 3],
    });
    expect(planElection({ ...only, leader: undefined, leaderBrokerEpoch: 0 }, brokers(2), minTwo)).toBeUndefined();
  });

  it("elects a leader anew that lives another life", () => {
    const elected = planElection(partition({ leaderBrokerEpoch: 5, inSyncReplicas: [1] }), brokers(1, 2), minTwo);
    expect(elected).toMatchObject({ leader: 1, leaderBrokerEpoch: 11, leaderEpoch: 5, inSyncReplicas: [1] });
  });

  it("elects nobody who is fenced, and does not count on it to follow", () => {
    expect(planElection(partition({ leaderBrokerEpoch: 5 }), withFenced([3], [1, 2]), minTwo)).toMatchObject({
      leader: 3,
      inSyncReplicas: [3],
      eligibleLeaderReplicas: [1, 2],
    });
    const comesBack = partition({ leaderBrokerEpoch: 5, inSyncReplicas: [1] });
    expect(planElection(comesBack, withFenced([2], [1]), minTwo)).toMatchObject({ leader: undefined, leaderEpoch: 5 });
  });

  it("takes the leadership of a suspected life, unless nobody else can have it, and never gives it one", () => {
    const suspects = new Map([[brokerId(1), 11]]);
    const elected = planElection(partition({}), brokers(1, 2, 3), { ...minTwo, suspects });
    expect(elected).toMatchObject({ leader: 2, leaderEpoch: 5, inSyncReplicas: [2, 3] });
    const alone = partition({ inSyncReplicas: [1] });
    expect(planElection(alone, brokers(1, 2, 3), { ...minTwo, suspects })).toBeUndefined();
    expect(planElection(partition({}), brokers(1, 2), { ...minTwo, suspects: new Map([[brokerId(1), 10]]) })).toBe(
      undefined,
    );
    const both = new Map([...suspects, [brokerId(2), 12] as const]);
    expect(planElection(partition({}), brokers(1, 2, 3), { ...minTwo, suspects: both })).toMatchObject({
      leader: 3,
      inSyncReplicas: [3],
      eligibleLeaderReplicas: [1, 2],
    });
  });
});
