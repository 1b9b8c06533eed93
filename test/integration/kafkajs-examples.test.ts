/**
 * The examples of kafkajs's pages Getting Started, Producing, Consuming and Admin, in test/integration/kafkajs: JavaScript in
 * which only the import and the constructor are others. What they do is compared with what kafkajs's pages say they do.
 */

import type { Consumer, RecordMetadata } from "@sluice/client";
import { Sluice } from "@sluice/client";
import { startTestCluster, type TestCluster } from "@sluice/testing";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { until } from "../support/program.js";

/** The examples are JavaScript on purpose. */
async function example<Module>(name: string): Promise<Module> {
  return (await import(`./kafkajs/${name}.mjs`)) as Module;
}

// biome-ignore lint/suspicious/noExplicitAny: they answer in the shapes of kafkajs, which the expectations spell out.
type Answer = any;
type Example = (kafka: Sluice, ...more: unknown[]) => Promise<Answer>;
type Consuming = (kafka: Sluice, log: (said: unknown) => void) => Promise<Consumer>;

let cluster: TestCluster;
let kafka: Sluice;

beforeAll(async () => {
  cluster = await startTestCluster();
  kafka = new Sluice({ clientId: "my-app", brokers: [...cluster.brokers] });
  const topics = ["topic-name", "topic-A"].map((topic) => ({ topic, numPartitions: 2 }));
  await kafka.admin().createTopics({ topics: [...topics, { topic: "jobs", numPartitions: 1 }] });
});

afterAll(async () => {
  await kafka.close();
  await cluster.close();
});

async function valuesOf(topic: string): Promise<string[]> {
  const values: string[] = [];
  const reader = kafka.consumer();
  for (const { partition } of await kafka.admin().fetchTopicOffsets(topic))
    for await (const { value } of reader.read({ topic, partition, from: "earliest" })) values.push(String(value));
  await reader.close();
  return values;
}

describe("Getting Started", () => {
  it("produces a message, and consumes it from the beginning", async () => {
    const { gettingStarted } = await example<{
      gettingStarted(brokers: readonly string[], log: (said: unknown) => void): Promise<{ kafka: Sluice }>;
    }>("getting-started");
    const said: unknown[] = [];
    const started = await gettingStarted(cluster.brokers, (line) => said.push(line));
    onTestFinished(() => started.kafka.close());
    await until(() => said.length > 0);
    expect(said).toEqual([{ topic: "test-topic", partition: expect.any(Number) as number, value: "Hello user!" }]);
  });
});

describe("Producing", () => {
  let examples: Record<string, Example>;
  beforeAll(async () => {
    examples = await example("producing");
  });
  const run = (name: string): Promise<Answer> => (examples[name] as Example)(kafka);

  it("takes the options of the page", async () => {
    await run("options");
    await run("retry");
  });

  it("sends messages with keys: the same key to the same partition", async () => {
    const first = (await run("keys")) as RecordMetadata[];
    const second = (await run("keys")) as RecordMetadata[];
    expect(second.map(({ partition }) => partition)).toEqual(first.map(({ partition }) => partition));
    const byDefault = (await run("defaultPartitioner")) as RecordMetadata[];
    expect(byDefault[0]?.partition).toBe(first[0]?.partition);
  });

  it("sends to the partition that a message names", async () => {
    expect(((await run("definedPartition")) as RecordMetadata[]).map(({ partition }) => partition)).toEqual([0, 1]);
  });

  it("sends headers, and a timestamp as text", async () => {
    await run("headersAndTimestamp");
    for await (const message of kafka.consumer().read({ topic: "headers-topic", from: "earliest", limit: 1 })) {
      expect(message.timestamp).toBe(1_700_000_000_000);
      expect(String(message.headers["correlation-id"])).toBe("2bfb68bb-893a-423b-a7fa-7b568cad5b67");
      expect((message.headers["system-id"] as Buffer[]).map(String)).toEqual(["my-system", "its-twin"]);
    }
  });

  it("sends to several topics at once", async () => {
    await run("multipleTopics");
    for (const name of ["topic-a", "topic-b", "topic-c"]) expect(await valuesOf(name)).toEqual([`hello ${name}`]);
  });

  it("asks a partitioner of its own", async () => {
    const { seen, receipts } = await run("customPartitioner");
    expect(seen).toEqual([{ topic: "topic-name", partitions: [0, 1], key: expect.anything() as unknown }]);
    expect(receipts).toEqual([expect.objectContaining({ partition: 1 })]);
  });

  it("compresses", async () => {
    await run("gzip");
    expect((await valuesOf("topic-gzip")).sort()).toEqual(["hello world", "hey hey!"]);
  });
});

