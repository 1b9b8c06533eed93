/**
 * Guarantee: of every key of a compacted topic the last record stays, and who reads while it is compacted sees offsets that only
 * grow and no error. A real broker in a process of its own, which compacts in its worker thread, with small segments.
 */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Sluice } from "@sluice/client";
import { formatTopicValue, parseTopicValue, topicKey } from "@sluice/cluster";
import { FileClusterStore } from "@sluice/coordination";
import { NodeFileSystem } from "@sluice/log";
import { groupOffsetsTopic } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
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
const topic = "state";
const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);

interface Place {
  readonly broker: BrokerProcess;
  readonly client: Sluice;
  readonly dataDirectory: string;
  readonly port: number;
}

async function setUp(): Promise<Place> {
  const dataDirectory = await temporaryDirectory();
  const port = await freePortRange(1);
  const broker = await startBrokerProcess({ dataDirectory, port, env });
  const configs = [
    "cleanup.policy=compact",
    "segment.bytes=16384",
    "min.cleanable.dirty.ratio=0.1",
    "delete.retention.ms=0",
    "file.delete.delay.ms=0",
    "flush=os",
  ];
  const flags = configs.flatMap((config) => ["--config", config]);
  const args = ["topic", "create", topic, "--partitions", "1", ...flags, "--brokers", broker.address];
  expect(await sluice(args)).toMatchObject({ status: 0 });
  return { broker, client: new Sluice({ brokers: broker.address }), dataDirectory, port };
}

/** What a topic says of its keys when it is read from end to end; a key with a tombstone has no value. */
async function readState(client: Sluice): Promise<{ state: Map<string, string>; offsets: number[] }> {
  const state = new Map<string, string>();
  const offsets: number[] = [];
  const consumer = client.consumer();
  for await (const { key, value, offset } of consumer.read({ topic })) {
    offsets.push(offset);
    if (value === null) state.delete(String(key));
    else state.set(String(key), String(value));
  }
  await consumer.close();
  return { state, offsets };
}

function expectGrowing(offsets: readonly number[]): void {
  const isGrowing = offsets.every((offset, index) => index === 0 || offset > (offsets[index - 1] as number));
  expect(isGrowing, "offsets do not only grow").toBe(true);
}

/** Gives the topic of the groups, in a store that nobody has open, segments so small that a test fills many. */
async function makeOffsetsSegmentsSmall(dataDirectory: string): Promise<void> {
  const ports = { fileSystem: new NodeFileSystem(), clock: new NodeClock(), random: new NodeRandom() };
  const store = await FileClusterStore.open({ path: join(dataDirectory, "cluster-store") }, ports);
  const key = topicKey(groupOffsetsTopic);
  const entry = await store.get(key);
  const topicValue = parseTopicValue(key, entry?.value as string);
  const small = { "segment.bytes": "8192", "min.cleanable.dirty.ratio": "0.1", "delete.retention.ms": "0" };
  const value = formatTopicValue({ ...topicValue, configs: { ...topicValue.configs, ...small } });
  await store.transact([], [{ type: "put", key, value }]);
  await store.close();
}

/** Bytes of the segments of the partition directory that has most. */
function logBytes(dataDirectory: string): number {
  const broker = join(dataDirectory, "broker-1");
  const sizes = new Map<string, number>();
  for (const name of readdirSync(broker, { recursive: true, encoding: "utf8" })) {
    const found = /^(?<directory>.*)\/\d{20}\.log$/u.exec(name);
    if (found === null) continue;
    const directory = found.groups?.directory as string;
    const sizeBytes = statSync(join(broker, name), { throwIfNoEntry: false })?.size ?? 0;
    sizes.set(directory, (sizes.get(directory) ?? 0) + sizeBytes);
  }
  return Math.max(...sizes.values());
}

/** Keeps on writing random keys, in batches of up to 10, until it is told to stop; returns the state that it wrote. */
function produceUpdates(client: Sluice): { readonly count: () => number; stop(): Promise<Map<string, string>> } {
  const written = new Map<string, string>();
  let count = 0;
  let isStopping = false;
  const done = (async () => {
    const producer = client.producer();
    while (!isStopping) {
      const messages = Array.from({ length: 1 + (count % 10) }, () => {
        const number = count++;
        const key = keys[Math.floor(Math.random() * keys.length)] as string;
        // Now and then a key goes.
        const value = number % 17 === 0 ? null : `${number}-${"v".repeat(80)}`;
        if (value === null) written.delete(key);
        else written.set(key, value);
        return { key, value, partition: 0 };
      });
      await producer.send({ topic, messages });
    }
    await producer.close();
  })();
  return {
    count: () => count,
    stop: async () => {
      isStopping = true;
      await done;
      return written;
    },
  };
}

