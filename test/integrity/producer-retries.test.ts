/**
 * Guarantee: everything that an idempotent producer sends is in the log once and in order, though its connections are cut at
 * any byte and its broker dies with kill -9, as long as that is over before `deliveryTimeoutMs`.
 *
 *     producer -> proxy, which cuts every connection again and again -> broker, killed and started again on its directory
 */

import { createServer, connect as openSocket, type Socket } from "node:net";
import { type RecordMetadata, Sluice } from "@sluice/client";
import { expect, it, onTestFinished } from "vitest";
import { startBrokerProcess } from "../support/broker-process.js";
import { freePortRange } from "../support/free-ports.js";
import { until } from "../support/program.js";
import { propertyRuns } from "../support/property-runs.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const kills = propertyRuns({ usual: 3, long: 20 });
const cutsEachLife = 8;
const partitions = 2;
const sendsUnderWay = 24;
const topic = "retried";

interface Proxy {
  readonly port: number;
  cut(): void;
}

async function startProxy(brokerPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = openSocket(brokerPort, "127.0.0.1");
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(one);
      one
        .on("error", () => other.destroy())
        .on("close", () => {
          sockets.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { port, cut };
}

it("writes every record once and in order over cut connections and kill -9", { timeout: 300_000 }, async () => {
  const dataDirectory = await temporaryDirectory();
  const port = await freePortRange(1);
  const env = { SLUICE_DISK_RESERVE_BYTES: "0", SLUICE_LOG_LEVEL: "warn" };
  const start = async () => {
    const started = await startBrokerProcess({ dataDirectory, port, env });
    await until(async () => (await started.page("/readyz").catch(() => undefined))?.status === 200);
    return started;
  };
  let broker = await start();
  const proxy = await startProxy(port);
  const retry = { initialRetryTime: 5, maxRetryTime: 100 };
  const client = new Sluice({
    brokers: `127.0.0.1:${proxy.port}`,
    addressMap: () => ({ host: "127.0.0.1", port: proxy.port }),
    retry,
  });
  onTestFinished(() => client.close({ timeoutMs: 0 }));
  await client.admin().createTopics({ topics: [{ topic, numPartitions: partitions }] });

  const producer = client.producer({ deliveryTimeoutMs: 120_000, batchBytes: 500 });
  const answers: { readonly text: string; readonly metadata: RecordMetadata }[] = [];
  const failures: unknown[] = [];
  const sent = Array.from({ length: partitions }, (): string[] => []);
  let isOver = false;
  const lane = async (partition: number): Promise<void> => {
    while (!isOver && failures.length === 0) {
      const own = sent[partition] as string[];
      const text = `${partition}-${own.length}-${"x".repeat(own.length % 300)}`;
      own.push(text);
      const [metadata] = await producer.send({ topic, messages: [{ value: text, partition }] });
      answers.push({ text, metadata: metadata as RecordMetadata });
    }
  };
  const lanes = Array.from({ length: sendsUnderWay }, (_, index) =>
    lane(index % partitions).catch((error: unknown) => failures.push(error)),
  );
  for (let life = 0; life <= kills; life++) {
    for (let cutNumber = 0; cutNumber < cutsEachLife; cutNumber++) {
      const goal = answers.length + 20 + Math.floor(Math.random() * 100);
      await until(() => answers.length >= goal || failures.length > 0);
      proxy.cut();
    }
    if (life === kills) break;
    await broker.kill();
    broker = await start();
  }
  isOver = true;
  await Promise.all(lanes);
  expect(failures).toEqual([]);

  const consumer = client.consumer();
  for (let partition = 0; partition < partitions; partition++) {
    const log: string[] = [];
    for await (const message of consumer.read({ topic, partition, from: "earliest" })) log.push(String(message.value));
    expect(log).toEqual(sent[partition]);
    for (const { text, metadata } of answers)
      if (metadata.partition === partition) expect(log[metadata.offset]).toBe(text);
  }
  // Otherwise nothing was cut at a moment that matters.
  expect(answers.filter(({ metadata }) => metadata.duplicate === true).length).toBeGreaterThan(0);
  await client.close();
  expect(await broker.stop()).toBe(0);
});
