/**
 * What consumers are told when an unclean election has cost records that they had read: three real brokers in one process, and a
 * topic on two of them, of which one misses what the other alone had acknowledged.
 */

import { join } from "node:path";
import { brokerConfig, type RunningBroker, silentLogger, startBroker } from "@sluice/broker";
import { type Consumer, type ConsumerOptions, type PartitionMetadata, Sluice } from "@sluice/client";
import { FileClusterStore } from "@sluice/coordination";
import { NodeFileSystem } from "@sluice/log";
import { addressText, type SluiceError } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { until } from "../support/program.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const topic = "flights";
const partitions = [{ topic, partition: 0 }];

let dataDirectory: string;
let store: FileClusterStore;
let brokers: Map<number, RunningBroker>;
let client: Sluice;
/** Errors that the client has logged. */
let logged: object[];

beforeEach(async () => {
  dataDirectory = await temporaryDirectory();
  store = await FileClusterStore.open(
    { path: join(dataDirectory, "cluster-store") },
    { fileSystem: new NodeFileSystem(), clock: new NodeClock(), random: new NodeRandom() },
  );
  brokers = new Map();
  logged = [];
  await Promise.all([1, 2, 3].map((id) => start(id)));
  const logger = { debug() {}, info() {}, warn() {}, error: (object: object) => void logged.push(object) };
  client = new Sluice({ brokers: [...brokers.values()].map(addressText), logger });
  return async () => {
    await client.close({ timeoutMs: 0 });
    await Promise.all([...brokers.values()].map((broker) => broker.close()));
    await store.close();
  };
});

async function start(brokerId: number): Promise<void> {
  const small = { groupOffsetsBrokersMin: 3, groupOffsetsPartitions: 1, diskReserveBytes: 0, stopGraceMs: 1000 };
  const config = brokerConfig({ brokerId, dataDirectory, port: 0, httpPort: -1, ...small });
  brokers.set(brokerId, await startBroker({ config, clusterStore: store, logger: silentLogger }));
}

async function stop(brokerId: number): Promise<void> {
  await brokers.get(brokerId)?.close();
  brokers.delete(brokerId);
}

async function produce(...values: readonly string[]): Promise<void> {
  const producer = client.producer();
  for (const value of values) await producer.send({ topic, messages: [{ value }] });
  await producer.close();
}

/** A member of a group of its own, with what it has read, and the error that has ended it. */
class Reader {
  readonly seen: string[] = [];
  readonly consumer: Consumer;
  error: SluiceError | undefined;
  #reading: Promise<void> | undefined;

  constructor(groupId: string, options: ConsumerOptions = {}) {
    this.consumer = client.consumer({ groupId, startFrom: "earliest", ...options });
    onTestFinished(() => this.stop());
  }

  async read(): Promise<void> {
    await this.consumer.subscribe({ topics: [topic] });
    this.#reading = this.#read();
  }

  async stop(): Promise<void> {
    await this.consumer.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    try {
      for await (const { value } of this.consumer) this.seen.push(String(value));
    } catch (error) {
      this.error = error as SluiceError;
    }
  }
}

/** Records that only the leader has, read by all; then the other replica leads, with the first record alone, and has others. */
async function lose(readers: readonly Reader[]): Promise<void> {
  const configEntries = [{ name: "min.insync.replicas", value: 1 }];
  const admin = client.admin();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 2, configEntries }] });
  const { leaderId: leader, replicas } = (await admin.describeTopic(topic)).partitions[0] as PartitionMetadata;
  const behind = replicas.find((id) => id !== leader) as number;
  await produce("a");
  await stop(behind);
  await produce("b", "c");
  for (const reader of readers) await reader.read();
  await until(() => readers.every(({ seen }) => seen.length === 3));
  // Not asked for again before the log has grown past what was read.
  for (const { consumer } of readers) consumer.pause();
  for (const { consumer } of readers) await consumer.commit();
  await stop(leader as number);
  await start(behind);
  const elected = await admin.electLeaders({ type: "unclean", partitions, brokerId: behind });
  expect(elected).toMatchObject([{ leaderId: behind }]);
  await produce("x", "y", "z");
}

describe("records that were read, and that an unclean election has cost", () => {
  it("end a consumer that is to fail, and are logged by one that is to go on at the new end", async () => {
    const strict = new Reader("strict");
    const tolerant = new Reader("tolerant", { onOffsetOutOfRange: "latest" });
    const readers = [strict, tolerant];
    await lose(readers);
    for (const { consumer } of readers) consumer.resume();
    await until(() => strict.error !== undefined && tolerant.seen.length === 6);
    expect(strict.error).toMatchObject({ code: "LOG_TRUNCATED", details: { offset: "3", endOffset: "1" } });
    expect(strict.seen).toEqual(["a", "b", "c"]);
    expect(tolerant.seen).toEqual(["a", "b", "c", "x", "y", "z"]);
    expect(logged).toMatchObject([
      { topic, partition: 0, position: 3, endOffset: 1, error: { code: "LOG_TRUNCATED" } },
    ]);
  });

  it("are known to a member that comes later, by what the group has committed", async () => {
    const before = new Reader("g");
    await lose([before]);
    await before.stop();
    const strict = new Reader("g");
    await strict.read();
    await until(() => strict.error !== undefined);
    expect([strict.error?.code, strict.seen]).toEqual(["LOG_TRUNCATED", []]);
    const tolerant = new Reader("g", { onOffsetOutOfRange: "latest" });
    await tolerant.read();
    await until(() => tolerant.seen.length === 3);
    expect(tolerant.seen).toEqual(["x", "y", "z"]);
  });
});
