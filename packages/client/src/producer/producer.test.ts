import { isSluiceError, SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { batchRecordCount, compressionCodecs, readBatchHeader, recordsIn } from "@sluice/record";
import { describe, expect, it, vi } from "vitest";
import { type ArrivedProduce, FakeCluster } from "../testing/fake-cluster.js";
import { settled, testClient } from "../testing/test-client.js";
import type { SendError } from "./pending-send.js";

function oneTopic(partitions = 1, brokers = 1): FakeCluster {
  const cluster = new FakeCluster({ brokers });
  cluster.createTopic("t", partitions);
  return cluster;
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "resolved",
    (error: unknown) => (isSluiceError(error) ? error.code : String(error)),
  );
}

const value = (text: string) => ({ value: text });
const notEnough = () => new SluiceError("NOT_ENOUGH_REPLICAS", { topic: "t", partition: 0, inSync: 1, inSyncMin: 2 });

/** Holds the produce requests of a cluster back until the test answers them. */
function held(cluster: FakeCluster): ArrivedProduce[] {
  const arrived: ArrivedProduce[] = [];
  cluster.onProduce = (one) => arrived.push(one);
  return arrived;
}

describe("sending", () => {
  it("resolves with topic, partition, offset and timestamp of each message", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster, { clock: new VirtualClock({ nowMs: 5000 }) });
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [value("a")] });
    const sent = await producer.send({ topic: "t", messages: [value("b"), { value: "c", timestamp: new Date(77) }] });
    expect(sent).toEqual([
      { topic: "t", partition: 0, offset: 1, timestamp: 5000, replicas: 1, fsynced: 1 },
      { topic: "t", partition: 0, offset: 2, timestamp: 77, replicas: 1, fsynced: 1 },
    ]);
  });

  it("keeps keys, values, nulls and repeated headers byte for byte", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const messages = [
      { key: "k€", value: Buffer.from([0, 255]), headers: { a: ["1", Buffer.from("2")], b: null } },
      { key: null, value: null },
    ];
    await client.producer().send({ topic: "t", messages });
    const records = cluster.partition("t", 0).batches.flatMap((batch) => [...recordsIn(batch)]);
    expect(records.map(({ key, value: bytes }) => [key?.toString() ?? null, bytes])).toEqual([
      ["k€", Buffer.from([0, 255])],
      [null, null],
    ]);
    expect(records[0]?.headers).toEqual([
      { key: "a", value: Buffer.from("1") },
      { key: "a", value: Buffer.from("2") },
      { key: "b", value: null },
    ]);
  });

  it("puts all sends of one turn of the event loop into one batch", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer();
    const sent = await Promise.all([1, 2, 3].map((n) => producer.send({ topic: "t", messages: [value(`${n}`)] })));
    expect(sent.map(([metadata]) => metadata?.offset)).toEqual([0, 1, 2]);
    expect(cluster.partition("t", 0).batches).toHaveLength(1);
  });

  it("closes a batch at batchBytes of keys and values, whatever the framing takes", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer({ batchBytes: 4000 });
    const messages = Array.from({ length: 9 }, () => value("x".repeat(1000)));
    await producer.send({ topic: "t", messages });
    expect(cluster.partition("t", 0).batches.map((batch) => batchRecordCount(batch, 0))).toEqual([4, 4, 1]);
  });

  it.each(compressionCodecs)("compresses with %s", async (compression) => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    await client.producer({ compression }).send({ topic: "t", messages: [value("x".repeat(1000))] });
    expect(readBatchHeader(cluster.partition("t", 0).batches[0] as Buffer).compression).toBe(compression);
    expect(cluster.values("t", 0)).toEqual(["x".repeat(1000)]);
  });

  it("waits lingerMs for more messages", async () => {
    const cluster = oneTopic();
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const producer = client.producer({ lingerMs: 10 });
    const first = producer.send({ topic: "t", messages: [value("a")] });
    await settled();
    clock.advance(9);
    const second = producer.send({ topic: "t", messages: [value("b")] });
    await settled();
    expect(cluster.partition("t", 0).batches).toHaveLength(0);
    clock.advance(1);
    await Promise.all([first, second]);
    expect(cluster.partition("t", 0).batches).toHaveLength(1);
  });

  it("sends at once what lingers when it is flushed", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster, { clock: new VirtualClock() });
    const producer = client.producer({ lingerMs: 60_000 });
    await producer.send({ topic: "t", messages: [] });
    const sent = producer.send({ topic: "t", messages: [value("a")] });
    await producer.flush();
    expect(cluster.values("t", 0)).toEqual(["a"]);
    await sent;
  });
});

