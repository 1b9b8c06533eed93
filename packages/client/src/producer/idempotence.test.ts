import { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { prepareCompression, readBatchHeader } from "@sluice/record";
import { beforeAll, describe, expect, it } from "vitest";
import { type ArrivedProduce, FakeCluster } from "../testing/fake-cluster.js";
import { settled, testClient } from "../testing/test-client.js";
import type { SendError } from "./pending-send.js";
import type { Producer } from "./producer.js";

// It reads files, for which no virtual clock waits.
beforeAll(prepareCompression);

function oneTopic(brokers = 1): FakeCluster {
  const cluster = new FakeCluster({ brokers });
  cluster.createTopic("t", 1);
  return cluster;
}

/** Sends one message and waits until it is on its way. */
async function begin(producer: Producer, text: string): Promise<{ readonly outcome: Promise<string> }> {
  const sent = producer.send({ topic: "t", messages: [{ value: text }] });
  const outcome = sent.then(
    ([metadata]) => `${text}@${metadata?.offset}${metadata?.duplicate === true ? " duplicate" : ""}`,
    (error: SendError) => `${text} ${error.code}${error.mayBeWritten ? " maybe" : ""}`,
  );
  await settled();
  return { outcome };
}

async function pass(clock: VirtualClock, ms: number, stepMs = 10): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(stepMs);
    await settled();
  }
}

function heldRequests(cluster: FakeCluster): ArrivedProduce[] {
  const arrived: ArrivedProduce[] = [];
  cluster.onProduce = (one) => arrived.push(one);
  return arrived;
}

/** What a leader does that appends and dies before it answers. */
function appendOnly(cluster: FakeCluster, { request }: ArrivedProduce): void {
  cluster.produce(request.topic, request.partition, request.records);
}

const stamps = (requests: readonly ArrivedProduce[]) =>
  requests.map(({ request }) => {
    const { producerId, producerEpoch, baseSequence } = readBatchHeader(request.records);
    return [producerId, producerEpoch, baseSequence];
  });
const refusal = (code: "TOPIC_FULL" | "RECORD_BATCH_TOO_LARGE" | "INDETERMINATE") =>
  code === "TOPIC_FULL"
    ? new SluiceError(code, { topic: "t", partition: 0, bytes: 1, bytesMax: 1 })
    : code === "INDETERMINATE"
      ? new SluiceError(code, { operation: "Producing", reason: "a test says so" })
      : new SluiceError(code, { sizeBytes: 2, sizeBytesMax: 1, where: "t" });

describe("numbers", () => {
  it("counts records per partition under an id that it asks for once", async () => {
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("t", 2);
    const arrived: ArrivedProduce[] = [];
    cluster.onProduce = (one) => {
      arrived.push(one);
      one.answer();
    };
    await using client = testClient(cluster);
    const producer = client.producer();
    for (const [partition, count] of [
      [0, 3],
      [1, 2],
      [0, 1],
      [1, 1],
    ] as const) {
      const messages = Array.from({ length: count }, () => ({ value: "x", partition }));
      await producer.send({ topic: "t", messages });
    }
    expect(stamps(arrived)).toEqual([
      [1000, 0, 0],
      [1000, 0, 0],
      [1000, 0, 3],
      [1000, 0, 2],
    ]);
    expect(cluster.nextProducerId).toBe(1001);
    expect(producer.isIdempotent()).toBe(true);
  });

  it("asks for an id again while no broker can give one, and sends then", async () => {
    const cluster = oneTopic();
    let asked = 0;
    cluster.onInitProducerId = () => (asked++ < 2 ? new SluiceError("BROKER_STOPPING", { broker: 1 }) : undefined);
    await using client = testClient(cluster);
    expect(await (await begin(client.producer(), "a")).outcome).toBe("a@0");
    expect(asked).toBe(3);
  });

  it.each([
    [{ acks: "leader" }, false],
    [{ acks: 0 }, false],
    [{ idempotent: false }, false],
    [{ idempotent: true, acks: "all" }, true],
  ] as const)("with %j: idempotent is %s", async (options, isIdempotent) => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer(options);
    expect(producer.isIdempotent()).toBe(isIdempotent);
    await producer.send({ topic: "t", messages: [{ value: "a" }] });
    const { producerId } = readBatchHeader(cluster.partition("t", 0).batches[0] as Buffer);
    expect(producerId).toBe(isIdempotent ? 1000 : -1);
  });

  it("refuses acks that may lose records together with idempotent: true, and not where it is the default", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    expect(() => client.producer({ idempotent: true, acks: "leader" })).toThrow(/idempotent: true/);
    const asked = client.producer({ idempotent: true });
    const record = { topic: "t", messages: [{ value: "a" }], acks: 1 } as const;
    await expect(asked.send(record)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await client.producer().send(record);
    expect(readBatchHeader(cluster.partition("t", 0).batches[0] as Buffer).producerId).toBe(-1);
  });
});

