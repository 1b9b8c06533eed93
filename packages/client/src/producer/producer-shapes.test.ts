import { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { readBatchHeader } from "@sluice/record";
import { describe, expect, expectTypeOf, it } from "vitest";
import { BrokerConnections } from "../broker-connections.js";
import type { ClientDependencies } from "../client-dependencies.js";
import { silentLogger } from "../logger.js";
import { MetadataCache } from "../metadata-cache.js";
import { RetryPolicy } from "../retry-policy.js";
import { type ArrivedProduce, FakeCluster } from "../testing/fake-cluster.js";
import { settled, testClient } from "../testing/test-client.js";
import { defineTopic } from "../topics/define-topic.js";
import { json, string, uint } from "../topics/serdes.js";
import type { ClientTracing } from "../tracing/client-tracing.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import { type KafkaJsPartitioner, Partitioners } from "./partitioner.js";
import type { SendError } from "./pending-send.js";
import { Producer } from "./producer.js";
import { CompressionTypes } from "./producer-options.js";
import type { MessageFor } from "./producer-record.js";

function oneTopic(partitions = 1): FakeCluster {
  const cluster = new FakeCluster({ brokers: 1 });
  cluster.createTopic("t", partitions);
  return cluster;
}

const headers = (cluster: FakeCluster) => cluster.partition("t", 0).batches.map((batch) => readBatchHeader(batch));

describe("shapes of kafkajs", () => {
  it("takes acks, timeout and compression with a send, and batches what differs apart", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer();
    const messages = [{ value: "x".repeat(500) }];
    await Promise.all([
      producer.send({ topic: "t", messages, acks: -1, timeout: 5000, compression: CompressionTypes.GZIP }),
      producer.send({ topic: "t", messages, compression: "gzip", timeout: 5000 }),
      producer.send({ topic: "t", messages }),
      producer.sendBatch({ topicMessages: [{ topic: "t", messages }], acks: 1, compression: 0 }),
    ]);
    expect(
      headers(cluster).map(({ compression, recordCount, producerId }) => [compression, recordCount, producerId]),
    ).toEqual([
      ["gzip", 2, 1000],
      ["none", 1, 1000],
      ["none", 1, -1],
    ]);
  });

  it("fails a send after its own timeout", async () => {
    const cluster = oneTopic();
    cluster.onProduce = () => undefined;
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const producer = client.producer();
    const sent = producer
      .send({ topic: "t", messages: [{ value: "a" }], timeout: 500 })
      .catch((error: SendError) => error);
    for (let ms = 0; ms < 1000; ms += 50) {
      await settled();
      clock.advance(50);
    }
    expect(await sent).toMatchObject({ code: "INDETERMINATE", mayBeWritten: true });
  });

  it("takes timestamps in digits", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const [metadata] = await client.producer().send({ topic: "t", messages: [{ value: "a", timestamp: "1234" }] });
    expect(metadata?.timestamp).toBe(1234);
    const bad = client.producer().send({ topic: "t", messages: [{ value: "a", timestamp: "12x" }] });
    await expect(bad).rejects.toMatchObject({ code: "INVALID_TIMESTAMP" });
  });

  it("calls a partitioner that createPartitioner gave, with the metadata of kafkajs", async () => {
    const cluster = oneTopic(3);
    await using client = testClient(cluster);
    const seen: unknown[] = [];
    const createPartitioner = (): KafkaJsPartitioner => (choice) => {
      seen.push(choice);
      return choice.partitionMetadata.length - 1;
    };
    const [metadata] = await client.producer({ createPartitioner }).send({ topic: "t", messages: [{ value: "a" }] });
    expect(metadata?.partition).toBe(2);
    expect(seen).toMatchObject([
      { topic: "t", message: { value: "a" }, partitionMetadata: [{ partitionId: 0, leader: 1, isr: [1] }, {}, {}] },
    ]);
  });

  it("chooses as without one for Partitioners.DefaultPartitioner", async () => {
    const cluster = oneTopic(6);
    await using client = testClient(cluster);
    const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const [metadata] = await producer.send({ topic: "t", messages: [{ key: "foobar", value: "" }] });
    expect(metadata?.partition).toBe((-790332482 & 0x7fffffff) % 6);
  });

  it("takes maxInFlightRequests and retry, and refuses what means nothing", async () => {
    const cluster = oneTopic();
    const arrived: ArrivedProduce[] = [];
    cluster.onProduce = (one) => arrived.push(one);
    const client = testClient(cluster);
    const producer = client.producer({ maxInFlightRequests: 1, retry: { retries: 0 }, maxInFlight: undefined });
    const sends = ["a", "b"].map((text) => {
      const sent = producer.send({ topic: "t", messages: [{ value: text }] }).catch((error: SluiceError) => error.code);
      return settled().then(() => sent);
    });
    await expect.poll(() => arrived.length).toBe(1);
    await settled();
    expect(arrived).toHaveLength(1);
    const error = new SluiceError("NOT_ENOUGH_REPLICAS", { topic: "t", partition: 0, inSync: 1, inSyncMin: 2 });
    cluster.onProduce = (one) => one.answer(error);
    arrived[0]?.answer(error);
    expect(await Promise.all(sends)).toEqual(["NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS"]);
    for (const options of [
      { maxInFlight: 1, maxInFlightRequests: 2 },
      { partitioner: () => 0, createPartitioner: () => () => 0 },
      { compression: 7 },
      { idempotent: "yes" },
      { retry: { retry: 1 } },
    ])
      expect(() => client.producer(options as never)).toThrow(/INVALID|not an option|Option/);
    await client.close();
  });

  it("creates a topic that is missing, unless allowAutoTopicCreation is false", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.autoCreateTopics = true;
    await using client = testClient(cluster);
    await client.producer().send({ topic: "made", messages: [{ value: "a" }] });
    expect(cluster.values("made", 0)).toEqual(["a"]);
    const sent = client
      .producer({ allowAutoTopicCreation: false })
      .send({ topic: "not-made", messages: [{ value: "a" }] });
    await expect(sent).rejects.toMatchObject({ code: "UNKNOWN_TOPIC" });
  });

  it("finds partitions that were added once metadataMaxAge is over", async () => {
    const cluster = oneTopic();
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const producer = client.producer({ metadataMaxAge: 1000, partitioner: ({ partitionCount }) => partitionCount - 1 });
    const send = async () => (await producer.send({ topic: "t", messages: [{ value: "a" }] }))[0]?.partition;
    expect(await send()).toBe(0);
    cluster.topics.get("t")?.push({ ...cluster.partition("t", 0), batches: [], producers: new Map(), endOffset: 0 });
    expect(await send()).toBe(0);
    clock.advance(1000);
    await send();
    await settled();
    expect(await send()).toBe(1);
  });

  it("tells connect and disconnect, and refuses events that there are not", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer();
    const told: string[] = [];
    const { CONNECT, DISCONNECT } = producer.events;
    producer.on(CONNECT, ({ type }) => told.push(type));
    producer.on(DISCONNECT, ({ type }) => told.push(type));
    await producer.connect();
    await producer.disconnect();
    expect(told).toEqual(["producer.connect", "producer.disconnect"]);
    expect(() => producer.on("producer.network.request" as never, () => undefined)).toThrow(
      expect.objectContaining({ code: "REPLACED_OPTION" }),
    );
    expect(() => producer.on("drained" as never, () => undefined)).toThrow(/not an option/);
    await expect(producer.transaction()).rejects.toMatchObject({ code: "REPLACED_OPTION" });
  });
});

