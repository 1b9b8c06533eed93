/**
 * Guarantee: retention takes whole segments that are committed, oldest first, never the one that is written, and what it took
 * stays away. A real broker in a process of its own, with small segments.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Sluice } from "@sluice/client";
import { describe, expect, it } from "vitest";
import { type BrokerProcess, startBrokerProcess } from "../support/broker-process.js";
import { freePortRange } from "../support/free-ports.js";
import { sluice, until } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const env = {
  SLUICE_RETENTION_CHECK_INTERVAL_MS: "100",
  SLUICE_DISK_RESERVE_BYTES: "0",
  SLUICE_GROUP_OFFSETS_PARTITIONS: "1",
  SLUICE_LOG_LEVEL: "warn",
};
const topic = "events";
const segmentBytes = 4096;

interface Place {
  readonly broker: BrokerProcess;
  readonly client: Sluice;
  readonly dataDirectory: string;
  readonly port: number;
}

/** A broker with the topic, made with the command line as a user would. */
async function setUp(configs: Readonly<Record<string, string | number>>): Promise<Place> {
  const dataDirectory = await temporaryDirectory();
  const port = await freePortRange(1);
  const broker = await startBrokerProcess({ dataDirectory, port, env });
  const all = { "segment.bytes": segmentBytes, ...configs };
  const flags = Object.entries(all).flatMap(([name, value]) => ["--config", `${name}=${value}`]);
  const args = ["topic", "create", topic, "--partitions", "1", ...flags, "--brokers", broker.address];
  expect(await sluice(args)).toMatchObject({ status: 0 });
  return { broker, client: new Sluice({ brokers: broker.address }), dataDirectory, port };
}

/** Values are the numbers from `from` on, each in a batch of its own. */
async function produce(client: Sluice, from: number, count: number): Promise<void> {
  const producer = client.producer();
  for (let number = from; number < from + count; number++)
    await producer.send({ topic, messages: [{ value: `${number}-${"x".repeat(300)}`, partition: 0 }] });
  await producer.close();
}

async function offsets(client: Sluice): Promise<{ low: number; high: number }> {
  const [found] = await client.admin().fetchTopicOffsets(topic);
  return { low: found?.low ?? -1, high: found?.high ?? -1 };
}

/** Values of all that can be read, as the numbers that they are. */
async function readAll(client: Sluice, from: "earliest" | number = "earliest"): Promise<number[]> {
  const consumer = client.consumer();
  const numbers: number[] = [];
  for await (const { value, offset } of consumer.read({ topic, from })) {
    const number = Number.parseInt(String(value), 10);
    expect(number).toBe(offset);
    numbers.push(number);
  }
  await consumer.close();
  return numbers;
}

/** Files of segments, of the topic and of the groups. */
function partitionFiles(dataDirectory: string): string[] {
  const broker = join(dataDirectory, "broker-1");
  const names = readdirSync(broker, { recursive: true, encoding: "utf8" });
  return names.filter((name) => /\/\d{20}\./u.test(name));
}

const numbersFrom = (low: number, high: number) => Array.from({ length: high - low }, (_, index) => low + index);

