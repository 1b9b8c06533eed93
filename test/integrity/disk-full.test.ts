/**
 * Guarantee: a full disk loses nothing. What was answered stays, what there is no room for is refused with DISK_FULL and was not
 * written, reads go on, and writing goes on by itself when there is room.
 *
 * Real brokers on a file system in memory of a few MiB.
 */

import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Sluice } from "@sluice/client";
import { isSluiceError, type SluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { startBrokerProcess } from "../support/broker-process.js";
import { freePortRange } from "../support/free-ports.js";
import { until } from "../support/program.js";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const mebibyte = 1024 * 1024;
const diskBytes = 48 * mebibyte;
const reserveBytes = 2 * mebibyte;
const env = {
  SLUICE_DISK_RESERVE_BYTES: String(reserveBytes),
  SLUICE_GROUP_OFFSETS_PARTITIONS: "2",
  SLUICE_LOG_LEVEL: "warn",
};
const whyNot = whyNoSmallDisk();
if (whyNot !== undefined) console.warn(`Tests of a full disk are skipped: ${whyNot}.`);

/** Records that were sent, by the digest of their value; what came of each. */
class Ledger {
  /** Offset of an acknowledged record, by digest. */
  readonly acknowledged = new Map<string, number>();
  readonly refused = new Map<string, SluiceError>();

  /** Sends a record that nothing else is like. */
  async send(producer: ReturnType<Sluice["producer"]>, topic: string, sizeBytes: number): Promise<void> {
    const value = randomBytes(sizeBytes);
    try {
      const [metadata] = await producer.send({ topic, messages: [{ value, partition: 0 }] });
      this.acknowledged.set(digest(value), metadata?.offset as number);
    } catch (error) {
      if (!isSluiceError(error)) throw error;
      this.refused.set(digest(value), error);
    }
  }

  /** What the log holds is what was acknowledged: all of it, at its offset, and nothing else. */
  async check(client: Sluice, topic: string): Promise<void> {
    const consumer = client.consumer();
    const found = new Map<string, number>();
    for await (const { value, offset } of consumer.read({ topic })) found.set(digest(value as Buffer), offset);
    await consumer.close();
    expect([...found].sort(byOffset)).toEqual([...this.acknowledged].sort(byOffset));
  }
}

function digest(value: Buffer): string {
  return createHash("sha256").update(value).digest("hex");
}

function byOffset([, a]: readonly [string, number], [, b]: readonly [string, number]): number {
  return a - b;
}

/** Fills the disk with records, four under way, until one is refused. */
async function fillWithRecords(client: Sluice, topic: string, ledger: Ledger): Promise<void> {
  const producer = client.producer({ acks: "all" });
  const send = async (): Promise<void> => {
    while (ledger.refused.size === 0) await ledger.send(producer, topic, 60_000);
  };
  await Promise.all([send(), send(), send(), send()]);
  await producer.close();
}

async function sendUntilTaken(client: Sluice, topic: string, ledger: Ledger): Promise<void> {
  const producer = client.producer({ acks: "all" });
  const before = ledger.acknowledged.size;
  await until(async () => {
    await ledger.send(producer, topic, 1000);
    return ledger.acknowledged.size > before;
  });
  await producer.close();
}

async function setUp() {
  const disk = SmallDisk.create(await temporaryDirectory(), diskBytes);
  const options = { dataDirectory: join(disk.path, "data"), port: await freePortRange(1), env };
  const broker = await startBrokerProcess(options);
  const client = new Sluice({ brokers: broker.address, retry: { retries: 0 }, requestTimeoutMs: 5000 });
  const configEntries = [{ name: "segment.bytes", value: 4 * mebibyte }];
  const topics = ["kept", "spare"].map((topic) => ({ topic, numPartitions: 1, configEntries }));
  await client.admin().createTopics({ topics });
  await until(async () => (await broker.page("/readyz")).status === 200);
  return { disk, broker, client, options };
}

describe.skipIf(whyNot !== undefined)("a broker on a full disk", () => {
  it("loses nothing, says what is wrong, and goes on when another topic is deleted", { timeout: 120_000 }, async () => {
    const { broker, client, options } = await setUp();
    const spare = new Ledger();
    const producer = client.producer();
    while (spare.acknowledged.size < 200) await spare.send(producer, "spare", 60_000);
    await producer.close();
    expect(spare.refused.size).toBe(0);

    const kept = new Ledger();
    await fillWithRecords(client, "kept", kept);
    for (const error of kept.refused.values()) {
      expect(error).toMatchObject({ code: "DISK_FULL", retriable: true });
      expect(error.hint).toContain("Free some space");
    }
    await kept.check(client, "kept");

    const ready = await broker.page("/readyz");
    expect(ready.status).toBe(503);
    expect(ready.body).toContain("full");
    expect((await broker.page("/healthz")).status).toBe(200);
    expect(await broker.metric("sluice_disk_full")).toBe(1);

    await client.admin().deleteTopics({ topics: ["spare"] });
    await sendUntilTaken(client, "kept", kept);
    await kept.check(client, "kept");
    await until(async () => (await broker.page("/readyz")).status === 200);

    await broker.kill();
    await client.close();
    const again = await startBrokerProcess(options);
    const other = new Sluice({ brokers: again.address });
    await kept.check(other, "kept");
    await other.close();
    expect(await again.stop()).toBe(0);
  });

  it("refuses commits with an error that can be told, and takes them when there is room", {
    timeout: 120_000,
  }, async () => {
    const { disk, broker, client } = await setUp();
    const ledger = new Ledger();
    const producer = client.producer();
    await ledger.send(producer, "kept", 100);
    const commit = (offset: number) =>
      client.admin().setOffsets({ groupId: "g", topic: "kept", partitions: [{ partition: 0, offset }] });
    await commit(0);
    const filler = disk.fill();
    await ledger.send(producer, "kept", 60_000);
    await producer.close();
    expect([...ledger.refused.values()].map(({ code }) => code)).toEqual(["DISK_FULL"]);

    const errors: SluiceError[] = [];
    for (let attempt = 0; attempt < 3; attempt++)
      await commit(1).catch((error: unknown) => errors.push(error as SluiceError));
    expect(errors.map(({ code }) => code)).toEqual(["DISK_FULL", "DISK_FULL", "DISK_FULL"]);
    expect((await broker.page("/healthz")).status).toBe(200);
    await ledger.check(client, "kept");

    rmSync(filler);
    await until(async () => {
      return await commit(1).then(
        () => true,
        () => false,
      );
    });
    const [committed] = await client.admin().fetchOffsets({ groupId: "g", topics: ["kept"] });
    expect(committed?.partitions[0]?.offset).toBe(1);
    await sendUntilTaken(client, "kept", ledger);
    await client.close();
  });

  it("starts on a full disk, serves reads, and takes records when there is room", { timeout: 120_000 }, async () => {
    const { disk, broker, client, options } = await setUp();
    const ledger = new Ledger();
    const producer = client.producer();
    while (ledger.acknowledged.size < 50) await ledger.send(producer, "kept", 60_000);
    await producer.close();
    await broker.kill();
    await client.close();
    const filler = disk.fill();

    const again = await startBrokerProcess(options);
    const other = new Sluice({ brokers: again.address, retry: { retries: 0 }, requestTimeoutMs: 5000 });
    await ledger.check(other, "kept");
    await until(async () => (await again.page("/readyz")).body.includes("full"));
    const refusing = other.producer();
    await ledger.send(refusing, "kept", 60_000);
    await refusing.close();
    expect([...ledger.refused.values()].map(({ code }) => code)).toEqual(["DISK_FULL"]);

    rmSync(filler);
    await sendUntilTaken(other, "kept", ledger);
    await ledger.check(other, "kept");
    await other.close();
    expect(await again.stop()).toBe(0);
  });
});
