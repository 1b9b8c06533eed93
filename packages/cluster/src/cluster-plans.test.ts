/**
 * Plans and images together: what is planned from an image is run on a store, and the image follows the store's changes.
 */

import { brokerId, topicName } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { type ClusterImage, emptyImage } from "./cluster-image.js";
import { controllerKey, partitionKey, partitionsKeyPrefix, topicKey } from "./cluster-keys.js";
import { formatPartitionValue } from "./cluster-values.js";
import { planControllerWork } from "./controller-plan.js";
import { planGroupOffsetsReplication, planGroupOffsetsTopic } from "./group-offsets-plan.js";
import { applyStoreEvents, diffImages, imageFromListing } from "./image-delta.js";
import { planLeftoverRemoval } from "./leftover-plan.js";
import { placeableBrokers } from "./replica-placement.js";
import { storedValueOf } from "./replica-sets.js";
import { newId, PlannedCluster } from "./testing/planned-cluster.js";
import { planConfigAlteration } from "./topic-config-plan.js";
import {
  planTopicCreation,
  planTopicDeletion,
  planTopicFinish,
  type TopicCreation,
  type TopicRequest,
} from "./topic-plan.js";

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const plan = (cluster: PlannedCluster, request: Partial<TopicRequest>): TopicCreation =>
  planTopicCreation(
    cluster.image,
    { name: "t", partitions: 1, replicationFactor: 1, configs: [], ...request },
    newId(),
  );

const canPlace = (image: ClusterImage): boolean => placeableBrokers(image).length > 0;

describe("creating a topic", () => {
  it("spreads its leaders evenly, what is left over on the brokers that lead least", () => {
    const cluster = new PlannedCluster();
    cluster.create({ name: "a", partitions: 4 });
    cluster.create({ name: "b", partitions: 5 });
    expect(cluster.leaders("a")).toEqual([1, 2, 3, 1]);
    expect(cluster.leaders("b")).toEqual([2, 3, 1, 2, 3]);
  });

  it("keeps leaders balanced within 1 whatever is created", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }),
        (brokers, sizes) => {
          const cluster = new PlannedCluster(brokers);
          for (const [index, partitions] of sizes.entries()) cluster.create({ name: `t${index}`, partitions });
          const leaders = [...sizes.keys()].flatMap((index) => cluster.leaders(`t${index}`));
          const counts = Array.from(
            { length: brokers },
            (_, at) => leaders.filter((leader) => leader === at + 1).length,
          );
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: propertyRuns({ usual: 50, long: 1000 }) },
    );
  });

  it("takes what is in one transaction for one, and larger topics in chunks with the topic last", () => {
    const cluster = new PlannedCluster();
    expect(plan(cluster, { partitions: 99 }).chunks).toHaveLength(0);
    const large = plan(cluster, { partitions: 1000 });
    expect(large.chunks.map((chunk) => chunk.operations.length)).toEqual([
      100, 100, 100, 100, 100, 100, 100, 100, 100, 99,
    ]);
    const first = cluster.prepare(large);
    expect(cluster.image.topics.size).toBe(0);
    expect(cluster.image.unlistedPartitions.get(large.topicId)?.size).toBe(999);
    expect(cluster.store.run(planTopicFinish(large, first))).toBe(true);
    expect(cluster.leaders("t")).toHaveLength(1000);
    expect(cluster.image.unlistedPartitions.size).toBe(0);
  });

  it("creates a name once", () => {
    const cluster = new PlannedCluster();
    const [first, second] = [plan(cluster, {}), plan(cluster, { partitions: 200 })];
    const secondRevision = cluster.prepare(second);
    expect(cluster.store.run(planTopicFinish(first, undefined))).toBe(true);
    expect(cluster.store.run(planTopicFinish(second, secondRevision))).toBe(false);
    expect(cluster.store.run(planLeftoverRemoval(second.topicId))).toBe(true);
    expect(cluster.image.unlistedPartitions.size).toBe(0);
    expect(() => plan(cluster, {})).toThrowError(code("TOPIC_ALREADY_EXISTS"));
  });

  it("keeps settings as they were given and reads them", () => {
    const cluster = new PlannedCluster();
    cluster.create({ name: "t", configs: [{ name: "flush", value: "os" }] });
    const topic = cluster.image.topics.get(topicName("t"));
    expect(topic?.configOverrides).toEqual({ flush: "os" });
    expect(topic?.config).toMatchObject({ flush: "os", "segment.bytes": 1_073_741_824 });
  });

  it("refuses requests that make no sense", () => {
    const cluster = new PlannedCluster();
    const refused = (request: Partial<TopicRequest>, expected: string): void =>
      expect(() => plan(cluster, request)).toThrowError(code(expected));
    refused({ name: "a b" }, "INVALID_TOPIC_NAME");
    refused({ name: "__x" }, "INTERNAL_TOPIC");
    refused({ partitions: 0 }, "INVALID_PARTITION_COUNT");
    refused({ partitions: 10_001 }, "INVALID_PARTITION_COUNT");
    refused({ partitions: 1.5 }, "INVALID_PARTITION_COUNT");
    refused({ replicationFactor: 4 }, "INVALID_REPLICATION_FACTOR");
    refused({ replicationFactor: 33 }, "INVALID_REPLICATION_FACTOR");
    refused({ replicationFactor: 0 }, "INVALID_REPLICATION_FACTOR");
    refused({ configs: [{ name: "flsh", value: "os" }] }, "UNKNOWN_CONFIG_KEY");
    refused({ configs: [{ name: "flush", value: "never" }] }, "INVALID_CONFIG_VALUE");
    expect(() => plan(new PlannedCluster(0), {})).toThrowError(code("INVALID_REPLICATION_FACTOR"));
  });
});

