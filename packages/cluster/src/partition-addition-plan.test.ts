import { brokerId, topicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { planControllerWork } from "./controller-plan.js";
import { diffImages, imageFromListing } from "./image-delta.js";
import { planPartitionAdditionFinish } from "./partition-addition-plan.js";
import { planOneWrite } from "./partition-writes.js";
import { planReassignment } from "./reassignment-plan.js";
import { newId, PlannedCluster } from "./testing/planned-cluster.js";
import { planConfigAlteration } from "./topic-config-plan.js";
import { planTopicCreation, planTopicDeletion } from "./topic-plan.js";

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe("adding partitions", () => {
  it("keeps the old ones as they are, and spreads the new ones over those that lead least", () => {
    const cluster = withTopic(2);
    const before = cluster.image;
    expect(cluster.addPartitions("t", 5)).toBe(true);
    expect(cluster.leaders("t")).toEqual([1, 2, 3, 1, 2]);
    const delta = diffImages(before, cluster.image);
    expect(delta.topicsChanged.map(({ name }) => name)).toEqual(["t"]);
    expect(delta.partitionsChanged.map(({ before: old, after }) => [old, after.partition])).toEqual([
      [undefined, 2],
      [undefined, 3],
      [undefined, 4],
    ]);
    expect(topicOf(cluster)?.partitions[0]).toBe(before.topics.get(topicName("t"))?.partitions[0]);
  });

  it("shows nothing of a larger addition before it is whole", () => {
    const cluster = withTopic(2);
    const addition = cluster.planAddition("t", 302);
    expect(addition.chunks.map((chunk) => chunk.operations.length)).toEqual([100, 100, 100]);
    const first = cluster.prepare(addition);
    expect(cluster.leaders("t")).toEqual([1, 2]);
    expect(cluster.image).toEqual(imageFromListing(cluster.image.revision, cluster.store.list()));
    expect(cluster.store.run(planPartitionAdditionFinish(addition, first))).toBe(true);
    expect(cluster.leaders("t")).toHaveLength(302);
    expect(cluster.image.unlistedPartitions.size).toBe(0);
  });

  it("keeps the settings of the topic", () => {
    const cluster = withTopic(1);
    const { transaction } = planConfigAlteration(cluster.image, {
      name: "t",
      set: [{ name: "flush", value: "os" }],
      reset: [],
    });
    expect(transaction !== undefined && cluster.store.run(transaction)).toBe(true);
    cluster.addPartitions("t", 2);
    expect(topicOf(cluster)?.configOverrides).toEqual({ flush: "os" });
  });

  it("gives the new ones as many replicas as a move has given, or is giving, the first one", () => {
    const cluster = withTopic(1);
    const move = planReassignment(cluster.image, { topic: "t", partition: 0, replicas: [1, 2, 3].map(brokerId) });
    expect(move !== undefined && cluster.store.run(planOneWrite("test", move))).toBe(true);
    cluster.addPartitions("t", 2);
    expect(topicOf(cluster)?.partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3]);
  });

  it.each([1, 150])("fails where the topic was changed, or deleted and made again, meanwhile (%i more)", (more) => {
    const changed = withTopic(2);
    const tooLate = changed.planAddition("t", 2 + more);
    const first = changed.prepare(tooLate);
    changed.addPartitions("t", 3);
    expect(changed.store.run(planPartitionAdditionFinish(tooLate, first))).toBe(false);
    expect(changed.leaders("t")).toHaveLength(3);

    const deleted = withTopic(2);
    const orphan = deleted.planAddition("t", 2 + more);
    const orphanFirst = deleted.prepare(orphan);
    deleted.store.run(planTopicDeletion(deleted.image, "t"));
    expect(deleted.image.unlistedPartitions.size).toBe(0);
    deleted.create({ name: "t", partitions: 2 });
    expect(deleted.store.run(planPartitionAdditionFinish(orphan, orphanFirst))).toBe(false);
    for (const chunk of orphan.chunks) expect(deleted.store.run(chunk)).toBe(false);
    expect(deleted.leaders("t")).toHaveLength(2);
  });

  it("lets one of two additions at once win, whole, also where it is the smaller one", () => {
    const cluster = withTopic(2);
    const [large, small] = [cluster.planAddition("t", 402), cluster.planAddition("t", 152)];
    const largeFirst = cluster.prepare(large);
    const smallFirst = cluster.prepare(small);
    expect(cluster.store.run(planPartitionAdditionFinish(large, largeFirst))).toBe(false);
    expect(cluster.store.run(planPartitionAdditionFinish(small, smallFirst))).toBe(true);
    expect(cluster.leaders("t")).toHaveLength(152);
    // What the other one wrote beyond is left over.
    expect(cluster.image.unlistedPartitions.get(small.topic.id)?.size).toBe(250);
    cluster.work(cluster.control(1));
    expect(cluster.image.unlistedPartitions.size).toBe(0);
    expect(cluster.leaders("t")).toHaveLength(152);
  });

  it("writes over what an addition that died left, with leaders that live", () => {
    const cluster = withTopic(2);
    cluster.prepare(cluster.planAddition("t", 202));
    cluster.stop(3);
    expect(cluster.addPartitions("t", 152)).toBe(true);
    expect(new Set(cluster.leaders("t"))).toEqual(new Set([1, 2]));
  });

  it("refuses what makes no sense, and says how many there are", () => {
    const cluster = withTopic(6);
    expect(() => cluster.planAddition("t", 6)).toThrowError(/'t' has 6 already/);
    for (const partitions of [6, 5, 0, -1, 1.5, 10_001, Number.NaN]) {
      expect(() => cluster.planAddition("t", partitions)).toThrowError(code("INVALID_PARTITION_COUNT"));
    }
    expect(() => cluster.planAddition("u", 6)).toThrowError(code("UNKNOWN_TOPIC"));
    expect(() => cluster.planAddition("..", 6)).toThrowError(code("INVALID_TOPIC_NAME"));
    expect(() => cluster.planAddition("__consumer_offsets", 60)).toThrowError(code("INTERNAL_TOPIC"));
    for (const id of [1, 2, 3]) cluster.stop(id);
    expect(() => cluster.planAddition("t", 7)).toThrowError(code("INVALID_REPLICATION_FACTOR"));
  });
});