describe("choosing partitions", () => {
  // Kafka: Utils.toPositive(Utils.murmur2(key)) % 6, for keys whose hashes are in Kafka's own tests.
  it("sends keys where Kafka's murmur2 sends them", async () => {
    const hashes = { "21": -973932308, foobar: -790332482, "a-little-bit-long-string": -985981536, abc: 479470107 };
    const cluster = oneTopic(6);
    await using client = testClient(cluster);
    const messages = Object.keys(hashes).map((key) => ({ key, value: key }));
    const sent = await client.producer().send({ topic: "t", messages });
    expect(sent.map(({ partition }) => partition)).toEqual(
      messages.map(({ key }) => (hashes[key as "21"] & 0x7fffffff) % 6),
    );
  });

  it("keeps messages without a key on one partition until its batch is sent, then takes another", async () => {
    const cluster = oneTopic(3);
    await using client = testClient(cluster);
    const producer = client.producer();
    const used: number[] = [];
    for (let round = 0; round < 4; round++) {
      const sent = await producer.send({ topic: "t", messages: [value("a"), value("b"), value("c")] });
      const partitions = new Set(sent.map(({ partition }) => partition));
      expect(partitions.size).toBe(1);
      used.push(sent[0]?.partition as number);
    }
    for (let round = 1; round < 4; round++) expect(used[round]).not.toBe(used[round - 1]);
  });

  it("lets a message name its partition, then the partitioner, and refuses partitions that do not exist", async () => {
    const cluster = oneTopic(3);
    await using client = testClient(cluster);
    const producer = client.producer({ partitioner: ({ message }) => (message.key === "x" ? 2 : undefined) });
    const sent = await producer.send({
      topic: "t",
      messages: [
        { key: "x", value: "", partition: 1 },
        { key: "x", value: "" },
      ],
    });
    expect(sent.map(({ partition }) => partition)).toEqual([1, 2]);
    const beyond = producer.send({ topic: "t", messages: [value("lost?"), { value: "", partition: 3 }] });
    expect(await codeOf(beyond)).toBe("UNKNOWN_PARTITION");
    expect([0, 1, 2].flatMap((partition) => cluster.values("t", partition))).not.toContain("lost?");
  });

  it("fails a send whose partitioner throws, whether the topic is known yet or not, and serves the next", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const partitioner = ({ message }: { message: { value: unknown } }) => {
      if (message.value === "bad") throw new TypeError("no such customer");
      return 0;
    };
    const producer = client.producer({ partitioner });
    for (const text of ["bad", "good", "bad"]) {
      const sent = producer.send({ topic: "t", messages: [value(text)] });
      if (text === "good") expect((await sent)[0]?.offset).toBe(0);
      else await expect(sent).rejects.toThrow(/partitioner.*no such customer/);
    }
    await producer.flush();
  });
});