describe("deleting a topic", () => {
  it("removes it with all its partitions, and only the topic that was seen", () => {
    const cluster = new PlannedCluster();
    cluster.create({ name: "t", partitions: 300 });
    cluster.create({ name: "u" });
    const seen = planTopicDeletion(cluster.image, "t");
    expect(cluster.store.run(seen)).toBe(true);
    expect([...cluster.image.topics.keys()]).toEqual(["u"]);
    const partitions = partitionsKeyPrefix(seen.topic.id);
    expect(cluster.store.list().filter(({ key }) => key.startsWith(partitions))).toEqual([]);
    cluster.create({ name: "t" });
    expect(cluster.store.run(seen)).toBe(false);
  });

  it("refuses what does not exist and what is internal", () => {
    expect(() => planTopicDeletion(emptyImage, "t")).toThrowError(code("UNKNOWN_TOPIC"));
    expect(() => planTopicDeletion(emptyImage, "__consumer_offsets")).toThrowError(code("INTERNAL_TOPIC"));
  });
});

describe("the controller", () => {
  it("does nothing where everybody lives, and nothing in a term that is not its own", () => {
    const cluster = new PlannedCluster();
    const epoch = cluster.control(1);
    cluster.create({ name: "t" });
    expect(planControllerWork(cluster.image, { controllerEpoch: epoch })).toEqual([]);
    cluster.stop(2);
    expect(planControllerWork(cluster.image, { controllerEpoch: epoch - 1 })).toEqual([]);
  });

  it("takes the leadership of a broker that is gone, and gives it back to the next life", () => {
    const cluster = new PlannedCluster();
    const epoch = cluster.control(1);
    cluster.create({ name: "t", partitions: 3 });
    cluster.stop(2);
    expect(cluster.work(epoch)).toEqual([true]);
    expect(cluster.leaders("t")).toEqual([1, undefined, 3]);
    expect(cluster.epochs("t")).toEqual([0, 1, 0]);
    expect(planControllerWork(cluster.image, { controllerEpoch: epoch })).toEqual([]);
    cluster.register(2);
    expect(cluster.work(epoch)).toEqual([true]);
    expect(cluster.leaders("t")).toEqual([1, 2, 3]);
    expect(cluster.epochs("t")).toEqual([0, 2, 0]);
  });

  it("elects anew a broker that came back before anybody missed it", () => {
    const cluster = new PlannedCluster();
    const epoch = cluster.control(1);
    cluster.create({ name: "t", partitions: 3 });
    cluster.stop(2);
    cluster.register(2);
    cluster.work(epoch);
    expect(cluster.leaders("t")).toEqual([1, 2, 3]);
    expect(cluster.epochs("t")).toEqual([0, 1, 0]);
    const partition = cluster.image.topics.get(topicName("t"))?.partitions[1];
    expect(partition?.leaderBrokerEpoch).toBe(cluster.image.brokers.get(brokerId(2))?.brokerEpoch);
  });

  it("changes nothing from an image that is behind", () => {
    const cluster = new PlannedCluster();
    const epoch = cluster.control(1);
    cluster.create({ name: "t", partitions: 3 });
    cluster.stop(2);
    const stale = planControllerWork(cluster.image, { controllerEpoch: epoch });
    cluster.control(3);
    expect(stale.map((transaction) => cluster.store.run(transaction))).toEqual([true]);
    cluster.register(2);
    const elections = planControllerWork(cluster.image, { controllerEpoch: epoch });
    cluster.stop(2);
    cluster.register(2);
    expect(elections.map((transaction) => cluster.store.run(transaction))).toEqual([false]);
    cluster.store.delete(controllerKey);
    cluster.control(3);
    expect(planControllerWork(cluster.image, { controllerEpoch: epoch })).toEqual([]);
  });

  it("elects any number of leaders in transactions that the store takes", () => {
    const cluster = new PlannedCluster(2);
    const epoch = cluster.control(1);
    cluster.create({ name: "t", partitions: 501 });
    cluster.stop(2);
    expect(cluster.work(epoch)).toEqual([true, true, true, true, true]);
    expect(cluster.leaders("t").filter((leader) => leader === undefined)).toHaveLength(250);
    expect(planControllerWork(cluster.image, { controllerEpoch: epoch })).toEqual([]);
  });

  it("removes what a creation before its term left over, and not one that is under way", () => {
    const cluster = new PlannedCluster();
    const abandoned = plan(cluster, { partitions: 300 });
    cluster.prepare(abandoned);
    const epoch = cluster.control(1);
    const underWay = plan(cluster, { name: "u", partitions: 300 });
    const first = cluster.prepare(underWay);
    expect(cluster.work(epoch)).toEqual([true]);
    expect([...cluster.image.unlistedPartitions.keys()]).toEqual([underWay.topicId]);
    expect(cluster.store.run(planTopicFinish(underWay, first))).toBe(true);
    expect(cluster.leaders("u")).toHaveLength(300);
  });

  it("lets either the removal of leftovers or the end of the creation win, never both", () => {
    const removalFirst = new PlannedCluster();
    const removed = plan(removalFirst, { partitions: 300 });
    const removedRevision = removalFirst.prepare(removed);
    expect(removalFirst.work(removalFirst.control(1))).toEqual([true]);
    expect(removalFirst.store.run(planTopicFinish(removed, removedRevision))).toBe(false);

    const finishFirst = new PlannedCluster();
    const finished = plan(finishFirst, { partitions: 300 });
    const finishedRevision = finishFirst.prepare(finished);
    const epoch = finishFirst.control(1);
    const removals = planControllerWork(finishFirst.image, { controllerEpoch: epoch });
    expect(removals).toHaveLength(1);
    expect(finishFirst.store.run(planTopicFinish(finished, finishedRevision))).toBe(true);
    for (const transaction of removals) expect(finishFirst.store.run(transaction)).toBe(false);
    expect(finishFirst.leaders("t")).toHaveLength(300);
  });

  it("makes the internal topic once enough brokers are there", () => {
    const cluster = new PlannedCluster(2);
    const options = { groupOffsetsPartitions: 12, brokersMin: 3, replicationFactor: 0, newTopicId: newId() };
    expect(planGroupOffsetsTopic(cluster.image, options)).toBeUndefined();
    cluster.register(3);
    const creation = planGroupOffsetsTopic(cluster.image, options);
    expect(creation).toBeDefined();
    if (creation !== undefined) cluster.store.run(planTopicFinish(creation, undefined));
    expect(cluster.leaders("__consumer_offsets")).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
    const offsets = cluster.image.topics.get(topicName("__consumer_offsets"));
    expect(offsets?.config).toMatchObject({ flush: "always", "min.insync.replicas": 2 });
    expect(offsets?.partitions.map(({ inSyncReplicas }) => inSyncReplicas.length)).toEqual(Array(12).fill(3));
    expect(planGroupOffsetsTopic(cluster.image, options)).toBeUndefined();
  });

  it("replicates the internal topic of the first broker as the others join, and spreads its leaders", () => {
    const cluster = new PlannedCluster(1);
    const options = { groupOffsetsPartitions: 12, brokersMin: 1, replicationFactor: 0, newTopicId: newId() };
    const creation = planGroupOffsetsTopic(cluster.image, options);
    if (creation !== undefined) cluster.store.run(planTopicFinish(creation, undefined));
    const controllerEpoch = cluster.control(1);
    const plan = () => planGroupOffsetsReplication(cluster.image, { replicationFactor: 0, controllerEpoch });
    const partitions = () => cluster.image.topics.get(topicName("__consumer_offsets"))?.partitions ?? [];
    expect(plan()).toEqual([]);
    for (const [id, others] of [
      [2, [1]],
      [3, [1, 2]],
    ] as const) {
      cluster.register(id);
      for (const transaction of plan()) expect(cluster.store.run(transaction)).toBe(true);
      // Nothing more while they are being added.
      expect(plan()).toEqual([]);
      for (const partition of partitions()) {
        expect(partition).toMatchObject({ addingReplicas: [id], removingReplicas: [], inSyncReplicas: others });
        cluster.store.put(
          partitionKey(partition.topicId, partition.partition),
          formatPartitionValue({ ...storedValueOf(partition), inSyncReplicas: [...others, id].map(brokerId) }),
        );
      }
      expect(cluster.work(controllerEpoch)).toEqual([true]);
    }
    expect(plan()).toEqual([]);
    for (const { replicas, addingReplicas } of partitions()) {
      expect([[...replicas].sort(), addingReplicas]).toEqual([[1, 2, 3], []]);
    }
    const preferred = partitions().map(({ replicas }) => replicas[0]);
    expect([1, 2, 3].map((id) => preferred.filter((first) => first === id).length)).toEqual([4, 4, 4]);
    cluster.register(4);
    expect(plan()).toEqual([]);
  });
});