describe("typed topics", () => {
  const orders = defineTopic("t", { key: string, value: json<{ cents: number }>() });
  const counts = defineTopic("counts", { value: uint });

  it("encodes keys and values by the topic's serdes, in every way to send", async () => {
    const cluster = oneTopic();
    cluster.createTopic("counts", 1);
    await using client = testClient(cluster);
    const producer = client.producer();
    await producer.send({ topic: orders, messages: [{ key: "o", value: { cents: 1 } }] });
    await producer.sendBatch({
      topicMessages: [
        { topic: orders, messages: [{ value: { cents: 2 } }] },
        { topic: counts, messages: [{ value: 7 }] },
        { topic: "t", messages: [{ value: "plain" }] },
      ],
    });
    producer.write(orders, { value: { cents: 3 } });
    await producer.flush();
    const stream = producer.asWritable({ topic: orders });
    await new Promise<void>((resolve) => stream.end({ value: { cents: 4 } }, resolve));
    expect(cluster.values("t", 0)).toEqual(['{"cents":1}', '{"cents":2}', "plain", '{"cents":3}', '{"cents":4}']);
    expectTypeOf<MessageFor<typeof orders>["value"]>().toEqualTypeOf<{ cents: number } | null>();
    expectTypeOf<MessageFor<"t">>().toEqualTypeOf<OutgoingMessage>();
  });

  it("refuses what does not fit with the cause, before anything is sent", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer();
    const broken = { cents: 1n } as never;
    const sent = producer.send({ topic: orders, messages: [{ value: { cents: 1 } }, { value: broken }] });
    await expect(sent).rejects.toMatchObject({ code: "SCHEMA_MISMATCH", cause: expect.any(TypeError) });
    const both = producer.sendBatch({
      topicMessages: [
        { topic: "t", messages: [{ value: "a" }] },
        { topic: orders, messages: [{ value: broken }] },
      ],
    });
    await expect(both).rejects.toMatchObject({ code: "SCHEMA_MISMATCH" });
    expect(() => producer.write(orders, { value: broken })).toThrow(/does not fit/);
    await producer.flush();
    expect(cluster.values("t", 0)).toEqual([]);
  });

  it("shows a partitioner the message as it was given", async () => {
    const cluster = oneTopic(2);
    await using client = testClient(cluster);
    const partitioner = ({ message }: { message: { value: unknown } }) => (message.value as { cents: number }).cents;
    const [metadata] = await client
      .producer({ partitioner })
      .send({ topic: orders, messages: [{ value: { cents: 1 } }] });
    expect(metadata?.partition).toBe(1);
  });
});

