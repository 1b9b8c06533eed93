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
});
