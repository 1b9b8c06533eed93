import { partitionKey, type TopicImage, topicKey } from "@sluice/cluster";
import { type ClusterStore, ImageWatcher, MemoryClusterStore } from "@sluice/coordination";
import { isSluiceError, topicName } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClusterBroker, startClusterBroker } from "../testing/cluster-fixture.js";
import { type CreateTopicOptions, TopicAdmin } from "./topic-admin.js";

const never = new AbortController().signal;

describe("TopicAdmin", () => {
  let clock: VirtualClock;
  let store: ClusterStore;
  let first: ClusterBroker;
  let second: ClusterBroker;

  beforeEach(async () => {
    clock = new VirtualClock();
    store = new MemoryClusterStore({ clock, random: new SeededRandom(1) });
    first = await startClusterBroker({ id: 1 }, { store, clock });
    second = await startClusterBroker({ id: 2 }, { store, clock });
  });
  afterEach(async () => {
    await Promise.all([first.close(), second.close()]);
    await store.close();
    expect(clock.timerCount).toBe(0);
  });

  it("answers a creation with the topic, a living leader for every partition, and its settings", async () => {
    const configs = [{ key: "flush", value: "os" }];
    const topic = await create({ partitions: 4, configs });
    expect(topic.partitions.map((partition) => partition.leader).sort()).toEqual([1, 1, 2, 2]);
    expect(topic.config).toMatchObject({ flush: "os", "segment.bytes": 1_073_741_824 });
    expect(topic.configOverrides).toEqual({ flush: "os" });
    expect(first.image.topicsById.get(topic.id)).toBe(topic);
  });

  it("spreads topics that are created at one time as if they were created one after the other", async () => {
    const tries = ["a", "b", "c", "d", "e", "f"].map((name) => {
      return first.topicAdmin.createTopic(optionsOf({ name, partitions: 1 }), never);
    });
    const leaders = (await Promise.all(tries)).flatMap(({ partitions }) => partitions.map(({ leader }) => leader));
    expect(leaders.sort()).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it("takes the defaults where the client says nothing", async () => {
    const topic = await create({ partitions: 0, replicationFactor: 0 });
    expect(topic.partitions).toHaveLength(6);
    expect(topic.partitions.map(({ replicas }) => replicas.length)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it.each<[string, Partial<CreateTopicOptions>]>([
    ["INVALID_TOPIC_NAME", { name: "../flights" }],
    ["INVALID_TOPIC_NAME", { name: "" }],
    ["INTERNAL_TOPIC", { name: "__flights" }],
    ["INVALID_PARTITION_COUNT", { partitions: -1 }],
    ["INVALID_PARTITION_COUNT", { partitions: 10_001 }],
    ["INVALID_REPLICATION_FACTOR", { replicationFactor: 3 }],
    ["UNKNOWN_CONFIG_KEY", { configs: [{ key: "flsh", value: "os" }] }],
    ["INVALID_CONFIG_VALUE", { configs: [{ key: "flush", value: "never" }] }],
  ])("refuses with %s: %o", async (code, options) => {
    const { revision } = await store.list("");
    await expect(create(options)).rejects.toSatisfy((error) => isSluiceError(error) && error.code === code);
    await expect(validate(options)).rejects.toSatisfy((error) => isSluiceError(error) && error.code === code);
    expect((await store.list("")).revision).toBe(revision);
  });

  it("refuses a name that is taken, whichever broker is asked", async () => {
    await create({});
    for (const broker of [first, second]) {
      const refused = broker.topicAdmin.createTopic(optionsOf({}), never);
      await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "TOPIC_ALREADY_EXISTS"));
    }
  });

  it("only validates when asked to: the answer shows the topic, the store is not touched", async () => {
    const { revision } = await store.list("");
    const topic = await validate({ partitions: 250 });
    expect(topic.partitions).toHaveLength(250);
    expect(topic.partitions.every((partition) => partition.leader !== undefined)).toBe(true);
    expect((await store.list("")).revision).toBe(revision);
    expect(first.image.topics.size).toBe(0);
  });

  it.each([3, 250])(
    "lets one of two creations of a name win, and leaves nothing of the other (%i)",
    async (partitions) => {
      const tries = [first, second].map((broker) => broker.topicAdmin.createTopic(optionsOf({ partitions }), never));
      const results = await Promise.allSettled(tries);
      const won = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      const lost = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
      expect(won).toHaveLength(1);
      expect(lost).toHaveLength(1);
      expect(isSluiceError(lost[0], "TOPIC_ALREADY_EXISTS")).toBe(true);
      expect((await store.list("/sluice/parts/")).entries).toHaveLength(partitions);
      expect(await store.get(partitionKey((won[0] as TopicImage).id, 0))).toBeDefined();
    },
  );

  it("deletes a topic that another broker just made, and says UNKNOWN_TOPIC of one that is gone", async () => {
    await create({});
    await second.topicAdmin.deleteTopic("flights", never);
    expect(second.image.topics.size).toBe(0);
    expect(await store.get(topicKey(topicName("flights")))).toBeUndefined();
    expect((await store.list("/sluice/parts/")).entries).toEqual([]);
    const again = first.topicAdmin.deleteTopic("flights", never);
    await expect(again).rejects.toSatisfy((error) => isSluiceError(error, "UNKNOWN_TOPIC"));
  });

  it("deletes no internal topic", async () => {
    const refused = first.topicAdmin.deleteTopic("__consumer_offsets", never);
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "INTERNAL_TOPIC"));
  });

  describe("with an image that is behind", () => {
    let images: ImageWatcher;
    let behind: TopicAdmin;
    let catchUp: () => void;

    beforeEach(async () => {
      const delayed = delayWatches(store);
      catchUp = delayed.release;
      images = new ImageWatcher({ onError: () => undefined }, { store: delayed.store, clock });
      await images.start();
      const options = { partitionsDefault: 1, replicationFactorDefault: 1, waitMsMax: 1000 };
      behind = new TopicAdmin(options, { store, images, clock, random: new SeededRandom(99) });
    });
    afterEach(() => images.close());

    it("waits for what the store knows before it deletes", async () => {
      await create({});
      const deleted = behind.deleteTopic("flights", never);
      await settle();
      expect(first.image.topics.size).toBe(1);
      catchUp();
      await deleted;
      expect(first.image.topics.size).toBe(0);
    });

    it("waits for a deletion before it makes the name anew", async () => {
      await create({});
      catchUp();
      await images.waitFor((image) => image.topics.size === 1);
      const held = delayWatches(store);
      const lagging = new ImageWatcher({ onError: () => undefined }, { store: held.store, clock });
      await lagging.start();
      const options = { partitionsDefault: 1, replicationFactorDefault: 1, waitMsMax: 1000 };
      const admin = new TopicAdmin(options, { store, images: lagging, clock, random: new SeededRandom(98) });
      await first.topicAdmin.deleteTopic("flights", never);
      const made = admin.createTopic(optionsOf({ partitions: 2 }), never);
      held.release();
      expect((await made).partitions).toHaveLength(2);
      lagging.close();
    });

    it("waits for a leader that lives, when the one that was planned has gone meanwhile", async () => {
      await second.close();
      let isMade = false;
      const made = behind.createTopic(optionsOf({ partitions: 2 }), never).then((topic) => {
        isMade = true;
        return topic;
      });
      await first.images.waitFor((image) => image.topics.size === 1);
      catchUp();
      await images.waitFor((image) => image.topics.size === 1);
      await settle();
      expect(isMade).toBe(false);
      second = await startClusterBroker({ id: 2 }, { store, clock });
      const leaders = (await made).partitions.map((partition) => partition.leader);
      expect(leaders.sort()).toEqual([1, 2]);
    });

    it("gives up after its time, and says that it may have happened", async () => {
      const made = behind.createTopic(optionsOf({}), never);
      await settle();
      clock.advance(1000);
      await expect(made).rejects.toSatisfy((error) => isSluiceError(error, "REQUEST_TIMED_OUT"));
      expect(first.image.topics.size).toBe(1);
    });

    it("stops waiting when the caller goes away", async () => {
      const abort = new AbortController();
      const made = behind.createTopic(optionsOf({}), abort.signal);
      await settle();
      abort.abort(new Error("caller went away"));
      await expect(made).rejects.toThrow("caller went away");
    });
  });

  function create(options: Partial<CreateTopicOptions>): Promise<TopicImage> {
    return first.topicAdmin.createTopic(optionsOf(options), never);
  }

  function validate(options: Partial<CreateTopicOptions>): Promise<TopicImage> {
    return first.topicAdmin.validateTopic(optionsOf(options), never);
  }

  async function settle(): Promise<void> {
    for (let i = 0; i < 100; i += 1) await Promise.resolve();
  }
});

function optionsOf(options: Partial<CreateTopicOptions>): CreateTopicOptions {
  return { name: "flights", partitions: 2, replicationFactor: 1, configs: [], ...options };
}

/** The store, whose watches say nothing until they are released. */
function delayWatches(store: ClusterStore): { readonly store: ClusterStore; release(): void } {
  const queued: (() => void)[] = [];
  let isReleased = false;
  const delayed = Object.create(store) as ClusterStore;
  delayed.list = (prefix) => store.list(prefix);
  delayed.watch = (prefix, fromRevision, listener) => {
    return store.watch(prefix, fromRevision, {
      onChange: (revision, events) => {
        if (isReleased) listener.onChange(revision, events);
        else queued.push(() => listener.onChange(revision, events));
      },
      onError: (error) => listener.onError(error),
    });
  };
  const release = (): void => {
    isReleased = true;
    for (const tell of queued.splice(0)) tell();
  };
  return { store: delayed, release };
}
