/**
 * `npm run bench -- many-partitions`: three brokers with etcd that keep thousands of partitions: how long they take to be created and
 * to take their first record, what brokers cost while nobody uses them, and how soon all are led again after kill -9 of the broker
 * that is controller and leads a third of them. Needs an etcd on PATH.
 */

import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Sluice } from "@sluice/client";
import { brokerCount, type ClusterBroker, ClusterProcesses } from "../cluster/cluster-processes.js";
import { formatManyPartitions, type ManyPartitionsReport, type PartitionsShape } from "./many-partitions-report.js";

const settleMs = 3000;
const pollMs = 10;
const requestTimeoutMs = 120_000;

/** Runs it and prints tables, or JSON. */
export async function benchManyPartitions(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      shape: { type: "string", multiple: true, default: ["1x2000", "2000x1"] },
      "idle-seconds": { type: "string", default: "20" },
      output: { type: "string", short: "o", default: "table" },
    },
  });
  const reports: ManyPartitionsReport[] = [];
  for (const shape of values.shape.map(shapeOf)) reports.push(await measure(shape, Number(values["idle-seconds"])));
  console.log(values.output === "json" ? JSON.stringify(reports) : formatManyPartitions(reports));
}

/** `TOPICSxPARTITIONS`. */
function shapeOf(text: string): PartitionsShape {
  const [topics = 0, partitions = 0] = text.split("x").map(Number);
  if (!(topics > 0 && partitions > 0)) throw new Error(`--shape takes TOPICSxPARTITIONS, as 1x2000, not ${text}`);
  return { topics, partitions };
}

async function measure(shape: PartitionsShape, idleSeconds: number): Promise<ManyPartitionsReport> {
  await using cluster = await ClusterProcesses.start();
  await using client = new Sluice({ brokers: cluster.addresses, requestTimeoutMs });
  const names = Array.from({ length: shape.topics }, (_, index) => `topic-${String(index).padStart(6, "0")}`);
  await client.admin().connect();
  const connectionsBefore = await perBroker(cluster, (broker) => broker.connections());
  const creation = await created(client, names, shape);
  await setTimeout(settleMs);
  const idle = await measureIdle(cluster, idleSeconds);
  const connections = await perBroker(cluster, (broker) => broker.connections());
  const failover = await controllerKilled(client, cluster, names);
  return { ...shape, ...creation, ...idle, connectionsBefore, connections, ...failover };
}

async function created(client: Sluice, names: readonly string[], { partitions }: PartitionsShape) {
  const topics = names.map((topic) => ({ topic, numPartitions: partitions, replicationFactor: brokerCount }));
  const startedMs = performance.now();
  await client.admin().createTopics({ topics });
  const answeredMs = performance.now() - startedMs;
  await until(client, names, ({ leader, isr }) => leader >= 0 && isr.length === brokerCount);
  const inSyncMs = performance.now() - startedMs;
  await produceToAll(client, names, partitions);
  const writtenMs = performance.now() - startedMs;
  return { answeredSeconds: answeredMs / 1000, inSyncSeconds: inSyncMs / 1000, writtenSeconds: writtenMs / 1000 };
}

async function measureIdle(cluster: ClusterProcesses, idleSeconds: number) {
  const before = await perBroker(cluster, (broker) => broker.use());
  const startedMs = performance.now();
  await setTimeout(idleSeconds * 1000);
  const after = await perBroker(cluster, (broker) => broker.use());
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    idleCorePercent: after.map(({ cpuSeconds }, at) => ((cpuSeconds - (before[at]?.cpuSeconds ?? 0)) / seconds) * 100),
    rssMb: after.map(({ rssBytes }) => rssBytes / 1e6),
  };
}

/** Ends the controller, and waits until others lead what it led, and until every partition has taken a record. */
async function controllerKilled(client: Sluice, cluster: ClusterProcesses, names: readonly string[]) {
  const { controller } = await client.admin().describeCluster();
  const killed = cluster.brokers.find(({ id }) => id === controller);
  if (killed === undefined) throw new Error(`no broker is controller (${controller})`);
  const partitions = await partitionsOf(client, names);
  const ledByController = partitions.filter(({ leader }) => leader === killed.id).length;
  const startedMs = performance.now();
  await killed.end("SIGKILL");
  await until(client, names, ({ leader }) => leader >= 0 && leader !== killed.id);
  const electedMs = performance.now() - startedMs;
  await produceToAll(client, names, partitions.length / names.length);
  return { ledByController, electedMs, writtenAgainMs: performance.now() - startedMs };
}

/** One record to every partition; resolves when all are acknowledged by every replica in sync. */
async function produceToAll(client: Sluice, names: readonly string[], partitions: number): Promise<void> {
  const numbers = Array.from({ length: partitions }, (_, partition) => partition);
  const messages = numbers.map((partition) => ({ value: "first", partition }));
  await using producer = client.producer();
  await producer.connect();
  await producer.sendBatch({ topicMessages: names.map((topic) => ({ topic, messages })) });
}

async function until(
  client: Sluice,
  names: readonly string[],
  isDone: (partition: { readonly leader: number; readonly isr: readonly number[] }) => boolean,
): Promise<void> {
  while (!(await partitionsOf(client, names)).every(isDone)) await setTimeout(pollMs);
}

/** As a broker describes them from its watch of the cluster. */
async function partitionsOf(client: Sluice, names: readonly string[]) {
  const wanted = new Set(names);
  const { topics } = await client.admin().fetchTopicMetadata();
  return topics.filter(({ name }) => wanted.has(name)).flatMap(({ partitions }) => partitions);
}

function perBroker<Result>(
  cluster: ClusterProcesses,
  measureOne: (broker: ClusterBroker) => Promise<Result>,
): Promise<Result[]> {
  return Promise.all(cluster.brokers.map(measureOne));
}
