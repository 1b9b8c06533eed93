import { brokerId } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { ClusterImage, PartitionImage } from "./cluster-image.js";
import { historyKey } from "./cluster-keys.js";
import { formatHistoryValue } from "./cluster-values.js";
import { type ActedUpon, compareHistory, partitionsOf, planRestoreNotice } from "./store-history.js";
import { PlannedCluster } from "./testing/planned-cluster.js";

const self = brokerId(1);

function newCluster(): PlannedCluster {
  const cluster = new PlannedCluster();
  cluster.create({ name: "t", partitions: 3, replicationFactor: 3 });
  return cluster;
}

/** A broker that has acted upon that image, but for what is said of its history. */
function actedUpon(image: ClusterImage, history: Partial<ActedUpon["history"]> = {}): ActedUpon {
  const name = ({ topicId, partition }: PartitionImage): string => `${topicId}-${partition}`;
  const known = new Map([...partitionsOf(image, { self })].map((partition) => [name(partition), partition]));
  const brokerEpoch = image.lastRegistrations.get(self)?.brokerEpoch ?? 0;
  return {
    history: { number: image.history.number, revision: image.revision, brokerEpoch, isRestored: false, ...history },
    get: (partition) => known.get(name(partition)),
  };
}

const restored = (reason: string) => ({ type: "restored", reason: expect.stringContaining(reason) as string });

describe("a cluster store is compared with what was acted upon", () => {
  it("and is the same when it has only gone on", () => {
    const cluster = newCluster();
    const { image } = cluster;
    const acted = actedUpon(image);
    expect(compareHistory(image, acted, { self })).toEqual({ type: "same" });
    cluster.stop(2);
    cluster.work(cluster.control(1));
    expect(cluster.image.revision).toBeGreaterThan(image.revision);
    expect(compareHistory(cluster.image, acted, { self })).toEqual({ type: "same" });
  });

  it("and was restored when it is older", () => {
    const { image } = newCluster();
    const acted = actedUpon(image, { revision: image.revision + 1 });
    expect(compareHistory(image, acted, { self })).toEqual(restored(`${image.revision + 1} was acted upon`));
  });

  it("unless a watch is on its way to what an answer has told already", () => {
    const { image } = newCluster();
    const acted = actedUpon(image, { revision: image.revision + 1 });
    expect(compareHistory(image, acted, { self, before: image })).toEqual({ type: "same" });
  });

  it("and was restored when it has forgotten a registration of this broker", () => {
    const { image } = newCluster();
    const acted = actedUpon(image, { brokerEpoch: image.revision });
    expect(compareHistory(image, acted, { self })).toEqual(restored("was its last"));
  });

  it("and was restored when it has an older leader epoch, or the same of another leader, however new it is", () => {
    const cluster = newCluster();
    const backup = cluster.image;
    cluster.stop(1);
    cluster.work(cluster.control(2));
    const acted = actedUpon(cluster.image, { revision: 0, brokerEpoch: 0 });
    expect(compareHistory({ ...backup, revision: 1000 }, acted, { self })).toEqual(restored("1 was acted upon"));
    // Elections that were forgotten happen again, with other lives.
    const sameTopic = { ...cluster.image, topicsById: relead(cluster.image) };
    expect(compareHistory(sameTopic, acted, { self })).toEqual(restored("is of registration"));
  });

  it("and was restored as long as a broker says so, or this one knows so", () => {
    const cluster = newCluster();
    const acted = actedUpon(cluster.image);
    expect(compareHistory(cluster.image, actedUpon(cluster.image, { isRestored: true }), { self })).toEqual(
      restored("before"),
    );
    cluster.store.put(historyKey, formatHistoryValue({ number: 0, state: "restored" }));
    expect(compareHistory(cluster.image, acted, { self })).toEqual(restored("a broker has found"));
  });

  it("and is in its next history, where nothing counts that was known, once it was adopted", () => {
    const cluster = newCluster();
    const acted = actedUpon(cluster.image, { revision: 1_000_000, isRestored: true });
    cluster.store.put(historyKey, formatHistoryValue({ number: 1, state: "adopted" }));
    expect(compareHistory(cluster.image, acted, { self })).toEqual({ type: "next" });
  });

  it("and was restored again when it is in an earlier history", () => {
    const { image } = newCluster();
    expect(compareHistory(image, actedUpon(image, { number: 2 }), { self })).toEqual(restored("2 has begun"));
  });
});

describe("a restored store", () => {
  it("is told so once, with the newest history that is known", () => {
    const cluster = newCluster();
    const notice = planRestoreNotice(cluster.image, 3);
    expect(notice !== undefined && cluster.store.run(notice)).toBe(true);
    expect(cluster.image.history).toMatchObject({ number: 3, isRestored: true });
    expect(planRestoreNotice(cluster.image, 3)).toBeUndefined();
    // Another broker that has not seen it yet.
    expect(notice !== undefined && cluster.store.run(notice)).toBe(false);
  });

  it("says nothing of it any more when the key is gone", () => {
    const cluster = newCluster();
    cluster.store.put(historyKey, formatHistoryValue({ number: 3, state: "restored" }));
    expect(cluster.image.history.number).toBe(3);
    cluster.store.delete(historyKey);
    expect(cluster.image.history).toEqual({ number: 0, isRestored: false, version: 0 });
  });
});

/** The same topics, led by other lives in the same epochs. */
function relead(image: ClusterImage): ClusterImage["topicsById"] {
  return new Map(
    [...image.topicsById].map(([id, topic]) => {
      const partitions = topic.partitions.map((partition) => ({
        ...partition,
        leaderBrokerEpoch: partition.leaderBrokerEpoch + 1,
      }));
      return [id, { ...topic, partitions }];
    }),
  );
}