describe("retrying", () => {
  it("follows a leader that moved, and keeps the order of what was under way", async () => {
    const cluster = oneTopic(1, 2);
    await using client = testClient(cluster);
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [value("0")] });
    cluster.moveLeader("t", 0, 2);
    const sends: Promise<unknown>[] = [];
    for (const text of ["1", "2", "3", "4", "5", "6", "7"]) {
      sends.push(producer.send({ topic: "t", messages: [value(text)] }));
      await settled();
    }
    await Promise.all(sends);
    expect(cluster.values("t", 0)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  });

  it("sends nothing more while a refusal is unsettled, then all in order", async () => {
    const cluster = oneTopic();
    const arrived = held(cluster);
    await using client = testClient(cluster);
    const producer = client.producer({ maxInFlight: 2 });
    const sends: Promise<unknown>[] = [];
    for (const text of ["a", "b", "c"]) {
      sends.push(producer.send({ topic: "t", messages: [value(text)] }));
      await settled();
    }
    expect(arrived).toHaveLength(2);
    arrived[0]?.answer(notEnough());
    await settled();
    expect(arrived).toHaveLength(2);
    cluster.onProduce = (one) => one.answer();
    arrived[1]?.answer(notEnough());
    await Promise.all(sends);
    expect(cluster.values("t", 0)).toEqual(["a", "b", "c"]);
  });

  it("without idempotence: fails a refused batch rather than write it after a later one", async () => {
    const cluster = oneTopic();
    const arrived = held(cluster);
    await using client = testClient(cluster);
    const producer = client.producer({ idempotent: false });
    const first = codeOf(producer.send({ topic: "t", messages: [value("a")] }));
    await settled();
    const second = producer.send({ topic: "t", messages: [value("b")] });
    await settled();
    arrived[0]?.answer(notEnough());
    arrived[1]?.answer();
    await second;
    expect(await first).toBe("NOT_ENOUGH_REPLICAS");
    expect(cluster.values("t", 0)).toEqual(["b"]);
  });

  it("without idempotence: does not send again what was answered INDETERMINATE", async () => {
    const cluster = oneTopic();
    let requests = 0;
    cluster.onProduce = ({ answer }) => {
      requests++;
      answer(new SluiceError("INDETERMINATE", { operation: "Producing", reason: "a test says so" }));
    };
    await using client = testClient(cluster);
    const sent = client.producer({ idempotent: false }).send({ topic: "t", messages: [value("a")] });
    expect(await codeOf(sent)).toBe("INDETERMINATE");
    expect(requests).toBe(1);
  });

  it("without idempotence: answers INDETERMINATE for what a broken stream leaves unanswered, and sends what waits behind it", async () => {
    const cluster = oneTopic();
    const arrived = held(cluster);
    await using client = testClient(cluster);
    const producer = client.producer({ maxInFlight: 1, idempotent: false });
    const first = codeOf(producer.send({ topic: "t", messages: [value("a")] }));
    await vi.waitFor(() => expect(arrived).toHaveLength(1));
    const second = producer.send({ topic: "t", messages: [value("b")] });
    cluster.onProduce = (one) => one.answer();
    cluster.transport.cut(cluster.address(1));
    expect(await first).toBe("INDETERMINATE");
    await second;
    expect(cluster.values("t", 0)).toEqual(["b"]);
  });

  it("waits for a leader that cannot be reached, because nothing was sent to it", async () => {
    const cluster = oneTopic(2, 2);
    await using client = testClient(cluster);
    const producer = client.producer();
    await producer.send({ topic: "t", messages: [{ value: "x", partition: 0 }] });
    cluster.stopBroker(2);
    const sent = producer.send({ topic: "t", messages: [{ value: "y", partition: 1 }] });
    await settled();
    cluster.startBroker(2);
    await sent;
    expect(cluster.values("t", 1)).toEqual(["y"]);
  });

  it("says UNKNOWN_TOPIC after a short while, and takes a topic that was created meanwhile", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const producer = client.producer();
    const late = producer.send({ topic: "late", messages: [value("a")] });
    const never = codeOf(producer.send({ topic: "never", messages: [value("a")] }));
    await settled();
    cluster.createTopic("late", 1);
    for (let ms = 0; ms < 1100; ms++) {
      clock.advance(1);
      await settled();
    }
    expect((await late)[0]?.offset).toBe(0);
    expect(await never).toBe("UNKNOWN_TOPIC");
  });

  it("retries no refusal with retries 0", async () => {
    const cluster = oneTopic();
    let requests = 0;
    cluster.onProduce = ({ answer }) => {
      requests++;
      answer(notEnough());
    };
    await using client = testClient(cluster, { retry: { retries: 0 } });
    expect(await codeOf(client.producer().send({ topic: "t", messages: [value("a")] }))).toBe("NOT_ENOUGH_REPLICAS");
    expect(requests).toBe(1);
  });

  it("gives up at deliveryTimeoutMs: with the refusal where refused, with INDETERMINATE where unanswered", async () => {
    const cluster = oneTopic(2);
    cluster.onProduce = ({ request, answer }) => {
      if (request.partition === 0) answer(notEnough());
    };
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const producer = client.producer({ deliveryTimeoutMs: 1000 });
    const refused = codeOf(producer.send({ topic: "t", messages: [{ value: "a", partition: 0 }] }));
    const unanswered = codeOf(producer.send({ topic: "t", messages: [{ value: "a", partition: 1 }] }));
    for (let ms = 0; ms < 1300; ms += 10) {
      await settled();
      clock.advance(10);
    }
    expect(await refused).toBe("NOT_ENOUGH_REPLICAS");
    expect(await unanswered).toBe("INDETERMINATE");
  });
});

