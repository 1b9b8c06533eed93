import { brokerId, topicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { PartitionImage } from "./cluster-image.js";
import type { PartitionValue } from "./cluster-values.js";
import { planControllerWork } from "./controller-plan.js";
import { planHandover } from "./handover-plan.js";
import { planMovedLeaders } from "./moved-leaders-plan.js";
import { type PartitionWrite, planOneWrite } from "./partition-writes.js";
import { leaderAfterCancel, planReassignment, planReassignmentCancel } from "./reassignment-plan.js";
import { storedValueOf } from "./replica-sets.js";
import { PlannedCluster } from "./testing/planned-cluster.js";

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const name = { topic: "t", partition: 0 };

describe("moving replicas", () => {
  it("adds the wanted replicas first, and takes the others away when all wanted ones are in sync", () => {
    const { cluster, epoch } = withTopic();
    expect(run(cluster, planReassignment(cluster.image, { ...name, replicas: [4, 2, 3].map(brokerId) }))).toBe(true);
    expect(partition(cluster)).toMatchObject({
      replicas: [4, 2, 3, 1],
      addingReplicas: [4],
      removingReplicas: [1],
      leader: 1,
      leaderEpoch: 0,
      inSyncReplicas: [1, 2, 3],
    });
    expect(planControllerWork(cluster.image, { controllerEpoch: epoch })).toEqual([]);
    write(cluster, { inSyncReplicas: [1, 2, 3, 4].map(brokerId) });
    // Its leader goes with the move, and hands over first, in the next epoch.
    expect(cluster.work(epoch)).toEqual([]);
    handOver(cluster, 4);
    expect(partition(cluster)).toMatchObject({ replicas: [4, 2, 3, 1], leader: 4, inSyncReplicas: [1, 2, 3, 4] });
    expect(cluster.work(epoch)).toEqual([true]);
    expect(partition(cluster)).toMatchObject({
      replicas: [4, 2, 3],
      addingReplicas: [],
      removingReplicas: [],
      leader: 4,
      leaderEpoch: 1,
      inSyncReplicas: [2, 3, 4],
    });
    expect(planControllerWork(cluster.image, { controllerEpoch: epoch })).toEqual([]);
  });

  it("keeps the leader and its epoch where the move keeps the leader", () => {
    const { cluster, epoch } = withTopic();
    run(cluster, planReassignment(cluster.image, { ...name, replicas: [1, 2, 4].map(brokerId) }));
    write(cluster, { inSyncReplicas: [1, 2, 3, 4].map(brokerId) });
    cluster.work(epoch);
    const after = { replicas: [1, 2, 4], leader: 1, leaderEpoch: 0, inSyncReplicas: [1, 2, 4] };
    expect(partition(cluster)).toMatchObject(after);
  });

  it("asks for no more in-sync replicas than there were, until the move ends", () => {
    const { cluster, epoch } = withTopic({ replicationFactor: 1 });
    run(cluster, planReassignment(cluster.image, { ...name, replicas: [1, 2, 3].map(brokerId) }));
    expect(partition(cluster)).toMatchObject({
      replicas: [1, 2, 3],
      addingReplicas: [2, 3],
      eligibleLeaderReplicas: [],
    });
    write(cluster, { inSyncReplicas: [1, 2, 3].map(brokerId) });
    cluster.work(epoch);
    expect(partition(cluster)).toMatchObject({ replicas: [1, 2, 3], addingReplicas: [], inSyncReplicas: [1, 2, 3] });
  });

  it("only changes the order where nobody comes or goes, and nothing where that is the same", () => {
    const { cluster } = withTopic();
    run(cluster, planReassignment(cluster.image, { ...name, replicas: [3, 1, 2].map(brokerId) }));
    expect(partition(cluster)).toMatchObject({
      replicas: [3, 1, 2],
      addingReplicas: [],
      removingReplicas: [],
      leader: 1,
    });
    expect(planReassignment(cluster.image, { ...name, replicas: [3, 1, 2].map(brokerId) })).toBeUndefined();
  });

  it("refuses replicas that make no sense, and a second move at the same time", () => {
    const { cluster } = withTopic();
    const refused = (replicas: number[]): unknown =>
      expect.objectContaining({
        code: "INVALID_ASSIGNMENT",
        details: expect.objectContaining({ replicas: replicas.join(", ") }),
      });
    cluster.drain(5, true);
    cluster.registerFenced(6);
    for (const replicas of [[], [1, 1], [1, 5], [1, 6], [1, 7]]) {
      const request = { ...name, replicas: replicas.map(brokerId) };
      expect(() => planReassignment(cluster.image, request)).toThrowError(refused(replicas));
    }
    const wanted = { ...name, replicas: [1, 2, 4].map(brokerId) };
    expect(() => planReassignment(cluster.image, { ...wanted, topic: "u" })).toThrowError(code("UNKNOWN_TOPIC"));
    expect(() => planReassignment(cluster.image, { ...wanted, partition: 9 })).toThrowError(code("UNKNOWN_PARTITION"));
    run(cluster, planReassignment(cluster.image, wanted));
    expect(() => planReassignment(cluster.image, wanted)).toThrowError(code("REASSIGNMENT_IN_PROGRESS"));
  });

  it("loses against whatever changes the partition first", () => {
    const { cluster } = withTopic();
    const move = planReassignment(cluster.image, { ...name, replicas: [1, 2, 4].map(brokerId) });
    write(cluster, { inSyncReplicas: [1, 2].map(brokerId) });
    expect(run(cluster, move)).toBe(false);
    expect(partition(cluster).addingReplicas).toEqual([]);
  });

  it("is taken back: those that were added go, also from the leadership", () => {
    const { cluster } = withTopic();
    expect(planReassignmentCancel(cluster.image, name)).toBeUndefined();
    run(cluster, planReassignment(cluster.image, { ...name, replicas: [4, 2, 3].map(brokerId) }));
    const brokerEpoch = cluster.image.brokers.get(brokerId(4))?.brokerEpoch ?? 0;
    const led = { leader: brokerId(4), leaderBrokerEpoch: brokerEpoch };
    write(cluster, { ...led, inSyncReplicas: [2, 3, 4].map(brokerId) });
    expect(run(cluster, planReassignmentCancel(cluster.image, name))).toBe(true);
    expect(partition(cluster)).toMatchObject({
      replicas: [2, 3, 1],
      addingReplicas: [],
      removingReplicas: [],
      leader: 2,
      leaderEpoch: 1,
      inSyncReplicas: [2, 3],
    });
  });

  it("names the leaders that are to hand over before it ends, and who can lead where it is taken back", () => {
    const { cluster, epoch } = withTopic();
    const moved = (leader: number) => planMovedLeaders(cluster.image, brokerId(leader), undefined);
    expect(moved(1)).toEqual([]);
    run(cluster, planReassignment(cluster.image, { ...name, replicas: [4, 2, 3].map(brokerId) }));
    expect(moved(1)).toEqual([]);
    write(cluster, { inSyncReplicas: [1, 2, 3, 4].map(brokerId) });
    expect(moved(1)).toEqual([partition(cluster)]);
    expect(planMovedLeaders(cluster.image, brokerId(1), cluster.image)).toEqual([]);
    expect(leaderAfterCancel(cluster.image, partition(cluster))).toBeUndefined();
    handOver(cluster, 4);
    expect([...moved(1), ...moved(4)]).toEqual([]);
    expect(leaderAfterCancel(cluster.image, partition(cluster))).toBe(2);
    cluster.stop(2);
    expect(leaderAfterCancel(cluster.image, partition(cluster))).toBe(3);
    cluster.work(epoch);
    expect(leaderAfterCancel(cluster.image, partition(cluster))).toBeUndefined();
  });

  it("is not taken back where too few of those that stay have everything", () => {
    const { cluster } = withTopic();
    run(cluster, planReassignment(cluster.image, { ...name, replicas: [4, 5, 1].map(brokerId) }));
    write(cluster, { inSyncReplicas: [1, 4, 5].map(brokerId) });
    expect(() => planReassignmentCancel(cluster.image, name)).toThrowError(code("INVALID_ASSIGNMENT"));
  });

  it("does not end while its leader is gone: the election comes first", () => {
    const { cluster, epoch } = withTopic();
    run(cluster, planReassignment(cluster.image, { ...name, replicas: [4, 2, 3].map(brokerId) }));
    write(cluster, { inSyncReplicas: [1, 2, 3, 4].map(brokerId) });
    cluster.stop(1);
    expect(cluster.work(epoch)).toEqual([true]);
    expect(partition(cluster)).toMatchObject({
      leader: 4,
      leaderEpoch: 1,
      inSyncReplicas: [2, 3, 4],
      removingReplicas: [1],
    });
    expect(cluster.work(epoch)).toEqual([true]);
    expect(partition(cluster)).toMatchObject({ leader: 4, leaderEpoch: 1, replicas: [4, 2, 3], removingReplicas: [] });
  });
});

/** Six brokers, of which the first keep partition 0. */
function withTopic({ replicationFactor = 3 } = {}): { cluster: PlannedCluster; epoch: number } {
  const cluster = new PlannedCluster(5);
  const epoch = cluster.control(1);
  cluster.create({ name: "t", partitions: 1, replicationFactor });
  return { cluster, epoch };
}

function partition(cluster: PlannedCluster): PartitionImage {
  const found = cluster.image.topics.get(topicName("t"))?.partitions[0];
  if (found === undefined) throw new Error("no partition");
  return found;
}

function run(cluster: PlannedCluster, planned: PartitionWrite | undefined): boolean {
  return planned !== undefined && cluster.store.run(planOneWrite("test", planned));
}

/** The leader gives the partition to that broker. */
function handOver(cluster: PlannedCluster, candidate: number): void {
  const { topicId, leader = brokerId(0), leaderBrokerEpoch: brokerEpoch, leaderEpoch } = partition(cluster);
  const handover = { topicId, partition: 0, leaderEpoch, candidate: brokerId(candidate) };
  const { transactions } = planHandover(cluster.image, [handover], { id: leader, brokerEpoch, isLeaving: false });
  expect(transactions.map((transaction) => cluster.store.run(transaction))).toEqual([true]);
}

/** What the leader, or an election, has written meanwhile. */
function write(cluster: PlannedCluster, more: Partial<PartitionValue>): void {
  const before = partition(cluster);
  run(cluster, { partition: before, value: { ...storedValueOf(before), ...more }, compares: [] });
}
