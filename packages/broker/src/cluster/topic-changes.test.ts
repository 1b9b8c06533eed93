import { partitionKey } from "@sluice/cluster";
import { type ClusterStore, MemoryClusterStore } from "@sluice/coordination";
import { isSluiceError, topicName } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClusterBroker, startClusterBroker } from "../testing/cluster-fixture.js";

const never = new AbortController().signal;
const flights = topicName("flights");

describe("TopicAdmin, of a topic that exists", () => {
  let clock: VirtualClock;
  let store: ClusterStore;
  let first: ClusterBroker;
  let second: ClusterBroker;

  beforeEach(async () => {
    clock = new VirtualClock();
    store = new MemoryClusterStore({ clock, random: new SeededRandom(1) });
    first = await startClusterBroker({ id: 1 }, { store, clock });
    second = await startClusterBroker({ id: 2 }, { store, clock });
    const configs = [{ key: "flush", value: "os" }];
    await first.topicAdmin.createTopic({ name: "flights", partitions: 2, replicationFactor: 1, configs }, never);
  });
  afterEach(async () => {
    await Promise.all([first.close(), second.close()]);
    await store.close();
    expect(clock.timerCount).toBe(0);
  });

  describe("adding partitions", () => {
    it.each([4, 302])("answers with living leaders for all %i, and every broker sees them", async (partitions) => {
      const topic = await second.topicAdmin.addPartitions({ name: "flights", partitions }, never);
      expect(topic.partitions).toHaveLength(partitions);
      expect(topic.configOverrides).toEqual({ flush: "os" });
      const counts = [1, 2].map((id) => topic.partitions.filter(({ leader }) => leader === id).length);
      expect(counts).toEqual([partitions / 2, partitions / 2]);
      const image = await first.images.waitFor((seen) => seen.topics.get(flights)?.partitions.length === partitions);
      expect(image.topics.get(flights)).toEqual(topic);
      expect(image.unlistedPartitions.size).toBe(0);
    });

    it("only validates when asked to", async () => {
      const { revision } = await store.list("");
      const topic = await first.topicAdmin.validatePartitions({ name: "flights", partitions: 302 }, never);
      expect(topic.partitions).toHaveLength(302);
      const fewer = first.topicAdmin.validatePartitions({ name: "flights", partitions: 2 }, never);
      await expect(fewer).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_PARTITION_COUNT"));
      expect((await store.list("")).revision).toBe(revision);
    });

    it("does not fail where others change the topic in the same moment", async () => {
      const results = await withTime(
        Promise.all([
          first.topicAdmin.addPartitions({ name: "flights", partitions: 10 }, never),
          second.topicAdmin.alterConfigs({ name: "flights", set: [entry("flush.ms", "5")], reset: [] }, never),
          first.topicAdmin.alterConfigs({ name: "flights", set: [], reset: ["flush"] }, never),
        ]),
      );
      expect(results).toHaveLength(3);
      await first.images.waitFor((image) => image.revision >= second.image.revision);
      expect(first.image.topics.get(flights)).toMatchObject({ configOverrides: { "flush.ms": "5" } });
      expect(first.image.topics.get(flights)?.partitions).toHaveLength(10);
    });

    it("lets both of two large additions at once come to an end, the larger count standing or the smaller refused", async () => {
      const tries = [402, 252].map((partitions, index) => {
        return [first, second][index]?.topicAdmin.addPartitions({ name: "flights", partitions }, never);
      });
      const [large, small] = await withTime(Promise.allSettled(tries));
      expect(large?.status).toBe("fulfilled");
      if (small?.status === "rejected")
        expect(small.reason).toSatisfy((error) => isSluiceError(error, "INVALID_PARTITION_COUNT"));
      await second.images.waitFor((image) => image.topics.get(flights)?.partitions.length === 402);
      expect(second.image.unlistedPartitions.size).toBe(0);
      expect((await store.list("/sluice/parts/")).entries).toHaveLength(402);
    });

    it("does it anew where the topic was deleted and made again meanwhile, by what it is then", async () => {
      let isDone = false;
      const added = second.topicAdmin.addPartitions({ name: "flights", partitions: 202 }, never).then((topic) => {
        isDone = true;
        return topic;
      });
      await first.topicAdmin.deleteTopic("flights", never);
      const made = { name: "flights", partitions: 3, replicationFactor: 1, configs: [] };
      const topic = await first.topicAdmin.createTopic(made, never);
      const result = await withTime(added.catch((error: unknown) => error));
      if (isDone) expect(result).toMatchObject({ id: topic.id });
      else expect(result).toSatisfy((error) => isSluiceError(error, "UNKNOWN_TOPIC"));
      const parts = (await store.list("/sluice/parts/")).entries.map(({ key }) => key);
      expect(parts).toContain(partitionKey(topic.id, 0));
      expect(parts.every((key) => key.includes(topic.id))).toBe(true);
    });
  });

  describe("altering settings", () => {
    it("is seen by the other broker, and answered with all settings as they are then", async () => {
      const set = [entry("retention.ms", "5000")];
      const altered = await second.topicAdmin.alterConfigs({ name: "flights", set, reset: ["flush"] }, never);
      expect(altered.config).toMatchObject({ "retention.ms": 5000, flush: "always" });
      expect(altered.configOverrides).toEqual({ "retention.ms": "5000" });
      const image = await first.images.waitFor((seen) => seen.revision >= second.image.revision);
      expect(image.topics.get(flights)).toMatchObject({ config: altered.config });
    });

    it("loses none of many changes at once, on two brokers", async () => {
      const keys = ["retention.ms", "retention.bytes", "segment.bytes", "segment.ms", "flush.ms", "max.message.bytes"];
      const changes = keys.map((key, index) => {
        const { topicAdmin } = index % 2 === 0 ? first : second;
        return topicAdmin.alterConfigs({ name: "flights", set: [entry(key, "2048")], reset: [] }, never);
      });
      await withTime(Promise.all(changes));
      const image = await first.images.waitFor((seen) => seen.revision >= second.image.revision);
      const wanted = Object.fromEntries(keys.map((key) => [key, "2048"]));
      expect(image.topics.get(flights)?.configOverrides).toEqual({ flush: "os", ...wanted });
    });

    it("only validates when asked to, and writes nothing where nothing changes", async () => {
      const { revision } = await store.list("");
      const set = [entry("flush", "interval")];
      const would = await first.topicAdmin.validateConfigs({ name: "flights", set, reset: [] }, never);
      expect(would.config.flush).toBe("interval");
      const same = { name: "flights", set: [entry("flush", "os")], reset: ["retention.ms"] };
      expect((await first.topicAdmin.alterConfigs(same, never)).configOverrides).toEqual({ flush: "os" });
      expect((await store.list("")).revision).toBe(revision);
    });
  });

  it("deletes it even where it is changed in the same moment", async () => {
    const set = [entry("flush.ms", "7")];
    const [altered, deleted] = await withTime(
      Promise.allSettled([
        second.topicAdmin.alterConfigs({ name: "flights", set, reset: [] }, never),
        first.topicAdmin.deleteTopic("flights", never),
      ]),
    );
    expect(deleted.status).toBe("fulfilled");
    if (altered.status === "rejected") expect(isSluiceError(altered.reason, "UNKNOWN_TOPIC")).toBe(true);
    expect((await store.list("/sluice/parts/")).entries).toEqual([]);
  });

  /** Lets the clock run until it has settled. */
  async function withTime<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    for (let turn = 0; !isSettled; turn += 1) {
      await Promise.resolve();
      if (turn % 1000 === 999) clock.advance(1);
    }
    return promise;
  }
});

function entry(key: string, value: string): { readonly key: string; readonly value: string } {
  return { key, value };
}