describe("failing", () => {
  it("rejects with the first error, and results for every message", async () => {
    const cluster = oneTopic(2);
    cluster.onProduce = ({ request, answer }) =>
      answer(
        request.partition === 1
          ? new SluiceError("RECORD_BATCH_TOO_LARGE", { sizeBytes: 2, sizeBytesMax: 1, where: "t" })
          : undefined,
      );
    await using client = testClient(cluster);
    const messages = [1, 0, 1].map((partition) => ({ value: "a", partition }));
    const error = await client
      .producer()
      .send({ topic: "t", messages })
      .catch((thrown: unknown) => thrown as SendError);
    expect(error).toMatchObject({ code: "RECORD_BATCH_TOO_LARGE" });
    expect((error as SendError).results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
  });

  it("rejects a sendBatch with the results of all topics", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster, { retry: { retries: 0 } });
    const topicMessages = ["t", "missing"].map((topic) => ({ topic, messages: [value("a")] }));
    const error = await client
      .producer()
      .sendBatch({ topicMessages })
      .catch((thrown: unknown) => thrown as SendError);
    expect(error).toMatchObject({ code: "UNKNOWN_TOPIC" });
    expect((error as SendError).results).toMatchObject([
      { status: "fulfilled", value: { topic: "t", offset: 0 } },
      { status: "rejected", reason: { code: "UNKNOWN_TOPIC" } },
    ]);
  });

  it("refuses what cannot be encoded, and sends nothing of that send", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer();
    const bad: [unknown, string][] = [
      [{ value: undefined }, "INVALID_REQUEST"],
      [{ value: 7 }, "INVALID_REQUEST"],
      [{ value: "a", key: 7 }, "INVALID_REQUEST"],
      [{ value: "a", header: {} }, "UNKNOWN_OPTION"],
      [{ value: "a", headers: { a: 7 } }, "INVALID_REQUEST"],
      [{ value: "a", timestamp: -1 }, "INVALID_TIMESTAMP"],
      [{ value: "a", partition: -1 }, "INVALID_REQUEST"],
    ];
    for (const [message, code] of bad)
      expect(await codeOf(producer.send({ topic: "t", messages: [value("good"), message as never] }))).toBe(code);
    expect(await codeOf(producer.send({ topic: "no such topic!", messages: [] }))).toBe("INVALID_TOPIC_NAME");
    expect(cluster.partition("t", 0).batches).toHaveLength(0);
  });

  it("refuses options that do not exist, with the nearest name", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    expect(() => client.producer({ linger: 5 } as never)).toThrow(
      expect.objectContaining({ code: "UNKNOWN_OPTION", hint: "Did you mean 'lingerMs'?" }),
    );
    expect(() => client.producer({ transactionalId: "x" } as never)).toThrow(
      expect.objectContaining({ code: "REPLACED_OPTION", hint: expect.stringContaining("comes in a later version") }),
    );
    expect(() => client.producer({ acks: 2 } as never)).toThrow(/acks/);
    expect(() => client.producer({ compression: "brotli" } as never)).toThrow(/none, gzip, snappy, lz4, zstd/);
    const misspelled = client.producer().send({ topic: "t", messages: [], ack: "all" } as never);
    expect(await codeOf(misspelled)).toBe("UNKNOWN_OPTION");
  });
});

