import { isSluiceError, SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { Sluice } from "./sluice.js";
import { FakeCluster } from "./testing/fake-cluster.js";
import { batchOf, settled, testClient } from "./testing/test-client.js";

function errorOf(promise: Promise<unknown>): Promise<SluiceError> {
  return promise.then(
    () => Promise.reject(new Error("it resolved")),
    (error: unknown) => (isSluiceError(error) ? error : Promise.reject(error as Error)),
  );
}

describe("a client", () => {
  it("refuses options that do not exist, with the nearest name, and brokers that are none", () => {
    expect(() => new Sluice({ broker: "a" } as never)).toThrow(
      expect.objectContaining({ hint: "Did you mean 'brokers'?" }),
    );
    expect(() => new Sluice({ brokers: "a", ssl: true } as never)).toThrow(
      expect.objectContaining({ code: "UNKNOWN_OPTION" }),
    );
    expect(() => new Sluice({ brokers: "a", retry: { retry: 1 } } as never)).toThrow(
      expect.objectContaining({ hint: "Did you mean 'retries'?" }),
    );
    for (const brokers of [undefined, "", [], "a:b", "a:0", "http://a:9092", [7]] as never[])
      expect(() => new Sluice({ brokers })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  });

  it("lists the addresses where nobody answers", async () => {
    const cluster = new FakeCluster({ brokers: 0 });
    await using client = testClient(cluster, { brokers: "sluice://a,b:9093" });
    const error = await errorOf(client.admin().listTopics());
    expect(error.code).toBe("BROKER_UNREACHABLE");
    expect(error.details).toEqual({ addresses: "a:9092, b:9093", reason: "connection refused" });
  });

  it("goes on with the other brokers when the one it was given is gone", async () => {
    const cluster = new FakeCluster({ brokers: 3 });
    await using client = testClient(cluster, { brokers: async () => ["broker-1:9092"] });
    const admin = client.admin();
    expect(await admin.listTopics()).toEqual([]);
    cluster.stopBroker(1);
    cluster.createTopic("t", 1);
    expect(await admin.listTopics()).toEqual(["t"]);
  });

  it("dials what addressMap says, and says what is wrong where a broker advertises an address that does not answer", async () => {
    const cluster = new FakeCluster({ brokers: 2 });
    cluster.createTopic("t", 1);
    const retry = { retries: 0 };
    await using mapped = testClient(cluster, {
      brokers: "broker-2",
      retry,
      addressMap: ({ host, port }) => ({ host: host === "broker-1" ? "broker-2" : host, port }),
    });
    const misdirected = await errorOf(mapped.producer().send({ topic: "t", messages: [{ value: "a" }] }));
    expect(misdirected.code).toBe("NOT_LEADER");
    await using lost = testClient(cluster, {
      brokers: "broker-2",
      retry,
      addressMap: ({ host, port }) => ({ host: host === "broker-1" ? "nowhere" : host, port }),
    });
    const error = await errorOf(lost.producer().send({ topic: "t", messages: [{ value: "a" }] }));
    expect(error.code).toBe("BROKER_UNREACHABLE");
    expect(error.message).toMatch(/nowhere:9092: that is the address that broker 1 advertises .* set addressMap/);
  });

  it("keeps trying while no broker answers, until the request timeout", async () => {
    const cluster = new FakeCluster({ brokers: 0 });
    const clock = new VirtualClock();
    await using client = testClient(cluster, { brokers: "a", clock, requestTimeoutMs: 100 });
    const error = errorOf(client.producer().send({ topic: "t", messages: [{ value: "a" }] }));
    for (let ms = 0; ms < 110; ms++) {
      await settled();
      clock.advance(1);
    }
    expect((await error).code).toBe("BROKER_UNREACHABLE");
  });

  it("is not turned back by a broker that lags behind", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    await using client = testClient(cluster, { retry: { retries: 0 } });
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [{ value: "a" }] });
    cluster.startBroker(2);
    cluster.moveLeader("t", 0, 2);
    await client.admin().fetchTopicMetadata({ topics: ["t"] });
    const log = cluster.partition("t", 0);
    Object.assign(log, { leaderId: 1, leaderEpoch: 0 });
    cluster.describeAsOf = 1;
    await client.admin().fetchTopicMetadata({ topics: ["t"] });
    Object.assign(log, { leaderId: 2, leaderEpoch: 1 });
    await producer.send({ topic: "t", messages: [{ value: "b" }] });
    expect(cluster.values("t", 0)).toEqual(["a", "b"]);
  });

  it("closes what it made, twice as well as once, and makes nothing more", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    const client = testClient(cluster);
    const [producer, consumer, admin] = [client.producer(), client.consumer(), client.admin()];
    await Promise.all([client.close(), client.close()]);
    expect((await errorOf(producer.send({ topic: "t", messages: [] }))).code).toBe("CLOSED");
    expect((await errorOf(consumer.assign([]))).code).toBe("CLOSED");
    expect((await errorOf(admin.listTopics())).code).toBe("CLOSED");
    expect(() => client.admin()).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });
});