describe("tracing", () => {
  it("is told of each send and how it ended, and puts its headers into the messages", async () => {
    const cluster = oneTopic();
    const told: unknown[] = [];
    const tracing: ClientTracing = {
      isOn: true,
      sendStarted: (topic, messages) => {
        told.push([topic, messages.length]);
        return {
          messages: messages.map((message) => ({ ...message, headers: { traceparent: "00-1" } })),
          settled: (error) => told.push(error?.code ?? "ok"),
        };
      },
      process: (_received, work) => work(),
    };
    const producer = tracedProducer(cluster, tracing);
    await producer.send({ topic: "t", messages: [{ value: "a" }, { value: "b" }] });
    const failed = producer.send({ topic: "t", messages: [{ value: "c", partition: 9 }] });
    await expect(failed).rejects.toMatchObject({ code: "UNKNOWN_PARTITION" });
    expect(told).toEqual([["t", 2], "ok", ["t", 1], "UNKNOWN_PARTITION"]);
    expect(cluster.partition("t", 0).batches[0]?.toString("latin1")).toContain("traceparent");
    await producer.close();
  });
});

/** A producer as `Sluice.producer` makes it, with another tracing. */
function tracedProducer(cluster: FakeCluster, tracing: ClientTracing): Producer {
  const dependencies = fakeDependencies(cluster);
  return new Producer({}, { ...dependencies, tracing, onClosed: () => undefined });
}

function fakeDependencies(cluster: FakeCluster): Omit<ClientDependencies, "tracing"> {
  const clock = new VirtualClock();
  const random = { uint32: () => 0 };
  const policy = new RetryPolicy({}, { random });
  const times = { connectTimeoutMs: 1000, requestTimeoutMs: 1000 };
  const connections = new BrokerConnections(
    { brokers: cluster.bootstrap, ...times, addressMap: (address) => address },
    { transport: cluster.transport, clock, logger: silentLogger },
  );
  const metadata = new MetadataCache(times, { connections, clock, policy, random });
  return {
    clientId: "test",
    requestTimeoutMs: 1000,
    connections,
    metadata,
    policy,
    clock,
    random,
    logger: silentLogger,
  };
}
