import { type BrokerAddress, isSluiceError, type SluiceError } from "@sluice/model";
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
    for (const option of ["tls", "auth", "ssl", "sasl", "logCreator", "socketFactory", "enforceRequestTimeout"])
      expect(() => new Sluice({ brokers: "a", [option]: true } as never), option).toThrow(
        expect.objectContaining({ code: "REPLACED_OPTION", details: expect.objectContaining({ option }) as object }),
      );
    expect(() => new Sluice({ brokers: "a", retry: { retry: 1 } } as never)).toThrow(
      expect.objectContaining({ hint: "Did you mean 'retries'?" }),
    );
    const restartOnFailure = async (): Promise<boolean> => true;
    expect(() => new Sluice({ brokers: "a", retry: { restartOnFailure } } as never)).toThrow(
      expect.objectContaining({ code: "REPLACED_OPTION" }),
    );
    for (const wrong of [
      { clientId: 7 },
      { tracing: true },
      { logLevel: "loud" },
      { logger: {} },
      { connectTimeoutMs: 1, connectionTimeout: 1 },
      { requestTimeout: 0 },
      { retry: { multiplier: 0 } },
      { retry: { factor: 2 } },
    ] as never[])
      expect(() => new Sluice({ brokers: "a", ...(wrong as object) }), JSON.stringify(wrong)).toThrow(
        expect.objectContaining({ code: "INVALID_OPTION" }),
      );
    for (const brokers of [undefined, "", [], "a:b", "a:0", "http://a:9092", [7]] as never[])
      expect(() => new Sluice({ brokers })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  });

  it("takes kafkajs's names for its timeouts", async () => {
    const cluster = new FakeCluster({ brokers: 0 });
    const clock = new VirtualClock();
    await using client = testClient(cluster, { brokers: "a", clock, connectionTimeout: 50, requestTimeout: 100 });
    const error = errorOf(client.producer().connect());
    expect((await error).code).toBe("BROKER_UNREACHABLE");
    await using other = testClient(cluster, { brokers: "a", clock, requestTimeout: 100 });
    const pending = errorOf(other.producer().send({ topic: "t", messages: [{ value: "a" }] }));
    for (let ms = 0; ms < 110; ms++) {
      await settled();
      clock.advance(1);
    }
    expect((await pending).code).toBe("BROKER_UNREACHABLE");
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
    expect(error.message).toMatch(
      /at nowhere:9092: broker 1 advertises broker-1:9092 \(dialled as nowhere:9092\), while broker-2:9092 answers; .*addressMap/,
    );
  });

  it("names the broker whose advertised address does not answer, to who reads and to who asks, and no longer once it did", async () => {
    const cluster = new FakeCluster({ brokers: 2 });
    cluster.createTopic("t", 1);
    let isOutside = true;
    const addressMap = ({ host, port }: BrokerAddress): BrokerAddress => {
      return { host: isOutside && host === "broker-1" ? "nowhere" : host, port };
    };
    await using client = testClient(cluster, { brokers: "broker-2", retry: { retries: 0 }, addressMap });
    const explained = /broker 1 advertises broker-1:9092 .* while broker-2:9092 answers/;
    const asked = await errorOf(client.admin().fetchTopicOffsets("t"));
    expect(asked).toMatchObject({ code: "BROKER_UNREACHABLE", retriable: true, cause: { code: "BROKER_UNREACHABLE" } });
    expect(asked.message).toMatch(explained);

    isOutside = false;
    await client.admin().fetchTopicMetadata({ topics: ["t"] });
    expect(await client.admin().fetchTopicOffsets("t")).toHaveLength(1);
    cluster.stopBroker(1);
    const gone = await errorOf(client.admin().fetchTopicOffsets("t"));
    expect(gone.message).not.toMatch(explained);
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

  it("shows what it is doing at a moment", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock, clientId: "shop" });
    const nothing = { clientId: "shop", connections: [], metadata: { ageMs: undefined, topics: 0 } };
    expect(client.snapshot()).toEqual({ ...nothing, producers: [], consumers: [] });
    await client.admin().fetchTopicMetadata({ topics: ["t"] });
    clock.advance(7);
    cluster.onProduce = () => undefined;
    const producer = client.producer();
    const pending = errorOf(producer.send({ topic: "t", messages: [{ value: "abc" }] }));
    await settled();
    const consumer = client.consumer();
    const { producers, consumers, ...rest } = client.snapshot();
    expect(rest).toEqual({
      clientId: "shop",
      connections: ["broker-1:9092"],
      metadata: { ageMs: expect.any(Number) as number, topics: 1 },
    });
    expect(producers).toEqual([{ bufferedBytes: producer.bufferedBytes, bufferedMessages: 1 }]);
    expect(producer.bufferedBytes).toBeGreaterThan(0);
    expect(consumers).toEqual([{ health: consumer.health(), positions: [] }]);
    const closing = Promise.all([producer.close({ timeoutMs: 0 }), consumer.close(), pending]);
    await settled();
    clock.advance(1);
    await closing;
    expect(client.snapshot()).toMatchObject({ producers: [], consumers: [] });
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

  it("refuses misspelled requests", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 1);
    await using client = testClient(cluster);
    const admin = client.admin();
    const wrong = { topics: [{ topic: "t", partitions: 3 }] };
    expect((await errorOf(admin.createTopics(wrong as never))).hint).toBe("Did you mean 'numPartitions'?");
    expect((await errorOf(admin.resetOffsets({ groupId: "g", topic: "t", to: "first" } as never))).code).toBe(
      "INVALID_REQUEST",
    );
  });
});
