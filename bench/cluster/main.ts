/**
 * `npm run bench -- cluster`: what three brokers and etcd carry, every one a process of its own, as ratios to what the bare
 * pipeline with two followers carries before and after it. Needs an etcd on PATH.
 */

import { parseArgs } from "node:util";
import { Sluice } from "@sluice/client";
import { bareDefaults, runBarePipeline } from "../bare/bare-pipeline.js";
import { createKafkaTopic, deleteKafkaTopic } from "../kafkajs/bench-kafka.js";
import { runWorkload, type WorkloadResult } from "../run-workload.js";
import { benchValue, type Workload, type WorkName } from "../workload.js";
import { brokerCount, ClusterProcesses } from "./cluster-processes.js";
import {
  type BareFigures,
  type ClusterReport,
  type ClusterRow,
  type ClusterWorkName,
  formatClusterReport,
} from "./cluster-report.js";

type Flush = "os" | "always";
type Acks = "all" | "leader";

interface ClusterOptions {
  readonly sizes: readonly number[];
  readonly flushes: readonly Flush[];
  readonly totalBytes: number;
  /** Of the works that have one record under way at a time. */
  readonly singleRecords: number;
  readonly rounds: number;
  /** A Kafka of three nodes that is up; undefined: none. */
  readonly kafka: string | undefined;
}

const partitions = 6;
const sendBytes = 256 * 1024;
const inFlight = 4;
const warmUpBytes = 30e6;
const singleWarmUpRecords = 300;

/** Runs it and prints tables, or JSON. */
export async function benchCluster(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: "string", multiple: true, default: ["100", "1024"] },
      flush: { type: "string", multiple: true, default: ["os", "always"] },
      mb: { type: "string", default: "300" },
      "single-records": { type: "string", default: "2000" },
      rounds: { type: "string", default: "1" },
      kafka: { type: "string" },
      output: { type: "string", short: "o", default: "table" },
    },
  });
  const report = await measure({
    sizes: values.size.map(Number),
    flushes: values.flush as Flush[],
    totalBytes: Number(values.mb) * 1e6,
    singleRecords: Number(values["single-records"]),
    rounds: Number(values.rounds),
    kafka: values.kafka,
  });
  console.log(values.output === "json" ? JSON.stringify(report) : formatClusterReport(report));
}

async function measure(given: ClusterOptions): Promise<ClusterReport> {
  const bare: Record<string, BareFigures> = {};
  const rows: ClusterRow[] = [];
  let rssBytes = 0;
  for (let round = 1; round <= given.rounds; round += 1) {
    for (const flush of given.flushes) {
      say(`round ${round}, flush=${flush}: bare pipeline`);
      const before = await barePipeline(flush);
      const measured = await measureCluster(given, flush);
      say("bare pipeline again");
      const figures = meanOf(before, await barePipeline(flush));
      bare[`${round} ${flush}`] = figures;
      rows.push(...measured.works.map((work) => rowOf(work, { round, flush, bare: figures })));
      rssBytes = Math.max(rssBytes, measured.rssBytes);
    }
  }
  return { bare, rows, rssBytes };
}

interface MeasuredWork {
  readonly name: ClusterWorkName;
  readonly system: ClusterRow["system"];
  readonly recordBytes: number;
  readonly acks: Acks;
  readonly result: WorkloadResult;
}

/** All works on a cluster of their own: what others left behind in caches and queues is not theirs. */
async function measureCluster(
  given: ClusterOptions,
  flush: Flush,
): Promise<{ readonly works: readonly MeasuredWork[]; readonly rssBytes: number }> {
  await using cluster = await ClusterProcesses.start();
  const works: MeasuredWork[] = [];
  for (const recordBytes of given.sizes) works.push(...(await benchSize({ given, cluster, flush, recordBytes })));
  return { works, rssBytes: (await cluster.use()).rssBytes };
}

async function barePipeline(flush: Flush): Promise<BareFigures> {
  const shape = { ...bareDefaults, replicationFactor: brokerCount, flush, inFlight };
  const { mbPerSecond } = await runBarePipeline({ ...shape, totalBytes: 300e6 });
  const single = await runBarePipeline({ ...shape, batchBytes: 1024, inFlight: 1, totalBytes: 2000 * 1024 });
  return { mbPerSecond, singleP50Ms: single.latency.p50Ms, singleP99Ms: single.latency.p99Ms };
}

function meanOf(before: BareFigures, after: BareFigures): BareFigures {
  const mean = (of: (figures: BareFigures) => number): number => (of(before) + of(after)) / 2;
  return {
    mbPerSecond: mean(({ mbPerSecond }) => mbPerSecond),
    singleP50Ms: mean(({ singleP50Ms }) => singleP50Ms),
    singleP99Ms: mean(({ singleP99Ms }) => singleP99Ms),
  };
}

interface SizeWork {
  readonly given: ClusterOptions;
  readonly cluster: ClusterProcesses;
  readonly flush: Flush;
  readonly recordBytes: number;
}