describe("Consuming", () => {
  let examples: Record<string, Consuming>;
  beforeAll(async () => {
    examples = await example("consuming");
    const producer = kafka.producer();
    const messages = Array.from({ length: 6 }, (_, index) => {
      return { key: `k${index}`, value: `v${index}`, partition: index % 2, headers: { n: String(index) } };
    });
    const topicMessages = ["topic-B", "topic-C", "Topic-EU-1", "topic-us-2", "topic-asia"].map((topic) => {
      return { topic, messages: [{ key: "k", value: topic }] };
    });
    await producer.send({ topic: "topic-A", messages });
    await producer.sendBatch({ topicMessages });
    await producer.send({ topic: "jobs", messages: ["one", "overload", "three"].map((value) => ({ value })) });
  });

  async function said(name: string, isEnough: (lines: Answer[]) => boolean): Promise<Answer[]> {
    const lines: Answer[] = [];
    const consumer = await (examples[name] as Consuming)(kafka, (line) => lines.push(line));
    try {
      await until(() => isEnough(lines));
    } finally {
      await consumer.disconnect();
    }
    return lines;
  }

  it("calls eachMessage, with several subscriptions", async () => {
    const lines = await said("eachMessage", ({ length }) => length >= 8);
    expect(lines.map(({ value }) => value as string).sort()).toEqual(
      ["topic-B", "topic-C", "v0", "v1", "v2", "v3", "v4", "v5"].sort(),
    );
    expect(String(lines.find(({ value }) => value === "v3")?.headers.n)).toBe("3");
  });

  it("subscribes to topics by a pattern", async () => {
    const lines = await said("pattern", ({ length }) => length >= 2);
    expect(lines.map(({ topic }) => topic as string).sort()).toEqual(["Topic-EU-1", "topic-us-2"]);
  });

  it("calls eachBatch", async () => {
    const lines = await said("eachBatch", ({ length }) => length >= 6);
    const partition = lines.filter((line) => line.partition === 1);
    expect(partition.map(({ message }) => message.value as string)).toEqual(["v1", "v3", "v5"]);
    expect(Number(partition[0]?.highWatermark)).toBe(3);
    const [committed] = await kafka.admin().fetchOffsets({ groupId: "batch-group", topics: ["topic-A"] });
    expect(committed?.partitions.map(({ offset }) => Number(offset))).toEqual([3, 3]);
  });

  it("works on partitions concurrently", async () => {
    expect((await said("concurrency", ({ length }) => length >= 6)).sort()).toEqual("v0 v1 v2 v3 v4 v5".split(" "));
  });

  it("commits by hand, with offsets as text", async () => {
    await said("manualCommit", ({ length }) => length >= 6);
    const [committed] = await kafka.admin().fetchOffsets({ groupId: "manual-group", topics: ["topic-A"] });
    expect(committed?.partitions.map(({ offset }) => Number(offset))).toEqual([3, 3]);
  });

  it("pauses and resumes", async () => {
    const lines = await said("pauseAndResume", ({ length }) => length >= 4);
    expect(lines).toEqual(["one", "overload", [{ topic: "jobs", partitions: [0] }], "three"]);
  });

  it("seeks, to an offset as text", async () => {
    const lines = await said("seek", (all) => all.includes("three"));
    expect(lines.at(-1)).toBe("three");
  });

  it("tells events", async () => {
    const lines = await said("events", (all) => all.includes("consumer.group_join"));
    expect(lines.slice(0, 2)).toEqual(["consumer.connect", "consumer.group_join"]);
    expect(lines).toContain("consumer.stop");
    expect(lines.at(-1)).toBe("consumer.disconnect");
  });
});