describe("bounds and the end", () => {
  it("takes no more than maxBufferedBytes before answers come, in the order of the sends", async () => {
    const cluster = oneTopic();
    const arrived = held(cluster);
    await using client = testClient(cluster);
    const producer = client.producer({ maxBufferedBytes: 1000, maxInFlight: 1 });
    const sends = ["a", "b", "c"].map((letter) =>
      producer.send({ topic: "t", messages: [value(letter.repeat(1000))] }),
    );
    await vi.waitFor(() => expect(arrived).toHaveLength(1));
    expect(producer.bufferedBytes).toBeLessThan(1200);
    cluster.onProduce = (one) => one.answer();
    arrived[0]?.answer();
    await Promise.all(sends);
    expect(cluster.values("t", 0).map((text) => text[0])).toEqual(["a", "b", "c"]);
    expect(producer.bufferedBytes).toBe(0);
  });

  it("loses no send and no order when compressing a batch makes room in the middle of a send", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer({ compression: "gzip", batchBytes: 2000, maxBufferedBytes: 12_000 });
    const texts = Array.from({ length: 60 }, (_, index) => String(index).padEnd(900, "."));
    let settledCount = 0;
    for (let index = 0; index < texts.length; index += 3) {
      const messages = texts.slice(index, index + 3).map(value);
      void producer.send({ topic: "t", messages }).finally(() => settledCount++);
    }
    await vi.waitFor(() => expect(settledCount).toBe(20));
    expect(cluster.values("t", 0)).toEqual(texts);
    expect(producer.bufferedBytes).toBe(0);
  });

  it("fails any number of batches of a partition without a leader", async () => {
    const cluster = oneTopic();
    cluster.moveLeader("t", 0, undefined);
    await using client = testClient(cluster, { retry: { retries: 0 } });
    const producer = client.producer({ batchBytes: 1 });
    const messages = Array.from({ length: 20_000 }, () => value("x"));
    expect(await codeOf(producer.send({ topic: "t", messages }))).toBe("LEADER_NOT_AVAILABLE");
    expect(producer.bufferedBytes).toBe(0);
  });

  it("stops waiting for a send when its signal aborts", async () => {
    const cluster = oneTopic();
    held(cluster);
    await using client = testClient(cluster);
    const producer = client.producer();
    const controller = new AbortController();
    const sent = codeOf(producer.send({ topic: "t", messages: [value("a")] }, { signal: controller.signal }));
    await settled();
    controller.abort();
    expect(await sent).toBe("CANCELLED");
    await producer.close({ timeoutMs: 0 });
  });

  it("closes within its time: INDETERMINATE for what was sent, CLOSED for what was not", async () => {
    const cluster = oneTopic();
    const arrived = held(cluster);
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const producer = client.producer({ maxInFlight: 1 });
    const first = codeOf(producer.send({ topic: "t", messages: [value("a")] }));
    await settled();
    expect(arrived).toHaveLength(1);
    const second = codeOf(producer.send({ topic: "t", messages: [value("b")] }));
    const closed = producer.close({ timeoutMs: 50 });
    await settled();
    clock.advance(50);
    await closed;
    expect([await first, await second]).toEqual(["INDETERMINATE", "CLOSED"]);
    expect(await codeOf(producer.send({ topic: "t", messages: [] }))).toBe("CLOSED");
    await producer.close();
    await client.close();
  });

  it("fails sends that wait for room when it is closed, and sends none of them", async () => {
    const cluster = oneTopic(2);
    const arrived = held(cluster);
    const client = testClient(cluster);
    const producer = client.producer({ maxBufferedBytes: 2000, maxInFlight: 1, batchBytes: 600 });
    const send = (partition: number) =>
      codeOf(producer.send({ topic: "t", messages: [{ value: "x".repeat(600), partition }] }));
    const sends = [send(0), send(1)];
    await vi.waitFor(() => expect(arrived).toHaveLength(2));
    sends.push(...[1, 1, 0, 0].map(send)); // One waits behind that of its partition, the rest for room.
    await producer.close({ timeoutMs: 0 });
    expect(await Promise.all(sends)).toEqual([...Array(2).fill("INDETERMINATE"), ...Array(4).fill("CLOSED")]);
    await settled();
    expect(arrived).toHaveLength(2);
    expect(producer.bufferedBytes).toBe(0);
    await client.close();
  });

  it("sends everything before it closes, and leaves no timer and no connection", async () => {
    const cluster = oneTopic();
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const producer = client.producer({ lingerMs: 60_000 });
    const sent = producer.send({ topic: "t", messages: [value("a")] });
    await client.close();
    expect((await sent)[0]?.offset).toBe(0);
    expect(clock.timerCount).toBe(0);
    expect(cluster.transport.connections.size).toBe(0);
  });
});
