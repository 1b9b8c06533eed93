import { PartitionLog } from "@sluice/log";
import { MemoryFileSystem } from "@sluice/log/testing";
import { SluiceError } from "@sluice/model";
import { SeededRandom } from "@sluice/model/testing";
import type { FetchRequest, FetchResponse, ProduceRequest, ProduceResponse } from "@sluice/protocol";
import { batchesIn, recordsIn } from "@sluice/record";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { RecordingStream } from "../testing/recording-stream.js";
import { batchOf, producerBatch, RegistryFixture } from "../testing/registry-fixture.js";
import { serveFetch } from "./fetch-handler.js";
import { serveProduce } from "./produce-handler.js";

let fixture: RegistryFixture;
let correlationId: number;

beforeEach(async () => {
  correlationId = 0;
  fixture = await RegistryFixture.open(new MemoryFileSystem(new SeededRandom(1)));
  await fixture.settle({ name: "a", partitions: 2, config: { "max.message.bytes": "5000" } }, { name: "__internal" });
});

afterEach(() => fixture.close());

function openProduce(): RecordingStream<ProduceRequest, ProduceResponse> {
  const { registry: partitions, counters, clock, streams } = fixture;
  return new RecordingStream(serveProduce({ partitions, counters, clock, streams, brokerId: 1 }));
}

function openFetch(fetchMaxBytes = 1_000_000): RecordingStream<FetchRequest, FetchResponse> {
  const { registry: partitions, counters, clock, streams } = fixture;
  return new RecordingStream(serveFetch({ brokerId: 1, fetchMaxBytes }, { partitions, counters, clock, streams }));
}

function produceRequest(over: Partial<ProduceRequest> = {}): ProduceRequest {
  correlationId += 1;
  const records = batchOf(fixture.clock, `value ${correlationId}`);
  return { correlationId, topic: "a", partition: 0, acks: "all", leaderEpoch: undefined, records, ...over };
}

function fetchRequest(over: Partial<FetchRequest> = {}): FetchRequest {
  correlationId += 1;
  const position = { topic: "a", partition: 0, fetchOffset: 0, leaderEpoch: undefined };
  return { correlationId, ...position, maxBytes: 1_000_000, maxWaitMs: 0, minBytes: 1, ...over };
}

async function produceOne(over: Partial<ProduceRequest> = {}): Promise<ProduceResponse> {
  const stream = openProduce();
  stream.receive(produceRequest(over));
  await stream.sentCount(1);
  return stream.sent[0] as ProduceResponse;
}

/** Lets what is under way go on until that is so. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !condition(); turn += 1) await new Promise(setImmediate);
  expect(condition()).toBe(true);
}

function valuesIn(records: Buffer): string[] {
  return [...batchesIn(records)].flatMap((batch) => [...recordsIn(batch)].map((record) => String(record.value)));
}

/** A valid batch with some bytes changed. */
function damaged(change: (batch: Buffer) => Buffer | undefined): Buffer {
  const batch = batchOf(fixture.clock, "x");
  return change(batch) ?? batch;
}

