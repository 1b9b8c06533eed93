import { MemoryClusterStore } from "@sluice/coordination";
import type { ServedMethod, UnaryMethod } from "@sluice/model";
import { brokerId, errorCatalogue, isSluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { clusterService, logService } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { brokerConfig } from "../broker-config.js";
import { callServed } from "../testing/call-served.js";
import { type ClusterBroker, startClusterBroker } from "../testing/cluster-fixture.js";
import { trustedHistory } from "../testing/trusted-history.js";
import { serveAlterTopicConfigs } from "./alter-topic-configs-handler.js";
import { establishClusterId } from "./cluster-identity.js";
import { serveCreatePartitions } from "./create-partitions-handler.js";
import { serveCreateTopic } from "./create-topic-handler.js";
import { serveDeleteTopic } from "./delete-topic-handler.js";
import { type BrokerSelf, brokerSettings, serveDescribeBroker } from "./describe-broker-handler.js";
import { serveDescribeCluster } from "./describe-handler.js";
import { serveDescribeTopic } from "./describe-topic-handler.js";
import { serveInitProducerId } from "./init-producer-id-handler.js";
import { MissingTopics } from "./missing-topics.js";
import { ProducerIdAllocator } from "./producer-id-allocator.js";

const createRequest = { name: "flights", partitions: 2, replicationFactor: 1, configs: [], validateOnly: false };

describe("the Cluster service", () => {
  let store: MemoryClusterStore;
  let brokers: ClusterBroker[];
  let served: ServedMethod[];
  let clusterId: string;

  beforeEach(async () => {
    const clock = new VirtualClock();
    store = new MemoryClusterStore({ clock, random: new SeededRandom(1) });
    clusterId = await establishClusterId({ store, random: new SeededRandom(2) });
    const second = await startClusterBroker({ id: 2 }, { store, clock });
    const first = await startClusterBroker({ id: 0 }, { store, clock });
    brokers = [first, second];
    await first.images.waitFor((image) => image.controller !== undefined);
    served = [
      serveDescribeCluster(first),
      serveDescribeTopic(first),
      serveCreateTopic(first),
      serveDeleteTopic(first),
      serveCreatePartitions(first),
      serveAlterTopicConfigs(first),
      serveInitProducerId({
        producerIds: new ProducerIdAllocator({ ...first, storeHistory: trustedHistory }),
      }),
    ];
  });
  afterEach(async () => {
    await Promise.all(brokers.map((broker) => broker.close()));
    await store.close();
  });

  it("describes brokers by id, the controller, and topics by name with leaders and epochs", async () => {
    await call(clusterService.createTopic, { ...createRequest, name: "zebra" });
    await call(clusterService.createTopic, createRequest);
    const answer = await call(clusterService.describe, { topics: [], brokersOnly: false, createMissing: false });
    expect(answer).toMatchObject({
      clusterId,
      controllerIdPlusOne: 3,
      brokers: [
        { id: 0, host: "127.0.0.1", port: 9092, rack: "" },
        { id: 2, host: "127.0.0.1", port: 9094, rack: "" },
      ],
      revision: brokers[0]?.image.revision,
    });
    expect(answer.topics.map((topic) => topic.name)).toEqual(["flights", "zebra"]);
    const leaders = answer.topics[0]?.partitions.map((partition) => partition.leaderIdPlusOne);
    expect(leaders?.sort()).toEqual([1, 3]);
    expect(answer.topics[0]?.partitions[0]).toMatchObject({ partition: 0, leaderEpoch: 0 });
  });

  it("describes the topics that are asked for, with the error in band where there is none", async () => {
    await call(clusterService.createTopic, createRequest);
    const { topics } = await call(clusterService.describe, {
      topics: ["nope", "flights", ".."],
      brokersOnly: false,
      createMissing: false,
    });
    expect(topics.map((topic) => topic.error?.number)).toEqual([
      errorCatalogue.UNKNOWN_TOPIC.number,
      undefined,
      errorCatalogue.INVALID_TOPIC_NAME.number,
    ]);
  });

  it("describes brokers alone where that is asked for", async () => {
    await call(clusterService.createTopic, createRequest);
    const answer = await call(clusterService.describe, {
      topics: ["flights"],
      brokersOnly: true,
      createMissing: false,
    });
    expect(answer.topics).toEqual([]);
    expect(answer.brokers).toHaveLength(2);
  });

  it("says 0 for a leader that is missing", async () => {
    await call(clusterService.createTopic, createRequest);
    await brokers.pop()?.close();
    await brokers[0]?.images.waitFor((image) => {
      return [...image.topics.values()].some((topic) => topic.partitions.some(({ leader }) => leader === undefined));
    });
    const { topic } = await call(clusterService.describeTopic, { name: "flights" });
    expect(topic?.partitions.map((partition) => partition.leaderIdPlusOne).sort()).toEqual([0, 1]);
  });

  it("describes one topic with every setting in force, and says which are defaults", async () => {
    const configs = [{ key: "segment.bytes", value: "2048" }];
    await call(clusterService.createTopic, { ...createRequest, configs });
    const { configs: settings } = await call(clusterService.describeTopic, { name: "flights" });
    expect(settings).toContainEqual({ key: "segment.bytes", value: "2048", isDefault: false });
    expect(settings).toContainEqual({ key: "flush", value: "always", isDefault: true });
    const missing = call(clusterService.describeTopic, { name: "nope" });
    await expect(missing).rejects.toSatisfy((error) => isSluiceError(error, "UNKNOWN_TOPIC"));
  });

  it("shows a topic that is only validated without an id, and does not keep it", async () => {
    const { topic } = await call(clusterService.createTopic, { ...createRequest, validateOnly: true });
    expect(topic).toMatchObject({ name: "flights", id: "", internal: false, error: null });
    expect(topic?.partitions).toHaveLength(2);
    expect(
      (await call(clusterService.describe, { topics: [], brokersOnly: false, createMissing: false })).topics,
    ).toEqual([]);
  });

  it("deletes a topic", async () => {
    await call(clusterService.createTopic, createRequest);
    await call(clusterService.deleteTopic, { name: "flights" });
    expect(
      (await call(clusterService.describe, { topics: [], brokersOnly: false, createMissing: false })).topics,
    ).toEqual([]);
    const again = call(clusterService.deleteTopic, { name: "flights" });
    await expect(again).rejects.toSatisfy((error) => isSluiceError(error, "UNKNOWN_TOPIC"));
  });

  it("makes missing topics where the request wants it and the broker is told to, each failure in band", async () => {
    const request = { topics: ["nope", "__x", "a b"], brokersOnly: false, createMissing: true };
    const refused = await call(clusterService.describe, request);
    expect(refused.topics.map(({ error }) => error?.number)[0]).toBe(errorCatalogue.UNKNOWN_TOPIC.number);
    const [first] = brokers as [ClusterBroker];
    const missingTopics = new MissingTopics(first);
    served.unshift(serveDescribeCluster({ images: first.images, missingTopics }));
    const unasked = await call(clusterService.describe, { ...request, createMissing: false });
    expect(unasked.topics.map(({ error }) => error?.number)[0]).toBe(errorCatalogue.UNKNOWN_TOPIC.number);
    const { topics } = await call(clusterService.describe, request);
    expect(topics.map(({ error }) => error?.number)).toEqual([
      undefined,
      errorCatalogue.INTERNAL_TOPIC.number,
      errorCatalogue.INVALID_TOPIC_NAME.number,
    ]);
    expect(topics[0]?.partitions.map(({ leaderIdPlusOne }) => leaderIdPlusOne > 0)).toEqual(Array(6).fill(true));
  });

  it("gives a topic more partitions, or only says what it would have", async () => {
    await call(clusterService.createTopic, createRequest);
    const request = { name: "flights", partitions: 5, validateOnly: true };
    expect((await call(clusterService.createPartitions, request)).topic?.partitions).toHaveLength(5);
    expect((await call(clusterService.describeTopic, { name: "flights" })).topic?.partitions).toHaveLength(2);
    const { topic } = await call(clusterService.createPartitions, { ...request, validateOnly: false });
    expect(topic?.partitions.every(({ leaderIdPlusOne }) => leaderIdPlusOne > 0)).toBe(true);
    expect((await call(clusterService.describeTopic, { name: "flights" })).topic?.partitions).toHaveLength(5);
    const fewer = call(clusterService.createPartitions, { ...request, partitions: 4, validateOnly: false });
    await expect(fewer).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_PARTITION_COUNT"));
  });

  it("alters settings and answers with all of them, or only says what they would be", async () => {
    await call(clusterService.createTopic, { ...createRequest, configs: [{ key: "flush", value: "os" }] });
    const request = {
      name: "flights",
      set: [{ key: "retention.ms", value: "5" }],
      reset: ["flush"],
      validateOnly: true,
    };
    const would = await call(clusterService.alterTopicConfigs, request);
    expect(would.configs).toContainEqual({ key: "retention.ms", value: "5", isDefault: false });
    const before = await call(clusterService.describeTopic, { name: "flights" });
    expect(before.configs).toContainEqual({ key: "flush", value: "os", isDefault: false });
    const altered = await call(clusterService.alterTopicConfigs, { ...request, validateOnly: false });
    expect(altered).toEqual(would);
    const { configs } = await call(clusterService.describeTopic, { name: "flights" });
    expect(configs).toEqual(altered.configs);
    expect(configs).toContainEqual({ key: "flush", value: "always", isDefault: true });
  });

  it("gives out producer ids, each once", async () => {
    const first = await call(logService.initProducerId, {});
    expect(first).toEqual({ producerId: 0, producerEpoch: 0 });
    expect((await call(logService.initProducerId, {})).producerId).toBe(1);
  });

  it("describes the broker that answers: settings with origins, health, disk, version", async () => {
    const [first] = brokers as [ClusterBroker];
    const config = brokerConfig({ brokerId: 0, port: 9999, rack: "r1" });
    const self: BrokerSelf = {
      version: "1.2.3",
      startedAtMs: 5,
      settings: () => brokerSettings(config, new Map([["port", "a flag"]])),
      readiness: () => ({ isReady: false, problems: ["it is tired"] }),
      diskBytes: async () => ({ total: 100, free: 40 }),
      leaderPartitions: () => 7,
    };
    const clock = new VirtualClock({ nowMs: 77 });
    served.push(serveDescribeBroker({ brokerId: brokerId(0) }, { images: first.images, clock, self }));
    const answer = await call(clusterService.describeBroker, {});
    expect(answer).toMatchObject({
      broker: { id: 0, host: "127.0.0.1", port: 9092, rack: "" },
      version: "1.2.3",
      startedAtMs: 5,
      nowMs: clock.nowMs(),
      ready: false,
      problems: ["it is tired"],
      diskBytesTotal: 100,
      diskBytesFree: 40,
      leaderPartitions: 7,
    });
    const settings = new Map(answer.configs.map(({ key, value, origin }) => [key, [value, origin]]));
    expect(settings.size).toBe(Object.keys(config).length);
    expect(settings.get("port")).toEqual(["9999", "a flag"]);
    expect(settings.get("rack")).toEqual(["r1", "the program that started it"]);
    expect(settings.get("brokerLeaseMs")).toEqual(["9000", "default"]);
    expect(settings.get("autoCreateTopics")).toEqual(["false", "default"]);
    // A broker whose disk has gone is the one that somebody looks at.
    const broken = { ...self, diskBytes: () => Promise.reject(new Error("EIO: i/o error")) };
    served.unshift(serveDescribeBroker({ brokerId: brokerId(0) }, { images: first.images, clock, self: broken }));
    const { problems, diskBytesTotal } = await call(clusterService.describeBroker, {});
    expect(problems).toEqual(["it is tired", expect.stringContaining("EIO")]);
    expect(diskBytesTotal).toBe(0);
  });

  function call<Request, Response>(method: UnaryMethod<Request, Response>, request: Request): Promise<Response> {
    return callServed(served, { method, request });
  }
});