describe("an admin", () => {
  it("gives the offsets of a topic: low, high, and by time", async () => {
    const cluster = new FakeCluster({ brokers: 2 });
    cluster.createTopic("t", 2);
    cluster.append("t", 1, batchOf("a", "b", "c"));
    cluster.partition("t", 1).logStartOffset = 1;
    await using client = testClient(cluster);
    const admin = client.admin();
    expect(await admin.fetchTopicOffsets("t")).toEqual([
      { partition: 0, offset: 0, low: 0, high: 0 },
      { partition: 1, offset: 3, low: 1, high: 3 },
    ]);
    expect(await admin.fetchTopicOffsetsByTimestamp("t", new Date(1002))).toEqual([
      { partition: 0, offset: 0 },
      { partition: 1, offset: 2 },
    ]);
    expect((await errorOf(admin.fetchTopicOffsets("missing"))).code).toBe("UNKNOWN_TOPIC");
  });

  it("gives what a group has committed, and -1 for what it has not where topics are named", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 2);
    await using client = testClient(cluster);
    const admin = client.admin();
    await admin.setOffsets({ groupId: "g", topic: "t", partitions: [{ partition: 1, offset: 4 }] });
    expect(await admin.fetchOffsets({ groupId: "g", topics: ["t"] })).toEqual([
      {
        topic: "t",
        partitions: [
          { partition: 0, offset: -1, metadata: "" },
          { partition: 1, offset: 4, metadata: "" },
        ],
      },
    ]);
  });

  it("makes a reset once only where twice would not be the same", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    const asked: string[] = [];
    cluster.onReset = ({ to }) => {
      asked.push(String(to));
      if (asked.length % 2 === 1)
        throw new SluiceError("BROKER_UNREACHABLE", { addresses: "a", reason: "connection lost" });
      return [{ topic: "t", partition: 0, currentPlusOne: 0, target: 3, end: 9 }];
    };
    await using client = testClient(cluster);
    const admin = client.admin();
    expect(await admin.resetOffsets({ groupId: "g", topic: "t", to: 3 })).toEqual([
      { topic: "t", partition: 0, current: undefined, target: 3, end: 9 },
    ]);
    const error = await errorOf(admin.resetOffsets({ groupId: "g", topic: "t", to: { shift: -5 } }));
    expect(error.code).toBe("BROKER_UNREACHABLE");
    expect(asked).toEqual(["offset", "offset", "shift"]);
  });

  it("refuses misspelled requests", async () => {
    await using client = testClient(new FakeCluster({ brokers: 1 }));
    const admin = client.admin();
    const wrong = { topics: [{ topic: "t", partitions: 3 }] };
    expect((await errorOf(admin.createTopics(wrong as never))).hint).toBe("Did you mean 'numPartitions'?");
    expect((await errorOf(admin.resetOffsets({ groupId: "g", topic: "t", to: "first" } as never))).code).toBe(
      "INVALID_REQUEST",
    );
  });
});