describe("Admin", () => {
  let examples: Record<string, Example>;
  beforeAll(async () => {
    examples = await example("admin");
    const messages = ["a", "b", "c"].map((value, index) => ({ value, timestamp: 1000 + index }));
    await kafka.admin().createTopics({ topics: [{ topic: "topic-offsets", numPartitions: 1 }] });
    await kafka.producer().send({ topic: "topic-offsets", messages });
  });
  const run = (name: string, ...more: unknown[]): Promise<Answer> => (examples[name] as Example)(kafka, ...more);

  it("creates, extends, describes and deletes topics", async () => {
    const { first, again, dryRun, listed, metadata, all } = await run("topics");
    expect([first, again, dryRun]).toEqual([true, false, true]);
    expect(listed).toContain("custom-topic");
    expect(listed).not.toContain("not-made");
    expect(metadata.topics).toHaveLength(1);
    expect(metadata.topics[0]).toMatchObject({ name: "custom-topic" });
    expect(metadata.topics[0].partitions).toHaveLength(6);
    expect(all.topics.length).toBeGreaterThan(1);
    expect(await kafka.admin().listTopics()).not.toContain("short-lived");
  });

  it("gives offsets of topics, and by time", async () => {
    const { offsets, byTimestamp } = await run("topicOffsets", "topic-offsets", 1001);
    expect(offsets).toEqual([{ partition: 0, offset: 3, high: 3, low: 0 }]);
    expect(byTimestamp).toEqual([{ partition: 0, offset: 1 }]);
  });

  it("sets and resets offsets of a group", async () => {
    const offsetOf = (topics: Answer): number => Number(topics[0].partitions[0].offset);
    const { set, latest, earliest, byTimestamp } = await run("groupOffsets", "reset-group", "topic-offsets", 1001);
    expect([set, latest, earliest, byTimestamp].map(offsetOf)).toEqual([2, 3, 0, 1]);
  });

  it("describes the cluster", async () => {
    expect(await run("cluster")).toMatchObject({
      brokers: [
        {
          nodeId: expect.any(Number) as number,
          host: expect.any(String) as string,
          port: expect.any(Number) as number,
        },
      ],
      controller: expect.any(Number) as number,
      clusterId: expect.any(String) as string,
    });
  });

  it("describes and alters settings", async () => {
    const { described, altered } = await run("configs");
    expect(described.resources[0]).toMatchObject({ resourceName: "custom-topic", resourceType: 2, errorCode: 0 });
    expect(described.resources[0].configEntries).toEqual([
      expect.objectContaining({ configName: "cleanup.policy", configValue: "compact", isDefault: false }),
    ]);
    expect(altered.resources[0].configEntries).toContainEqual(
      expect.objectContaining({ configName: "cleanup.policy", configValue: "delete" }),
    );
  });

  it("lists, describes and deletes groups", async () => {
    await kafka.admin().setOffsets({ groupId: "testgroup", topic: "jobs", partitions: [{ partition: 0, offset: 1 }] });
    const { listed, described, deleted } = await run("groups", "testgroup");
    expect(listed.groups).toContainEqual(expect.objectContaining({ groupId: "testgroup", protocolType: "consumer" }));
    expect(described.groups).toEqual([expect.objectContaining({ groupId: "testgroup", members: [] })]);
    expect(deleted).toEqual([expect.objectContaining({ groupId: "testgroup" })]);
  });

  it("deletes records", async () => {
    const { first, all } = await run("deleteRecords", "topic-offsets");
    expect(first[0]).toMatchObject({ low: 1, high: 3 });
    expect(all[0]).toMatchObject({ low: 3, high: 3 });
  });
});