/** All works on records of one size. What was produced with acks=all is what is consumed. */
async function benchSize(work: SizeWork): Promise<MeasuredWork[]> {
  const measured: MeasuredWork[] = [];
  for (const acks of ["leader", "all"] as const) measured.push(await benchWork(work, "produce", acks));
  measured.push(await benchWork(work, "consume", "all"));
  for (const name of ["one-by-one", "end-to-end"] as const) measured.push(await benchWork(work, name, "all"));
  if (work.given.kafka !== undefined) measured.push(...(await benchKafka(work, work.given.kafka)));
  return measured;
}

async function benchWork(work: SizeWork, name: ClusterWorkName, acks: Acks): Promise<MeasuredWork> {
  const { cluster, flush, recordBytes } = work;
  say(`${name}, ${recordBytes} B, acks=${acks}, flush=${flush}`);
  const topic = `${isSingle(name) ? name : "records"}-${recordBytes}-${acks}`;
  if (name !== "consume") await createTopic(cluster.addresses, topic, flush);
  const workload = workloadOf(work, name, { brokers: cluster.addresses.join(","), topic, acks });
  const result = await runWorkload(programOf(name), workload, { system: "sluice", use: () => cluster.use() });
  // What followers still lack is no load of the next work.
  if (acks === "leader") await awaitFollowers(cluster.addresses, topic);
  return { name, acks, system: "sluice", recordBytes, result };
}

/** The same program with kafkajs, on the Kafka that is up. Its flush is what it was started with. */
async function benchKafka(work: SizeWork, kafka: string): Promise<MeasuredWork[]> {
  const { recordBytes } = work;
  const measured: MeasuredWork[] = [];
  const topic = `sluice-bench-${process.pid}-${recordBytes}-${work.flush}-${performance.now().toFixed(0)}`;
  await createKafkaTopic(kafka, topic, partitions, brokerCount);
  for (const name of ["produce", "consume", "one-by-one", "end-to-end"] as const) {
    say(`${name}, ${recordBytes} B, kafkajs on Kafka`);
    const workload = workloadOf(work, name, { brokers: kafka, topic, acks: "all" });
    const result = await runWorkload(programOf(name), workload, { system: "kafkajs" });
    measured.push({ name, acks: "all", system: "kafkajs", recordBytes, result });
  }
  await deleteKafkaTopic(kafka, topic);
  return measured;
}

/** One record is under way at a time. */
function isSingle(name: ClusterWorkName): boolean {
  return name === "one-by-one" || name === "end-to-end";
}

function programOf(name: ClusterWorkName): WorkName {
  return name === "one-by-one" ? "produce" : name;
}

function workloadOf(
  { given, recordBytes }: SizeWork,
  name: ClusterWorkName,
  where: Pick<Workload, "brokers" | "topic" | "acks">,
): Workload {
  const shape = { ...where, recordBytes, compression: "none" } as const;
  if (isSingle(name)) {
    const { singleRecords: records } = given;
    return { ...shape, records, warmUpRecords: singleWarmUpRecords, sendBytes: recordBytes, inFlight: 1 };
  }
  const records = Math.ceil(given.totalBytes / recordBytes);
  return { ...shape, records, warmUpRecords: Math.ceil(warmUpBytes / recordBytes), sendBytes, inFlight };
}

function rowOf(
  { name, acks, system, recordBytes, result }: MeasuredWork,
  { round, flush, bare }: { readonly round: number; readonly flush: Flush; readonly bare: BareFigures },
): ClusterRow {
  const { latency, seconds, client, broker } = result;
  const mbPerSecond = result.bytes / seconds / 1e6;
  // One record at a time is a matter of latency: how many times that of the bare pipeline, which only produces.
  const ratio = isSingle(name) ? (latency?.p50Ms ?? 0) / bare.singleP50Ms : mbPerSecond / bare.mbPerSecond;
  return {
    ...{ round, work: name, system, recordBytes, acks, flush, mbPerSecond, ratio, latency },
    recordsPerSecond: result.records / seconds,
    isRatioOfLatency: isSingle(name),
    brokersCpuSeconds: broker?.cpuSeconds,
    clientCpuSeconds: client.cpuSeconds,
  };
}

async function createTopic(addresses: readonly string[], topic: string, flush: Flush): Promise<void> {
  await using client = new Sluice({ brokers: [...addresses] });
  const configEntries = [{ name: "flush", value: flush }];
  const topics = [{ topic, numPartitions: partitions, replicationFactor: brokerCount, configEntries }];
  await client.admin().createTopics({ topics });
}

/** Resolves when every in-sync replica has what is in the topic: a record behind it in each partition is acknowledged by all. */
async function awaitFollowers(addresses: readonly string[], topic: string): Promise<void> {
  await using client = new Sluice({ brokers: [...addresses] });
  const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value: benchValue(1) }));
  await client.producer({ acks: "all" }).send({ topic, messages });
}

function say(text: string): void {
  console.error(`- ${text}`);
}