describe("sending again", () => {
  it("sends the very same bytes when the answer is lost, and says that it was a duplicate", async () => {
    const cluster = oneTopic();
    const arrived = heldRequests(cluster);
    await using client = testClient(cluster);
    const sent = await begin(client.producer(), "a");
    appendOnly(cluster, arrived[0] as ArrivedProduce);
    const bytes = Buffer.from((arrived[0] as ArrivedProduce).request.records);
    let again: Buffer | undefined;
    cluster.onProduce = (one) => {
      again = one.request.records;
      one.answer();
    };
    cluster.transport.cut(cluster.address(1));
    expect(await sent.outcome).toBe("a@0 duplicate");
    expect(again).toEqual(bytes);
    expect(cluster.values("t", 0)).toEqual(["a"]);
  });

  it("keeps the order of five under way when some are written, some lost, some refused", async () => {
    const cluster = oneTopic(2);
    const arrived = heldRequests(cluster);
    await using client = testClient(cluster);
    const producer = client.producer();
    const sends = [];
    for (const text of ["a", "b", "c", "d", "e", "f"]) sends.push(await begin(producer, text));
    expect(arrived).toHaveLength(5);
    appendOnly(cluster, arrived[0] as ArrivedProduce);
    arrived[1]?.answer();
    arrived[2]?.answer(refusal("TOPIC_FULL"));
    arrived[3]?.answer();
    await settled();
    cluster.onProduce = (one) => one.answer();
    cluster.moveLeader("t", 0, 2);
    cluster.transport.cut(cluster.address(1));
    const outcomes = await Promise.all(sends.map(({ outcome }) => outcome));
    expect(outcomes).toEqual(["a@0 duplicate", "b@1", "c@2", "d@3", "e@4", "f@5"]);
    expect(cluster.values("t", 0)).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  it("sends nothing that is five batches after one whose answer is lost: the leader would forget that one", async () => {
    const cluster = oneTopic();
    const arrived = heldRequests(cluster);
    await using client = testClient(cluster);
    const producer = client.producer();
    const sends = [];
    for (const text of ["a", "b", "c", "d", "e", "f"]) sends.push(await begin(producer, text));
    arrived[0]?.answer(refusal("INDETERMINATE"));
    appendOnly(cluster, arrived[0] as ArrivedProduce);
    for (const one of arrived.slice(1)) one.answer();
    await expect.poll(() => arrived.length).toBe(6);
    await settled();
    expect(stamps(arrived.slice(5))).toEqual([[1000, 0, 0]]);
    cluster.onProduce = (one) => one.answer();
    arrived[5]?.answer();
    expect(await Promise.all(sends.map(({ outcome }) => outcome))).toEqual([
      "a@0 duplicate",
      "b@1",
      "c@2",
      "d@3",
      "e@4",
      "f@5",
    ]);
  });

  it("breaks a connection on which an answer does not come within requestTimeoutMs, and sends again", async () => {
    const cluster = oneTopic();
    const arrived = heldRequests(cluster);
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock, requestTimeoutMs: 1000 });
    const sent = await begin(client.producer(), "a");
    await pass(clock, 900);
    expect(arrived).toHaveLength(1);
    cluster.onProduce = (one) => one.answer();
    await pass(clock, 500);
    expect(await sent.outcome).toBe("a@0");
  });
});

describe("giving up", () => {
  it("says that a batch may be written, and goes on in a new epoch that fences what the network still holds", async () => {
    const cluster = oneTopic();
    const arrived = heldRequests(cluster);
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const producer = client.producer({ deliveryTimeoutMs: 1000 });
    const lost = await begin(producer, "a");
    await pass(clock, 1500);
    expect(await lost.outcome).toBe("a INDETERMINATE maybe");
    const next = await begin(producer, "b");
    await pass(clock, 100);
    expect(stamps(arrived)).toEqual([
      [1000, 0, 0],
      [1000, 1, 0],
    ]);
    arrived[1]?.answer();
    expect(await next.outcome).toBe("b@0");
    arrived[0]?.answer();
    expect(cluster.values("t", 0)).toEqual(["b"]);
  });

  it("waits for what is under way before it begins a new epoch", async () => {
    const cluster = oneTopic();
    const arrived = heldRequests(cluster);
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const producer = client.producer({ deliveryTimeoutMs: 1000 });
    const first = await begin(producer, "a");
    await pass(clock, 500);
    const second = await begin(producer, "b");
    await pass(clock, 600);
    expect(await first.outcome).toBe("a INDETERMINATE maybe");
    const third = await begin(producer, "c");
    expect(arrived).toHaveLength(2);
    arrived[0]?.answer();
    arrived[1]?.answer();
    expect(await second.outcome).toBe("b@1");
    await settled();
    expect(stamps(arrived.slice(2))).toEqual([[1000, 1, 0]]);
    arrived[2]?.answer();
    expect(await third.outcome).toBe("c@2");
  });

  it("fails a batch that is refused for good alone; those under way behind it are sent in the next epoch", async () => {
    const cluster = oneTopic();
    const arrived = heldRequests(cluster);
    await using client = testClient(cluster);
    const producer = client.producer();
    const sends = [await begin(producer, "a"), await begin(producer, "b"), await begin(producer, "c")];
    arrived[0]?.answer(refusal("RECORD_BATCH_TOO_LARGE"));
    arrived[1]?.answer();
    await settled();
    cluster.onProduce = (one) => one.answer();
    cluster.transport.cut(cluster.address(1));
    const outcomes = await Promise.all(sends.map(({ outcome }) => outcome));
    // The answer to the third was lost, but without the first it cannot have been written.
    expect(outcomes).toEqual(["a RECORD_BATCH_TOO_LARGE", "b@0", "c@1"]);
    expect(cluster.values("t", 0)).toEqual(["b", "c"]);
  });

  it("says that a batch was not written that was never sent", async () => {
    const cluster = oneTopic();
    const arrived = heldRequests(cluster);
    const clock = new VirtualClock();
    await using client = testClient(cluster, { clock });
    const producer = client.producer({ deliveryTimeoutMs: 1000, maxInFlight: 1 });
    const sends = [await begin(producer, "a"), await begin(producer, "b")];
    await pass(clock, 1500);
    expect(arrived).toHaveLength(1);
    expect(await Promise.all(sends.map(({ outcome }) => outcome))).toEqual([
      "a INDETERMINATE maybe",
      "b DELIVERY_TIMED_OUT",
    ]);
  });

  it("says on close that what waits to be sent again may be written", async () => {
    const cluster = oneTopic();
    const arrived = heldRequests(cluster);
    const clock = new VirtualClock();
    const client = testClient(cluster, { clock });
    const producer = client.producer();
    const sends = [await begin(producer, "a"), await begin(producer, "b")];
    arrived[0]?.answer(refusal("INDETERMINATE"));
    arrived[1]?.answer(refusal("TOPIC_FULL"));
    await settled();
    const closed = producer.close({ timeoutMs: 0 });
    clock.advance(0);
    await closed;
    expect(await Promise.all(sends.map(({ outcome }) => outcome))).toEqual(["a INDETERMINATE maybe", "b CLOSED"]);
    await client.close();
  });
});

