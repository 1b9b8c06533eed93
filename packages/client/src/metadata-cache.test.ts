import { isSluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { BrokerConnections } from "./broker-connections.js";
import { MetadataCache } from "./metadata-cache.js";
import { RetryPolicy } from "./retry-policy.js";
import { FakeCluster } from "./testing/fake-cluster.js";

const hourMs = 3_600_000;

describe("MetadataCache", () => {
  let cluster: FakeCluster;
  let clock: VirtualClock;
  let cache: MetadataCache;

  beforeEach(() => {
    cluster = new FakeCluster({ brokers: 2 });
    clock = new VirtualClock();
    const nothing = (): void => undefined;
    const connections = new BrokerConnections(
      { brokers: cluster.bootstrap, connectTimeoutMs: 100, requestTimeoutMs: 100, addressMap: (address) => address },
      { transport: cluster.transport, clock, logger: { debug: nothing, info: nothing, warn: nothing, error: nothing } },
    );
    const random = new SeededRandom(1);
    const policy = new RetryPolicy({ retries: 0 }, { random });
    cache = new MetadataCache({ requestTimeoutMs: 100 }, { connections, clock, policy, random });
  });

  it("knows how large a batch a topic takes", async () => {
    cluster.createTopic("t", 1);
    expect((await cache.requireTopic("t")).maxMessageBytes).toBe(1_048_588);
  });

  it("asks for many topics that are wanted at one time in one request", async () => {
    for (let i = 0; i < 500; i += 1) cluster.createTopic(`t${i}`, 1);
    const wanted = Array.from({ length: 500 }, (_, i) => cache.requireTopic(`t${i}`));
    expect((await Promise.all(wanted)).map(({ name }) => name)).toHaveLength(500);
    expect(cluster.described.map((names) => names.length)).toEqual([1, 499]);
  });

  it("sees new partitions with the next refresh", async () => {
    cluster.createTopic("t", 1);
    await cache.requireTopic("t");
    cluster.createTopic("t", 3);
    await cache.refresh(["t"]);
    expect(cache.topic("t")?.partitions).toHaveLength(3);
  });

  it("drops a topic that is gone, whether it is asked for or missing from all topics", async () => {
    for (const name of ["a", "b", "c"]) cluster.createTopic(name, 1);
    await cache.refresh(["a", "b", "c"]);
    deleteTopic("a");
    await cache.refresh(["a"]);
    expect(cache.topic("a")).toBeUndefined();
    expect(isSluiceError(cache.whyNoLeader("a", 0), "UNKNOWN_TOPIC")).toBe(true);
    deleteTopic("b");
    await cache.describe(undefined);
    expect(cache.topic("b")).toBeUndefined();
    expect(cache.topic("c")).toBeDefined();
  });

  it("creates a missing topic where that is wanted, and no other that is asked for in the same moment", async () => {
    cluster.autoCreateTopics = true;
    const first = cache.refresh([]);
    const [created, refused] = await Promise.allSettled([
      cache.requireTopic("new", { createMissing: true }),
      cache.requireTopic("other"),
    ]);
    await first;
    expect(created).toMatchObject({ status: "fulfilled", value: { name: "new" } });
    expect(refused.status === "rejected" && isSluiceError(refused.reason, "UNKNOWN_TOPIC")).toBe(true);
    expect([...cluster.topics.keys()]).toEqual(["new"]);
  });

  it("forgets topics that nobody has looked up for an hour, and keeps those that somebody has", async () => {
    for (const name of ["used", "unused", "asked"]) cluster.createTopic(name, 1);
    await cache.refresh(["used", "unused"]);
    clock.advance(hourMs - 1);
    expect(cache.leaderOf("used", 0)).toBeDefined();
    clock.advance(1);
    await cache.refresh(["asked"]);
    const before = cluster.describeCount;
    await cache.requireTopic("used");
    expect(cluster.describeCount).toBe(before);
    await cache.requireTopic("unused");
    expect(cluster.describeCount).toBe(before + 1);
  });

  function deleteTopic(name: string): void {
    cluster.topics.delete(name);
    // The fake's revision moves with creations.
    cluster.createTopic("marker", 1);
  }
});