describe("removing what an addition left", () => {
  it("leaves one that is under way alone, until it is known to be abandoned", () => {
    const cluster = withTopic(2);
    const epoch = cluster.control(1);
    const addition = cluster.planAddition("t", 302);
    const first = cluster.prepare(addition);
    expect(planControllerWork(cluster.image, { controllerEpoch: epoch })).toEqual([]);
    const removals = cluster.work(epoch, new Set([addition.topic.id]));
    expect(removals.every((isDone) => isDone)).toBe(true);
    expect(cluster.image.unlistedPartitions.size).toBe(0);
    expect(cluster.leaders("t")).toHaveLength(2);
    expect(cluster.store.run(planPartitionAdditionFinish(addition, first))).toBe(false);
  });

  it("takes nothing of an addition that was finished, or begun anew, before the removal ran", () => {
    for (const then of ["finished", "begun anew"]) {
      const cluster = withTopic(2);
      const addition = cluster.planAddition("t", 302);
      const first = cluster.prepare(addition);
      const epoch = cluster.control(1);
      const abandoned = planControllerWork(cluster.image, { controllerEpoch: epoch });
      expect(abandoned.length).toBeGreaterThan(1);
      const again = then === "finished" ? first : cluster.prepare(cluster.planAddition("t", 302));
      if (then === "finished") expect(cluster.store.run(planPartitionAdditionFinish(addition, first))).toBe(true);
      for (const removal of abandoned) expect(cluster.store.run(removal)).toBe(false);
      if (then !== "finished") expect(cluster.store.run(planPartitionAdditionFinish(addition, again))).toBe(true);
      expect(cluster.leaders("t")).toHaveLength(302);
      expect(cluster.image).toEqual(imageFromListing(cluster.image.revision, cluster.store.list()));
    }
  });

  it("fails the end of an addition also where only a part of the removal ran", () => {
    const cluster = withTopic(2);
    const addition = cluster.planAddition("t", 302);
    const first = cluster.prepare(addition);
    const epoch = cluster.control(1);
    const [begun] = planControllerWork(cluster.image, { controllerEpoch: epoch });
    expect(begun !== undefined && cluster.store.run(begun)).toBe(true);
    expect(cluster.store.run(planPartitionAdditionFinish(addition, first))).toBe(false);
  });

  it("removes an abandoned creation in the term in which it was begun, and makes its end fail", () => {
    const cluster = new PlannedCluster();
    const epoch = cluster.control(1);
    const request = { name: "t", partitions: 300, replicationFactor: 1, configs: [] };
    const creation = planTopicCreation(cluster.image, request, newId());
    cluster.prepare(creation);
    expect(cluster.work(epoch)).toEqual([]);
    expect(cluster.work(epoch, new Set([creation.topicId]))).toEqual([true]);
    expect(cluster.image.unlistedPartitions.size).toBe(0);
  });
});

function withTopic(partitions: number): PlannedCluster {
  const cluster = new PlannedCluster();
  cluster.create({ name: "t", partitions });
  return cluster;
}

function topicOf(cluster: PlannedCluster) {
  return cluster.image.topics.get(topicName("t"));
}
