/** @sluice/testcontainers on a real engine: what a test of somebody else's program does with it. */

import { SluiceContainer } from "@sluice/testcontainers";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { docker } from "../support/docker.js";

const image = "sluice:testcontainers-test";

beforeAll(async () => {
  await docker(["build", "--file", "deploy/Dockerfile", "--tag", image, "."]);
}, 900_000);

// Whatever went wrong: nothing of a test outlives it.
afterEach(async () => {
  const left = (await docker(["ps", "--all", "--quiet", "--filter", `ancestor=${image}`])).split("\n").filter(Boolean);
  if (left.length > 0) await docker(["rm", "--force", ...left]);
});

async function containers(): Promise<number> {
  const ids = await docker(["ps", "--all", "--quiet", "--filter", `ancestor=${image}`]);
  return ids.split("\n").filter(Boolean).length;
}

describe("a SluiceContainer", () => {
  it("serves a producer and a consumer with one broker, and leaves nothing behind", async () => {
    const cluster = await new SluiceContainer(image).start();
    const client = cluster.createClient();
    await client.producer().send({ topic: "t", messages: [{ value: "a" }] });
    const values: string[] = [];
    for await (const { value } of client.consumer().read({ topic: "t", from: "earliest", limit: 1 }))
      values.push(String(value));
    expect(values).toEqual(["a"]);
    expect(await containers()).toBe(1);
    await cluster.stop();
    expect(await containers()).toBe(0);
  });

  it("has three brokers with three replicas, and goes on when one of them is gone", async () => {
    await using cluster = await new SluiceContainer(image).withBrokers(3).withSetting("defaultPartitions", 3).start();
    expect(cluster.bootstrapServers()).toHaveLength(3);
    const client = cluster.createClient();
    const admin = client.admin();
    await admin.createTopics({ topics: [{ topic: "t" }] });
    const { topics } = await admin.fetchTopicMetadata({ topics: ["t"] });
    expect(topics[0]?.partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3]);
    const producer = client.producer();
    const send = (value: string) =>
      Promise.all([0, 1, 2].map((partition) => producer.send({ topic: "t", messages: [{ value, partition }] })));
    await send("a");
    await cluster.brokers[1]?.container.stop({ timeout: 0 });
    const sent = await send("b");
    expect(sent.flat().map(({ offset }) => offset)).toEqual([1, 1, 1]);
  });

  it("is found by containers of its network", async () => {
    await using cluster = await new SluiceContainer(image).start();
    const [address = ""] = cluster.internalBootstrapServers();
    const network = cluster.network.getName();
    const line = ["cluster", "info", "--brokers", address, "--output", "json"];
    const { brokers } = JSON.parse(await docker(["run", "--rm", "--network", network, image, ...line])) as {
      readonly brokers: readonly { readonly host: string; readonly port: number }[];
    };
    expect(brokers.map(({ host, port }) => `${host}:${port}`)).toEqual([address]);
  });

  it("leaves nothing behind where a broker does not start", async () => {
    const broken = new SluiceContainer(image).withSetting("brokerLeaseMs", 1);
    await expect(broken.start()).rejects.toThrow();
    expect(await containers()).toBe(0);
  });

  it("takes so many brokers as make sense", () => {
    expect(() => new SluiceContainer(image).withBrokers(0)).toThrow("from 1 to 32");
  });
});
