/** Plans of single writers of partitions: registrations, changes of in-sync replicas, exclusions, handovers and unclean elections. */

import { type BrokerId, brokerId, type LeaderEpoch, leaderEpoch, offset, topicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { BrokerRegistration, PartitionImage, TopicImage } from "./cluster-image.js";
import type { PartitionValue } from "./cluster-values.js";
import { planControllerWork } from "./controller-plan.js";
import { planBrokerDrain } from "./drain-plan.js";
import { planElections } from "./elections-plan.js";
import { isCountedOn, planExclusions, planWithdrawals } from "./exclusion-plan.js";
import {
  checkCandidate,
  handoverCandidate,
  planChosenElection,
  planHandover,
  planPreferredLeaders,
  preferredLeaderOf,
} from "./handover-plan.js";
import { planOneWrite } from "./partition-writes.js";
import { transactionStepsMax } from "./planned-transaction.js";
import { planUnfence } from "./registration-plan.js";
import { storedValueOf } from "./replica-sets.js";
import { planReplicaSetsChange, type ReplicaSetsChangeRequest } from "./replica-sets-plan.js";
import { PlannedCluster } from "./testing/planned-cluster.js";
import { needsUncleanRecovery, planUncleanElection, planUncleanRecovery } from "./unclean-election.js";

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

/** Three brokers that keep topic `t`; partition 0 is led by broker 1. */
class TestCluster extends PlannedCluster {
  readonly term: number;

  constructor({ brokers = 3, partitions = 1 } = {}) {
    super(brokers);
    this.term = this.control(1);
    this.create({ name: "t", partitions, replicationFactor: 3 });
  }

  get topic(): TopicImage {
    const topic = this.image.topics.get(topicName("t"));
    if (topic === undefined) throw new Error("no topic");
    return topic;
  }

  partition(at = 0): PartitionImage {
    const partition = this.topic.partitions[at];
    if (partition === undefined) throw new Error(`no partition ${at}`);
    return partition;
  }

  life(id: number): BrokerRegistration {
    const registration = this.image.brokers.get(brokerId(id));
    if (registration === undefined) throw new Error(`no broker ${id}`);
    return registration;
  }

  /** Whatever somebody has written. Broker ids are plain numbers. */
  write(more: { readonly [Member in keyof PartitionValue]?: unknown }): void {
    const partition = this.partition();
    const value = { ...storedValueOf(partition), ...more } as PartitionValue;
    expect(this.store.run(planOneWrite("test", { partition, value, compares: [] }))).toBe(true);
  }

  /** The lists of in-sync replicas that the leader of partition 0 wants. */
  change(inSyncReplicas: number[], more: Partial<ReplicaSetsChangeRequest> = {}): ReplicaSetsChangeRequest {
    const { topicId, partition, leaderEpoch: epoch, version } = this.partition();
    const others = { eligibleLeaderReplicas: [], lastEligibleLeaderReplicas: [], added: [] };
    return { topicId, partition, leaderEpoch: epoch, version, inSyncReplicas, ...others, ...more };
  }
}

describe("registrations", () => {
  it("are fenced until they are unfenced, once a life, and only while that life stands", () => {
    const cluster = new PlannedCluster(0);
    cluster.registerFenced(1);
    const [life] = cluster.image.brokers.values();
    expect(life).toMatchObject({
      brokerEpoch: cluster.store.revision,
      isActive: false,
      stateVersion: life?.brokerEpoch,
    });
    if (life === undefined) return;
    const unfence = planUnfence(life);
    expect(cluster.store.run(unfence)).toBe(true);
    expect(cluster.image.brokers.get(life.id)).toMatchObject({ brokerEpoch: life.brokerEpoch, isActive: true });
    expect(cluster.image.brokers.get(life.id)?.stateVersion).toBe(cluster.store.revision);
    expect(cluster.store.run(unfence)).toBe(false);
    cluster.stop(1);
    expect(cluster.image.lastRegistrations.get(life.id)).toMatchObject({
      brokerEpoch: life.brokerEpoch,
      isActive: true,
    });
    cluster.registerFenced(1);
    expect(cluster.image.brokers.get(life.id)).toMatchObject({ isActive: false });
    expect(cluster.store.run(unfence)).toBe(false);
  });

  it("can be drained, running or not, where there ever was such a broker", () => {
    const cluster = new PlannedCluster(2);
    cluster.stop(2);
    cluster.drain(2, true);
    expect(cluster.image.drainedBrokers).toEqual(new Set([2]));
    expect(planBrokerDrain(cluster.image, { broker: brokerId(2), isDrained: true })).toBeUndefined();
    cluster.drain(2, false);
    expect(cluster.image.drainedBrokers.size).toBe(0);
    const unknown = { broker: brokerId(9), isDrained: true };
    expect(() => planBrokerDrain(cluster.image, unknown)).toThrowError(code("UNKNOWN_BROKER"));
  });
});

describe("changes of in-sync replicas", () => {
  it("are written under the version that they were decided from, and keep everything else", () => {
    const cluster = new TestCluster();
    const change = cluster.change([1, 3]);
    const { transactions, refused, early } = planReplicaSetsChange(cluster.image, cluster.life(1), [change]);
    expect([refused, early]).toEqual([[], []]);
    expect(transactions.map(({ changes }) => changes)).toEqual([[change]]);
    const before = cluster.partition();
    for (const transaction of transactions) expect(cluster.store.run(transaction)).toBe(true);
    expect(cluster.partition()).toEqual({ ...before, inSyncReplicas: [1, 3], version: cluster.store.revision });
    for (const transaction of transactions) expect(cluster.store.run(transaction)).toBe(false);
  });

  it("are refused where the image shows something newer, and early where it does not show their version yet", () => {
    const cluster = new TestCluster();
    const stale = cluster.change([1, 3]);
    const behind = cluster.image;
    cluster.write({ inSyncReplicas: [1, 2] });
    const fresh = cluster.change([1, 2, 3]);
    const self = cluster.life(1);
    expect(planReplicaSetsChange(cluster.image, self, [stale]).refused).toEqual([stale]);
    expect(planReplicaSetsChange(behind, self, [fresh])).toMatchObject({ transactions: [], early: [fresh] });
    const twice = planReplicaSetsChange(cluster.image, self, [fresh, cluster.change([1])]);
    expect([twice.transactions.length, twice.refused.length]).toEqual([1, 1]);
    for (const other of [{ ...self, brokerEpoch: 1 }, cluster.life(2)])
      expect(planReplicaSetsChange(cluster.image, other, [fresh]).refused).toEqual([fresh]);
    const deposed = { ...fresh, leaderEpoch: leaderEpoch(7) };
    expect(planReplicaSetsChange(cluster.image, self, [deposed]).refused).toEqual([deposed]);
  });

  it("add nobody whose life is another one by then, whatever that one has lost", () => {
    const cluster = new TestCluster();
    cluster.write({ inSyncReplicas: [1, 2] });
    const added = [{ replica: 3, brokerEpoch: cluster.life(3).brokerEpoch }];
    const plan = planReplicaSetsChange(cluster.image, cluster.life(1), [cluster.change([1, 2, 3], { added })]);
    cluster.stop(3);
    cluster.register(3);
    expect(planExclusions(cluster.image, cluster.life(3), [cluster.partition()])).toEqual([]);
    for (const transaction of plan.transactions) expect(cluster.store.run(transaction)).toBe(false);
    expect(cluster.partition().inSyncReplicas).toEqual([1, 2]);
  });

  it("of many partitions share transactions that the store takes", () => {
    const cluster = new TestCluster({ partitions: 300 });
    const { topic } = cluster;
    const self = cluster.life(1);
    const changes = topic.partitions
      .filter(({ leader }) => leader === 1)
      .map(({ partition, version }) => ({ ...cluster.change([1, 3]), partition, version }));
    const { transactions } = planReplicaSetsChange(cluster.image, self, changes);
    expect(transactions.length).toBe(2);
    for (const transaction of transactions) {
      expect(transaction.compares.length + transaction.operations.length).toBeLessThanOrEqual(transactionStepsMax);
      expect(cluster.store.run(transaction)).toBe(true);
    }
    expect(cluster.topic.partitions.filter(({ inSyncReplicas }) => inSyncReplicas.length === 2)).toHaveLength(100);
  });
});

describe("exclusions", () => {
  it("take a lossy replica out, and with it the leadership, in one transaction", () => {
    const cluster = new TestCluster();
    cluster.stop(1);
    cluster.registerFenced(1);
    const [exclusion, ...more] = planExclusions(cluster.image, cluster.life(1), [cluster.partition()]);
    expect(more).toEqual([]);
    expect(exclusion !== undefined && cluster.store.run(exclusion)).toBe(true);
    expect(cluster.partition()).toMatchObject({
      leader: undefined,
      leaderBrokerEpoch: 0,
      leaderEpoch: 1,
      inSyncReplicas: [2, 3],
      lastEligibleLeaderReplicas: [],
    });
    expect(planExclusions(cluster.image, cluster.life(1), [cluster.partition()])).toEqual([]);
  });

  it("remember who was known to have everything where too few are left, also of the eligible ones", () => {
    const cluster = new TestCluster();
    cluster.write({
      leader: 2,
      leaderBrokerEpoch: cluster.life(2).brokerEpoch,
      inSyncReplicas: [2],
      eligibleLeaderReplicas: [1],
    });
    cluster.stop(1);
    cluster.registerFenced(1);
    for (const plan of planExclusions(cluster.image, cluster.life(1), [cluster.partition()])) cluster.store.run(plan);
    expect(cluster.partition()).toMatchObject({
      leader: 2,
      leaderEpoch: 0,
      inSyncReplicas: [2],
      eligibleLeaderReplicas: [],
      lastEligibleLeaderReplicas: [1],
    });
    expect(planExclusions(cluster.image, cluster.life(1), [cluster.partition()])).toEqual([]);
  });

  it("are planned again after somebody changed the partition, and are over with the life", () => {
    const cluster = new TestCluster();
    cluster.stop(3);
    cluster.registerFenced(3);
    const [first] = planExclusions(cluster.image, cluster.life(3), [cluster.partition()]);
    cluster.write({ inSyncReplicas: [1, 3] });
    expect(first !== undefined && cluster.store.run(first)).toBe(false);
    const [second] = planExclusions(cluster.image, cluster.life(3), [cluster.partition()]);
    cluster.stop(3);
    cluster.registerFenced(3);
    expect(second !== undefined && cluster.store.run(second)).toBe(false);
    const gone = { topicId: cluster.topic.id, partition: 9 };
    expect(planExclusions(cluster.image, cluster.life(3), [gone])).toEqual([]);
  });
});

describe("withdrawals", () => {
  it("take a failed replica out while its broker runs, so that another one is elected", () => {
    const cluster = new TestCluster();
    const [withdrawal] = planWithdrawals(cluster.image, cluster.life(1), [cluster.partition()]);
    expect(withdrawal !== undefined && cluster.store.run(withdrawal)).toBe(true);
    expect(cluster.partition()).toMatchObject({ leader: undefined, leaderEpoch: 1, inSyncReplicas: [2, 3] });
    expect([1, 2].map((id) => isCountedOn(cluster.image, brokerId(id)))).toEqual([false, true]);
  });

  it("wait until a broker takes part that has all that was committed", () => {
    const cluster = new TestCluster();
    const leader = { leader: brokerId(1), leaderBrokerEpoch: cluster.life(1).brokerEpoch };
    cluster.write({ ...leader, inSyncReplicas: [1], eligibleLeaderReplicas: [] });
    const plan = () => planWithdrawals(cluster.image, cluster.life(1), [cluster.partition()]);
    expect(plan()).toEqual([]);
    cluster.write({ ...leader, inSyncReplicas: [1], eligibleLeaderReplicas: [3] });
    cluster.stop(3);
    cluster.registerFenced(3);
    expect([plan(), isCountedOn(cluster.image, brokerId(1))]).toEqual([[], true]);
    cluster.register(3);
    expect(plan()).toHaveLength(1);
  });
});

describe("handovers", () => {
  const handOver = (cluster: TestCluster, candidate: number, isLeaving = false) => {
    const { topicId, leaderEpoch: epoch } = cluster.partition();
    const handover = { topicId, partition: 0, leaderEpoch: epoch, candidate: brokerId(candidate) };
    return planHandover(cluster.image, [handover], { ...cluster.life(1), isLeaving });
  };

  it("make the candidate the leader; who stays is in sync as before, who stops is not", () => {
    for (const isLeaving of [false, true]) {
      const cluster = new TestCluster();
      for (const transaction of handOver(cluster, 2, isLeaving).transactions) cluster.store.run(transaction);
      expect(cluster.partition()).toMatchObject({
        leader: 2,
        leaderBrokerEpoch: cluster.life(2).brokerEpoch,
        leaderEpoch: 1,
        inSyncReplicas: isLeaving ? [2, 3] : [1, 2, 3],
      });
    }
  });

  it("keep the one that stops eligible while too few others are in sync", () => {
    const cluster = new TestCluster();
    cluster.write({ inSyncReplicas: [1, 2] });
    for (const transaction of handOver(cluster, 2, true).transactions) cluster.store.run(transaction);
    expect(cluster.partition()).toMatchObject({ inSyncReplicas: [2], eligibleLeaderReplicas: [1] });
  });

  it("are refused to who is not in sync, fenced, or no replica, and in another epoch", () => {
    const cluster = new TestCluster({ brokers: 4 });
    cluster.write({ inSyncReplicas: [1, 3] });
    cluster.stop(3);
    cluster.registerFenced(3);
    const found = { topic: cluster.topic, partition: cluster.partition() };
    for (const candidate of [1, 2, 3, 4, 9]) {
      expect(handOver(cluster, candidate)).toMatchObject({ transactions: [], refused: [{ candidate }] });
      if (candidate === 1) continue;
      expect(() => checkCandidate(cluster.image, found, brokerId(candidate))).toThrowError(code("LEADER_NOT_ELIGIBLE"));
    }
    const stale = { topicId: cluster.topic.id, partition: 0, leaderEpoch: leaderEpoch(9), candidate: brokerId(2) };
    expect(planHandover(cluster.image, [stale], { ...cluster.life(1), isLeaving: false }).refused).toEqual([stale]);
  });

  it("lose against a candidate that dies, and against an election", () => {
    const cluster = new TestCluster();
    const [planned] = handOver(cluster, 2).transactions;
    cluster.stop(2);
    cluster.register(2);
    expect(planned !== undefined && cluster.store.run(planned)).toBe(false);
    const [again] = handOver(cluster, 2).transactions;
    for (const election of planElections(cluster.image, {
      suspects: new Map([[brokerId(1), cluster.life(1).brokerEpoch]]),
    }))
      expect(cluster.store.run(election)).toBe(true);
    expect(again !== undefined && cluster.store.run(again)).toBe(false);
  });

  it("go to the first that can lead, and home to the preferred leader unless that is being drained", () => {
    const cluster = new TestCluster();
    expect(handoverCandidate(cluster.image, cluster.partition())).toBe(2);
    expect(handoverCandidate(cluster.image, cluster.partition(), new Set([brokerId(2)]))).toBe(3);
    expect(preferredLeaderOf(cluster.image, cluster.partition())).toBe(1);
    expect(planPreferredLeaders(cluster.image, brokerId(1))).toEqual([]);
    cluster.write({ leader: 3, leaderBrokerEpoch: cluster.life(3).brokerEpoch });
    const home = (): BrokerId[] => planPreferredLeaders(cluster.image, brokerId(3)).map(({ candidate }) => candidate);
    expect(home()).toEqual([1]);
    cluster.drain(1, true);
    expect(home()).toEqual([2]);
    cluster.write({ inSyncReplicas: [1, 3] });
    expect(home()).toEqual([]);
  });

  it("are written for a partition without a leader as an election of the chosen one", () => {
    const cluster = new TestCluster();
    cluster.stop(1);
    const found = { topic: cluster.topic, partition: cluster.partition() };
    const write = planChosenElection(cluster.image, found, brokerId(3));
    expect(cluster.store.run(planOneWrite("test", write))).toBe(true);
    expect(cluster.partition()).toMatchObject({ leader: 3, leaderEpoch: 1, inSyncReplicas: [2, 3] });
  });
});

describe("elections of a cluster", () => {
  it("take the leaderships of suspects, with or without the controller's term, and of nobody else", () => {
    const cluster = new TestCluster({ partitions: 3 });
    const suspects = new Map([[brokerId(2), cluster.life(2).brokerEpoch]]);
    const [election] = planElections(cluster.image, { suspects });
    expect(election?.compares.some(({ key }) => key.endsWith("/controller"))).toBe(false);
    const work = planControllerWork(cluster.image, { controllerEpoch: cluster.term, suspects });
    expect(work[0]?.compares.some(({ key }) => key.endsWith("/controller"))).toBe(true);
    expect(election !== undefined && cluster.store.run(election)).toBe(true);
    expect(cluster.leaders("t")).toEqual([1, 3, 3]);
    expect(new Set(cluster.partition(1).inSyncReplicas)).toEqual(new Set([3, 1]));
    expect(cluster.partition(0).inSyncReplicas).toEqual([1, 2, 3]);
  });

  it("elect for thousands of partitions in transactions that the store takes", () => {
    const cluster = new TestCluster({ partitions: 2000 });
    cluster.stop(2);
    const elections = planElections(cluster.image, { controllerEpoch: cluster.term });
    for (const election of elections) expect(cluster.store.run(election)).toBe(true);
    expect(elections.length).toBeLessThanOrEqual(12);
    expect(cluster.leaders("t").filter((leader) => leader === 2 || leader === undefined)).toEqual([]);
  });
});

describe("unclean elections", () => {
  const report = (cluster: TestCluster, id: number, [lastEpoch, end]: readonly [number | undefined, number]) => ({
    replica: brokerId(id),
    brokerEpoch: cluster.life(id).brokerEpoch,
    lastEpoch: lastEpoch === undefined ? undefined : (lastEpoch as LeaderEpoch),
    logEndOffset: offset(end),
  });
  const orphaned = (): TestCluster => {
    const cluster = new TestCluster();
    const none = { leader: undefined, leaderBrokerEpoch: 0, inSyncReplicas: [], eligibleLeaderReplicas: [] };
    cluster.write({ ...none, lastEligibleLeaderReplicas: [1, 2] });
    return cluster;
  };

  it("take the greatest last epoch and then the longest log, when all replicas have said what they have", () => {
    const cluster = orphaned();
    const found = { topic: cluster.topic, partition: cluster.partition() };
    const two = [report(cluster, 1, [3, 10]), report(cluster, 2, [4, 5])];
    const reports = [...two, report(cluster, 3, [4, 6])];
    expect(planUncleanRecovery(cluster.image, found, { reports: two, isWaitOver: false })).toBeUndefined();
    const write = planUncleanRecovery(cluster.image, found, { reports, isWaitOver: false });
    expect(write?.value).toMatchObject({
      leader: 3,
      leaderEpoch: 1,
      inSyncReplicas: [3],
      eligibleLeaderReplicas: [],
      lastEligibleLeaderReplicas: [],
    });
    // The wait is over: those that were eligible last are enough.
    expect(planUncleanRecovery(cluster.image, found, { reports: two, isWaitOver: true })?.value.leader).toBe(2);
    expect(planUncleanRecovery(cluster.image, found, { reports: two.slice(0, 1), isWaitOver: true })).toBeUndefined();
    expect(planUncleanRecovery(cluster.image, found, { reports: [], isWaitOver: true })).toBeUndefined();
  });

  it("count no report of another life, or of who is fenced, and elect where somebody has everything never", () => {
    const cluster = orphaned();
    const found = { topic: cluster.topic, partition: cluster.partition() };
    const reports = [1, 2, 3].map((id) => report(cluster, id, [undefined, 0]));
    expect(planUncleanRecovery(cluster.image, found, { reports, isWaitOver: false })?.value.leader).toBe(1);
    cluster.stop(3);
    cluster.register(3);
    expect(planUncleanRecovery(cluster.image, found, { reports, isWaitOver: false })).toBeUndefined();
    cluster.write({ eligibleLeaderReplicas: [2], lastEligibleLeaderReplicas: [1] });
    expect(needsUncleanRecovery(cluster.partition())).toBe(false);
    const eligible = { topic: cluster.topic, partition: cluster.partition() };
    expect(planUncleanRecovery(cluster.image, eligible, { reports, isWaitOver: true })).toBeUndefined();
  });

  it("give an operator who is asked for, which loses nothing where that one has everything", () => {
    const cluster = new TestCluster({ brokers: 4 });
    cluster.write({ inSyncReplicas: [1, 2] });
    const name = { topic: "t", partition: 0 };
    expect(planUncleanElection(cluster.image, name, brokerId(3)).value).toMatchObject({
      leader: 3,
      leaderEpoch: 1,
      inSyncReplicas: [3],
      eligibleLeaderReplicas: [],
    });
    expect(planUncleanElection(cluster.image, name, brokerId(2)).value).toMatchObject({
      leader: 2,
      inSyncReplicas: [2],
      eligibleLeaderReplicas: [1],
    });
    for (const [candidate, reason] of [
      [4, "replica"],
      [9, "replica"],
    ] as const)
      expect(() => planUncleanElection(cluster.image, name, brokerId(candidate))).toThrowError(reason);
    cluster.stop(3);
    expect(() => planUncleanElection(cluster.image, name, brokerId(3))).toThrowError("not running");
  });
});