describe("Log.Produce", () => {
  it("appends the batches of a stream in the order in which they came, and answers each", async () => {
    const stream = openProduce();
    for (let i = 0; i < 50; i += 1) stream.receive(produceRequest());
    await stream.sentCount(50);
    expect(stream.sent.map((response) => response.baseOffset)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(stream.sent.map((response) => response.correlationId)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(stream.sent.every((response) => response.error === undefined)).toBe(true);
  });

  it.each<[string, (batch: Buffer) => Buffer | undefined, string]>([
    ["no bytes at all", () => Buffer.alloc(0), "INVALID_RECORD_BATCH"],
    ["a batch cut short", (batch) => batch.subarray(0, batch.length - 1), "INVALID_RECORD_BATCH"],
    ["bytes after the batch", (batch) => Buffer.concat([batch, Buffer.alloc(1)]), "INVALID_RECORD_BATCH"],
    ["two batches", (batch) => Buffer.concat([batch, batch]), "INVALID_RECORD_BATCH"],
    ["a length beyond the bytes", (batch) => void batch.writeInt32BE(1_000_000, 8), "INVALID_RECORD_BATCH"],
    ["a negative length", (batch) => void batch.writeInt32BE(-1, 8), "INVALID_RECORD_BATCH"],
    ["an old magic", (batch) => void batch.writeInt8(1, 16), "INVALID_RECORD_BATCH"],
    ["a changed value", (batch) => void batch.writeUInt8(0xff, batch.length - 2), "CORRUPT_RECORD_BATCH"],
    ["a changed checksum", (batch) => void batch.writeInt32BE(1, 17), "CORRUPT_RECORD_BATCH"],
    ["more than the topic takes", () => batchOf(fixture.clock, "x".repeat(6000)), "RECORD_BATCH_TOO_LARGE"],
  ])("refuses %s, appends nothing and serves the next request", async (_, change, code) => {
    const stream = openProduce();
    stream.receive(produceRequest({ records: damaged(change) }));
    stream.receive(produceRequest());
    await stream.sentCount(2);
    const [refused, next] = stream.sent as [ProduceResponse, ProduceResponse];
    expect([refused.error?.code, refused.baseOffset]).toEqual([code, 0]);
    expect([next.error, next.baseOffset]).toEqual([undefined, 0]);
    expect(fixture.counters.produce.errors.get(code as never)).toBe(1);
  });

  it.each<[Partial<ProduceRequest>, string]>([
    [{ topic: "nothing" }, "UNKNOWN_TOPIC"],
    [{ topic: "" }, "INVALID_TOPIC_NAME"],
    [{ topic: "../a" }, "INVALID_TOPIC_NAME"],
    [{ partition: 2 }, "UNKNOWN_PARTITION"],
    [{ partition: -1 }, "UNKNOWN_PARTITION"],
    [{ topic: "__internal" }, "INTERNAL_TOPIC"],
    [{ leaderEpoch: 3 }, "UNKNOWN_LEADER_EPOCH"],
  ])("refuses %j with %s", async (over, code) => {
    expect((await produceOne(over)).error?.code).toBe(code);
  });

  it("counts the records of accepted batches only", async () => {
    await produceOne({ records: batchOf(fixture.clock, "a", "b") });
    await produceOne({ records: batchOf(fixture.clock, "c", "d", "e"), leaderEpoch: 3 });
    expect(fixture.counters.recordsProduced).toBe(2);
  });

  it("says of a batch that was sent again where it is, and counts its records once", async () => {
    const batch = producerBatch(fixture.clock, { baseSequence: 0 }, "a", "b");
    const stream = openProduce();
    for (let i = 0; i < 3; i += 1) stream.receive(produceRequest({ records: Buffer.from(batch) }));
    stream.receive(produceRequest({ records: producerBatch(fixture.clock, { baseSequence: 3 }, "x") }));
    await stream.sentCount(4);
    const answers = stream.sent.map(({ error, baseOffset, duplicate }) => error?.code ?? `${baseOffset} ${duplicate}`);
    expect(answers.sort()).toEqual(["0 false", "0 true", "0 true", "OUT_OF_ORDER_SEQUENCE"]);
    expect(fixture.counters.recordsProduced).toBe(2);
  });

  it("is not read while too much has no answer, and again when that is answered", async () => {
    await fixture.settle({ name: "big", config: { "max.message.bytes": "67108864" } });
    const stream = openProduce();
    const large = batchOf(fixture.clock, "x".repeat(33 * 1024 * 1024));
    stream.receive(produceRequest({ topic: "big", records: Buffer.from(large) }));
    expect(stream.isPaused).toBe(false);
    stream.receive(produceRequest({ topic: "big", records: Buffer.from(large) }));
    expect(stream.isPaused).toBe(true);
    await stream.sentCount(2);
    expect(stream.isPaused).toBe(false);
  });

  it("is read for its share, and no further, while the streams together hold too much", async () => {
    await fixture.settle({ name: "big", config: { "max.message.bytes": "67108864" } });
    const large = batchOf(fixture.clock, "x".repeat(63 * 1024 * 1024));
    const bullies = [openProduce(), openProduce(), openProduce()];
    for (const bully of bullies) bully.receive(produceRequest({ topic: "big", records: Buffer.from(large) }));
    const other = openProduce();
    const records = batchOf(fixture.clock, "x".repeat(700 * 1024));
    other.receive(produceRequest({ topic: "big", records: Buffer.from(records) }));
    expect(other.isPaused).toBe(false);
    other.receive(produceRequest({ topic: "big", records: Buffer.from(records) }));
    expect(other.isPaused).toBe(true);
    await other.sentCount(2);
    expect(other.isPaused).toBe(false);
    await Promise.all(bullies.map((bully) => bully.sentCount(1)));
    expect(bullies.map((bully) => bully.isPaused)).toEqual([false, false, false]);
  });

  it("is not read while its answers are not taken", async () => {
    const stream = openProduce();
    stream.isBlocked = true;
    stream.receive(produceRequest());
    await stream.sentCount(1);
    expect(stream.isPaused).toBe(true);
    stream.unblock();
    expect(stream.isPaused).toBe(false);
  });

  it("answers everything before it ends a stream whose client sends no more", async () => {
    const stream = openProduce();
    stream.receive(produceRequest());
    stream.finish();
    expect(stream.hasEnded).toBe(false);
    await stream.over();
    expect([stream.sent.length, fixture.streams.count]).toEqual([1, 0]);
  });

  it("answers what has begun and refuses the rest when the broker stops", async () => {
    const stream = openProduce();
    stream.receive(produceRequest());
    fixture.streams.drain();
    stream.receive(produceRequest());
    await stream.over();
    expect(stream.sent.map((response) => response.error?.code)).toEqual(["BROKER_STOPPING", undefined]);
  });

  it("keeps the append of a client that went away", async () => {
    const stream = openProduce();
    stream.receive(produceRequest());
    stream.disconnect(new SluiceError("CANCELLED", { operation: "Produce" }));
    expect(fixture.streams.count).toBe(0);
    expect(await produceOne()).toMatchObject({ baseOffset: 1 });
    expect(stream.sent).toEqual([]);
  });
});

describe("Log.Fetch", () => {
  it("answers with whole batches, as they are in the log, and no more than it was asked for", async () => {
    for (let i = 0; i < 5; i += 1) await produceOne();
    const oneBatch = batchOf(fixture.clock, "value 1").length;
    const stream = openFetch();
    stream.receive(fetchRequest({ fetchOffset: 1, maxBytes: oneBatch * 2 }));
    await stream.sentCount(1);
    expect(valuesIn(stream.sent[0]?.records as Buffer)).toEqual(["value 2", "value 3"]);
    expect(stream.sent[0]).toMatchObject({ highWatermark: 5, logStartOffset: 0, leaderEpoch: 0, error: undefined });
  });

  it("sends one batch however large, and caps what a client asks for", async () => {
    await produceOne();
    await produceOne();
    const stream = openFetch(1);
    stream.receive(fetchRequest({ maxBytes: 0 }));
    stream.receive(fetchRequest({ maxBytes: 0x7fffffff }));
    await stream.sentCount(2);
    expect(stream.sent.map((response) => valuesIn(response.records))).toEqual([["value 1"], ["value 1"]]);
  });

  it("holds a request until a record comes, and answers it with nothing when its wait is over", async () => {
    const stream = openFetch();
    stream.receive(fetchRequest({ maxWaitMs: 1000, correlationId: 71 }));
    stream.receive(fetchRequest({ maxWaitMs: 1000, partition: 1, correlationId: 72 }));
    expect(stream.sent.length).toBe(0);
    await produceOne();
    await stream.sentCount(1);
    fixture.clock.advance(1000);
    await stream.sentCount(2);
    expect(stream.sent.map((response) => [response.correlationId, response.records.length > 0])).toEqual([
      [71, true],
      [72, false],
    ]);
    expect(fixture.timerCount).toBe(0);
  });

  describe("of a reader that names the epoch that it has read last", () => {
    async function answerTo(over: Partial<FetchRequest>): Promise<unknown> {
      const stream = openFetch();
      stream.receive(fetchRequest({ topic: "b", maxWaitMs: 1000, ...over }));
      // Whoever has to wait is answered when that is over, and the others before.
      await Promise.resolve();
      if (stream.sent.length === 0) fixture.clock.advance(1000);
      await stream.sentCount(1);
      const { error, diverging, records } = stream.sent[0] as FetchResponse;
      return error === undefined ? valuesIn(records) : { code: error.code, details: error.details, diverging };
    }

    /** Epochs 1 and 3 have two records each; this broker leads in epoch 4. */
    async function led(config: Record<string, string> = {}): Promise<void> {
      for (const leaderEpoch of [1, 3]) {
        await fixture.settle({ name: "b", leaderEpoch });
        for (let i = 0; i < 2; i += 1) await produceOne({ topic: "b" });
      }
      await fixture.settle({ name: "b", leaderEpoch: 4, config });
    }

    function truncated(offset: number, diverging: { readonly epoch: number; readonly endOffset: number }): unknown {
      const { endOffset } = diverging;
      return { code: "LOG_TRUNCATED", details: { topic: "b", partition: 0, offset, endOffset }, diverging };
    }

    it("goes on where the log has that record", async () => {
      await led();
      expect(await answerTo({ fetchOffset: 1, lastFetchedEpoch: 1, maxBytes: 1 })).toEqual(["value 2"]);
      expect(await answerTo({ fetchOffset: 2, lastFetchedEpoch: 1, maxBytes: 1 })).toEqual(["value 3"]);
      expect(await answerTo({ fetchOffset: 4, lastFetchedEpoch: 3 })).toEqual([]);
    });

    it("says where what was read may still be there, without a wait", async () => {
      await led();
      const [one, three] = [
        { epoch: 1, endOffset: 2 },
        { epoch: 3, endOffset: 4 },
      ];
      expect(await answerTo({ fetchOffset: 3, lastFetchedEpoch: 1 })).toEqual(truncated(3, one));
      expect(await answerTo({ fetchOffset: 2, lastFetchedEpoch: 2 })).toEqual(truncated(2, one));
      expect(await answerTo({ fetchOffset: 5, lastFetchedEpoch: 3 })).toEqual(truncated(5, three));
      expect(await answerTo({ fetchOffset: 4, lastFetchedEpoch: 4 })).toEqual(truncated(4, three));
    });

    it("takes an epoch that is not in a compacted log for one that was compacted away", async () => {
      await led({ "cleanup.policy": "compact" });
      expect(await answerTo({ fetchOffset: 2, lastFetchedEpoch: 2, maxBytes: 1 })).toEqual(["value 3"]);
      expect(await answerTo({ fetchOffset: 3, lastFetchedEpoch: 2 })).toEqual(truncated(3, { epoch: 2, endOffset: 2 }));
    });

    it("refuses an epoch that has not begun here, or never was", async () => {
      await led();
      expect(await answerTo({ fetchOffset: 2, lastFetchedEpoch: 5 })).toMatchObject({ code: "UNKNOWN_LEADER_EPOCH" });
      expect(await answerTo({ fetchOffset: 2, lastFetchedEpoch: -2 })).toMatchObject({ code: "FENCED_LEADER_EPOCH" });
    });

    it("compares nothing with a log that has no record", async () => {
      await fixture.settle({ name: "b", leaderEpoch: 2 });
      expect(await answerTo({ fetchOffset: 0, lastFetchedEpoch: 1 })).toEqual([]);
      expect(await answerTo({ fetchOffset: 1, lastFetchedEpoch: 1 })).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
    });
  });

  it("waits for as many bytes as it was asked to, and no longer than it may", async () => {
    const oneBatch = batchOf(fixture.clock, "value 1").length;
    const stream = openFetch();
    await produceOne();
    stream.receive(fetchRequest({ maxWaitMs: 1000, minBytes: oneBatch * 3, correlationId: 71 }));
    await produceOne();
    await produceOne({ partition: 1 });
    expect(stream.sent).toEqual([]);
    await produceOne();
    await stream.sentCount(1);
    expect(valuesIn(stream.sent[0]?.records as Buffer).length).toBe(3);
    // There is enough already, and then never enough.
    stream.receive(fetchRequest({ maxWaitMs: 1000, minBytes: oneBatch * 3, correlationId: 72 }));
    await stream.sentCount(2);
    stream.receive(fetchRequest({ maxWaitMs: 1000, minBytes: oneBatch * 3, fetchOffset: 2, correlationId: 73 }));
    await until(() => fixture.timerCount === 1);
    fixture.clock.advance(1000);
    await stream.sentCount(3);
    expect(valuesIn(stream.sent[2]?.records as Buffer).length).toBe(1);
    expect(stream.sent.map((response) => response.correlationId)).toEqual([71, 72, 73]);
    expect(fixture.timerCount).toBe(0);
  });

  it("does not wait for more bytes than it may answer with", async () => {
    await produceOne();
    const stream = openFetch(50);
    stream.receive(fetchRequest({ maxWaitMs: 1000, minBytes: 1_000_000 }));
    await stream.sentCount(1);
    expect(valuesIn(stream.sent[0]?.records as Buffer).length).toBe(1);
  });

  it("reads the log once for a fetch at its end that wants many bytes, however many appends it takes", async () => {
    const stream = openFetch();
    const oneBatch = batchOf(fixture.clock, "value 1").length;
    stream.receive(fetchRequest({ maxWaitMs: 1000, minBytes: oneBatch * 20 }));
    const read = vi.spyOn(PartitionLog.prototype, "read");
    onTestFinished(() => read.mockRestore());
    for (let i = 0; i < 20; i += 1) await produceOne();
    await stream.sentCount(1);
    expect(read).toHaveBeenCalledTimes(1);
    expect(stream.sent[0]?.records.length).toBeGreaterThanOrEqual(oneBatch * 20);
  });

  it("gives the room of a fetch that waits for more bytes to others", async () => {
    await produceOne();
    await produceOne({ partition: 1 });
    const maxBytes = 16 * 1024 * 1024;
    const stream = openFetch(maxBytes);
    stream.receive(fetchRequest({ maxBytes, maxWaitMs: 1000, minBytes: 10_000, correlationId: 71 }));
    stream.receive(fetchRequest({ maxBytes, partition: 1, correlationId: 72 }));
    await stream.sentCount(1);
    expect(stream.sent[0]).toMatchObject({ correlationId: 72, error: undefined });
    fixture.clock.advance(1000);
    await stream.sentCount(2);
    expect(stream.sent[1]?.records.length).toBeGreaterThan(0);
  });

  it("goes on for others, in small reads, when clients that take nothing hold all the room", async () => {
    const { registry: partitions, counters, clock, streams } = fixture;
    await fixture.settle({ name: "big", config: { "max.message.bytes": "4000000" } });
    const value = "x".repeat(50_000);
    for (let i = 0; i < 40; i += 1) await produceOne({ topic: "big", records: batchOf(clock, value) });
    const served = serveFetch(
      { brokerId: 1, fetchMaxBytes: 1_000_000 },
      { partitions, counters, clock, streams, memoryBytesMax: 1_500_000 },
    );
    const stuck = new RecordingStream<FetchRequest, FetchResponse>(served);
    stuck.isBlocked = true;
    stuck.receive(fetchRequest({ topic: "big" }));
    await stuck.sentCount(1);
    expect(stuck.sent[0]?.records.length).toBeGreaterThan(900_000);
    const other = new RecordingStream<FetchRequest, FetchResponse>(served);
    for (let i = 0; i < 3; i += 1) other.receive(fetchRequest({ topic: "big" }));
    await other.sentCount(3);
    for (const { records } of other.sent) expect(valuesIn(records)).toEqual([value]);
    // The client that took nothing goes away, and its room is there for others.
    stuck.disconnect(new SluiceError("CANCELLED", { operation: "Fetch" }));
    other.receive(fetchRequest({ topic: "big" }));
    await other.sentCount(4);
    expect(other.sent[3]?.records.length).toBeGreaterThan(900_000);
  });

  it("refuses what is read when the broker stops, and turns out to have to wait for more", async () => {
    await produceOne();
    const stream = openFetch();
    stream.receive(fetchRequest({ maxWaitMs: 1000, minBytes: 10_000 }));
    fixture.streams.drain();
    await stream.over();
    expect(stream.sent.map((response) => response.error?.code)).toEqual(["BROKER_STOPPING"]);
    expect(fixture.timerCount).toBe(0);
  });

  it("reads again at once where what was missing came while it read", async () => {
    await produceOne();
    const stream = openFetch();
    const oneBatch = batchOf(fixture.clock, "value 1").length;
    const produced = produceOne();
    // Decided before the second batch is there, and read while it comes.
    stream.receive(fetchRequest({ maxWaitMs: 1000, minBytes: 2 * oneBatch }));
    await produced;
    await stream.sentCount(1);
    expect(valuesIn(stream.sent[0]?.records as Buffer).length).toBe(2);
    expect(fixture.timerCount).toBe(0);
  });

  it("lets no busy partition take the room that another waits for", async () => {
    for (let partition = 0; partition < 2; partition += 1) await produceOne({ partition });
    const half = 8 * 1024 * 1024;
    const stream = openFetch(2 * half);
    // Two of the busy partition fill the bound, and each is followed by the next as soon as it is answered.
    const busy = (): void => stream.receive(fetchRequest({ maxBytes: half }));
    const send = stream.send.bind(stream);
    stream.send = (response) => {
      if (response.correlationId !== 7000 && stream.sent.length < 50) busy();
      return send(response);
    };
    busy();
    busy();
    stream.receive(fetchRequest({ maxBytes: 2 * half, partition: 1, correlationId: 7000 }));
    await until(() => stream.sent.some((response) => response.correlationId === 7000));
    expect(stream.sent.findIndex((response) => response.correlationId === 7000)).toBeLessThan(4);
  });

  it("refuses a fetch whose records are deleted while it waits for more bytes", async () => {
    await produceOne();
    await produceOne();
    const stream = openFetch();
    stream.receive(fetchRequest({ maxWaitMs: 1000, minBytes: 10_000 }));
    await until(() => fixture.timerCount === 1);
    await fixture.registry.ledOrThrow("a", 0).deleteRecordsBefore(1);
    fixture.clock.advance(1000);
    await stream.sentCount(1);
    expect(stream.sent[0]?.error?.code).toBe("OFFSET_OUT_OF_RANGE");
  });

  it.each<[Partial<FetchRequest>, string]>([
    [{ topic: "nothing" }, "UNKNOWN_TOPIC"],
    [{ partition: 7 }, "UNKNOWN_PARTITION"],
    [{ fetchOffset: 1 }, "OFFSET_OUT_OF_RANGE"],
    [{ fetchOffset: -1, maxWaitMs: 1000 }, "OFFSET_OUT_OF_RANGE"],
    [{ leaderEpoch: 1 }, "UNKNOWN_LEADER_EPOCH"],
  ])("refuses %j with %s, and the stream lives on", async (over, code) => {
    const stream = openFetch();
    stream.receive(fetchRequest(over));
    stream.receive(fetchRequest());
    await stream.sentCount(2);
    expect(stream.sent.map((response) => response.error?.code)).toEqual([code, undefined]);
  });

  it("reads no more while the client does not take what was sent, and goes on in order when it does", async () => {
    for (let i = 0; i < 3; i += 1) await produceOne();
    const stream = openFetch();
    stream.isBlocked = true;
    stream.receive(fetchRequest({ correlationId: 71 }));
    await stream.sentCount(1);
    for (let i = 1; i < 3; i += 1) stream.receive(fetchRequest({ correlationId: 71 + i, fetchOffset: i }));
    expect(stream.sent.length).toBe(1);
    stream.unblock();
    await stream.sentCount(3);
    expect(stream.sent.map((response) => response.correlationId)).toEqual([71, 72, 73]);
  });

  it("keeps the reads of one stream under their bound together", async () => {
    await produceOne();
    const stream = openFetch(16 * 1024 * 1024);
    const maxBytes = 10 * 1024 * 1024;
    for (let i = 0; i < 4; i += 1) stream.receive(fetchRequest({ maxBytes }));
    await stream.sentCount(4);
    expect(stream.sent.every((response) => response.records.length > 0)).toBe(true);
  });

  it("stops reading requests when too many have no answer", async () => {
    const stream = openFetch();
    for (let i = 0; i < 4096; i += 1) stream.receive(fetchRequest({ maxWaitMs: 1000 }));
    expect(stream.isPaused).toBe(true);
    fixture.clock.advance(1000);
    await stream.sentCount(4096);
    expect(stream.isPaused).toBe(false);
  });

  it("leaves no timer of a client that went away", () => {
    const stream = openFetch();
    stream.receive(fetchRequest({ maxWaitMs: 1000 }));
    stream.disconnect(new SluiceError("CANCELLED", { operation: "Fetch" }));
    expect([fixture.timerCount, fixture.streams.count]).toEqual([0, 0]);
  });

  it("refuses what waits and ends the stream when the broker stops", async () => {
    const stream = openFetch();
    stream.receive(fetchRequest({ maxWaitMs: 1000 }));
    fixture.streams.drain();
    await stream.over();
    expect(stream.sent.map((response) => response.error?.code)).toEqual(["BROKER_STOPPING"]);
    expect(fixture.timerCount).toBe(0);
  });

  it("answers a client that sends no more before it ends the stream", async () => {
    const stream = openFetch();
    stream.receive(fetchRequest({ maxWaitMs: 1000 }));
    stream.finish();
    expect(stream.hasEnded).toBe(false);
    fixture.clock.advance(1000);
    await stream.over();
    expect(stream.sent.length).toBe(1);
  });
});