describe("the image", () => {
  it("is the same from changes as from a listing, after any history", () => {
    const command = fc.oneof(
      fc.record({
        do: fc.constantFrom("stop", "register", "fence", "drain", "control"),
        at: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({
        do: fc.constantFrom("create", "delete", "prepare", "add", "addLarge", "prepareAddition", "alter"),
        at: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({ do: fc.constantFrom("work", "cleanUp"), at: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 25, size: "max" }), (commands) => {
        const cluster = new PlannedCluster();
        let leap = cluster.image;
        let settled: ClusterImage | undefined;
        for (const { do: what, at } of commands) {
          const before = cluster.image;
          const name = `t${at}`;
          if (what === "stop") cluster.stop(at);
          else if (what === "register") cluster.register(at);
          else if (what === "fence") cluster.registerFenced(at);
          else if (what === "drain") cluster.drain(at, !before.drainedBrokers.has(brokerId(at)));
          else if (what === "control") cluster.control(at);
          else if (what === "work") cluster.work(before.controller?.controllerEpoch ?? 0);
          else if (what === "cleanUp")
            cluster.work(before.controller?.controllerEpoch ?? 0, new Set(before.unlistedPartitions.keys()));
          else if (what === "delete" && before.topics.has(topicName(name)))
            cluster.store.run(planTopicDeletion(before, name));
          else if (what === "create" && !before.topics.has(topicName(name)) && canPlace(before))
            cluster.create({ name, partitions: at });
          else if (what === "prepare" && !before.topics.has(topicName(name)) && canPlace(before))
            cluster.prepare(plan(cluster, { name, partitions: 120 }));
          else if (before.topics.has(topicName(name)) && canPlace(before)) {
            const count = before.topics.get(topicName(name))?.partitions.length ?? 0;
            if (what === "add") cluster.addPartitions(name, count + at);
            else if (what === "addLarge") cluster.addPartitions(name, count + 100 + at);
            else if (what === "prepareAddition") cluster.prepare(cluster.planAddition(name, count + 100 * at));
            else if (what === "alter") {
              const set = [{ name: "flush.ms", value: String(cluster.store.revision + 1) }];
              const { transaction } = planConfigAlteration(before, { name, set, reset: [] });
              if (transaction !== undefined) cluster.store.run(transaction);
            }
          }
          const listed = imageFromListing(cluster.image.revision, cluster.store.list());
          expect(cluster.image).toEqual(listed);
          // All that happened since some moment, taken at once.
          const later = cluster.store.history.filter(({ revision }) => revision > leap.revision);
          const events = later.flatMap(({ changes }) => changes);
          if (later.length > 0) expect(applyStoreEvents(leap, listed.revision, events)).toEqual(listed);
          if (later.length > 12) leap = listed;
          const [delta, listedDelta] = [diffImages(before, cluster.image), diffImages(before, listed)];
          expect(listedDelta).toEqual(delta);
          for (const change of delta.partitionsChanged) expect(change.before).not.toEqual(change.after);
          // Looking only at what changed since there was nothing to do finds the same work.
          const { image } = cluster;
          if (image.controller === undefined) continue;
          const { controllerEpoch } = image.controller;
          const work = planControllerWork(image, { controllerEpoch });
          expect(planControllerWork(image, { controllerEpoch, settled })).toEqual(work);
          if (work.length === 0) settled = image;
        }
      }),
      { numRuns: propertyRuns({ usual: 60, long: 1000 }) },
    );
  });

  it("says what changed, and shares what did not", () => {
    const cluster = new PlannedCluster();
    cluster.control(1);
    cluster.create({ name: "t", partitions: 2 });
    cluster.create({ name: "u", partitions: 1 });
    const before = cluster.image;
    cluster.stop(2);
    cluster.work(before.controller?.controllerEpoch ?? 0);
    cluster.store.run(planTopicDeletion(cluster.image, "u"));
    cluster.create({ name: "u", partitions: 1 });
    const delta = diffImages(before, cluster.image);
    expect(delta.brokersChanged).toEqual([2]);
    expect(delta.topicsCreated.map((topic) => topic.name)).toEqual(["u"]);
    expect(delta.topicsDeleted.map((topic) => topic.id)).toEqual([before.topics.get(topicName("u"))?.id]);
    expect(delta.isControllerChanged).toBe(false);
    const changed = delta.partitionsChanged.map(({ topic, after }) => `${topic.name}-${after.partition}`);
    expect(changed.sort()).toEqual(["t-1", "u-0"]); // Topics have no order.
    const partitions = (image: ClusterImage) => image.topics.get(topicName("t"))?.partitions;
    expect(partitions(cluster.image)?.[0]).toBe(partitions(before)?.[0]);
  });

  it("ignores keys that it does not know and refuses those that make no sense", () => {
    const cluster = new PlannedCluster();
    cluster.store.put("/sluice/acls/x", "whatever");
    expect(cluster.image.revision).toBe(cluster.store.revision);
    cluster.store.put("/sluice/topics/t", "whatever");
    expect(() => cluster.image).toThrowError(code("CORRUPT_CLUSTER_KEY"));
  });

  it("refuses a topic without all of its partitions, or with settings that it does not know", () => {
    const entry = (key: string, value: string) => ({ key, value, createRevision: 1, modRevision: 1 });
    const id = newId();
    const topic = (configs: string) => `{"id":"${id}","partitions":1,"configs":${configs}}`;
    const key = topicKey(topicName("t"));
    const partition = entry(
      partitionKey(id, 0),
      '{"leader":1,"leaderBrokerEpoch":1,"leaderEpoch":0,"isr":[1],"replicas":[1]}',
    );
    expect(() => imageFromListing(1, [entry(key, topic("{}"))])).toThrowError(code("CORRUPT_CLUSTER_KEY"));
    expect(() => imageFromListing(1, [entry(key, topic('{"x":"1"}')), partition])).toThrowError(
      code("CORRUPT_CLUSTER_KEY"),
    );
    expect(imageFromListing(1, [entry(key, topic("{}")), partition]).topics.size).toBe(1);
  });
});
