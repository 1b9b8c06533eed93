import type { LeaderEpoch } from "@sluice/model";
import { brokerId, type TopicId } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../logging.js";
import { ObservedCluster, topic } from "../testing/observed-cluster.js";
import { type HandedPartition, LeaderHandover } from "./leader-handover.js";

const never = new AbortController().signal;

/** A partition that is told what to do, and says when the test says so. */
class FakePartition implements HandedPartition {
  readonly topic = "flights";
  readonly topicId: TopicId;
  readonly partition: number;
  started: number | undefined;
  isEnded = false;
  ready: (leaderEpoch: LeaderEpoch) => void = () => undefined;

  constructor(topicId: TopicId, partition: number) {
    this.topicId = topicId;
    this.partition = partition;
  }

  startHandover(candidate: number, onReady: (leaderEpoch: LeaderEpoch) => void): void {
    this.started = candidate;
    this.ready = onReady;
  }

  endHandover(): void {
    this.isEnded = true;
  }
}

describe("LeaderHandover", () => {
  let cluster: ObservedCluster;
  let handover: LeaderHandover;
  let partitions: FakePartition[];

  beforeEach(async () => {
    cluster = await ObservedCluster.open();
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 });
    const request = { ...topic({ partitions: 6 }), replicationFactor: 3 };
    const created = await cluster.brokerAt(0).topicAdmin.createTopic(request, never);
    partitions = created.partitions
      .filter(({ leader }) => leader === 1)
      .map(({ topicId, partition }) => new FakePartition(topicId, partition));
    const { store, images, brokerEpoch } = cluster.brokerAt(0);
    handover = new LeaderHandover(
      { brokerId: brokerId(1) },
      { store, images, clock: cluster.clock, logger: silentLogger, brokerEpoch: () => brokerEpoch },
    );
  });
  afterEach(() => cluster.close());

  function partitionAt(index: number): FakePartition {
    const found = partitions[index];
    if (found === undefined) throw new Error(`broker 1 leads no ${index + 1} partitions`);
    return found;
  }

  function isReady(partition: FakePartition): void {
    partition.ready(cluster.partitionAt(partition.partition).leaderEpoch);
  }

  it("elects the candidate when the partition says that it has everything, and not before", async () => {
    const partition = partitionAt(0);
    const before = cluster.partitionAt(partition.partition);
    const done = handover.handOver(partition, brokerId(2));
    await cluster.settle();
    expect([partition.started, cluster.partitionAt(partition.partition)]).toEqual([2, before]);
    isReady(partition);
    await done;
    expect(cluster.partitionAt(partition.partition)).toMatchObject({
      leader: 2,
      leaderEpoch: before.leaderEpoch + 1,
      inSyncReplicas: before.inSyncReplicas,
    });
    expect(partition.isEnded).toBe(false);
  });

  it("leaves the in-sync replicas with the same record where the broker stops", async () => {
    handover.leave();
    const done = handover.handOver(partitionAt(0), brokerId(3));
    isReady(partitionAt(0));
    await done;
    const { leader, inSyncReplicas } = cluster.partitionAt(partitionAt(0).partition);
    expect([leader, [...inSyncReplicas].sort()]).toEqual([3, [2, 3]]);
  });

  it("writes what is ready at one time in one transaction", async () => {
    const { store } = cluster.brokerAt(0);
    const before = store.written.length;
    const done = partitions.map((partition) => handover.handOver(partition, brokerId(2)));
    for (const partition of partitions) isReady(partition);
    await Promise.all(done);
    expect(partitions.length).toBeGreaterThan(1);
    expect(store.written.slice(before)).toHaveLength(1);
  });

  it("does not wait for what is being written, and fails alone where its own transaction fails", async () => {
    const [first, second] = [partitionAt(0), partitionAt(1)];
    const { store } = cluster.brokerAt(0);
    const before = store.transactionCount;
    const { held, resume } = store.holdAfter(0);
    const [failed, done] = [first, second].map((partition) => handover.handOver(partition, brokerId(2)));
    const refused = expect(failed).rejects.toThrow("no");
    isReady(first);
    await held;
    isReady(second);
    await cluster.settle();
    expect(store.transactionCount - before).toBe(2);
    store.failures.push(new Error("no"));
    resume();
    await refused;
    await done;
    expect([first, second].map(({ partition }) => cluster.partitionAt(partition).leader)).toEqual([1, 2]);
    expect([first.isEnded, second.isEnded]).toEqual([true, false]);
  });

  it("is given up after a while, and the partition goes on", async () => {
    const done = handover.handOver(partitionAt(0), brokerId(2));
    const refused = expect(done).rejects.toMatchObject({ code: "REQUEST_TIMED_OUT" });
    cluster.clock.advance(2000);
    await refused;
    expect(partitionAt(0).isEnded).toBe(true);
    isReady(partitionAt(0));
    await cluster.settle();
    expect(cluster.partitionAt(partitionAt(0).partition).leader).toBe(1);
  });

  it("ends at once when the candidate stops or goes, and no other handover with it", async () => {
    const [first, second] = [partitionAt(0), partitionAt(1)];
    const refused = expect(handover.handOver(first, brokerId(2))).rejects.toMatchObject({
      code: "LEADER_NOT_ELIGIBLE",
    });
    const done = handover.handOver(second, brokerId(3));
    handover.candidateGone(brokerId(2));
    await refused;
    expect([first.isEnded, second.isEnded]).toEqual([true, false]);
    isReady(second);
    await done;
    expect(cluster.partitionAt(second.partition).leader).toBe(3);
  });

  it("is refused where the candidate cannot lead", async () => {
    const partition = partitionAt(0);
    const done = handover.handOver(partition, brokerId(9));
    const refused = expect(done).rejects.toMatchObject({ code: "LEADER_NOT_ELIGIBLE" });
    isReady(partition);
    await refused;
    expect(partition.isEnded).toBe(true);
  });

  it("fails with the error of the store", async () => {
    cluster.brokerAt(0).store.failures.push(new Error("no"));
    const done = handover.handOver(partitionAt(0), brokerId(2));
    const refused = expect(done).rejects.toThrow("no");
    isReady(partitionAt(0));
    await refused;
    expect(partitionAt(0).isEnded).toBe(true);
  });

  it("is planned anew where the partition was changed meanwhile", async () => {
    const partition = partitionAt(0);
    const { store } = cluster.brokerAt(0);
    const { held, resume } = store.holdAfter(0);
    const done = handover.handOver(partition, brokerId(2));
    isReady(partition);
    await held;
    const before = cluster.partitionAt(partition.partition);
    const entries = (await cluster.store.list(`/sluice/parts/${partition.topicId}/${partition.partition}`)).entries;
    await cluster.store.transact(
      [],
      entries.map(({ key, value }) => ({ type: "put", key, value })),
    );
    resume();
    await done;
    const after = cluster.partitionAt(partition.partition);
    expect([after.leader, after.leaderEpoch]).toEqual([2, before.leaderEpoch + 1]);
  });
});
