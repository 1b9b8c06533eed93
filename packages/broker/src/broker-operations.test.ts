/** Quotas, caps, metrics and the slow log of a real broker, over gRPC and HTTP. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileClusterStore } from "@sluice/coordination";
import { NodeFileSystem } from "@sluice/log";
import type { MessageStream } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { clusterService, GrpcTransport, logService, type ProduceRequest, type ProduceResponse } from "@sluice/protocol";
import { RecordBatchBuilder } from "@sluice/record";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BrokerConfig, brokerConfig } from "./broker-config.js";
import { type Logger, silentLogger } from "./logging.js";
import type { RunningBroker } from "./running-broker.js";
import { startBroker } from "./start-broker.js";

async function start(over: Partial<BrokerConfig> = {}) {
  const dataDirectory = await mkdtemp(join(tmpdir(), "sluice-broker-"));
  onTestFinished(() => rm(dataDirectory, { recursive: true }));
  const warnings: { message: string; fields: object }[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (fields, message) => void warnings.push({ fields, message }),
    child: () => logger,
  };
  const config = brokerConfig({ dataDirectory, port: 0, groupOffsetsPartitions: 1, ...over });
  const broker = await startBroker({ config, logger });
  onTestFinished(() => broker.close());
  return { broker, warnings };
}

function connect(broker: RunningBroker, clientId: string) {
  const connection = new GrpcTransport({ clientId }).connect({ host: broker.host, port: broker.port });
  onTestFinished(() => connection.close());
  return connection;
}

async function createTopic(broker: RunningBroker, name: string): Promise<void> {
  const request = { name, partitions: 1, replicationFactor: 0, configs: [], validateOnly: false };
  await connect(broker, "admin").call(clusterService.createTopic, request);
}

async function metricsOf(broker: RunningBroker): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${broker.httpPort}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

/** A Produce stream that keeps its answers. */
class Producing {
  readonly answers: ProduceResponse[] = [];
  readonly ended: Promise<string>;
  readonly #stream: MessageStream<ProduceRequest>;
  #sent = 0;

  constructor(broker: RunningBroker, clientId: string) {
    let end = (_: string): void => {};
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.#stream = connect(broker, clientId).open(logService.produce, {
      onMessage: (answer) => void this.answers.push(answer),
      onEnd: () => end("ended"),
      onError: ({ code }) => end(code),
    });
  }

  send(sizeBytes: number): void {
    const builder = new RecordBatchBuilder({ compression: "none" });
    builder.append({ timestampMs: Date.now(), key: null, value: Buffer.alloc(sizeBytes, 1) });
    const where = { topic: "orders", partition: 0, acks: "all", leaderEpoch: undefined } as const;
    this.#stream.send({ ...where, correlationId: this.#sent++, records: builder.build() });
  }
}

describe("a quota", () => {
  it("slows its client down and no other, counts the wait, and is lifted when the broker stops", async () => {
    const { broker } = await start({ quotaProduceBytesPerSec: 100, stopGraceMs: 5000 });
    await createTopic(broker, "orders");
    const greedy = new Producing(broker, "greedy");
    for (let count = 0; count < 3; count += 1) greedy.send(100_000);
    await expect.poll(() => greedy.answers.length).toBeGreaterThan(0);
    const modest = new Producing(broker, "modest");
    modest.send(1);
    await expect.poll(() => modest.answers.length).toBe(1);

    // What a message over the quota costs is minutes: nothing more of it can have been taken.
    const metrics = await metricsOf(broker);
    expect(metrics.get('sluice_throttled_seconds_total{quota="produce"}')).toBeGreaterThan(60);
    expect(metrics.get('sluice_throttled_seconds_total{quota="fetch"}')).toBe(0);
    const taken = greedy.answers.length;
    expect(taken).toBeLessThan(3);

    await broker.close();
    expect(await greedy.ended).toBe("ended");
    expect(greedy.answers.slice(0, taken).every(({ error }) => error === undefined)).toBe(true);
  });
});

