/**
 * `npm run bench`: what one broker carries, as ratios to what the bare pipeline carries in the same run. With `log` as its first
 * argument: what the log alone carries, see log/main.ts; with `soak`: whether a broker grows under a steady load, see soak.ts;
 * with `cluster`: what three brokers with etcd carry, see cluster/main.ts; with `failover`: how long they pause, see failover/main.ts;
 * with `many-topics` and `many-partitions`: what one broker, or three with etcd, make of thousands of partitions.
 *
 * Absolute figures drift by a third from machine to machine and from run to run: the ratios are the result.
 */

import { Sluice } from "@sluice/client";
import { bareDefaults, runBarePipeline } from "./bare/bare-pipeline.js";
import { type BenchOptions, parseBenchOptions, usage } from "./bench-options.js";
import { benchCatchUp } from "./catch-up/main.js";
import { benchCluster } from "./cluster/main.js";
import { benchFailover } from "./failover/main.js";
import { createKafkaTopic, deleteKafkaTopic } from "./kafkajs/bench-kafka.js";
import { benchLog } from "./log/main.js";
import { benchManyPartitions } from "./many-partitions/main.js";
import { benchManyTopics } from "./many-topics.js";
import { type BenchReport, type BenchRow, formatReport } from "./report.js";
import { runWorkload, sluiceBroker, type WorkloadResult } from "./run-workload.js";
import { SluiceProcess, sluiceBin } from "./sluice-process.js";
import { benchSoak } from "./soak.js";
import { measureStartup } from "./startup.js";
import type { Workload, WorkName } from "./workload.js";

const warmUpBytes = 30e6;
const endToEndWarmUpRecords = 300;

// Ends what it started too: processes have exit handlers for that.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const [subject, ...rest] = process.argv.slice(2);
if (subject === "log") await benchLog(rest);
else if (subject === "soak") await benchSoak(rest);
else if (subject === "cluster") await benchCluster(rest);
else if (subject === "failover") await benchFailover(rest);
else if (subject === "catch-up") await benchCatchUp(rest);
else if (subject === "many-topics") await benchManyTopics(rest);
else if (subject === "many-partitions") await benchManyPartitions(rest);
else await benchBroker(process.argv.slice(2));

async function benchBroker(args: readonly string[]): Promise<void> {
  let options: BenchOptions;
  try {
    options = parseBenchOptions(args);
  } catch (error) {
    console.error(`error: ${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
  const report = await bench(options);
  console.log(options.output === "json" ? JSON.stringify(report) : formatReport(report));
}

async function bench(given: BenchOptions): Promise<BenchReport> {
  const throughput: number[] = [];
  for (let i = 0; i < given.bareRuns; i++) {
    say(`bare pipeline, run ${i + 1} of ${given.bareRuns}`);
    throughput.push((await runBarePipeline({ ...bareDefaults, flush: given.flush })).mbPerSecond);
  }
  const oneByOne = { ...bareDefaults, flush: given.flush, batchBytes: 1024, inFlight: 1, totalBytes: 2000 * 1024 };
  const single = await runBarePipeline(oneByOne);
  const bare = { mbPerSecond: median(throughput), runs: throughput, oneByOne: single.latency };
  const rows: BenchRow[] = [];
  for (const recordBytes of given.sizes) rows.push(...(await benchSize(given, recordBytes, bare.mbPerSecond)));
  if (!given.startup) return { options: given, bare, rows, startup: undefined };
  say("starting times and idle memory");
  return { options: given, bare, rows, startup: await measureStartup() };
}

/** All works on records of one size, on a broker and a data directory of their own. */
async function benchSize(given: BenchOptions, recordBytes: number, bareMbPerSecond: number): Promise<BenchRow[]> {
  await using broker = await SluiceProcess.start(process.execPath, [
    sluiceBin,
    "broker",
    ...["--data-directory", "{data}", "--port", "0", "--http-port", "0", "--log-level", "warn"],
  ]);
  const { host, port, httpPort } = broker.ready as { host: string; port: number; httpPort: number };
  const brokers = `${host}:${port}`;
  const rows: BenchRow[] = [];
  for (const work of given.works) {
    say(`${work}, ${recordBytes} B`);
    // What was produced is what is consumed; records that come one at a time have a topic to themselves.
    const topic = work === "end-to-end" ? "end-to-end" : "records";
    if (work !== "consume") await createTopic(brokers, topic, given);
    const result = await runWorkload(
      work,
      workloadOf(work, { brokers, topic, recordBytes }, given),
      sluiceBroker(httpPort),
    );
    rows.push(rowOf({ work, recordBytes, system: "sluice" }, result, bareMbPerSecond));
    if (given.kafka !== undefined) rows.push(await benchKafkaBeside(given, { work, recordBytes }, bareMbPerSecond));
  }
  return rows;
}

/** One work with kafkajs, on a Kafka that is up. What `produce` leaves there, `consume` reads and removes. */
async function benchKafkaBeside(
  given: BenchOptions,
  { work, recordBytes }: { work: WorkName; recordBytes: number },
  bareMbPerSecond: number,
): Promise<BenchRow> {
  const brokers = given.kafka as string;
  say(`${work}, ${recordBytes} B, kafkajs on Kafka`);
  const topic = `sluice-bench-${process.pid}-${work === "end-to-end" ? work : "records"}-${recordBytes}`;
  const isRead = work !== "produce" || !given.works.includes("consume");
  if (work !== "consume") await createKafkaTopic(brokers, topic, given.partitions);
  const workload = workloadOf(work, { brokers, topic, recordBytes }, given);
  const result = await runWorkload(work, workload, { system: "kafkajs" });
  if (isRead) await deleteKafkaTopic(brokers, topic);
  return rowOf({ work, recordBytes, system: "kafkajs" }, result, bareMbPerSecond);
}

function rowOf(
  what: Pick<BenchRow, "work" | "recordBytes" | "system">,
  result: WorkloadResult,
  bareMbPerSecond: number,
): BenchRow {
  const mbPerSecond = result.bytes / result.seconds / 1e6;
  const recordsPerSecond = result.records / result.seconds;
  return { ...what, recordsPerSecond, mbPerSecond, ratio: mbPerSecond / bareMbPerSecond, ...result };
}

function workloadOf(
  work: WorkName,
  where: Pick<Workload, "brokers" | "topic" | "recordBytes">,
  given: BenchOptions,
): Workload {
  const { sendBytes, inFlight, acks, compression } = given;
  const isOneByOne = work === "end-to-end";
  const records = isOneByOne ? given.endToEndRecords : Math.ceil(given.totalBytes / where.recordBytes);
  const warmUpRecords = isOneByOne ? endToEndWarmUpRecords : Math.ceil(warmUpBytes / where.recordBytes);
  return { ...where, records, warmUpRecords, sendBytes, inFlight, acks, compression };
}

async function createTopic(brokers: string, topic: string, { partitions, flush }: BenchOptions): Promise<void> {
  await using client = new Sluice({ brokers });
  const configEntries = [{ name: "flush", value: flush }];
  await client.admin().createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] });
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function say(text: string): void {
  console.error(`- ${text}`);
}
