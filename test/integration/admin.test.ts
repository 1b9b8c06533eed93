/** The admin of a client, against a cluster of three brokers: topics, partitions, settings, records, brokers. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalCluster, silentLogger, startLocalCluster } from "@sluice/broker";
import { type Admin, type AdminError, ConfigResourceTypes, defineTopic, json, Sluice } from "@sluice/client";
import { isSluiceError } from "@sluice/model";
import { clusterService, GrpcTransport, logService } from "@sluice/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

let dataDirectory: string;
let cluster: LocalCluster;
let client: Sluice;
let admin: Admin;
let topicsMade = 0;
let topic: string;

beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), "sluice-admin-"));
  const config = { autoCreateTopics: true, rack: "r1" };
  cluster = await startLocalCluster({ brokers: 3, dataDirectory, port: 0, logger: silentLogger, config });
  client = new Sluice({ brokers: cluster.bootstrap });
  admin = client.admin();
});
afterAll(async () => {
  await client.close();
  await cluster.close();
  rmSync(dataDirectory, { recursive: true });
});
beforeEach(() => {
  topicsMade += 1;
  topic = `t${topicsMade}`;
});

describe("creating topics", () => {
  it("answers true for new topics, and false where one exists, whose settings stay", async () => {
    const configEntries = [{ name: "flush", value: "os" }];
    expect(await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries }] })).toBe(true);
    const again = [{ topic, numPartitions: 5 }, { topic: `${topic}-b` }];
    expect(await admin.createTopics({ topics: again })).toBe(false);
    expect((await admin.describeTopic(topic)).partitions).toHaveLength(2);
    expect(await admin.listTopics()).toEqual(expect.arrayContaining([topic, `${topic}-b`]));
  });

  it("spreads the leaders of many topics made in one call evenly", async () => {
    const topics = Array.from({ length: 30 }, (_, index) => ({ topic: `${topic}-${index}`, numPartitions: 1 }));
    await admin.createTopics({ topics });
    const made = await admin.fetchTopicMetadata({ topics: topics.map((one) => one.topic) });
    const counts = [1, 2, 3].map((id) => made.topics.filter((one) => one.partitions[0]?.leaderId === id).length);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(8);
  });

  it("makes a topic of defineTopic as it says itself", async () => {
    const orders = defineTopic(topic, {
      value: json<{ id: number }>(),
      partitions: 4,
      config: { "retention.ms": 5000 },
    });
    expect(await admin.createTopics({ topics: [orders] })).toBe(true);
    const { partitions, configs } = await admin.describeTopic(orders);
    expect(partitions).toHaveLength(4);
    expect(configs).toContainEqual({ name: "retention.ms", value: "5000", isDefault: false });
    await admin.deleteTopics({ topics: [orders] });
    expect(await admin.listTopics()).not.toContain(topic);
  });

  it("does what can be done, and names all that failed", async () => {
    const error = await failure(
      admin.createTopics({
        topics: [
          { topic, numPartitions: 1 },
          { topic: `${topic}-bad`, configEntries: [{ name: "retention", value: "1" }] },
          { topic: "__mine" },
        ],
      }),
    );
    expect(error.code).toBe("UNKNOWN_CONFIG_KEY");
    expect(error.failures.map(({ name, error: { code } }) => [name, code])).toEqual([
      [`${topic}-bad`, "UNKNOWN_CONFIG_KEY"],
      ["__mine", "INTERNAL_TOPIC"],
    ]);
    expect((await admin.describeTopic(topic)).partitions).toHaveLength(1);
  });

  it("refuses two of a name, and kafkajs options that mean nothing here, before anything is done", async () => {
    const twice = admin.createTopics({ topics: [{ topic }, { topic }] });
    await expect(twice).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_REQUEST"));
    const timed = admin.createTopics({ topics: [{ topic }], timeout: 5 } as never);
    await expect(timed).rejects.toSatisfy((error) => isSluiceError(error, "REPLACED_OPTION"));
    expect(await admin.listTopics()).not.toContain(topic);
    expect(await admin.createTopics({ topics: [{ topic }], validateOnly: true, waitForLeaders: true })).toBe(true);
    expect(await admin.listTopics()).not.toContain(topic);
  });
});

describe("adding partitions", () => {
  it("is known to a producer of the same client at once, and to every broker", async () => {
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
    const producer = client.producer();
    await producer.send({ topic, messages: [{ value: "a" }] });
    expect(await admin.createPartitions({ topicPartitions: [{ topic, count: 6 }] })).toBe(true);
    const [sent] = await producer.send({ topic, messages: [{ value: "b", partition: 5 }] });
    expect(sent?.partition).toBe(5);
    const offsets = await admin.fetchTopicOffsets(topic);
    expect(offsets.map(({ high }) => high)).toEqual([1, 0, 0, 0, 0, 1]);
  });

  it("says how many there are where fewer are asked for, and adds to the others", async () => {
    await admin.createTopics({
      topics: [
        { topic, numPartitions: 3 },
        { topic: `${topic}-b`, numPartitions: 1 },
      ],
    });
    const topicPartitions = [
      { topic, count: 3 },
      { topic: `${topic}-b`, count: 2 },
    ];
    const error = await failure(admin.createPartitions({ topicPartitions }));
    expect(error.code).toBe("INVALID_PARTITION_COUNT");
    expect(error.message).toContain("has 3 already");
    expect((await admin.describeTopic(`${topic}-b`)).partitions).toHaveLength(2);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 300 }], validateOnly: true });
    expect((await admin.describeTopic(topic)).partitions).toHaveLength(3);
  });
});

describe("settings of topics", () => {
  beforeEach(async () => {
    const configEntries = [{ name: "flush", value: "os" }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] });
  });

  it("are changed one by one, and the rest stays", async () => {
    const configs = await admin.alterTopicConfigs({ topic, set: { "retention.ms": 7000 } });
    expect(configs).toContainEqual({ name: "retention.ms", value: "7000", isDefault: false });
    expect(configs).toContainEqual({ name: "flush", value: "os", isDefault: false });
    const reset = await admin.alterTopicConfigs({ topic, reset: ["flush"], dryRun: true });
    expect(reset).toContainEqual({ name: "flush", value: "always", isDefault: true });
    expect((await admin.describeTopic(topic)).configs).toEqual(configs);
  });

  it("are replaced as a whole by kafkajs's alterConfigs", async () => {
    const configEntries = [{ name: "retention.ms", value: "9000" }];
    const type = ConfigResourceTypes.TOPIC;
    const answer = await admin.alterConfigs({ resources: [{ type, name: topic, configEntries }] });
    expect(answer.resources).toEqual([{ errorCode: 0, errorMessage: "", resourceName: topic, resourceType: type }]);
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type, name: topic, configNames: ["retention.ms", "flush"] }],
    });
    const rest = { isSensitive: false, readOnly: false, configSynonyms: [] };
    expect(resources[0]?.configEntries).toEqual([
      { configName: "flush", configValue: "always", isDefault: true, configSource: 5, ...rest },
      { configName: "retention.ms", configValue: "9000", isDefault: false, configSource: 1, ...rest },
    ]);
  });

  it("are refused with the nearest name, and those of internal topics and of brokers too", async () => {
    const wrong = admin.alterTopicConfigs({ topic, set: { "retention.mss": 1 } });
    await expect(wrong).rejects.toMatchObject({ code: "UNKNOWN_CONFIG_KEY", details: { nearest: "retention.ms" } });
    const internal = admin.alterTopicConfigs({ topic: "__consumer_offsets", set: { flush: "os" } });
    await expect(internal).rejects.toSatisfy((error) => isSluiceError(error, "INTERNAL_TOPIC"));
    const broker = { type: ConfigResourceTypes.BROKER, name: "1", configEntries: [{ name: "port", value: "1" }] };
    const refused = admin.alterConfigs({ resources: [broker] });
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "UNSUPPORTED"));
  });

  it("that are changed on one broker are described by the others", async () => {
    const transport = new GrpcTransport();
    const connections = cluster.brokers.map(({ host, port }) => transport.connect({ host, port }));
    const [first, ...others] = connections;
    const set = [{ key: "max.message.bytes", value: "2048" }];
    const request = { name: topic, set, reset: ["flush"], validateOnly: false };
    await first?.call(clusterService.alterTopicConfigs, request, { timeoutMs: 5000 });
    for (const connection of others) {
      await expect
        .poll(async () => {
          const wanted = { topics: [topic], brokersOnly: false, createMissing: false };
          const { topics } = await connection.call(clusterService.describe, wanted, { timeoutMs: 5000 });
          return topics[0]?.maxMessageBytes;
        })
        .toBe(2048);
    }
    for (const connection of connections) connection.close();
  });
});

describe("brokers", () => {
  it("describe themselves", async () => {
    const about = await admin.describeBroker({ brokerId: 2 });
    expect(about).toMatchObject({ brokerId: 2, rack: "r1", isReady: true, problems: [] });
    expect(about.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(about.nowMs).toBeGreaterThanOrEqual(about.startedAtMs);
    expect(about.diskBytesTotal).toBeGreaterThan(about.diskBytesFree);
    expect(about.configs).toContainEqual({ name: "stopGraceMs", value: "5000", origin: "default" });
    const { resources } = await admin.describeConfigs({ resources: [{ type: ConfigResourceTypes.BROKER, name: "3" }] });
    expect(resources[0]?.configEntries).toContainEqual(
      expect.objectContaining({ configName: "brokerId", configValue: "3", readOnly: true }),
    );
    const none = admin.describeBroker({ brokerId: 9 });
    await expect(none).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_REQUEST"));
  });

  it("create a missing topic once, however many clients ask all of them", async () => {
    const transport = new GrpcTransport();
    const connections = cluster.brokers.map(({ host, port }) => transport.connect({ host, port }));
    const request = { topics: [topic, "a b"], brokersOnly: false, createMissing: true };
    const asked = connections.flatMap((connection) =>
      Array.from({ length: 10 }, () => connection.call(clusterService.describe, request, { timeoutMs: 10_000 })),
    );
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ topics }) => topics[0]?.id)).size).toBe(1);
    expect(answers.every(({ topics }) => (topics[0]?.partitions[0]?.leaderIdPlusOne ?? 0) > 0)).toBe(true);
    expect(answers.every(({ topics }) => topics[1]?.error !== null)).toBe(true);
    for (const connection of connections) connection.close();
  });

  it("give out producer ids, none twice, whichever is asked", async () => {
    const transport = new GrpcTransport();
    const connections = cluster.brokers.map(({ host, port }) => transport.connect({ host, port }));
    const asked = Array.from({ length: 300 }, (_, index) => {
      const connection = connections[index % connections.length] as (typeof connections)[number];
      return connection.call(logService.initProducerId, {}, { timeoutMs: 5000 });
    });
    const ids = (await Promise.all(asked)).map(({ producerId }) => producerId);
    expect(new Set(ids).size).toBe(300);
    for (const connection of connections) connection.close();
  });
});

describe("records", () => {
  it("are deleted below an offset, or all, with what is left as the answer", async () => {
    await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] });
    const messages = [0, 1, 2].flatMap((partition) => ["a", "b", "c"].map((value) => ({ value, partition })));
    await client.producer().send({ topic, messages });
    const partitions = [
      { partition: 0, offset: "2" },
      { partition: 2, offset: "-1" },
    ];
    expect(await admin.deleteTopicRecords({ topic, partitions })).toEqual([
      { partition: 0, low: 2 },
      { partition: 2, low: 3 },
    ]);
    expect((await admin.fetchTopicOffsets(topic)).map(({ low, high }) => [low, high])).toEqual([
      [2, 3],
      [0, 3],
      [3, 3],
    ]);
    const beyond = [
      { partition: 1, offset: 1 },
      { partition: 0, offset: 99 },
      { partition: 7, offset: 0 },
    ];
    const error = await failure(admin.deleteTopicRecords({ topic, partitions: beyond }));
    expect(error.failures.map(({ partition, error: { code } }) => [partition, code])).toEqual([
      [0, "OFFSET_OUT_OF_RANGE"],
      [7, "UNKNOWN_PARTITION"],
    ]);
    expect((await admin.fetchTopicOffsets(topic))[1]?.low).toBe(1);
    const invalid = admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "latest" }] });
    await expect(invalid).rejects.toSatisfy((refused) => isSluiceError(refused, "INVALID_REQUEST"));
  });

  it("are found by time, and the one with the greatest timestamp", async () => {
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] });
    const now = Date.now();
    const times = [now - 3000, now - 1000, now - 2000];
    const messages = times.map((time, index) => ({ value: String(index), partition: 0, timestamp: time }));
    await client.producer().send({ topic, messages });
    expect(await admin.fetchTopicOffsetsByTimestamp(topic, now - 2500)).toEqual([
      { partition: 0, offset: 1 },
      { partition: 1, offset: 0 },
    ]);
    expect((await admin.fetchTopicOffsetsByTimestamp(topic))[0]).toEqual({ partition: 0, offset: 3 });
    expect(await admin.fetchTopicLatestRecords(topic)).toEqual([
      { partition: 0, offset: 1, timestamp: now - 1000 },
      { partition: 1, offset: -1, timestamp: -1 },
    ]);
  });
});

async function failure(attempt: Promise<unknown>): Promise<AdminError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(isSluiceError(error), String(error)).toBe(true);
  return error as AdminError;
}
