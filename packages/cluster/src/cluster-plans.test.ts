/**
 * Plans and images together: what is planned from an image is run on a store, and the image follows the store's changes.
 */

import { brokerId, type TopicId, topicId, topicName } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../test/support/property-runs.js";
import { type ClusterImage, emptyImage } from "./cluster-image.js";
import { brokerKey, clusterKey, controllerKey, partitionKey, topicKey } from "./cluster-keys.js";
import { formatBrokerValue, formatClusterValue, formatControllerValue } from "./cluster-values.js";
import { planControllerWork, planGroupOffsetsTopic } from "./controller-plan.js";
import { applyStoreEvents, diffImages, imageFromListing } from "./image-delta.js";
import { PlannedStore } from "./testing/planned-store.js";
import {
  planLeftoverRemoval,
  planTopicCreation,
  planTopicDeletion,
  planTopicFinish,
  type TopicCreation,
  type TopicRequest,
} from "./topic-plan.js";

let idsMade = 0;
function newId(): TopicId {
  idsMade += 1;
  return topicId(`00000000-0000-4000-8000-${idsMade.toString(16).padStart(12, "0")}`);
}

/** A store with registered brokers, and the image that follows it. */
class Cluster {
  readonly store = new PlannedStore();
  #image: ClusterImage = emptyImage;

  constructor(brokers = 3) {
    this.store.put(clusterKey, formatClusterValue({ clusterId: "c" }));
    for (let id = 1; id <= brokers; id += 1) this.register(id);
  }

