import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  clusterService,
  GrpcTransport,
  healthService,
  logService,
  type ProduceResponse,
  recordsService,
} from "@sluice/protocol";
import { RecordBatchBuilder } from "@sluice/record";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BrokerConfig, brokerConfig } from "./broker-config.js";
import { type LocalCluster, startLocalCluster } from "./local-cluster.js";
import { silentLogger } from "./logging.js";
import type { RunningBroker } from "./running-broker.js";
import { startBroker } from "./start-broker.js";

let dataDirectory: string;
const running: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "sluice-broker-"));
});

afterEach(async () => {
  for (const broker of running.splice(0)) await broker.close();
  await rm(dataDirectory, { recursive: true });
});

async function start(over: Partial<BrokerConfig> = {}): Promise<RunningBroker> {
  const config = brokerConfig({ dataDirectory, port: 0, stopGraceMs: 1000, ...over });
  const broker = await startBroker({ config, logger: silentLogger });
  running.push(broker);
  return broker;
}

async function startCluster(brokers: number): Promise<LocalCluster> {
  const cluster = await startLocalCluster({ brokers, dataDirectory, port: 0, logger: silentLogger });
  running.push(cluster);
  return cluster;
}

async function withConnection<Result>(
  broker: RunningBroker,
  use: (connection: ReturnType<GrpcTransport["connect"]>) => Promise<Result>,
): Promise<Result> {
  const connection = new GrpcTransport().connect({ host: broker.host, port: broker.port });
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

function createTopic(broker: RunningBroker, name: string, partitions = 1): Promise<unknown> {
  const request = { name, partitions, replicationFactor: 0, configs: [], validateOnly: false };
  return withConnection(broker, (connection) => connection.call(clusterService.createTopic, request));
}

async function publish(broker: RunningBroker, topic: string, partitionOf: number[]) {
  const records = partitionOf.map((partition, index) => ({ partition, value: Buffer.from(`v${index}`), headers: [] }));
  const { receipts } = await withConnection(broker, (connection) =>
    connection.call(recordsService.publish, { topic, records, acks: "ACKS_ALL" }),
  );
  return receipts;
}

function readAll(broker: RunningBroker, topic: string): Promise<string[]> {
  return withConnection(broker, (connection) => {
    const values: string[] = [];
    return new Promise<string[]>((resolve, reject) => {
      const stream = connection.open(recordsService.subscribe, {
        onMessage: ({ records }) => values.push(...records.map((record) => String(record.value))),
        onEnd: () => resolve(values),
        onError: reject,
      });
      stream.send({ topic, partition: 0, countMax: 0, follow: false });
      stream.end();
    });
  });
}

function produceOne(broker: RunningBroker, topic: string): Promise<ProduceResponse> {
  const builder = new RecordBatchBuilder({});
  builder.append({ timestampMs: Date.now(), key: null, value: Buffer.from("raw") });
  const request = { correlationId: 7, topic, partition: 0, acks: "all", leaderEpoch: undefined } as const;
  return withConnection(
    broker,
    (connection) =>
      new Promise((resolve, reject) => {
        const stream = connection.open(logService.produce, {
          onMessage: resolve,
          onEnd: () => undefined,
          onError: reject,
        });
        stream.send({ ...request, records: builder.build() });
        stream.end();
      }),
  );
}

describe("a broker", () => {
  it("serves over gRPC and HTTP, keeps its data over a restart, and says that it stopped cleanly", async () => {
    const broker = await start();
    await createTopic(broker, "a");
    expect(await produceOne(broker, "a")).toMatchObject({ correlationId: 7, baseOffset: 0, error: undefined });
    expect((await publish(broker, "a", [0, 0])).map((receipt) => receipt.offset)).toEqual([1, 2]);
    const ready = await fetch(`http://127.0.0.1:${broker.httpPort}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: "ready", problems: [] }]);
    const metrics = await (await fetch(`http://127.0.0.1:${broker.httpPort}/metrics`)).text();
    expect(metrics).toMatch(/^sluice_produce_requests_total 1$/m);
    expect(metrics).toMatch(/^sluice_produce_duration_seconds_count 1$/m);
    expect(metrics).toMatch(/^sluice_led_partitions 13$/m);
    await broker.close();
    await expect(fetch(`http://127.0.0.1:${broker.httpPort}/healthz`)).rejects.toThrow();

    const again = await start();
    expect(await readAll(again, "a")).toEqual(["raw", "v0", "v1"]);
    expect((await publish(again, "a", [0])).map((receipt) => receipt.offset)).toEqual([3]);
  });

  it("says NOT_SERVING and refuses new work while it stops, and then lets its ports go", async () => {
    const broker = await start();
    await createTopic(broker, "a");
    const statuses: unknown[] = [];
    const connection = new GrpcTransport().connect({ host: broker.host, port: broker.port });
    const over = new Promise<void>((resolve) => {
      const watch = connection.open(healthService.watch, {
        onMessage: ({ status }) => statuses.push(status),
        onEnd: resolve,
        onError: () => resolve(),
      });
      watch.send({ service: "" });
    });
    const produce = new Promise((resolve) => {
      const listener = { onMessage: () => undefined, onEnd: () => resolve("ended"), onError: resolve };
      connection.open(logService.produce, listener);
    });
    await connection.call(healthService.check, { service: "" });
    await broker.close();
    expect(await produce).toBe("ended");
    await over;
    connection.close();
    expect(statuses).toEqual(["SERVING", "NOT_SERVING"]);
    await start({ port: broker.port, httpPort: broker.httpPort });
  });

  it("says ADDRESS_IN_USE for a port that is taken, and leaves nothing behind", async () => {
    const taken = await new Promise<Server>((resolve) => {
      const server = createServer();
      server.listen(0, "127.0.0.1", () => resolve(server));
    });
    const { port } = taken.address() as { port: number };
    await expect(start({ port })).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    await expect(start({ httpPort: port })).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    await new Promise((resolve) => taken.close(resolve));
    await start({ port });
  });

  it("refuses a data directory that another broker uses", async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: "DATA_DIRECTORY_IN_USE" });
  });

  it("refuses a data directory of another cluster rather than lose it", async () => {
    const broker = await start();
    await broker.close();
    await rm(join(dataDirectory, "cluster-store"), { recursive: true });
    await expect(start()).rejects.toMatchObject({ code: "DATA_DIRECTORY_MISMATCH" });
  });

  it("refuses to listen on all addresses without one to dial", async () => {
    await expect(start({ host: "0.0.0.0" })).rejects.toMatchObject({ code: "INVALID_CONFIG_VALUE" });
    const broker = await start({ host: "0.0.0.0", advertisedHost: "localhost" });
    expect(broker.host).toBe("localhost");
  });
});

