/** @sluice/testcontainers on a real engine: what a test of somebody else's program does with it. */

import { SluiceContainer } from "@sluice/testcontainers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { docker } from "../support/docker.js";
import { buildTestImage, testImage } from "./built-image.js";

/** Of an image that the engine can make a container of, and cannot start. */
const brokenImage = "sluice:test-broken";
const madeByTestcontainers = "label=org.testcontainers=true";
/** What was there before a test is none of its business. */
let before: readonly string[] = [];

beforeAll(async () => {
  await buildTestImage();
  const container = (await docker(["create", testImage])).trim();
  await docker(["commit", "--change", 'ENTRYPOINT ["/no-such-program"]', container, brokenImage]);
  await docker(["rm", "--volumes", container]);
}, 900_000);

afterAll(() => docker(["rmi", brokenImage]));

beforeEach(async () => {
  before = await containers();
});

// Whatever went wrong: nothing of a test outlives it.
afterEach(async () => {
  const left = (await containers()).filter((id) => !before.includes(id));
  if (left.length > 0) await docker(["rm", "--force", "--volumes", ...left]);
});

/** Ids of those that testcontainers has made, running or not. */
async function containers(): Promise<string[]> {
  return idsOf(await docker(["ps", "--all", "--quiet", "--filter", madeByTestcontainers]));
}

/** Ids of containers and networks that testcontainers has made, and of volumes, which do not say who made them. */
async function everything(): Promise<string[]> {
  const networks = idsOf(await docker(["network", "ls", "--quiet", "--filter", madeByTestcontainers]));
  return [...(await containers()), ...networks, ...idsOf(await docker(["volume", "ls", "--quiet"]))].sort();
}

function idsOf(lines: string): string[] {
  return lines.split("\n").filter((line) => line !== "");
}

describe("a SluiceContainer", () => {
  it("serves a producer and a consumer with one broker, and leaves nothing behind", async () => {
    const there = await everything();
    const cluster = await new SluiceContainer(testImage).start();
    expect(await everything()).toHaveLength(there.length + 3);
    const client = cluster.createClient();
    await client.producer().send({ topic: "t", messages: [{ value: "a" }] });
    const values: string[] = [];
    for await (const { value } of client.consumer().read({ topic: "t", from: "earliest", limit: 1 }))
      values.push(String(value));
    expect(values).toEqual(["a"]);
    await cluster.stop();
    expect(await everything()).toEqual(there);
  });

  it("has three brokers with three replicas, and goes on when one of them is gone", async () => {
    await using cluster = await new SluiceContainer(testImage)
      .withBrokers(3)
      .withSetting("defaultPartitions", 3)
      .start();
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
    await using cluster = await new SluiceContainer(testImage).start();
    const [address = ""] = cluster.internalBootstrapServers();
    const network = cluster.network.getName();
    const line = ["cluster", "info", "--brokers", address, "--output", "json"];
    const { brokers } = JSON.parse(await docker(["run", "--rm", "--network", network, testImage, ...line])) as {
      readonly brokers: readonly { readonly host: string; readonly port: number }[];
    };
    expect(brokers.map(({ host, port }) => `${host}:${port}`)).toEqual([address]);
  });

  it.each([
    ["ends at once", () => new SluiceContainer(testImage).withSetting("brokerLeaseMs", 1)],
    ["cannot be started", () => new SluiceContainer(brokenImage).withBrokers(2)],
  ])("leaves nothing behind where a broker %s", async (_, create) => {
    const there = await everything();
    await expect(create().start()).rejects.toThrow();
    expect(await everything()).toEqual(there);
  });

  it("takes so many brokers as make sense", () => {
    expect(() => new SluiceContainer(testImage).withBrokers(0)).toThrow("from 1 to 32");
  });
});
