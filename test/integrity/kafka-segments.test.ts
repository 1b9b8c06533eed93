/**
 * Segments that a Kafka broker wrote (test/interop/kafka-segments): every codec, plain, idempotent and transactional producers.
 * Every batch is whole and verifies, the records are those that Kafka's own consumer read, and a log opens them as its own.
 */

import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LogDirectory, NodeFileSystem, type PartitionLog, verifyLogDirectory } from "@sluice/log";
import { leaderEpoch, offset, type TopicConfig, topicConfigTable, topicId, topicName } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import {
  batchesIn,
  prepareCompression,
  type RecordView,
  readBatchHeader,
  readControlRecord,
  recordsIn,
  verifyBatchChecksum,
} from "@sluice/record";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.js";

interface ConsumedRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
}

const directory = join(import.meta.dirname, "../interop/kafka-segments");
const segments = readdirSync(join(directory, "segments-0"))
  .filter((name) => name.endsWith(".log"))
  .sort()
  .map((name) => ({ baseOffset: Number(name.slice(0, -4)), bytes: readFileSync(join(directory, "segments-0", name)) }));
const batches = segments.flatMap(({ bytes }) => [...batchesIn(bytes)]);
const headers = batches.map((batch) => readBatchHeader(batch));
const consumed = readFileSync(join(directory, "records.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as ConsumedRecord);

const base64 = (bytes: Buffer | null): string | null => bytes?.toString("base64") ?? null;
const plain = (record: RecordView): ConsumedRecord => ({
  offset: record.offset,
  timestampMs: record.timestampMs,
  key: base64(record.key),
  value: base64(record.value),
  headers: record.headers.map(({ key, value }) => ({ key, value: base64(value) })),
});

beforeAll(prepareCompression);

describe("segments that Kafka wrote", () => {
  it("are whole batches that follow each other without a gap, each with a good checksum", () => {
    let nextOffset = 0;
    for (const { baseOffset, bytes } of segments) {
      expect(baseOffset).toBe(nextOffset);
      const own = [...batchesIn(bytes)];
      expect(own.reduce((sum, batch) => sum + batch.length, 0)).toBe(bytes.length);
      for (const batch of own) {
        expect(readBatchHeader(batch)).toMatchObject({ baseOffset: nextOffset, leaderEpoch: 0 });
        expect(verifyBatchChecksum(batch, 0, batch.length)).toBe(true);
        nextOffset = readBatchHeader(batch).lastOffset + 1;
      }
    }
    expect(segments).toHaveLength(4);
  });

  it("were written with every codec by every kind of producer", () => {
    const kinds = headers
      .filter(({ isControl }) => !isControl)
      .map(({ compression, producerId, isTransactional }) => {
        if (isTransactional) return `transactional ${compression}`;
        return producerId < 0 ? `plain ${compression}` : `idempotent ${compression}`;
      });
    expect(new Set(kinds).size).toBe(15);
  });

  it("hold the records that Kafka's consumer reads", () => {
    const records = batches
      .filter((batch) => !readBatchHeader(batch).isControl)
      .flatMap((batch) => Array.from(recordsIn(batch), plain));
    expect(records).toHaveLength(450);
    expect(records).toEqual(consumed);
  });

  it("hold the markers of ten committed and five aborted transactions", () => {
    const markers = batches
      .filter((batch) => readBatchHeader(batch).isControl)
      .flatMap((batch) => Array.from(recordsIn(batch), readControlRecord));
    expect(markers.map(({ type }) => type)).toEqual(
      Array.from({ length: 5 }, () => ["commit", "abort", "commit"] as const).flat(),
    );
    for (const { coordinatorEpoch } of markers) expect(coordinatorEpoch).toBe(0);
  });
});

const fileSystem = new NodeFileSystem();
const name = { topicId: topicId("616f5819-4846-43c8-b5f1-59d95fdee5d0"), partition: 0 };
const defaults = Object.fromEntries(Object.entries(topicConfigTable).map(([key, { default: value }]) => [key, value]));
const endOffset = (headers.at(-1)?.lastOffset ?? -1) + 1;

/** The data directory of a broker of ours in which Kafka's files lie as a partition. */
async function dataDirectoryOfKafkasFiles(): Promise<{ path: string; partition: string }> {
  const path = join(await temporaryDirectory(), "broker-1");
  await (await openDirectory(path)).close();
  const partition = join(path, `${name.topicId}-0`);
  await mkdir(partition);
  await cp(join(directory, "segments-0"), partition, { recursive: true });
  return { path, partition };
}

function openDirectory(path: string): Promise<LogDirectory> {
  const dependencies = { fileSystem, clock: new NodeClock(), random: new NodeRandom() };
  return LogDirectory.open({ path, brokerId: 1, clusterId: "c" }, dependencies);
}

function openPartition(of: LogDirectory): Promise<PartitionLog> {
  const config = defaults as unknown as TopicConfig;
  return of.openPartition({ ...name, topic: topicName("segments"), config });
}

async function doubtsOf(path: string): Promise<string[]> {
  const findings = await verifyLogDirectory(fileSystem, path);
  return findings.filter(({ status }) => status !== "ok").map((each) => each.path.slice(path.length + 1));
}

async function expectKafkasLog(log: PartitionLog): Promise<void> {
  expect([log.logStartOffset, log.logEndOffset, log.latestEpoch]).toEqual([0, endOffset, 0]);
  await expectKafkasBatches(log);
  expect(log.endOffsetOfEpoch(leaderEpoch(0))).toEqual({ epoch: 0, endOffset });
  expect(log.endOffsetOfEpoch(leaderEpoch(1))).toBe(undefined);
  expect(log.firstOpenTransactionOffset).toBe(undefined);
  await expectExactTimestamps(log);
  expectRememberedProducers(log);
}

async function expectKafkasBatches(log: PartitionLog): Promise<void> {
  const read: Buffer[] = [];
  for (let from = 0; from < endOffset; from = readBatchHeader(read.at(-1) ?? Buffer.alloc(0)).lastOffset + 1) {
    const bytes = await log.read(offset(from), { upToOffset: offset(endOffset), sizeBytesMax: 3000 });
    read.push(...batchesIn(bytes));
  }
  expect(read).toEqual(batches);
}

/** The first record at or after each time of a record, by offset: what a walk over all records finds. */
async function expectExactTimestamps(log: PartitionLog): Promise<void> {
  const records = batches.flatMap((batch) =>
    Array.from(recordsIn(batch), ({ offset: at, timestampMs }) => ({ at, timestampMs })),
  );
  const times = [...new Set(records.map(({ timestampMs }) => timestampMs))].filter((_, index) => index % 7 === 0);
  expect(times.length).toBeGreaterThan(50);
  for (const timestampMs of [0, ...times, Math.max(...times) + 86_400_000]) {
    const first = records.find((record) => record.timestampMs >= timestampMs);
    const expected = first && { offset: first.at, timestampMs: first.timestampMs };
    expect(await log.offsetForTimestamp(timestampMs, offset(endOffset))).toEqual(expected);
  }
}

/** A retry of what an idempotent producer sent last is known as one, and what it would send next is taken. */
function expectRememberedProducers(log: PartitionLog): void {
  const idempotent = headers.filter(({ producerId, isTransactional }) => producerId >= 0 && !isTransactional);
  const lastOf = new Map(idempotent.map((header) => [header.producerId, header]));
  expect(lastOf.size).toBe(5);
  for (const header of lastOf.values()) {
    const { baseOffset, lastOffset, maxTimestampMs: timestampMs, baseSequence, lastOffsetDelta } = header;
    expect(log.checkProducer(header)).toEqual({ type: "duplicate", baseOffset, lastOffset, timestampMs });
    const next = { ...header, baseSequence: baseSequence + lastOffsetDelta + 1 };
    expect(log.checkProducer(next)).toEqual({ type: "append" });
    expect(log.checkProducer({ ...next, baseSequence: next.baseSequence + 1 })).toMatchObject({
      error: { code: "OUT_OF_ORDER_SEQUENCE" },
    });
  }
}

describe("a data directory with segments that Kafka wrote", () => {
  it("verifies, but for partition.metadata, which names no topic", async () => {
    const { path, partition } = await dataDirectoryOfKafkasFiles();
    expect(await doubtsOf(path)).toEqual([`${name.topicId}-0/partition.metadata`]);
    expect(await doubtsOf(partition)).toEqual(["partition.metadata"]);
  });

  it("opens without a clean stop and after one, with every batch, time, epoch and producer, and verifies then", async () => {
    const { path } = await dataDirectoryOfKafkasFiles();
    const first = await openDirectory(path);
    await expectKafkasLog(await openPartition(first));
    await first.close();
    expect(await doubtsOf(path)).toEqual([]);
    const second = await openDirectory(path);
    expect(second.wasClean).toBe(true);
    await expectKafkasLog(await openPartition(second));
    await second.close();
    expect(await doubtsOf(path)).toEqual([]);
  });

  it("is appended to", async () => {
    const { path } = await dataDirectoryOfKafkasFiles();
    const opened = await openDirectory(path);
    const log = await openPartition(opened);
    const again = Buffer.from(batches[0] ?? "");
    expect(log.append(again, leaderEpoch(1))).toMatchObject({ baseOffset: endOffset });
    await log.flush();
    await opened.close();
    expect(await doubtsOf(path)).toEqual([]);
  });
});