describe("a leader that does not know what comes before", () => {
  it("goes on in a new epoch where it has forgotten the producer", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer();
    expect(await (await begin(producer, "a")).outcome).toBe("a@0");
    cluster.partition("t", 0).producers.clear();
    const sends = [await begin(producer, "b"), await begin(producer, "c")];
    expect(await Promise.all(sends.map(({ outcome }) => outcome))).toEqual(["b@1", "c@2"]);
    expect(cluster.values("t", 0)).toEqual(["a", "b", "c"]);
  });

  it("fails with OUT_OF_ORDER_SEQUENCE where acknowledged records are gone, says so in the log, and goes on", async () => {
    const cluster = oneTopic();
    const errors: string[] = [];
    const silent = () => undefined;
    const logger = { debug: silent, info: silent, warn: silent, error: (_: object, text: string) => errors.push(text) };
    await using client = testClient(cluster, { logger: logger as never });
    const producer = client.producer();
    for (const text of ["a", "b"]) await (await begin(producer, text)).outcome;
    cluster.partition("t", 0).producers.get(1000)?.batches.pop();
    expect(await (await begin(producer, "c")).outcome).toBe("c OUT_OF_ORDER_SEQUENCE");
    expect(errors).toEqual(["records that were acknowledged are missing in the log of the leader"]);
    expect(await (await begin(producer, "d")).outcome).toBe("d@2");
  });

  it("fails with INDETERMINATE where the answer to an earlier try was lost too", async () => {
    const cluster = oneTopic();
    const arrived = heldRequests(cluster);
    await using client = testClient(cluster);
    const producer = client.producer();
    const first = await begin(producer, "a");
    arrived[0]?.answer();
    await first.outcome;
    const second = await begin(producer, "b");
    appendOnly(cluster, arrived[1] as ArrivedProduce);
    cluster.partition("t", 0).producers.clear();
    cluster.onProduce = (one) => one.answer();
    cluster.transport.cut(cluster.address(1));
    expect(await second.outcome).toBe("b INDETERMINATE maybe");
    expect(await (await begin(producer, "c")).outcome).toBe("c@2");
  });

  it("fails with FENCED_PRODUCER where somebody else has its id, and takes another id", async () => {
    const cluster = oneTopic();
    await using client = testClient(cluster);
    const producer = client.producer();
    await (await begin(producer, "a")).outcome;
    cluster.partition("t", 0).producers.set(1000, { epoch: 7, batches: [] });
    expect(await (await begin(producer, "b")).outcome).toBe("b FENCED_PRODUCER");
    expect(await (await begin(producer, "c")).outcome).toBe("c@1");
    expect(readBatchHeader(cluster.partition("t", 0).batches.at(-1) as Buffer).producerId).toBe(1001);
  });
});

describe("what the broker says of the records", () => {
  it("gives the timestamp of the append where the topic has that one", async () => {
    const cluster = oneTopic();
    cluster.logAppendTimeMs = 4242;
    await using client = testClient(cluster);
    const [metadata] = await client.producer().send({ topic: "t", messages: [{ value: "a", timestamp: 1 }] });
    expect(metadata?.timestamp).toBe(4242);
  });
});
