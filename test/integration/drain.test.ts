/**
 * A broker that is asked to stop: says so at once, finishes what was begun within its grace, leaves its logs clean, and exits with
 * 0. A second signal ends it at once.
 */

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Sluice } from "@sluice/client";
import { isSluiceError } from "@sluice/model";
import { GrpcTransport, healthService, logService, recordsService } from "@sluice/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BrokerProcess, startBrokerProcess } from "../support/broker-process.js";
import { freePortRange } from "../support/free-ports.js";
import { until } from "../support/program.js";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.js";
import { temporaryDirectory } from "../support/temporary-directory.js";
import { openUnreadStream } from "../support/unread-stream.js";

async function start(over: { env?: Record<string, string>; dataDirectory?: string } = {}) {
  const dataDirectory = over.dataDirectory ?? (await temporaryDirectory());
  const env = { SLUICE_GROUP_OFFSETS_PARTITIONS: "2", ...over.env };
  const options = { dataDirectory, port: await freePortRange(1), env };
  const broker = await startBrokerProcess(options);
  await until(async () => (await broker.page("/readyz")).status === 200);
  return { broker, options };
}

function clientOf(broker: BrokerProcess): Sluice {
  const client = new Sluice({ brokers: broker.address, retry: { retries: 0 }, requestTimeoutMs: 5000 });
  onTestFinished(() => client.close({ timeoutMs: 0 }));
  return client;
}

async function createTopic(broker: BrokerProcess, topic: string): Promise<void> {
  await clientOf(broker)
    .admin()
    .createTopics({ topics: [{ topic, numPartitions: 1 }] });
}

/** Keeps a drain under way: a stream whose client asks for far more than it reads. */
async function openStuckFetch(broker: BrokerProcess): Promise<void> {
  const producer = clientOf(broker).producer();
  for (let count = 0; count < 40; count += 1) {
    await producer.send({ topic: "stuck", messages: [{ value: Buffer.alloc(100_000, count) }] });
  }
  const requests = [0, 1, 2, 3].map((correlationId) => {
    const position = { topic: "stuck", partition: 0, fetchOffset: 0, leaderEpoch: undefined };
    return logService.fetch.request.encode({
      correlationId,
      ...position,
      maxBytes: 3_000_000,
      maxWaitMs: 0,
      minBytes: 1,
    });
  });
  openUnreadStream(broker, logService.fetch.path, requests);
  await until(async () => (await broker.metric("sluice_fetch_bytes_total")) > 3_000_000);
}