  get image(): ClusterImage {
    for (const { revision, changes } of this.store.history) {
      if (revision > this.#image.revision) this.#image = applyStoreEvents(this.#image, revision, changes);
    }
    return this.#image;
  }

  register(id: number): void {
    const value = { incarnation: `life-${this.store.revision}`, host: "127.0.0.1", port: 9092 + id, rack: "" };
    this.store.put(brokerKey(brokerId(id)), formatBrokerValue(value));
  }

  stop(id: number): void {
    this.store.delete(brokerKey(brokerId(id)));
  }

  control(id: number): number {
    this.store.put(controllerKey, formatControllerValue({ brokerId: brokerId(id) }));
    return this.image.controller?.controllerEpoch ?? 0;
  }

  /** Runs chunks; returns the revision of the first. */
  prepare(creation: TopicCreation): number | undefined {
    let first: number | undefined;
    for (const chunk of creation.chunks) {
      expect(this.store.run(chunk)).toBe(true);
      first ??= this.store.revision;
    }
    return first;
  }

  create(request: Partial<TopicRequest> & { name: string }): boolean {
    const full = { partitions: 6, replicationFactor: 1, configs: [], ...request };
    const creation = planTopicCreation(this.image, full, newId());
    return this.store.run(planTopicFinish(creation, this.prepare(creation)));
  }

  work(epoch: number): boolean[] {
    return planControllerWork(this.image, epoch).map((transaction) => this.store.run(transaction));
  }

  leaders(name: string): (number | undefined)[] {
    return this.image.topics.get(topicName(name))?.partitions.map((partition) => partition.leader) ?? [];
  }

  epochs(name: string): number[] {
    return this.image.topics.get(topicName(name))?.partitions.map((partition) => partition.leaderEpoch) ?? [];
  }
}

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const plan = (cluster: Cluster, request: Partial<TopicRequest>): TopicCreation =>
  planTopicCreation(
    cluster.image,
    { name: "t", partitions: 1, replicationFactor: 1, configs: [], ...request },
    newId(),
  );

describe("creating a topic", () => {
  it("spreads its leaders evenly, what is left over on the brokers that lead least", () => {
    const cluster = new Cluster();
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
          const cluster = new Cluster(brokers);
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
    const cluster = new Cluster();
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
    const cluster = new Cluster();
    const [first, second] = [plan(cluster, {}), plan(cluster, { partitions: 200 })];
    const secondRevision = cluster.prepare(second);
    expect(cluster.store.run(planTopicFinish(first, undefined))).toBe(true);
    expect(cluster.store.run(planTopicFinish(second, secondRevision))).toBe(false);
    expect(cluster.store.run(planLeftoverRemoval(second.topicId))).toBe(true);
    expect(cluster.image.unlistedPartitions.size).toBe(0);
    expect(() => plan(cluster, {})).toThrowError(code("TOPIC_ALREADY_EXISTS"));
  });

  it("keeps settings as they were given and reads them", () => {
    const cluster = new Cluster();
    cluster.create({ name: "t", configs: [{ name: "flush", value: "os" }] });
    const topic = cluster.image.topics.get(topicName("t"));
    expect(topic?.configOverrides).toEqual({ flush: "os" });
    expect(topic?.config).toMatchObject({ flush: "os", "segment.bytes": 1_073_741_824 });
  });

  it("refuses requests that make no sense", () => {
    const cluster = new Cluster();
    const refused = (request: Partial<TopicRequest>, expected: string): void =>
      expect(() => plan(cluster, request)).toThrowError(code(expected));
    refused({ name: "a b" }, "INVALID_TOPIC_NAME");
    refused({ name: "__x" }, "INTERNAL_TOPIC");
    refused({ partitions: 0 }, "INVALID_PARTITION_COUNT");
    refused({ partitions: 10_001 }, "INVALID_PARTITION_COUNT");
    refused({ partitions: 1.5 }, "INVALID_PARTITION_COUNT");
    refused({ replicationFactor: 3 }, "INVALID_REPLICATION_FACTOR");
    refused({ replicationFactor: 0 }, "INVALID_REPLICATION_FACTOR");
    refused({ configs: [{ name: "flsh", value: "os" }] }, "UNKNOWN_CONFIG_KEY");
    refused({ configs: [{ name: "flush", value: "never" }] }, "INVALID_CONFIG_VALUE");
    expect(() => plan(new Cluster(0), {})).toThrowError(code("INVALID_REPLICATION_FACTOR"));
  });
});

describe("deleting a topic", () => {
  it("removes it with all its partitions, and only the topic that was seen", () => {
    const cluster = new Cluster();
    cluster.create({ name: "t", partitions: 300 });
    cluster.create({ name: "u" });
    const seen = planTopicDeletion(cluster.image, "t");
    expect(cluster.store.run(seen)).toBe(true);
    expect([...cluster.image.topics.keys()]).toEqual(["u"]);
    expect(cluster.store.list().filter((entry) => entry.key.includes(seen.topic.id))).toEqual([]);
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
    const cluster = new Cluster();
    const epoch = cluster.control(1);
    cluster.create({ name: "t" });
    expect(planControllerWork(cluster.image, epoch)).toEqual([]);
    cluster.stop(2);
    expect(planControllerWork(cluster.image, epoch - 1)).toEqual([]);
  });

  it("takes the leadership of a broker that is gone, and gives it back to the next life", () => {
    const cluster = new Cluster();
    const epoch = cluster.control(1);
    cluster.create({ name: "t", partitions: 3 });
    cluster.stop(2);
    expect(cluster.work(epoch)).toEqual([true]);
    expect(cluster.leaders("t")).toEqual([1, undefined, 3]);
    expect(cluster.epochs("t")).toEqual([0, 1, 0]);
    expect(planControllerWork(cluster.image, epoch)).toEqual([]);
    cluster.register(2);
    expect(cluster.work(epoch)).toEqual([true]);
    expect(cluster.leaders("t")).toEqual([1, 2, 3]);
    expect(cluster.epochs("t")).toEqual([0, 2, 0]);
  });

  it("elects anew a broker that came back before anybody missed it", () => {
    const cluster = new Cluster();
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
    const cluster = new Cluster();
    const epoch = cluster.control(1);
    cluster.create({ name: "t", partitions: 3 });
    cluster.stop(2);
    const stale = planControllerWork(cluster.image, epoch);
    cluster.control(3);
    expect(stale.map((transaction) => cluster.store.run(transaction))).toEqual([true]);
    cluster.register(2);
    const elections = planControllerWork(cluster.image, epoch);
    cluster.stop(2);
    cluster.register(2);
    expect(elections.map((transaction) => cluster.store.run(transaction))).toEqual([false]);
    cluster.store.delete(controllerKey);
    cluster.control(3);
    expect(planControllerWork(cluster.image, epoch)).toEqual([]);
  });

  it("elects any number of leaders in transactions that the store takes", () => {
    const cluster = new Cluster(2);
    const epoch = cluster.control(1);
    cluster.create({ name: "t", partitions: 501 });
    cluster.stop(2);
    expect(cluster.work(epoch)).toEqual([true, true, true, true, true]);
    expect(cluster.leaders("t").filter((leader) => leader === undefined)).toHaveLength(250);
    expect(planControllerWork(cluster.image, epoch)).toEqual([]);
  });

  it("removes what a creation before its term left over, and not one that is under way", () => {
    const cluster = new Cluster();
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
    const removalFirst = new Cluster();
    const removed = plan(removalFirst, { partitions: 300 });
    const removedRevision = removalFirst.prepare(removed);
    expect(removalFirst.work(removalFirst.control(1))).toEqual([true]);
    expect(removalFirst.store.run(planTopicFinish(removed, removedRevision))).toBe(false);

    const finishFirst = new Cluster();
    const finished = plan(finishFirst, { partitions: 300 });
    const finishedRevision = finishFirst.prepare(finished);
    const epoch = finishFirst.control(1);
    const removals = planControllerWork(finishFirst.image, epoch);
    expect(removals).toHaveLength(1);
    expect(finishFirst.store.run(planTopicFinish(finished, finishedRevision))).toBe(true);
    for (const transaction of removals) expect(finishFirst.store.run(transaction)).toBe(false);
    expect(finishFirst.leaders("t")).toHaveLength(300);
  });

  it("makes the internal topic once enough brokers are there", () => {
    const cluster = new Cluster(2);
    const options = { groupOffsetsPartitions: 12, brokersMin: 3, newTopicId: newId() };
    expect(planGroupOffsetsTopic(cluster.image, options)).toBeUndefined();
    cluster.register(3);
    const creation = planGroupOffsetsTopic(cluster.image, options);
    expect(creation).toBeDefined();
    if (creation !== undefined) cluster.store.run(planTopicFinish(creation, undefined));
    expect(cluster.leaders("__consumer_offsets")).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
    expect(cluster.image.topics.get(topicName("__consumer_offsets"))?.config.flush).toBe("always");
    expect(planGroupOffsetsTopic(cluster.image, options)).toBeUndefined();
  });
});

describe("the image", () => {
  it("is the same from changes as from a listing, after any history", () => {
    const command = fc.oneof(
      fc.record({ do: fc.constantFrom("stop", "register", "control"), at: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: fc.constantFrom("create", "delete", "prepare"), at: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: fc.constant("work"), at: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
        const cluster = new Cluster();
        for (const { do: what, at } of commands) {
          const before = cluster.image;
          const name = `t${at}`;
          if (what === "stop") cluster.stop(at);
          else if (what === "register") cluster.register(at);
          else if (what === "control") cluster.control(at);
          else if (what === "work") cluster.work(before.controller?.controllerEpoch ?? 0);
          else if (what === "delete" && before.topics.has(topicName(name)))
            cluster.store.run(planTopicDeletion(before, name));
          else if (what === "create" && !before.topics.has(topicName(name)) && before.brokers.size > 0)
            cluster.create({ name, partitions: at });
          else if (what === "prepare" && !before.topics.has(topicName(name)) && before.brokers.size > 0)
            cluster.prepare(plan(cluster, { name, partitions: 120 }));
          const listed = imageFromListing(cluster.image.revision, cluster.store.list());
          expect(cluster.image).toEqual(listed);
          const [delta, listedDelta] = [diffImages(before, cluster.image), diffImages(before, listed)];
          expect(listedDelta).toEqual(delta);
          for (const change of delta.partitionsChanged) expect(change.before).not.toEqual(change.after);
        }
      }),
      { numRuns: propertyRuns({ usual: 60, long: 1000 }) },
    );
  });

  it("says what changed, and shares what did not", () => {
    const cluster = new Cluster();
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
    expect(delta.partitionsChanged.map(({ topic, after }) => `${topic.name}-${after.partition}`)).toEqual([
      "t-1",
      "u-0",
    ]);
    const partitions = (image: ClusterImage) => image.topics.get(topicName("t"))?.partitions;
    expect(partitions(cluster.image)?.[0]).toBe(partitions(before)?.[0]);
  });

  it("ignores keys that it does not know and refuses those that make no sense", () => {
    const cluster = new Cluster();
    cluster.store.put("/sluice/acls/x", "whatever");
    expect(cluster.image.revision).toBe(cluster.store.revision);
    cluster.store.put("/sluice/topics/t", "whatever");
    expect(() => cluster.image).toThrowError(code("CORRUPT_CLUSTER_KEY"));
  });

  it("refuses a topic without all of its partitions, or with settings that it does not know", () => {
    const entry = (key: string, value: string) => ({ key, value, createRevision: 1, modRevision: 1 });
    const id = newId();
    const topic = (configs: string) => `{"id":"${id}","partitions":1,"replicationFactor":1,"configs":${configs}}`;
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
