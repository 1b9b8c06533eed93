/**
 * `npm run bench -- failover`: how long a partition acknowledges nothing when its leader dies, falls silent or stops in order.
 *
 * One producer with acks=all keeps one record under way for each partition; the longest time between two acknowledgements of a
 * partition that the struck broker led is the pause. Needs an etcd on PATH.
 */

import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Sluice } from "@sluice/client";
import { brokerCount, type ClusterBroker, ClusterProcesses } from "../cluster/cluster-processes.js";
import { alignRows } from "../report.js";

const strikes = ["kill", "kill-controller", "stop", "pause"] as const;
type Strike = (typeof strikes)[number];

interface Pauses {
  readonly strike: Strike;
  /** Longest pause of each run, in milliseconds, in order of size. */
  readonly pausesMs: readonly number[];
  /** Sends that failed, over all runs. */
  readonly failedSends: number;
}

const topic = "failover";
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
      output: { type: "string", short: "o", default: "table" },
    },
  });
  const results: Pauses[] = [];
  for (const strike of strikes.filter((each) => values.strike.includes(each))) {
    results.push(await measure(strike, Number(values.runs), values.flush));
  }
  console.log(values.output === "json" ? JSON.stringify(results) : formatPauses(results));
}

/** Who was silent once is suspected more slowly for a while: each pause strikes a cluster of its own. */
async function measure(strike: Strike, runs: number, flush: string): Promise<Pauses> {
  const runsPerCluster = strike === "pause" ? 1 : runs;
  const pausesMs: number[] = [];
  let failedSends = 0;
  while (pausesMs.length < runs) {
    const measured = await measureCluster(strike, runsPerCluster, flush);
    pausesMs.push(...measured.pausesMs);
    failedSends += measured.failedSends;
  }
  return { strike, pausesMs: pausesMs.sort((left, right) => left - right), failedSends };
}

async function measureCluster(strike: Strike, runs: number, flush: string): Promise<Omit<Pauses, "strike">> {
  await using cluster = await ClusterProcesses.start();
  await using client = new Sluice({ brokers: cluster.addresses, retry: { initialRetryTime: 10, maxRetryTime: 100 } });
  const admin = client.admin();
  const configEntries = [{ name: "flush", value: flush }];
  await admin.createTopics({
    topics: [{ topic, numPartitions: partitions, replicationFactor: brokerCount, configEntries }],
  });
  const load = new Load(client);
  const pausesMs: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    await inSync(client);
    await setTimeout(quietMs);
    const broker = await chosen(strike, client, cluster);
    const led = await partitionsLedBy(client, broker.id);
    const sinceMs = performance.now();
    await struck(strike, broker);
    await load.goesOn(led, performance.now());
    pausesMs.push(Math.max(...led.map((partition) => load.longestPauseMs(partition, sinceMs))));
    console.error(`- ${strike}: ${pausesMs.at(-1)?.toFixed(0)} ms over ${led.length} partitions`);
    if (strike === "pause") broker.signal("SIGCONT");
    else await broker.start();
  }
  await load.end();
  return { pausesMs, failedSends: load.failedSends };
}

async function struck(strike: Strike, broker: ClusterBroker): Promise<void> {
  if (strike === "pause") {
    broker.signal("SIGSTOP");
    await setTimeout(pauseMs);
  } else {
    await broker.end(strike === "stop" ? "SIGTERM" : "SIGKILL");
  }
}

/** A broker that leads something; the controller where the strike is about it, and it leads. */
async function chosen(strike: Strike, client: Sluice, cluster: ClusterProcesses): Promise<ClusterBroker> {
  const { controller } = await client.admin().describeCluster();
  for (;;) {
    const leaders = (await metadata(client)).map(({ leader }) => leader);
    const wanted = strike === "kill-controller" ? controller : leaders.find((leader) => leader !== controller);
    const broker = cluster.brokers.find(({ id }) => id === wanted && leaders.includes(id));
    if (broker !== undefined) return broker;
    await setTimeout(pollMs);
  }
}

async function partitionsLedBy(client: Sluice, broker: number): Promise<number[]> {
  return (await metadata(client)).filter(({ leader }) => leader === broker).map(({ partitionId }) => partitionId);
}

async function inSync(client: Sluice): Promise<void> {
  while (!(await metadata(client)).every(({ leader, isr }) => leader >= 0 && isr.length === brokerCount))
    await setTimeout(pollMs);
}

async function metadata(client: Sluice) {
  const { topics } = await client.admin().fetchTopicMetadata({ topics: [topic] });
  return topics[0]?.partitions ?? [];
}

/** Keeps one record of each partition under way, and remembers when each was acknowledged. */
class Load {
  readonly #lanes: Promise<void>[];
  readonly #times: number[][] = Array.from({ length: partitions }, () => []);
  #isOver = false;
  failedSends = 0;

  constructor(client: Sluice) {
    const producer = client.producer({ deliveryTimeoutMs: 60_000 });
    this.#lanes = this.#times.map(async (times, partition) => {
      for (let count = 0; !this.#isOver; count += 1) {
        try {
          await producer.send({ topic, messages: [{ value: String(count), partition }] });
          times.push(performance.now());
        } catch {
          this.failedSends += 1;
        }
      }
    });
  }

  /** Waits until all of those partitions have acknowledged something after that moment. */
  async goesOn(wanted: readonly number[], sinceMs: number): Promise<void> {
    while (!wanted.every((partition) => (this.#times[partition]?.at(-1) ?? 0) > sinceMs)) await setTimeout(pollMs);
  }

  /** The longest time without an acknowledgement that ended after that moment. */
  longestPauseMs(partition: number, sinceMs: number): number {
    const times = this.#times[partition] as number[];
    let longest = 0;
    for (let at = times.length - 1; at > 0 && (times[at] as number) > sinceMs; at -= 1) {
      longest = Math.max(longest, (times[at] as number) - (times[at - 1] as number));
    }
    return longest;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
  }
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
