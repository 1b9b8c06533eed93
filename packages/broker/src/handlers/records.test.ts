import type { ClusterImage } from "@sluice/cluster";
import { MemoryFileSystem } from "@sluice/log/testing";
import { type CallContext, SluiceError, type Transport, type UnaryHandler } from "@sluice/model";
import { SeededRandom } from "@sluice/model/testing";
import type {
  PublishRecord,
  PublishRequest,
  PublishResponse,
  Receipt,
  SubscribeRequest,
  SubscribeResponse,
} from "@sluice/protocol";
import { buildEndTransactionMarker, partitionForKey } from "@sluice/record";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InternalClient } from "../internal-client.js";
import { imageOf, type TopicSketch } from "../testing/image-of.js";
import { RecordingStream } from "../testing/recording-stream.js";
import { RegistryFixture } from "../testing/registry-fixture.js";
import { servePublish } from "./publish-handler.js";
import { serveSubscribe } from "./subscribe-handler.js";

let fixture: RegistryFixture;
let image: ClusterImage;

const topics: TopicSketch[] = [
  { name: "a", partitions: 3, config: { "max.message.bytes": "5000" } },
  { name: "none", leader: null },
  { name: "elsewhere", leader: 2, replicas: [2] },
];

beforeEach(async () => {
  fixture = await RegistryFixture.open(new MemoryFileSystem(new SeededRandom(1)));
  image = imageOf(1, topics);
  await fixture.settle(...topics);
});

afterEach(() => fixture.close());

const context: CallContext = { signal: new AbortController().signal, authority: "", peer: "test", clientId: "" };

function publish(topic: string, records: Partial<PublishRecord>[]): Promise<Receipt[]> {
  const { registry: partitions, clock, counters } = fixture;
  // Nothing is called: there is no broker 2.
  const internalClient = new InternalClient({ transport: {} as Transport, image: () => image });
  const served = servePublish({ partitions, internalClient, counters, clock, brokerId: 1, image: () => image });
  const handler = served.handler as UnaryHandler<PublishRequest, PublishResponse>;
  const request = { topic, acks: "ACKS_ALL" as const, records: records.map((record) => ({ headers: [], ...record })) };
  return handler(request, context).then((response) => response.receipts);
}

function subscribe(over: Partial<SubscribeRequest>): RecordingStream<SubscribeRequest, SubscribeResponse> {
  const stream = new RecordingStream<SubscribeRequest, SubscribeResponse>(
    serveSubscribe({ partitions: fixture.registry, streams: fixture.streams, brokerId: 1 }),
  );
  stream.receive({ topic: "a", partition: 0, countMax: 0, follow: false, ...over });
  stream.finish();
  return stream;
}

function valuesOf(stream: RecordingStream<SubscribeRequest, SubscribeResponse>): string[] {
  return stream.sent.flatMap((response) => response.records.map((record) => String(record.value)));
}

function records(partition: number, ...values: string[]): Partial<PublishRecord>[] {
  return values.map((value) => ({ partition, value: Buffer.from(value) }));
}