describe("a local cluster", () => {
  it("spreads partitions, and forwards what one broker does not lead", async () => {
    const cluster = await startCluster(3);
    const [first] = cluster.brokers as [RunningBroker];
    await createTopic(first, "a", 6);
    const described = await withConnection(first, (connection) =>
      connection.call(clusterService.describe, { topics: ["a"], brokersOnly: false, createMissing: false }),
    );
    const leaders = described.topics[0]?.partitions.map((partition) => partition.leaderIdPlusOne);
    expect(new Set(leaders)).toEqual(new Set([2, 3, 4]));
    const receipts = await publish(first, "a", [0, 1, 2, 3, 4, 5, 0]);
    expect(receipts.map(({ partition, offset, error }) => [partition, offset, error])).toEqual([
      [0, 0, null],
      [1, 0, null],
      [2, 0, null],
      [3, 0, null],
      [4, 0, null],
      [5, 0, null],
      [0, 1, null],
    ]);
  });

  it("stops and starts again with all its records, in new leader epochs", async () => {
    const cluster = await startCluster(2);
    await createTopic(cluster.brokers[0] as RunningBroker, "a", 2);
    await publish(cluster.brokers[0] as RunningBroker, "a", [0, 1, 0]);
    await cluster.close();
    const again = await startCluster(2);
    const receipts = await publish(again.brokers[1] as RunningBroker, "a", [0, 1]);
    expect(receipts.map(({ offset, error }) => [offset, error])).toEqual([
      [2, null],
      [1, null],
    ]);
  });

  it("closes what had started when one of its brokers cannot", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const options = { brokers: 2, dataDirectory, port: port - 1, logger: silentLogger };
    await expect(startLocalCluster(options)).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    await new Promise((resolve) => taken.close(resolve));
    await startCluster(2);
  });
});
