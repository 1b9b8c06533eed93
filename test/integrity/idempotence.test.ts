/**
 * Guarantee: a batch of an idempotent producer is in the log once, however often it is sent, over kill -9 of the broker. It is
 * answered with the same offset each time, and the batches of a producer keep their order.
 *
 *     start -> send, four under way a producer -> kill -9 -> start -> send again all that got no answer -> ...      on one directory
 */

import type { MessageStream, SluiceError, TransportConnection } from "@sluice/model";
import { GrpcTransport, logService, type ProduceRequest, type ProduceResponse } from "@sluice/protocol";
import { batchesIn, RecordBatchBuilder, recordsIn } from "@sluice/record";
import { expect, it } from "vitest";
import { startBrokerProcess } from "../support/broker-process.js";
import { freePortRange } from "../support/free-ports.js";
import { sluice, until } from "../support/program.js";
import { propertyRuns } from "../support/property-runs.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const cycles = propertyRuns({ usual: 6, long: 40 });
const producerCount = 4;
/** Batches of a producer that the log remembers. */
const rememberedCount = 5;
/** One fewer: of those that are sent again, the log has one at least. */
const underWayMax = rememberedCount - 1;
const topic = "once";

interface SentBatch {
  readonly bytes: Buffer;
  readonly values: readonly string[];
  /** Undefined: no answer came yet. */
  offset: number | undefined;
}

/** Sends batches on one stream, in order, at most four without an answer, and sends again what a lost stream left open. */
class Producer {
  readonly batches: SentBatch[] = [];
  duplicates = 0;
  readonly #producerId: number;
  #nextSequence = 0;
  #correlationId = 0;
  #inFlight = new Map<number, SentBatch>();
  #stream: MessageStream<ProduceRequest> | undefined;
  #connection: TransportConnection | undefined;
  #isStopping = false;

  constructor(producerId: number) {
    this.#producerId = producerId;
  }

  get answeredCount(): number {
    return this.batches.filter(({ offset }) => offset !== undefined).length;
  }

  /** Begins on a new connection: first what has no answer, and some of what has, then new batches until `stop`. */
  start(port: number, onFailed: (error: SluiceError) => void): void {
    this.close();
    const connection = new GrpcTransport().connect({ host: "127.0.0.1", port });
    this.#connection = connection;
    this.#inFlight = new Map();
    this.#isStopping = false;
    const stream = connection.open(logService.produce, {
      onMessage: (response) => this.#answered(stream, response, onFailed),
      onEnd: () => undefined,
      onError: () => undefined,
    });
    this.#stream = stream;
    // All that are open, and of those that were answered what the log remembers beside them.
    for (const batch of this.batches.slice(-rememberedCount)) this.#send(stream, batch);
    this.#sendMore(stream);
  }

  close(): void {
    this.#connection?.close();
  }

  /** Sends nothing new. */
  stop(): void {
    this.#isStopping = true;
  }

  get openCount(): number {
    return this.batches.length - this.answeredCount;
  }

  #sendMore(stream: MessageStream<ProduceRequest>): void {
    while (!this.#isStopping && this.#inFlight.size < underWayMax && this.openCount < underWayMax) {
      const count = 1 + (this.batches.length % 3);
      const values = Array.from({ length: count }, (_, index) => `${this.#producerId}:${this.#nextSequence + index}`);
      const builder = new RecordBatchBuilder({});
      for (const value of values) builder.append({ timestampMs: Date.now(), key: null, value: Buffer.from(value) });
      const bytes = builder.build({
        producerId: this.#producerId,
        producerEpoch: 0,
        baseSequence: this.#nextSequence,
      });
      this.#nextSequence += count;
      const batch = { bytes, values, offset: undefined };
      this.batches.push(batch);
      this.#send(stream, batch);
    }
  }

  #send(stream: MessageStream<ProduceRequest>, batch: SentBatch): void {
    this.#correlationId += 1;
    this.#inFlight.set(this.#correlationId, batch);
    const records = Buffer.from(batch.bytes);
    stream.send({
      correlationId: this.#correlationId,
      topic,
      partition: 0,
      acks: "all",
      leaderEpoch: undefined,
      records,
    });
  }

  #answered(
    stream: MessageStream<ProduceRequest>,
    response: ProduceResponse,
    onFailed: (error: SluiceError) => void,
  ): void {
    const batch = this.#inFlight.get(response.correlationId);
    if (stream !== this.#stream || batch === undefined) return;
    this.#inFlight.delete(response.correlationId);
    if (response.error !== undefined) {
      onFailed(response.error);
      return;
    }
    if (response.duplicate) this.duplicates += 1;
    batch.offset ??= response.baseOffset;
    expect(response.baseOffset, "the same batch was answered with two offsets").toBe(batch.offset);
    this.#sendMore(stream);
  }
}