describe("Records.Publish", () => {
  it("says of each record, in the order of the request, where it went", async () => {
    const key = Buffer.from("k");
    const receipts = await publish("a", [...records(1, "x"), { key }, ...records(1, "y")]);
    const keyed = partitionForKey(key, 3);
    expect(receipts.map(({ partition, error }) => [partition, error])).toEqual([
      [1, null],
      [keyed, null],
      [1, null],
    ]);
    const offsets = receipts.filter(({ partition }) => partition === 1).map((receipt) => receipt.offset);
    expect(offsets).toEqual(offsets.map((_, index) => index));
  });

  it("splits what does not fit into one batch, and keeps the order", async () => {
    const values = Array.from({ length: 40 }, (_, index) => `${index} ${"x".repeat(500)}`);
    const receipts = await publish("a", records(0, ...values));
    expect(receipts.map((receipt) => receipt.offset)).toEqual(values.map((_, index) => index));
    const stream = subscribe({});
    await stream.over();
    expect(valuesOf(stream)).toEqual(values);
  });

  it("keeps nulls, headers and timestamps as they were", async () => {
    const headers = [{ key: "h", value: Buffer.from("1") }, { key: "h" }];
    await publish("a", [{ partition: 0, timestampMs: 1234, headers, key: Buffer.alloc(0) }]);
    const stream = subscribe({});
    await stream.over();
    const [record] = stream.sent[0]?.records ?? [];
    expect(record).toMatchObject({ offset: 0, timestampMs: 1234, headers });
    expect([record?.key?.length, record?.value]).toEqual([0, undefined]);
  });

  it("counts what it appends, as a produce does", async () => {
    await publish("a", records(0, "x", "y"));
    await publish("a", records(0, "z"));
    expect(fixture.counters.recordsProduced).toBe(3);
    expect(fixture.counters.produce.bytes).toBeGreaterThan(2 * 61);
  });

  it("gives receipts the timestamp that is stored", async () => {
    await fixture.settle(...topics, { name: "stamped", config: { "message.timestamp.type": "LogAppendTime" } });
    image = imageOf(2, [...topics, { name: "stamped", config: { "message.timestamp.type": "LogAppendTime" } }]);
    const [stamped] = await publish("stamped", [{ value: Buffer.from("x"), timestampMs: 5 }]);
    const [kept] = await publish("a", [{ value: Buffer.from("x"), timestampMs: 5 }]);
    expect([stamped?.timestampMs, kept?.timestampMs]).toEqual([fixture.clock.nowMs(), 5]);
    const stream = subscribe({ topic: "stamped" });
    await stream.over();
    expect(stream.sent[0]?.records[0]?.timestampMs).toBe(fixture.clock.nowMs());
  });

  it("compresses as the topic says, and refuses where the topic is full", async () => {
    const config = { "compression.type": "gzip", "bounded.bytes": "600" };
    await fixture.settle(...topics, { name: "small", config });
    image = imageOf(2, [...topics, { name: "small", config }]);
    const long = "x".repeat(4000);
    const first = await publish("small", records(0, long));
    expect(first[0]?.error).toBeNull();
    expect(fixture.registry.ledOrThrow("small", 0).logSizeBytes).toBeLessThan(200);
    for (let i = 0; i < 3; i += 1) await publish("small", records(0, long));
    const [refused] = await publish("small", records(0, Array.from({ length: 900 }, () => Math.random()).join("")));
    expect(refused?.error?.code).toBe("TOPIC_FULL");
  });

  it("fails only the records that cannot be appended", async () => {
    const receipts = await publish("a", [
      ...records(0, "x"),
      ...records(9, "no such partition"),
      ...records(0, "x".repeat(6000)),
      { partition: 0, timestampMs: -5 },
      ...records(0, "y"),
    ]);
    const codes = receipts.map((receipt) => receipt.error?.code ?? receipt.offset);
    expect(codes).toEqual([0, "UNKNOWN_PARTITION", "RECORD_BATCH_TOO_LARGE", "INVALID_TIMESTAMP", 1]);
  });

  it("puts the refusal of a leader that is missing or cannot be reached into the receipts", async () => {
    const publishing = publish("none", records(0, "x"));
    // It waits for a leader for a while.
    while (fixture.clock.monotonicMs() < 6000) {
      fixture.clock.advance(100);
      await Promise.resolve();
    }
    expect((await publishing)[0]?.error?.code).toBe("LEADER_NOT_AVAILABLE");
    expect((await publish("elsewhere", records(0, "x")))[0]?.error?.code).toBe("BROKER_UNREACHABLE");
  });

  it.each([
    ["nothing", "UNKNOWN_TOPIC"],
    ["a/b", "INVALID_TOPIC_NAME"],
    ["__consumer_offsets", "INTERNAL_TOPIC"],
  ])("refuses topic %s as a whole with %s", async (topic, code) => {
    await expect(publish(topic, records(0, "x"))).rejects.toMatchObject({ code });
  });
});