describe("compaction in a live broker", () => {
  it("keeps the last value of every key while it is written and read, and over kill -9", {
    timeout: 120_000,
  }, async () => {
    const { broker, client, dataDirectory, port } = await setUp();
    const following = new AbortController();
    const seen: number[] = [];
    const follower = client.consumer();
    const followed = (async () => {
      for await (const { offset } of follower.read({ topic, follow: true, signal: following.signal }))
        seen.push(offset);
    })().catch((error: unknown) => error);

    const updates = produceUpdates(client);
    // Readers that begin in the middle, again and again, all the time.
    let passes = 0;
    while (updates.count() < 8000 || passes < 10) {
      const { offsets } = await readState(client);
      expectGrowing(offsets);
      passes += 1;
    }
    const written = await updates.stop();
    const total = updates.count();
    await until(() => seen.at(-1) === total - 1);
    following.abort();
    expect(await followed).toMatchObject({ code: "CANCELLED" });
    expectGrowing(seen);

    await until(async () => (await readState(client)).offsets.length < total / 10);
    const { state, offsets } = await readState(client);
    expect(state).toEqual(written);
    expect(offsets.at(-1)).toBe(total - 1);

    await broker.kill();
    await client.close();
    const again = await startBrokerProcess({ dataDirectory, port, env });
    const other = new Sluice({ brokers: again.address });
    expect((await readState(other)).state).toEqual(written);
    const [place] = await other.admin().fetchTopicOffsets(topic);
    expect(place).toMatchObject({ low: 0, high: total });
    await other.close();
    expect(await again.stop()).toBe(0);
  });

  it("a reader gets on from every offset, in a gap or not, with every kind of end", { timeout: 120_000 }, async () => {
    const { client } = await setUp();
    const updates = produceUpdates(client);
    await until(() => updates.count() > 1500);
    await updates.stop();
    const total = updates.count();
    await until(async () => (await readState(client)).offsets.length < total / 5);
    const atFirst = (await readState(client)).offsets;
    const step = 13;
    const ranges = Array.from({ length: Math.ceil(total / step) }, (_, index) => [index * step, (index + 3) * step]);
    const consumer = client.consumer({ maxBytesPerPartition: 1 });
    const read = [];
    for (const [from, to] of ranges) {
      const offsets: number[] = [];
      for await (const { offset } of consumer.read({ topic, from, to })) offsets.push(offset);
      read.push(offsets);
    }
    // A last compaction may have come in between: then what was read is between what was there first and last.
    const atLast = (await readState(client)).offsets;
    for (const [index, [from = 0, to = 0]] of ranges.entries()) {
      const within = (offsets: readonly number[]) => offsets.filter((offset) => offset >= from && offset < to);
      expectGrowing(read[index] as number[]);
      expect(within(atFirst)).toEqual(expect.arrayContaining(read[index] as number[]));
      expect(read[index]).toEqual(expect.arrayContaining(within(atLast)));
    }
    await client.close();
  });

  it("a group in a gap goes on behind it, and has no lag at the end", { timeout: 120_000 }, async () => {
    const { client, broker } = await setUp();
    const updates = produceUpdates(client);
    await until(() => updates.count() > 2000);
    await updates.stop();
    const total = updates.count();
    await until(async () => (await readState(client)).offsets.length < total / 5);
    const { offsets } = await readState(client);
    const inGap = Array.from({ length: total }, (_, offset) => offset).find(
      (offset) => offset > total / 4 && !offsets.includes(offset),
    ) as number;
    const groupId = "readers";
    await client.admin().setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: inGap }] });
    const consumer = client.consumer({ groupId });
    await consumer.subscribe({ topics: [topic] });
    const seen: number[] = [];
    await consumer.run({ eachMessage: ({ message }) => void seen.push(message.offset) });
    await until(() => seen.at(-1) === total - 1);
    await consumer.close();
    expectGrowing(seen);
    expect(seen[0]).toBeGreaterThan(inGap);
    const described = await sluice(["group", "describe", groupId, "--brokers", broker.address]);
    expect(described).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(new RegExp(` ${total} +${total} +0\\b`, "u")),
    });
    const [committed] = await client.admin().fetchOffsets({ groupId, topics: [topic] });
    expect(committed?.partitions[0]?.offset).toBe(total);
    await client.close();
  });

  it("refuses records without a key, and says why", async () => {
    const { client } = await setUp();
    const producer = client.producer();
    const send = producer.send({ topic, messages: [{ value: "no key", partition: 0 }] });
    await expect(send).rejects.toMatchObject({
      code: "INVALID_RECORD_BATCH",
      retriable: false,
      message: expect.stringMatching(/has no key.*cleanup\.policy=compact/u),
    });
    // The producer goes on.
    await producer.send({ topic, messages: [{ key: "k", value: "with one", partition: 0 }] });
    expect((await readState(client)).state).toEqual(new Map([["k", "with one"]]));
    await client.close();
  });

  it("shrinks the committed offsets of groups, which all are there after kill -9", { timeout: 120_000 }, async () => {
    const { broker, client, dataDirectory, port } = await setUp();
    await client.admin().setOffsets({ groupId: "group-0", topic, partitions: [{ partition: 0, offset: 0 }] });
    expect(await broker.stop()).toBe(0);
    await makeOffsetsSegmentsSmall(dataDirectory);
    const small = await startBrokerProcess({ dataDirectory, port, env });
    await client.producer().send({ topic, messages: [{ key: "k", value: "v", partition: 0 }] });

    const rounds = 400;
    const groups = Array.from({ length: 8 }, (_, index) => `group-${index}`);
    const commitAll = (offset: number) =>
      Promise.all(
        groups.map((groupId) => client.admin().setOffsets({ groupId, topic, partitions: [{ partition: 0, offset }] })),
      );
    await commitAll(0);
    for (let round = 0; round < rounds; round++) await commitAll(round % 2);
    await commitAll(1);
    await client.admin().deleteGroups(["group-7"]);
    // Each commit is a batch of more than 100 bytes.
    await until(() => logBytes(dataDirectory) < rounds * groups.length * 20);

    await small.kill();
    const again = await startBrokerProcess({ dataDirectory, port, env });
    const expected = groups.slice(0, -1).map((groupId) => [groupId, 1]);
    const found = await Promise.all(
      groups.map(async (groupId) => {
        const [offsets] = await client.admin().fetchOffsets({ groupId, topics: [topic] });
        return [groupId, offsets?.partitions[0]?.offset];
      }),
    );
    expect(found).toEqual([...expected, ["group-7", -1]]);
    await client.close();
    expect(await again.stop()).toBe(0);
  });
});