async function readLog(port: number): Promise<Map<number, string>> {
  const connection = new GrpcTransport().connect({ host: "127.0.0.1", port });
  const found = new Map<number, string>();
  let highWatermark = Number.POSITIVE_INFINITY;
  let fetchOffset = 0;
  while (fetchOffset < highWatermark) {
    const response = await new Promise<{ records: Buffer; highWatermark: number }>((resolve, reject) => {
      const stream = connection.open(logService.fetch, {
        onMessage: (answer) => (answer.error === undefined ? resolve(answer) : reject(answer.error)),
        onEnd: () => undefined,
        onError: reject,
      });
      const position = { topic, partition: 0, fetchOffset, leaderEpoch: undefined };
      stream.send({ correlationId: 1, ...position, maxBytes: 4_000_000, maxWaitMs: 0, minBytes: 1 });
      stream.end();
    });
    highWatermark = response.highWatermark;
    for (const batch of batchesIn(response.records)) {
      for (const { offset, value } of recordsIn(batch)) {
        expect(found.has(offset), `offset ${offset} is there twice`).toBe(false);
        found.set(offset, String(value));
        fetchOffset = offset + 1;
      }
    }
    if (response.records.length === 0) break;
  }
  connection.close();
  return found;
}

it("appends what is sent again after kill -9 once, and answers it as before", { timeout: 300_000 }, async () => {
  const dataDirectory = await temporaryDirectory();
  const port = await freePortRange(1);
  const env = { SLUICE_DISK_RESERVE_BYTES: "0", SLUICE_LOG_LEVEL: "warn" };
  const producers: Producer[] = [];
  for (let cycle = 0; cycle <= cycles; cycle += 1) {
    const broker = await startBrokerProcess({ dataDirectory, port, env });
    await until(async () => (await broker.page("/readyz").catch(() => undefined))?.status === 200);
    if (cycle === 0) {
      const flags = ["--partitions", "1", "--config", "segment.bytes=65536", "--brokers", broker.address];
      expect(await sluice(["topic", "create", topic, ...flags])).toMatchObject({ status: 0 });
      const connection = new GrpcTransport().connect({ host: "127.0.0.1", port });
      for (let index = 0; index < producerCount; index += 1) {
        const { producerId } = await connection.call(logService.initProducerId, {});
        producers.push(new Producer(producerId));
      }
      connection.close();
    }
    const failures: SluiceError[] = [];
    const goals = producers.map((producer) => producer.answeredCount + 20 + Math.floor(Math.random() * 60));
    for (const producer of producers) producer.start(port, (error) => failures.push(error));
    await until(() => producers.every((producer, index) => producer.answeredCount >= (goals[index] as number)));
    expect(failures).toEqual([]);
    if (cycle < cycles) {
      await broker.kill();
      continue;
    }
    for (const producer of producers) producer.stop();
    await until(() => producers.every((producer) => producer.openCount === 0));
    const log = await readLog(port);
    const sent = producers.flatMap(({ batches }) => batches);
    expect(log.size, "a record is missing, or is there twice").toBe(sent.flatMap(({ values }) => values).length);
    for (const { offset, values } of sent) {
      const found = values.map((_, index) => log.get((offset as number) + index));
      expect(found).toEqual(values);
    }
    for (const { batches } of producers) {
      const offsets = batches.map(({ offset }) => offset as number);
      expect(offsets, "batches changed places").toEqual([...offsets].sort((a, b) => a - b));
    }
    expect(producers.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBeGreaterThanOrEqual(
      cycles * producerCount,
    );
    for (const producer of producers) producer.close();
    expect(await broker.stop()).toBe(0);
  }
});