describe("Records.Subscribe", () => {
  it("leaves out the markers of transactions", async () => {
    const led = fixture.registry.ledOrThrow("a", 1);
    await publish("a", records(1, "x"));
    const marker = buildEndTransactionMarker({
      type: "commit",
      coordinatorEpoch: 0,
      producerId: 1,
      producerEpoch: 0,
      timestampMs: fixture.clock.nowMs(),
    });
    await led.produce(marker, { acks: "all" });
    await publish("a", records(1, "y"));
    const stream = subscribe({ partition: 1 });
    await stream.over();
    expect(valuesOf(stream)).toEqual(["x", "y"]);
  });

  beforeEach(async () => {
    await publish("a", records(0, "r0", "r1", "r2"));
    fixture.clock.advance(1000);
    await publish("a", records(0, "r3", "r4"));
  });

  it("sends from where it was asked to, up to the end seen at its start", async () => {
    const timestampMs = fixture.clock.nowMs();
    const whole = subscribe({});
    const fromOffset = subscribe({ from: "offset", offset: 1 });
    const fromTime = subscribe({ from: "timestampMs", timestampMs });
    const latest = subscribe({ from: "latest", latest: true });
    const counted = subscribe({ countMax: 2 });
    await Promise.all([whole, fromOffset, fromTime, latest, counted].map((stream) => stream.over()));
    expect(valuesOf(whole)).toEqual(["r0", "r1", "r2", "r3", "r4"]);
    expect(valuesOf(fromOffset)).toEqual(["r1", "r2", "r3", "r4"]);
    expect(valuesOf(fromTime)).toEqual(["r3", "r4"]);
    expect(valuesOf(latest)).toEqual([]);
    expect(valuesOf(counted)).toEqual(["r0", "r1"]);
  });

  it("follows what comes, until the client goes away", async () => {
    const stream = subscribe({ from: "latest", latest: true, follow: true });
    await stream.sentCount(0);
    const sent = stream.sentCount(1);
    await publish("a", records(0, "new"));
    await sent;
    expect(valuesOf(stream)).toEqual(["new"]);
    stream.disconnect(new SluiceError("CANCELLED", { operation: "Subscribe" }));
    await stream.over();
    expect([fixture.streams.count, fixture.timerCount]).toEqual([0, 0]);
  });

  it("waits while the client does not read", async () => {
    await publish(
      "a",
      Array.from({ length: 200 }, () => records(0, "x".repeat(4000))[0] ?? {}),
    );
    const stream = subscribe({});
    stream.isBlocked = true;
    await stream.sentCount(1);
    expect(stream.hasEnded).toBe(false);
    stream.unblock();
    await stream.over();
    expect(valuesOf(stream).length).toBe(205);
  });

  it.each<[Partial<SubscribeRequest>, string]>([
    [{ topic: "nothing" }, "UNKNOWN_TOPIC"],
    [{ partition: 3 }, "UNKNOWN_PARTITION"],
    [{ topic: "elsewhere" }, "NOT_LEADER"],
    [{ from: "offset", offset: 99, follow: true }, "OFFSET_OUT_OF_RANGE"],
    [{ countMax: -1 }, "INVALID_REQUEST"],
  ])("refuses %j with %s", async (over, code) => {
    const stream = subscribe(over);
    await stream.over();
    expect(stream.abortedWith?.code).toBe(code);
    expect(fixture.streams.count).toBe(0);
  });

  it("ends with BROKER_STOPPING when the broker stops", async () => {
    const stream = subscribe({ follow: true, from: "latest", latest: true });
    fixture.streams.drain();
    await stream.over();
    expect(stream.abortedWith?.code).toBe("BROKER_STOPPING");
  });
});