describe("metrics", () => {
  it("tell of calls by method and code, of topics, of the disk and of the process", async () => {
    const { broker } = await start();
    await createTopic(broker, "orders");
    const refused = connect(broker, "x").call(clusterService.describeTopic, { name: "nowhere" });
    await expect(refused).rejects.toMatchObject({ code: "UNKNOWN_TOPIC" });
    const producing = new Producing(broker, "billing");
    producing.send(1000);
    await expect.poll(() => producing.answers.length).toBe(1);

    const metrics = await metricsOf(broker);
    expect(metrics.get("sluice_ready")).toBe(1);
    expect(metrics.get('sluice_calls_total{method="Cluster/CreateTopic",code="OK"}')).toBe(1);
    expect(metrics.get('sluice_calls_total{method="Cluster/DescribeTopic",code="UNKNOWN_TOPIC"}')).toBe(1);
    expect(metrics.get('sluice_streams_total{method="Log/Produce"}')).toBe(1);
    expect(metrics.get('sluice_topic_in_records_total{topic="orders"}')).toBe(1);
    expect(metrics.get('sluice_topic_in_bytes_total{topic="orders"}')).toBeGreaterThan(1000);
    expect(metrics.get('sluice_partitions{state="led"}')).toBe(2);
    expect(metrics.get("sluice_open_connections")).toBe(3);
    expect(metrics.get("sluice_disk_flush_duration_seconds_count")).toBeGreaterThan(0);
    expect(metrics.get("sluice_disk_written_bytes_total")).toBeGreaterThan(1000);
    expect([metrics.get("sluice_unwritten_records"), metrics.get("sluice_unflushed_records")]).toEqual([0, 0]);
    expect(metrics.get("process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
    expect(metrics.get('sluice_event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
  });
});

describe("readiness", () => {
  it("names why a cluster store that several brokers share takes no changes, until it does again", async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), "sluice-broker-"));
    onTestFinished(() => rm(dataDirectory, { recursive: true }));
    const clusterStore = await FileClusterStore.open(
      { path: join(dataDirectory, "store") },
      { fileSystem: new NodeFileSystem(), clock: new NodeClock(), random: new NodeRandom() },
    );
    onTestFinished(() => clusterStore.close());
    let problem: Error | undefined = new Error("EIO at the journal");
    const config = brokerConfig({ dataDirectory, port: 0, groupOffsetsPartitions: 1 });
    const clusterStoreProblem = (): Error | undefined => problem;
    const broker = await startBroker({ config, logger: silentLogger, clusterStore, clusterStoreProblem });
    onTestFinished(() => broker.close());
    const readyz = async () => {
      const answer = await fetch(`http://127.0.0.1:${broker.httpPort}/readyz`);
      return [answer.status, await answer.json()];
    };
    const problems = ["the cluster store takes no changes: EIO at the journal"];
    expect(await readyz()).toEqual([503, { status: "not ready", problems }]);
    problem = undefined;
    expect(await readyz()).toEqual([200, { status: "ready", problems: [] }]);
  });
});

describe("a broker with as many connections as there may be", () => {
  it("refuses one more, and counts it", async () => {
    const { broker } = await start({ connectionsMax: 1 });
    const first = connect(broker, "first");
    await first.call(clusterService.describe, { topics: [], brokersOnly: true, createMissing: false });
    const second = connect(broker, "second");
    const call = second.call(
      clusterService.describe,
      { topics: [], brokersOnly: true, createMissing: false },
      { timeoutMs: 2000 },
    );
    await expect(call).rejects.toMatchObject({ retriable: true });
    const metrics = await metricsOf(broker);
    expect(metrics.get("sluice_open_connections")).toBe(1);
    expect(metrics.get("sluice_refused_connections_total")).toBeGreaterThan(0);
  });
});
