/**
 * `npm run bench -- many-topics`: a broker with thousands of topics: how long they take to be created, what the broker does while
 * nobody uses them, how soon a new client knows them all, and how long the broker takes to start again, after it was stopped in
 * order and after kill -9.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Sluice } from "@sluice/client";
import { processUse, SluiceProcess, sluiceBin } from "./sluice-process.js";

/** What is wanted of 2,000 topics. */
const goals = { createSeconds: 20, idleCorePercent: 2, metadataMs: 200 } as const;
const settleMs = 3000;
const clientRuns = 5;

interface Ready {
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
}

interface ManyTopicsReport {
  readonly topics: number;
  readonly partitions: number;
  readonly createOneCallSeconds: number;
  readonly createBatchesSeconds: number;
  readonly batch: number;
  readonly idleCorePercent: number;
  readonly idleRssMb: number;
  /** From the start of a new client to all metadata; each run is a client of its own. */
  readonly metadataMs: readonly number[];
  readonly restartMs: number;
  readonly restartAfterKillMs: number;
}

/** Runs it and prints a table, or JSON. */
export async function benchManyTopics(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      topics: { type: "string", default: "2000" },
      partitions: { type: "string", default: "1" },
      batch: { type: "string", default: "100" },
      "idle-seconds": { type: "string", default: "15" },
      output: { type: "string", short: "o", default: "table" },
    },
  });
  const [topics, partitions, batch] = [Number(values.topics), Number(values.partitions), Number(values.batch)];
  const report = await measure({ topics, partitions, batch, idleMs: Number(values["idle-seconds"]) * 1000 });
  console.log(values.output === "json" ? JSON.stringify(report) : formatReport(report));
}

async function measure(given: {
  readonly topics: number;
  readonly partitions: number;
  readonly batch: number;
  readonly idleMs: number;
}): Promise<ManyTopicsReport> {
  const { topics, partitions, batch, idleMs } = given;
  const names = Array.from({ length: topics }, (_, index) => `topic-${String(index).padStart(6, "0")}`);
  const createBatchesSeconds = await withDirectory(async (directory) => {
    await using broker = await startBroker(directory);
    return await createAll(brokersOf(broker), { names, partitions, batch });
  });
  return withDirectory(async (directory) => {
    let broker = await startBroker(directory);
    try {
      const createOneCallSeconds = await createAll(brokersOf(broker), { names, partitions, batch: topics });
      await setTimeout(settleMs);
      const idle = await measureIdle((broker.ready as Ready).httpPort, idleMs);
      const metadataMs: number[] = [];
      for (let run = 0; run < clientRuns; run += 1) metadataMs.push(await knowAll(brokersOf(broker), topics));
      await broker[Symbol.asyncDispose]();
      broker = await startBroker(directory);
      const restartMs = broker.readyMs;
      process.kill(broker.pid, "SIGKILL");
      await broker[Symbol.asyncDispose]();
      broker = await startBroker(directory);
      const restartAfterKillMs = broker.readyMs;
      const times = { createOneCallSeconds, createBatchesSeconds, metadataMs, restartMs, restartAfterKillMs };
      return { topics, partitions, batch, ...times, ...idle };
    } finally {
      await broker[Symbol.asyncDispose]();
    }
  });
}

/** One client, one call of createTopics after the other. Returns seconds. */
async function createAll(
  brokers: string,
  given: { readonly names: readonly string[]; readonly partitions: number; readonly batch: number },
): Promise<number> {
  await using client = new Sluice({ brokers, requestTimeoutMs: 120_000 });
  const admin = client.admin();
  await admin.connect();
  const startedMs = performance.now();
  for (let from = 0; from < given.names.length; from += given.batch) {
    const names = given.names.slice(from, from + given.batch);
    await admin.createTopics({ topics: names.map((topic) => ({ topic, numPartitions: given.partitions })) });
  }
  return (performance.now() - startedMs) / 1000;
}

async function measureIdle(httpPort: number, idleMs: number) {
  const before = await processUse(httpPort);
  const startedMs = performance.now();
  await setTimeout(idleMs);
  const after = await processUse(httpPort);
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    idleCorePercent: ((after.cpuSeconds - before.cpuSeconds) / seconds) * 100,
    idleRssMb: after.rssBytes / 1e6,
  };
}

/** Milliseconds until a client that is made now knows all topics. */
async function knowAll(brokers: string, topics: number): Promise<number> {
  const startedMs = performance.now();
  await using client = new Sluice({ brokers });
  const known = await client.admin().fetchTopicMetadata();
  const tookMs = performance.now() - startedMs;
  if (known.topics.length < topics) throw new Error(`a client knows ${known.topics.length} of ${topics} topics`);
  return tookMs;
}

function startBroker(directory: string): Promise<SluiceProcess> {
  return SluiceProcess.start(process.execPath, [
    sluiceBin,
    "broker",
    ...["--data-directory", directory, "--port", "0", "--http-port", "0", "--log-level", "warn"],
  ]);
}

function brokersOf(broker: SluiceProcess): string {
  const { host, port } = broker.ready as Ready;
  return `${host}:${port}`;
}

async function withDirectory<Result>(run: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-bench-topics-"));
  try {
    return await run(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function formatReport(report: ManyTopicsReport): string {
  const metadata = [...report.metadataMs].map((ms) => ms.toFixed(0)).join(", ");
  return [
    `${report.topics} topics of ${report.partitions} partition(s), one broker, one client`,
    "",
    `created in one call             ${report.createOneCallSeconds.toFixed(1)} s    (goal: under ${goals.createSeconds} s for 2,000)`,
    `created ${String(report.batch).padStart(4)} a call            ${report.createBatchesSeconds.toFixed(1)} s`,
    `broker, idle                    ${report.idleCorePercent.toFixed(2)} % of a core, ${report.idleRssMb.toFixed(0)} MB    (goal: under ${goals.idleCorePercent} %)`,
    `metadata to a new client        ${metadata} ms    (goal: under ${goals.metadataMs} ms)`,
    `start after a stop in order     ${(report.restartMs / 1000).toFixed(2)} s`,
    `start after kill -9             ${(report.restartAfterKillMs / 1000).toFixed(2)} s`,
  ].join("\n");
}
