import { brokerId, leaderEpoch, offset, topicName } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClusterImage, PartitionImage } from "./cluster-image.js";
import { historyKey, producerIdsKey } from "./cluster-keys.js";
import { formatHistoryValue, parseProducerIdsValue } from "./cluster-values.js";
import { planProducerIdClaim } from "./producer-id-plan.js";
import { type BrokerReport, brokersToAdopt, planRestoreAdoption, replicasMissing } from "./restore-plan.js";
import { PlannedCluster } from "./testing/planned-cluster.js";

interface Held {
  readonly lastEpoch?: number | undefined;
  readonly logEndOffset?: number;
  readonly knownEpoch?: number | undefined;
}

const all = [1, 2, 3];

function restoredCluster(partitions = 1): PlannedCluster {
  const cluster = new PlannedCluster();
  cluster.create({ name: "t", partitions, replicationFactor: 3 });
  cluster.store.put(historyKey, formatHistoryValue({ number: 4, state: "restored" }));
  return cluster;
}

/** What brokers say of all replicas: `held` of the first partition, by broker, and of the others that they are empty. */
function reportsOf(image: ClusterImage, held: Readonly<Record<number, Held>>, history = 4): BrokerReport[] {
  return all.map((id) => {
    const broker = brokerId(id);
    const brokerEpoch = image.brokers.get(broker)?.brokerEpoch ?? 0;
    const replicas = partitionsOf(image).map(({ topicId, partition }) => {
      const { lastEpoch, logEndOffset = 0, knownEpoch } = (partition === 0 ? held[id] : undefined) ?? {};
      const position = { logEndOffset: offset(logEndOffset), knownEpoch };
      const epoch = lastEpoch === undefined ? undefined : leaderEpoch(lastEpoch);
      return { topicId, partition, replica: broker, brokerEpoch, lastEpoch: epoch, ...position };
    });
    return { broker, brokerEpoch, history, replicas };
  });
}

function partitionsOf(image: ClusterImage): readonly PartitionImage[] {
  return image.topics.get(topicName("t"))?.partitions ?? [];
}

function adopt(cluster: PlannedCluster, reports: readonly BrokerReport[]): boolean[] {
  const plan = planRestoreAdoption(cluster.image, reports, cluster.store.entries.get(producerIdsKey));
  return [...plan.partitions, plan.finish].map((transaction) => cluster.store.run(transaction));
}

describe("adopting a restored store", () => {
  it("needs the brokers that keep replicas and those that are registered", () => {
    const cluster = restoredCluster();
    cluster.stop(2);
    cluster.register(7);
    expect(brokersToAdopt(cluster.image)).toEqual([1, 2, 3, 7]);
  });

  it("needs all replicas, and names those that are missing", () => {
    const { image } = restoredCluster();
    const [first, ...others] = reportsOf(image, {}) as [BrokerReport, ...BrokerReport[]];
    expect(replicasMissing(image, [first, ...others])).toEqual([]);
    expect(replicasMissing(image, [{ ...first, replicas: [] }, ...others])).toEqual([
      { topic: "t", partition: 0, replica: 1 },
    ]);
  });

  it("counts on the replicas with the greatest last epoch and, of those, the longest log", () => {
    const cluster = restoredCluster();
    const held = {
      1: { lastEpoch: 5, logEndOffset: 900 },
      2: { lastEpoch: 6, logEndOffset: 800 },
      3: { lastEpoch: 6, logEndOffset: 800 },
    };
    expect(adopt(cluster, reportsOf(cluster.image, held))).toEqual([true, true]);
    expect(partitionsOf(cluster.image)[0]).toMatchObject({
      leader: undefined,
      leaderBrokerEpoch: 0,
      leaderEpoch: 7,
      inSyncReplicas: expect.arrayContaining([2, 3]),
      eligibleLeaderReplicas: [],
      lastEligibleLeaderReplicas: [],
    });
    expect(partitionsOf(cluster.image)[0]?.inSyncReplicas).toHaveLength(2);
  });

  it("gives an epoch that nobody has heard of, also where nothing was written in the newest", () => {
    const cluster = restoredCluster();
    const held = { 1: { lastEpoch: 5, logEndOffset: 900 }, 2: { knownEpoch: 41 }, 3: { lastEpoch: 2 } };
    adopt(cluster, reportsOf(cluster.image, held));
    expect(partitionsOf(cluster.image)[0]?.leaderEpoch).toBe(42);
  });

  it("keeps all replicas in sync of a partition in which nothing was written", () => {
    const cluster = restoredCluster();
    adopt(cluster, reportsOf(cluster.image, {}));
    expect([...(partitionsOf(cluster.image)[0]?.inSyncReplicas ?? [])].sort()).toEqual(all);
  });

  it("begins a history that no broker knows, and leaves out producer ids that may have been given away", () => {
    const cluster = restoredCluster();
    cluster.store.run(planProducerIdClaim(undefined).transaction);
    adopt(cluster, reportsOf(cluster.image, {}, 9));
    expect(cluster.image.history).toMatchObject({ number: 10, isRestored: false });
    const { value = "" } = cluster.store.entries.get(producerIdsKey) ?? {};
    expect(parseProducerIdsValue(producerIdsKey, value).next).toBe(1_000_000_001_000);
  });

  it("changes nothing once a broker that was counted on lives another life, or another has adopted", () => {
    const cluster = restoredCluster();
    const { image } = cluster;
    const reports = reportsOf(image, {});
    const plan = planRestoreAdoption(image, reports, undefined);
    cluster.register(2);
    expect(plan.partitions.map((transaction) => cluster.store.run(transaction))).toEqual([false]);
    adopt(cluster, reportsOf(cluster.image, {}));
    expect(cluster.store.run(plan.finish)).toBe(false);
  });

  it("goes on to elections of those that have most, in the next epoch, whatever replicas have", () => {
    const holding = fc.record({
      lastEpoch: fc.option(fc.nat(9), { nil: undefined }),
      logEndOffset: fc.nat(9),
      knownEpoch: fc.option(fc.nat(12), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.tuple(holding, holding, holding), fc.integer({ min: 1, max: 70 }), ([one, two, three], count) => {
        const cluster = restoredCluster(count);
        const held: Record<number, Held> = { 1: one, 2: two, 3: three };
        expect(adopt(cluster, reportsOf(cluster.image, held)).every(Boolean)).toBe(true);
        cluster.work(cluster.control(1));
        const [partition] = partitionsOf(cluster.image) as [PartitionImage];
        const leader = held[partition.leader ?? 0] as Held;
        const rank = ({ lastEpoch = -1, logEndOffset = 0 }: Held): number => lastEpoch * 10 + logEndOffset;
        for (const other of Object.values(held)) {
          expect(rank(leader)).toBeGreaterThanOrEqual(rank(other));
          expect(partition.leaderEpoch).toBeGreaterThan(Math.max(other.lastEpoch ?? 0, other.knownEpoch ?? 0));
        }
      }),
      { numRuns: 50 },
    );
  });
});