describe("retention of a live broker", () => {
  it("by bytes: takes old segments and their files, keeps what was written last, also over a restart", async () => {
    const { broker, client, dataDirectory, port } = await setUp({
      "retention.bytes": 3 * segmentBytes,
      "file.delete.delay.ms": 500,
    });
    await produce(client, 0, 100);
    // Ten records a segment: with one more gone, the rest would be smaller than three. It runs while records come, so less is not its end.
    await until(async () => (await offsets(client)).low > 60);
    const { low, high } = await offsets(client);
    expect(high).toBe(100);
    expect(await readAll(client)).toEqual(numbersFrom(low, 100));
    await until(() => !partitionFiles(dataDirectory).some((name) => name.endsWith(".deleted")));
    const bases = partitionFiles(dataDirectory)
      .filter((name) => name.endsWith(".log"))
      .map((name) => Number(/(?<base>\d{20})\.log$/u.exec(name)?.groups?.base))
      .sort((a, b) => a - b);
    // The first is the empty log of the groups.
    expect(bases.slice(0, 2)).toEqual([0, low]);

    await broker.kill();
    await client.close();
    const again = await startBrokerProcess({ dataDirectory, port, env });
    const other = new Sluice({ brokers: again.address });
    expect(await offsets(other)).toEqual({ low, high: 100 });
    expect(await readAll(other)).toEqual(numbersFrom(low, 100));
    await produce(other, 100, 5);
    expect((await readAll(other)).at(-1)).toBe(104);
    await other.close();
    expect(await again.stop()).toBe(0);
  });

  it("by age: everything goes but the offsets, which go on", async () => {
    const { broker, client } = await setUp({ "retention.ms": 500, "segment.ms": 200 });
    await produce(client, 0, 20);
    await until(async () => (await offsets(client)).low === 20);
    expect(await readAll(client)).toEqual([]);
    const producer = client.producer();
    const [sent] = await producer.send({ topic, messages: [{ value: "20", partition: 0 }] });
    expect(sent?.offset).toBe(20);
    await client.close();
    expect(await broker.stop()).toBe(0);
  });

  it("a reader below the log start is refused, or goes on where it was told to", async () => {
    const { client } = await setUp({ "retention.bytes": 2 * segmentBytes });
    await produce(client, 0, 60);
    await until(async () => (await offsets(client)).low > 30);
    await expect(readAll(client, 3)).rejects.toMatchObject({ code: "OFFSET_OUT_OF_RANGE", retriable: false });

    const { low } = await offsets(client);
    const patient = client.consumer({ onOffsetOutOfRange: "earliest" });
    await patient.assign([{ topic, partition: 0, offset: 3 }]);
    for await (const { offset } of patient) {
      expect(offset).toBe(low);
      break;
    }
    const hasty = client.consumer({ onOffsetOutOfRange: "latest" });
    const seen: number[] = [];
    // What it wants is gone, and where it goes on is behind its end.
    for await (const { offset } of hasty.read({ topic, from: 3 })) seen.push(offset);
    for await (const { offset } of patient.read({ topic, from: 3, to: 10 })) seen.push(offset);
    expect(seen).toEqual([]);
    await client.close();
  });

  it("a group that retention overtakes goes on at the log start, and its lag is told right", async () => {
    const { client } = await setUp({ "retention.bytes": 2 * segmentBytes });
    await produce(client, 0, 5);
    const groupId = "slow";
    await client.admin().setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: 2 }] });
    await produce(client, 5, 60);
    await until(async () => (await offsets(client)).low > 30);
    const { low } = await offsets(client);
    const consumer = client.consumer({ groupId, onOffsetOutOfRange: "earliest" });
    await consumer.subscribe({ topics: [topic] });
    const seen: number[] = [];
    for await (const { offset } of consumer) if (seen.push(offset) === 65 - low) break;
    expect(seen).toEqual(numbersFrom(low, 65));
    await consumer.close();
    const [committed] = await client.admin().fetchOffsets({ groupId, topics: [topic] });
    // The one in hand when the loop was left is not processed.
    expect(committed?.partitions[0]?.offset).toBe(64);
    await client.close();
  });

  it("takes segments under readers that follow, who see no error and no offset twice", async () => {
    const { client } = await setUp({ "retention.bytes": 2 * segmentBytes, "file.delete.delay.ms": 0 });
    const controller = new AbortController();
    const consumer = client.consumer({ onOffsetOutOfRange: "earliest" });
    const seen: number[] = [];
    const following = (async () => {
      for await (const { offset } of consumer.read({ topic, follow: true, signal: controller.signal }))
        seen.push(offset);
    })().catch((error: unknown) => error);
    await produce(client, 0, 200);
    await until(() => seen.at(-1) === 199);
    controller.abort();
    expect(await following).toMatchObject({ code: "CANCELLED" });
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    await client.close();
  });
});