describe("SIGTERM", () => {
  it("under load: nothing acknowledged is lost, the logs are marked clean, and the exit code is 0", async () => {
    const { broker, options } = await start();
    await createTopic(broker, "orders");
    const acknowledged = new Set<string>();
    const producer = clientOf(broker).producer();
    let isOver = false;
    const send = async (sender: number): Promise<void> => {
      for (let count = 0; !isOver; count += 1) {
        const value = `${sender}-${count}`;
        try {
          await producer.send({ topic: "orders", messages: [{ value }] });
          acknowledged.add(value);
        } catch (error) {
          if (!isSluiceError(error)) throw error;
          return;
        }
      }
    };
    const senders = Array.from({ length: 20 }, (_, sender) => send(sender));
    await until(() => acknowledged.size > 500);
    expect(await broker.stop()).toBe(0);
    isOver = true;
    await producer.close({ timeoutMs: 0 }).catch(() => undefined);
    await Promise.all(senders);

    const again = await startBrokerProcess(options);
    expect(again.log()).toMatch(/"wasClean":true.*log directory opened/);
    const found = new Set<string>();
    const consumer = clientOf(again).consumer();
    for await (const { value } of consumer.read({ topic: "orders" })) found.add(String(value));
    await consumer.close();
    expect([...acknowledged].filter((value) => !found.has(value))).toEqual([]);
    expect(await again.stop()).toBe(0);
  });

  it("is seen at once in /readyz and in gRPC health, while clients have their grace", async () => {
    const { broker } = await start({ env: { SLUICE_STOP_GRACE_MS: "3000" } });
    await createTopic(broker, "stuck");
    const statuses: string[] = [];
    const [host = "", port = ""] = broker.address.split(":");
    const connection = new GrpcTransport().connect({ host, port: Number(port) });
    onTestFinished(() => connection.close());
    const watch = connection.open(healthService.watch, {
      onMessage: ({ status }) => void statuses.push(status),
      onEnd: () => {},
      onError: () => {},
    });
    watch.send({ service: "" });
    await until(() => statuses.length > 0);
    await openStuckFetch(broker);

    broker.signal("SIGTERM");
    await until(async () => (await broker.page("/readyz")).status === 503);
    const { body } = await broker.page("/readyz");
    expect(JSON.parse(body)).toEqual({ status: "draining", problems: ["the broker is stopping"] });
    expect((await broker.page("/healthz")).status).toBe(200);
    await until(() => statuses.length > 1);
    expect(statuses).toEqual(["SERVING", "NOT_SERVING"]);
    expect(await broker.exitCode).toBe(0);
    expect(broker.log()).toContain("broker stopped");
  });

  it("ends streams with BROKER_STOPPING, in band where a request waits for its answer", async () => {
    const { broker } = await start();
    await createTopic(broker, "orders");
    const [host = "", port = ""] = broker.address.split(":");
    const connection = new GrpcTransport().connect({ host, port: Number(port) });
    onTestFinished(() => connection.close());
    const heard: (string | undefined)[] = [];
    const parked = new Promise<void>((resolve) => {
      const fetch = connection.open(logService.fetch, {
        onMessage: ({ error }) => void heard.push(error?.code),
        onEnd: resolve,
        onError: ({ code }) => resolve(void heard.push(`broken: ${code}`)),
      });
      const position = { topic: "orders", partition: 0, fetchOffset: 0, leaderEpoch: undefined };
      fetch.send({ correlationId: 1, ...position, maxBytes: 1000, maxWaitMs: 600_000, minBytes: 1 });
    });
    const subscribed = new Promise<string>((resolve) => {
      const subscribe = connection.open(recordsService.subscribe, {
        onMessage: () => {},
        onEnd: () => resolve("ended"),
        onError: ({ code }) => resolve(code),
      });
      subscribe.send({ topic: "orders", partition: 0, countMax: 0, follow: true });
    });
    await until(async () => (await broker.metric("sluice_parked_fetches")) === 2);
    broker.signal("SIGTERM");
    await parked;
    expect(heard).toEqual(["BROKER_STOPPING"]);
    expect(await subscribed).toBe("BROKER_STOPPING");
    expect(await broker.exitCode).toBe(0);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("and then %s ends it at once, with %i", async (second, code) => {
    const { broker } = await start({ env: { SLUICE_STOP_GRACE_MS: "60000" } });
    await createTopic(broker, "stuck");
    await openStuckFetch(broker);
    broker.signal("SIGTERM");
    await until(async () => (await broker.page("/readyz")).status === 503);
    broker.signal(second);
    expect(await broker.exitCode).toBe(code);
  });
});

const whyNot = whyNoSmallDisk();
if (whyNot !== undefined) console.warn(`The test of SIGTERM on a full disk is skipped: ${whyNot}.`);

describe.skipIf(whyNot !== undefined)("SIGTERM on a full disk", () => {
  it("exits with 0: everything acknowledged is on disk, and is there at the next start", async () => {
    const mebibyte = 1024 * 1024;
    const disk = SmallDisk.create(await temporaryDirectory(), 32 * mebibyte);
    const { broker, options } = await start({
      dataDirectory: join(disk.path, "data"),
      env: { SLUICE_DISK_RESERVE_BYTES: "0" },
    });
    await createTopic(broker, "orders");
    const producer = clientOf(broker).producer();
    const acknowledged: number[] = [];
    const send = async (): Promise<unknown> => {
      const [sent] = await producer.send({ topic: "orders", messages: [{ value: Buffer.alloc(10_000, 7) }] });
      return acknowledged.push(sent?.offset as number);
    };
    for (let count = 0; count < 20; count += 1) await send();
    const filler = join(disk.path, "filler");
    fillWithFile(filler);
    await expect(send()).rejects.toMatchObject({ code: "DISK_FULL" });
    expect((await broker.page("/readyz")).status).toBe(503);

    expect(await broker.stop(), broker.log()).toBe(0);
    rmSync(filler);
    const again = await startBrokerProcess(options);
    const found: number[] = [];
    const consumer = clientOf(again).consumer();
    for await (const { offset } of consumer.read({ topic: "orders" })) found.push(offset);
    await consumer.close();
    expect(found).toEqual(acknowledged);
    expect(await again.stop()).toBe(0);
  });
});

/** Takes every byte that is free. */
function fillWithFile(path: string): void {
  for (let sizeBytes = 256 * 1024; sizeBytes >= 1; ) {
    try {
      writeFileSync(path, Buffer.alloc(sizeBytes), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      sizeBytes = Math.floor(sizeBytes / 8);
    }
  }
}
