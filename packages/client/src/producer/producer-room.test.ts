import { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it, vi } from "vitest";
import { type ArrivedProduce, FakeCluster } from "../testing/fake-cluster.js";
import { settled, testClient } from "../testing/test-client.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { SendError } from "./pending-send.js";

function oneTopic(): FakeCluster {
  const cluster = new FakeCluster({ brokers: 1 });
  cluster.createTopic("t", 1);
  return cluster;
}

/** Holds the produce requests of a cluster back until `release`, which also lets all later ones through. */
function held(cluster: FakeCluster): { readonly arrived: ArrivedProduce[]; release(error?: SluiceError): void } {
  const arrived: ArrivedProduce[] = [];
  cluster.onProduce = (one) => arrived.push(one);
  const release = (error?: SluiceError): void => {
    cluster.onProduce = (one) => one.answer(error);
    for (const one of arrived.splice(0)) one.answer(error);
  };
  return { arrived, release };
}

const tooLarge = () => new SluiceError("RECORD_BATCH_TOO_LARGE", { sizeBytes: 2, sizeBytesMax: 1, where: "t" });

describe("sends that nobody waits for", () => {
  it("are bounded in messages, in line too, and what is over is refused without being sent", async () => {
    const cluster = oneTopic();
    const { release } = held(cluster);
    await using client = testClient(cluster);
    const producer = client.producer({ maxBufferedMessages: 10 });
    const sends = Array.from({ length: 60 }, (_, index) =>
      producer.send({ topic: "t", messages: [{ value: `${index}` }] }).then(
        () => "sent",
        (error: SluiceError) => error.code,
      ),
    );
    await settled();
    expect(producer.bufferedMessages).toBe(10);
    release();
    const outcomes = await Promise.all(sends);
    expect(outcomes).toEqual([...Array(50).fill("sent"), ...Array(10).fill("RESOURCE_EXHAUSTED")]);
    expect(cluster.values("t", 0)).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
    expect(producer.bufferedMessages).toBe(0);
  });

  it("are bounded in bytes, and one send that is larger than everything is taken all the same", async () => {
    const cluster = oneTopic();
    const { release } = held(cluster);
    await using client = testClient(cluster);
    const producer = client.producer({ maxBufferedBytes: 1000, batchBytes: 100 });
    const send = (bytes: number) => producer.send({ topic: "t", messages: [{ value: "x".repeat(bytes) }] });
    const taken = [send(2000), send(5000)];
    await expect(send(1)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    release();
    await Promise.all(taken);
    await send(1);
    expect(cluster.values("t", 0).map((text) => text.length)).toEqual([2000, 5000, 1]);
  });
});

describe("a send that waits for room", () => {
  it("is refused when its time is over, and says that it was not written", async () => {
    const cluster = oneTopic();
    const { release, arrived } = held(cluster);
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const producer = client.producer({ maxBufferedMessages: 1, deliveryTimeoutMs: 10_000 });
    const first = producer.send({ topic: "t", messages: [{ value: "a" }] });
    await vi.waitFor(() => expect(arrived).toHaveLength(1));
    const short = producer
      .send({ topic: "t", messages: [{ value: "b" }], timeout: 500 })
      .catch((error: SendError) => error);
    const long = producer.send({ topic: "t", messages: [{ value: "c" }] });
    for (let ms = 0; ms < 1000; ms += 100) {
      await settled();
      clock.advance(100);
    }
    expect(await short).toMatchObject({ code: "RESOURCE_EXHAUSTED", mayBeWritten: false });
    release();
    await Promise.all([first, long]);
    expect(cluster.values("t", 0)).toEqual(["a", "c"]);
  });
});

describe("write", () => {
  it("takes a message and returns whether there is room; drain says when there is again", async () => {
    const cluster = oneTopic();
    const { release } = held(cluster);
    await using client = testClient(cluster);
    const producer = client.producer({ maxBufferedMessages: 4 });
    const drains: number[] = [];
    producer.on("drain", () => drains.push(producer.bufferedMessages));
    expect([1, 2, 3, 4, 5].map((n) => producer.write("t", { value: `${n}` }))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    await settled();
    expect(drains).toEqual([]);
    release();
    await producer.flush();
    await settled();
    expect(drains).toHaveLength(1);
    expect(drains[0]).toBeLessThanOrEqual(2);
    expect(cluster.values("t", 0)).toEqual(["1", "2", "3", "4", "5"]);
    expect(producer.write("t", { value: "6" })).toBe(true);
  });

  it("tells a message that fails through deliveryError, with what it was", async () => {
    const cluster = oneTopic();
    cluster.onProduce = (one) => one.answer(tooLarge());
    await using client = testClient(cluster);
    const producer = client.producer();
    const failed: [unknown, string, boolean][] = [];
    const stop = producer.on("deliveryError", ({ payload: { message, error } }) => {
      failed.push([message, error.code, error.mayBeWritten]);
    });
    const message = { key: "k", value: "a" };
    producer.write("t", message);
    await producer.flush();
    expect(failed).toEqual([[message, "RECORD_BATCH_TOO_LARGE", false]]);
    stop();
  });

  it("refuses through deliveryError what is over the bound, and logs an error where nobody listens", async () => {
    const cluster = oneTopic();
    const { release } = held(cluster);
    const logged: string[] = [];
    const silent = () => undefined;
    const error = (_: object, text: string) => logged.push(text);
    const logger = { debug: silent, info: silent, warn: silent, error };
    await using client = testClient(cluster, { logger: logger as never });
    const producer = client.producer({ maxBufferedMessages: 1 });
    for (let n = 0; n < 6; n++) producer.write("t", { value: "x" });
    expect(logged).toEqual(["a message was not delivered, and nobody listens for deliveryError"]);
    release();
    await producer.flush();
    expect(cluster.values("t", 0)).toHaveLength(5);
  });

  it("throws for what is no message, and when it is closed", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer();
    expect(() => producer.write("t", { value: 7 } as never)).toThrow(
      expect.objectContaining({ code: "INVALID_REQUEST" }),
    );
    expect(() => producer.write("no such topic!", { value: "" })).toThrow(/not a topic name/);
    await producer.close();
    expect(() => producer.write("t", { value: "" })).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });
});

describe("asWritable", () => {
  it("sends what is written, text and bytes as values, and ends when all is acknowledged", async () => {
    const cluster = oneTopic();
    const { release, arrived } = held(cluster);
    await using client = testClient(cluster);
    const stream = client.producer().asWritable({ topic: "t" });
    const finished = new Promise<void>((resolve, reject) => stream.on("error", reject).on("finish", resolve));
    stream.write("a");
    stream.write(Buffer.from("b"));
    stream.end({ key: "k", value: "c" } satisfies OutgoingMessage);
    await vi.waitFor(() => expect(arrived.length).toBeGreaterThan(0));
    await settled();
    expect(stream.writableFinished).toBe(false);
    release();
    await finished;
    expect(cluster.values("t", 0)).toEqual(["a", "b", "c"]);
  });

  it("takes no more than there is room for", async () => {
    const cluster = oneTopic();
    const { release, arrived } = held(cluster);
    await using client = testClient(cluster);
    const producer = client.producer({ maxBufferedMessages: 4 });
    const stream = producer.asWritable({ topic: "t", highWaterMark: 3 });
    let written = 0;
    while (written < 100 && stream.write(`${written}`)) written++;
    await vi.waitFor(() => expect(arrived.length).toBeGreaterThan(0));
    expect(written).toBeLessThan(20);
    release();
    await new Promise<void>((resolve) => stream.end(resolve));
    expect(cluster.values("t", 0)).toHaveLength(written + 1);
  });

  it("is destroyed by the first message that fails", async () => {
    const cluster = oneTopic();
    cluster.onProduce = (one) => one.answer(tooLarge());
    await using client = testClient(cluster);
    const stream = client.producer().asWritable({ topic: "t" });
    const failed = new Promise<SendError>((resolve) => stream.on("error", resolve));
    stream.write("a");
    expect(await failed).toMatchObject({ code: "RECORD_BATCH_TOO_LARGE", mayBeWritten: false });
    expect(stream.destroyed).toBe(true);
  });

  it("does not hang when the producer is closed under it", async () => {
    const cluster = oneTopic();
    held(cluster);
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const producer = client.producer({ maxBufferedMessages: 1 });
    const stream = producer.asWritable({ topic: "t" });
    const failed = new Promise<SendError>((resolve) => stream.on("error", resolve));
    stream.write("a");
    stream.write("b");
    await settled();
    const closed = producer.close({ timeoutMs: 5 });
    clock.advance(5);
    await closed;
    expect((await failed).code).toMatch(/INDETERMINATE|CLOSED/);
    await client.close();
  });
});

describe("the limit of a topic", () => {
  it("is not passed by a batch that several sends share, whatever their headers take", async () => {
    const cluster = oneTopic();
    cluster.maxMessageBytes = 1000;
    await using client = testClient(cluster);
    const producer = client.producer();
    const headers = { "a-long-header-name": "1", "another-long-header-ü": ["2", "3"] };
    const sends = Array.from({ length: 20 }, (_, index) =>
      producer.send({ topic: "t", messages: [{ value: `${index}`.padEnd(150, "x"), headers }] }),
    );
    await Promise.all(sends);
    expect(cluster.values("t", 0)).toHaveLength(20);
    expect(cluster.partition("t", 0).batches.length).toBeGreaterThan(3);
  });

  it("fails a message that is too large alone, with both sizes, before it is sent", async () => {
    const cluster = oneTopic();
    cluster.maxMessageBytes = 1000;
    let requests = 0;
    cluster.onProduce = (one) => {
      requests++;
      one.answer();
    };
    await using client = testClient(cluster);
    const producer = client.producer();
    const send = (text: string) => producer.send({ topic: "t", messages: [{ value: text }] });
    const sends = [send("a"), send("x".repeat(1000)), send("b")];
    const error = await (sends[1] as Promise<unknown>).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "RECORD_BATCH_TOO_LARGE", details: { sizeBytesMax: 1000 } });
    expect((error as SluiceError).details.sizeBytes).toBeGreaterThan(1000);
    await Promise.all([sends[0], sends[2]]);
    expect(cluster.values("t", 0)).toEqual(["a", "b"]);
    expect(requests).toBe(2);
  });

  it("is learned anew when a batch is refused for it, because somebody lowered it", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer();
    const sendAll = () => {
      const sends = ["a", "b", "c"].map((text) =>
        producer.send({ topic: "t", messages: [{ value: text.repeat(300) }] }).then(
          () => "sent",
          (error: SendError) => error.code,
        ),
      );
      return Promise.all(sends);
    };
    expect(await sendAll()).toEqual(["sent", "sent", "sent"]);
    cluster.maxMessageBytes = 500;
    expect(await sendAll()).toEqual(Array(3).fill("RECORD_BATCH_TOO_LARGE"));
    await settled();
    expect(await sendAll()).toEqual(["sent", "sent", "sent"]);
  });

  it("counts as it is compressed, and as it is now", async () => {
    const cluster = oneTopic();
    cluster.maxMessageBytes = 1000;
    await using client = testClient(cluster);
    const producer = client.producer({ compression: "gzip" });
    await producer.send({ topic: "t", messages: [{ value: "x".repeat(5000) }] });
    cluster.maxMessageBytes = 10_000;
    await client.producer().send({ topic: "t", messages: [{ value: "x".repeat(5000) }] });
    expect(cluster.values("t", 0)).toHaveLength(2);
  });
});
