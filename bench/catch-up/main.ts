/**
 * `npm run bench -- catch-up`: a replica that lost its disk gets everything again, while producers go on.
 *
 * Three brokers with etcd hold so much of a topic with six partitions; one of them is stopped, its data directory is emptied, and it is
 * started again. Measured at its disk: bytes a second from each leader until its partitions are all in sync, without a throttle
 * and with one; and what a producer with acks=all at a steady rate notices of it. Needs an etcd on PATH.
 */

import { rm } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Sluice } from "@sluice/client";
import { brokerCount, type ClusterBroker, ClusterProcesses } from "../cluster/cluster-processes.js";
import { LatencyHistogram } from "../latency-histogram.js";
import { produceLoad } from "../produce-load.js";
import { type CatchUpReport, formatCatchUp, type LeaderCatchUp } from "./catch-up-report.js";
import { partitionBytes } from "./partition-bytes.js";
import { SteadyLoad } from "./steady-load.js";

interface CatchUpOptions {
  readonly totalBytes: number;
  /** Of each leader, in bytes a second; 0: none. */
  readonly throttleBytes: number;
  /** What producers send meanwhile, in bytes a second. */
  readonly loadBytes: number;
}

const topic = "catch-up";
const partitions = 6;
const recordBytes = 1024;
const fillShape = { recordBytes, sendBytes: 256 * 1024, inFlight: 8, acks: "all", compression: "none" } as const;
/** How long the producer is watched with all replicas there. */
const quietMs = 8000;
const sampleMs = 100;

/** Runs it and prints tables, or JSON. */
export async function benchCatchUp(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mb: { type: "string", default: "1000" },
      "throttle-mb": { type: "string", multiple: true, default: ["0", "20"] },
      "load-mb": { type: "string", default: "1" },
      output: { type: "string", short: "o", default: "table" },
    },
  });
  const reports: CatchUpReport[] = [];
  for (const throttle of values["throttle-mb"]) {
    reports.push(
      await measure({
        totalBytes: Number(values.mb) * 1e6,
        throttleBytes: Number(throttle) * 1e6,
        loadBytes: Number(values["load-mb"]) * 1e6,
      }),
    );
  }
  console.log(values.output === "json" ? JSON.stringify(reports) : formatCatchUp(reports));
}

async function measure({ totalBytes, throttleBytes, loadBytes }: CatchUpOptions): Promise<CatchUpReport> {
  await using cluster = await ClusterProcesses.start(["--catch-up-bytes-per-sec-max", String(throttleBytes)]);
  await using client = new Sluice({ brokers: cluster.addresses, retry: { initialRetryTime: 10, maxRetryTime: 100 } });
  await client.admin().createTopics({
    topics: [{ topic, numPartitions: partitions, replicationFactor: brokerCount }],
  });
  say(`produce ${totalBytes / 1e6} MB`);
  await fill(client, cluster, totalBytes);
  await until(client, ({ isr }) => isr.length === brokerCount);
  const load = new SteadyLoad(client, { topic, partitions, recordBytes, bytesPerSec: loadBytes });
  await setTimeout(quietMs);
  const quiet = load.takeLatency();
  const broker = cluster.brokers.at(-1) as ClusterBroker;
  say(`broker ${broker.id} loses its disk; throttle ${throttleBytes / 1e6} MB/s`);
  await broker.end("SIGTERM");
  await until(client, ({ leader, isr }) => leader !== broker.id && isr.length < brokerCount);
  await rm(broker.dataDirectory, { recursive: true });
  const stopped = load.takeLatency();
  const leaders = await partitionsByLeader(client);
  const startedMs = performance.now();
  // It is looked at from the beginning: much is there before it says that it is ready.
  const watches = [...leaders].map(([leader, led]) => watchCatchUp(client, broker, { leader, led, startedMs }));
  const [caughtUp] = await Promise.all([Promise.all(watches), broker.start()]);
  const seconds = (performance.now() - startedMs) / 1000;
  const catchingUp = load.takeLatency();
  const failedSends = await load.end();
  return { totalBytes, throttleBytes, loadBytes, seconds, leaders: caughtUp, quiet, stopped, catchingUp, failedSends };
}

async function fill(client: Sluice, cluster: ClusterProcesses, totalBytes: number): Promise<void> {
  const producer = client.producer({ acks: "all" });
  const workload = { ...fillShape, brokers: cluster.addresses.join(","), topic, warmUpRecords: 0 };
  const records = Math.ceil(totalBytes / recordBytes);
  await produceLoad(producer, { ...workload, records }, records, new LatencyHistogram());
  await producer.close();
}

async function partitionsByLeader(client: Sluice): Promise<Map<number, number[]>> {
  const led = new Map<number, number[]>();
  for (const { leader, partitionId } of await metadata(client)) {
    led.set(leader, [...(led.get(leader) ?? []), partitionId]);
  }
  return led;
}

/** Looks at the disk of the broker until it has all that this leader led, and is in sync with it. */
async function watchCatchUp(
  client: Sluice,
  broker: ClusterBroker,
  { leader, led, startedMs }: { readonly leader: number; readonly led: readonly number[]; readonly startedMs: number },
): Promise<LeaderCatchUp> {
  const samples: { readonly atMs: number; readonly bytes: number }[] = [];
  for (;;) {
    const isInSync = (await metadata(client))
      .filter(({ partitionId }) => led.includes(partitionId))
      .every(({ isr }) => isr.includes(broker.id));
    const bytes = await partitionBytes(broker.dataDirectory, topic, led);
    // From the last look at an empty disk on.
    if (bytes === 0) samples.length = 0;
    samples.push({ atMs: performance.now() - startedMs, bytes });
    if (isInSync) return { leader, partitions: led.length, samples };
    await setTimeout(sampleMs);
  }
}

async function until(
  client: Sluice,
  condition: (partition: { readonly leader: number; readonly isr: readonly number[] }) => boolean,
): Promise<void> {
  while (!(await metadata(client)).every(condition)) await setTimeout(sampleMs);
}

async function metadata(client: Sluice) {
  const { topics } = await client.admin().fetchTopicMetadata({ topics: [topic] });
  return topics[0]?.partitions ?? [];
}

function say(text: string): void {
  console.error(`- ${text}`);
}
