import { type ClusterStore, MemoryClusterStore } from "@sluice/coordination";
import { groupOffsetsTopic, isSluiceError, topicName } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClusterBroker, startClusterBroker } from "../testing/cluster-fixture.js";
import { MissingTopics } from "./missing-topics.js";

const never = new AbortController().signal;

describe("MissingTopics", () => {
  let clock: VirtualClock;
  let store: ClusterStore;
  let brokers: ClusterBroker[];
  let missing: MissingTopics[];

  beforeEach(async () => {
    clock = new VirtualClock();
    store = new MemoryClusterStore({ clock, random: new SeededRandom(1) });
    brokers = [
      await startClusterBroker({ id: 1 }, { store, clock }),
      await startClusterBroker({ id: 2 }, { store, clock }),
    ];
    missing = brokers.map((broker) => new MissingTopics(broker));
  });
  afterEach(async () => {
    await Promise.all(brokers.map((broker) => broker.close()));
    await store.close();
    expect(clock.timerCount).toBe(0);
  });

  it("makes those that do not exist, with the broker's defaults and living leaders", async () => {
    await brokers[0]?.topicAdmin.createTopic({ name: "a", partitions: 1, replicationFactor: 1, configs: [] }, never);
    const failures = await missing[0]?.create(["a", "b", "b"], never);
    expect(failures?.size).toBe(0);
    const topics = brokers[0]?.image.topics;
    expect(topics?.get(topicName("a"))?.partitions).toHaveLength(1);
    expect(
      topics
        ?.get(topicName("b"))
        ?.partitions.map(({ leader }) => leader)
        .sort(),
    ).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it("makes a topic once, however many ask for it on two brokers at one time, and fails for none of them", async () => {
    const asked = Array.from({ length: 40 }, (_, index) => missing[index % 2]?.create(["orders"], anySignal()));
    const answers = await Promise.all(asked);
    expect(answers.map((failures) => failures?.size)).toEqual(answers.map(() => 0));
    const written = brokers.flatMap((broker) => broker.store.written.flat());
    const puts = written.filter((operation) => operation.type === "put" && operation.key === "/sluice/topics/orders");
    expect(puts).toHaveLength(1);
    for (const { image } of brokers) expect(image.topics.get(topicName("orders"))?.partitions).toHaveLength(6);
  });

  it("refuses names of no topic and of Sluice's own, each on its own, and makes the rest", async () => {
    const failures = await missing[0]?.create(["a b", groupOffsetsTopic, "__x", "good", ""], never);
    const codes = Object.fromEntries([...(failures ?? [])].map(([name, { code }]) => [name, code]));
    const expected: Record<string, string> = {
      "a b": "INVALID_TOPIC_NAME",
      "": "INVALID_TOPIC_NAME",
      __consumer_offsets: "INTERNAL_TOPIC",
      __x: "INTERNAL_TOPIC",
    };
    expect(codes).toEqual(expected);
    expect([...(brokers[0]?.image.topics.keys() ?? [])]).toEqual(["good"]);
  });

  it("ends the wait of a caller who goes away, and makes the topic for the others", async () => {
    const abort = new AbortController();
    const [gone, stays] = [missing[0]?.create(["orders"], abort.signal), missing[0]?.create(["orders"], never)];
    abort.abort(new Error("caller went away"));
    await expect(gone).rejects.toThrow("caller went away");
    expect((await stays)?.size).toBe(0);
    expect(brokers[0]?.image.topics.size).toBe(1);
  });

  it("has only so many under way for one request, and for all together", async () => {
    const names = Array.from({ length: 1200 }, (_, index) => `t${index}`);
    const one = await missing[0]?.create(names.slice(0, 50), never);
    expect(one?.size).toBe(0);
    const all = await Promise.all(names.slice(50).map((name) => missing[0]?.create([name], anySignal())));
    const refused = all.flatMap((failures) => [...(failures?.values() ?? [])]);
    expect(refused).toHaveLength(150);
    for (const error of refused) expect(isSluiceError(error, "RESOURCE_EXHAUSTED")).toBe(true);
    expect(brokers[0]?.image.topics.size).toBe(1050);
  });

  it("says that a leader is missing where none comes in time", async () => {
    const [first, second] = brokers;
    await second?.topicAdmin.createTopic({ name: "orders", partitions: 2, replicationFactor: 1, configs: [] }, never);
    await first?.images.waitFor((image) => image.topics.size === 1);
    await second?.close();
    await first?.images.waitFor((image) => image.brokers.size === 1);
    const waited = first?.topicAdmin.awaitTopic("orders", never);
    for (let i = 0; i < 100; i += 1) await Promise.resolve();
    clock.advance(1000);
    await expect(waited).rejects.toSatisfy((error) => isSluiceError(error, "REQUEST_TIMED_OUT"));
    brokers = brokers.slice(0, 1);
  });
});

function anySignal(): AbortSignal {
  return new AbortController().signal;
}
