import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { startTestCluster } from "./test-cluster.js";

describe("a test cluster", () => {
  it("serves a producer and a consumer, and leaves nothing behind", async () => {
    const cluster = await startTestCluster();
    const client = cluster.createClient();
    await client.admin().createTopics({ topics: [{ topic: "t" }] });
    await client.producer().send({ topic: "t", messages: [{ value: "a" }] });
    const values: string[] = [];
    for await (const { value } of client.consumer().read({ topic: "t", from: "earliest", limit: 1 }))
      values.push(String(value));
    expect(values).toEqual(["a"]);
    await cluster.close();
    expect(existsSync(cluster.dataDirectory)).toBe(false);
  });

  it("has as many brokers as are asked for, and is closed by await using", async () => {
    const addresses: string[] = [];
    {
      await using cluster = await startTestCluster({ brokers: 3 });
      addresses.push(...cluster.brokers);
      const { brokers } = await cluster.createClient().admin().describeCluster();
      expect(brokers).toHaveLength(3);
    }
    expect(new Set(addresses).size).toBe(3);
  });

  it("keeps three replicas with three brokers, and goes on without one of them", async () => {
    await using cluster = await startTestCluster({ brokers: 3 });
    const client = cluster.createClient();
    const admin = client.admin();
    await admin.createTopics({ topics: [{ topic: "t", numPartitions: 3 }] });
    const { topics } = await admin.fetchTopicMetadata({ topics: ["t"] });
    expect(topics[0]?.partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3]);
    const producer = client.producer();
    const send = (value: string) =>
      Promise.all([0, 1, 2].map((partition) => producer.send({ topic: "t", messages: [{ value, partition }] })));
    const before = await send("a");
    for (const { replicas, fsynced } of before.flat()) {
      expect(replicas).toBeGreaterThanOrEqual(2);
      expect(fsynced).toBeGreaterThanOrEqual(2);
    }
    await cluster.cluster.brokers[0]?.close();
    const after = await send("b");
    expect(after.flat().map(({ offset }) => offset)).toEqual([1, 1, 1]);
    const values: string[] = [];
    for await (const { value } of client.consumer().read({ topic: "t", from: "earliest", limit: 6 }))
      values.push(String(value));
    expect(values.sort()).toEqual(["a", "a", "a", "b", "b", "b"]);
  });
});
