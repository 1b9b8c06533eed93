/**
 * `npm run bench -- failover`: how long a partition acknowledges nothing when its leader dies, falls silent or stops in order.
 *
 * One producer with acks=all keeps one record under way for each partition; the longest time between two acknowledgements of a
 * partition that the struck broker led is the pause. The brokers are processes, with an etcd on PATH, or with `--compose FILE` the
 * containers of a compose file that is up.
 */

import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Sluice } from "@sluice/client";
import { brokerCount } from "../cluster/cluster-processes.js";
import { alignRows } from "../report.js";
import { AcknowledgedLoad } from "./acknowledged-load.js";
import { findComposeCluster } from "./compose-cluster.js";
import type { FailoverBroker, FailoverCluster } from "./failover-cluster.js";
import { startProcessCluster } from "./process-cluster.js";

const strikes = ["kill", "kill-controller", "stop", "pause"] as const;
type Strike = (typeof strikes)[number];

interface Pauses {
  readonly strike: Strike;
  /** Longest pause of each run, in milliseconds, in order of size. */
  readonly pausesMs: readonly number[];
  /** Sends that failed, over all runs. */
  readonly failedSends: number;
}

/** How the leaders of a topic are struck. */
interface Work {
  readonly strike: Strike;
  readonly runs: number;
  readonly topic: string;
}

const partitions = 6;
const quietMs = 1500;
const pauseMs = 6000;
const pollMs = 20;

/** Runs it and prints a table, or JSON. */
export async function benchFailover(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "20" },
      strike: { type: "string", multiple: true, default: [...strikes] },
      flush: { type: "string", default: "always" },
      compose: { type: "string" },
      output: { type: "string", short: "o", default: "table" },
    },
  });
  await using cluster = await (values.compose === undefined
    ? startProcessCluster()
    : findComposeCluster(values.compose));
  const results: Pauses[] = [];
  for (const strike of strikes.filter((each) => values.strike.includes(each))) {
    // Of its own, so that a cluster that was there before can be left as it was.
    const topic = `failover-${strike}-${Date.now().toString(36)}`;
    results.push(await measure(cluster, { strike, runs: Number(values.runs), topic }, values.flush));
  }
  console.log(values.output === "json" ? JSON.stringify(results) : formatPauses(results));
}

async function measure(cluster: FailoverCluster, work: Work, flush: string): Promise<Pauses> {
  const { strike, topic, runs } = work;
  const retry = { initialRetryTime: 10, maxRetryTime: 100 };
  await using client = new Sluice({ brokers: [...cluster.addresses], retry });
  const admin = client.admin();
  const configEntries = [{ name: "flush", value: flush }];
  await admin.createTopics({
    topics: [{ topic, numPartitions: partitions, replicationFactor: brokerCount, configEntries }],
  });
  const pausesMs: number[] = [];
  let failedSends = 0;
  for (let run = 1; run <= runs; run += 1) {
    await isInSync(client, topic);
    const measured = await strikeOnce(cluster, client, work);
    pausesMs.push(measured.pauseMs);
    failedSends += measured.failedSends;
    if (strike === "pause") await forgetSuspicions(cluster, client, topic);
  }
  await isInSync(client, topic);
  await admin.deleteTopics({ topics: [topic] });
  return { strike, pausesMs: pausesMs.sort((left, right) => left - right), failedSends };
}

/** Strikes a broker under load, and lets it come back when the load is gone. */
async function strikeOnce(cluster: FailoverCluster, client: Sluice, work: Work) {
  const { strike, topic } = work;
  await using load = new AcknowledgedLoad(client, topic, partitions);
  await setTimeout(quietMs);
  const broker = await chosen(work, client, cluster);
  const led = await partitionsLedBy(client, topic, broker.id);
  const sinceMs = performance.now();
  await struck(strike, broker);
  await load.goesOn(led, performance.now());
  await load.end();
  await (strike === "pause" ? broker.resume() : broker.start());
  const pauseMs = Math.max(...led.map((partition) => load.longestPauseMs(partition, sinceMs)));
  console.error(`- ${strike} of broker ${broker.id}: ${pauseMs.toFixed(0)} ms over ${led.length} partitions`);
  return { pauseMs, failedSends: load.failedSends };
}

async function struck(strike: Strike, broker: FailoverBroker): Promise<void> {
  if (strike === "stop") return await broker.stop();
  if (strike !== "pause") return await broker.kill();
  await broker.pause();
  await setTimeout(pauseMs);
}

/** Who was silent once is suspected more slowly for a while, by brokers that remember it: they are restarted, one after the other. */
async function forgetSuspicions(cluster: FailoverCluster, client: Sluice, topic: string): Promise<void> {
  for (const broker of cluster.brokers) {
    await isInSync(client, topic);
    await broker.stop();
    await broker.start();
  }
}

/** A broker that leads something; the controller where the strike is about it, and it leads. */
async function chosen({ strike, topic }: Work, client: Sluice, cluster: FailoverCluster): Promise<FailoverBroker> {
  for (;;) {
    const { controller } = await client.admin().describeCluster();
    const leaders = (await partitionsOf(client, topic)).map(({ leader }) => leader);
    const wanted = strike === "kill-controller" ? controller : leaders.find((leader) => leader !== controller);
    const broker = cluster.brokers.find(({ id }) => id === wanted && leaders.includes(id));
    if (broker !== undefined) return broker;
    await setTimeout(pollMs);
  }
}

async function partitionsLedBy(client: Sluice, topic: string, broker: number): Promise<number[]> {
  const all = await partitionsOf(client, topic);
  return all.filter(({ leader }) => leader === broker).map(({ partitionId }) => partitionId);
}

async function isInSync(client: Sluice, topic: string): Promise<void> {
  while (!(await partitionsOf(client, topic)).every(({ leader, isr }) => leader >= 0 && isr.length === brokerCount))
    await setTimeout(pollMs);
}

async function partitionsOf(client: Sluice, topic: string) {
  const { topics } = await client.admin().fetchTopicMetadata({ topics: [topic] });
  return topics[0]?.partitions ?? [];
}

function formatPauses(results: readonly Pauses[]): string {
  const titles = ["STRIKE", "RUNS", "P50 MS", "P90 MS", "MAX MS", "FAILED SENDS"];
  const at = (values: readonly number[], part: number): string =>
    (values[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN).toFixed(0);
  const rows = results.map(({ strike, pausesMs, failedSends }) => [
    strike,
    String(pausesMs.length),
    at(pausesMs, 0.5),
    at(pausesMs, 0.9),
    at(pausesMs, 1),
    String(failedSends),
  ]);
  return alignRows([titles, ...rows]).join("\n");
}
