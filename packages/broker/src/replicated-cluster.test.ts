import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterImage, PartitionImage } from "@sluice/cluster";
import { FileClusterStore, ImageWatcher } from "@sluice/coordination";
import { NodeFileSystem } from "@sluice/log";
import { MemoryFileSystem } from "@sluice/log/testing";
import { brokerId, type TransportConnection, topicName } from "@sluice/model";
import { NodeClock, NodeRandom } from "@sluice/model/node";
import { SeededRandom } from "@sluice/model/testing";
import {
  clusterService,
  type DescribeClusterResponse,
  GrpcTransport,
  logService,
  type Partition,
  type ProduceResponse,
} from "@sluice/protocol";
import { RecordBatchBuilder } from "@sluice/record";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BrokerConfig, brokerConfig } from "./broker-config.js";
import { nodePorts } from "./broker-ports.js";
import { silentLogger } from "./logging.js";
import type { RunningBroker } from "./running-broker.js";
import { startBroker } from "./start-broker.js";

/** Three brokers in one process, over one file store. */
describe("three brokers", () => {
  let dataDirectory: string;
  let store: FileClusterStore;
  let brokers: Map<number, RunningBroker>;
  let connections: TransportConnection[];

  beforeEach(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), "sluice-replicated-"));
    store = await FileClusterStore.open(
      { path: join(dataDirectory, "cluster-store") },
      { fileSystem: new NodeFileSystem(), clock: new NodeClock(), random: new NodeRandom() },
    );
    brokers = new Map();
    connections = [];
    await Promise.all([1, 2, 3].map((id) => start(id)));
  });

  afterEach(async () => {
    for (const connection of connections) connection.close();
    await Promise.all([...brokers.values()].map((broker) => broker.close()));
    await store.close();
    await rm(dataDirectory, { recursive: true });
  });

  async function start(id: number, over: Partial<BrokerConfig> = {}, disk?: MemoryFileSystem): Promise<void> {
    const config = brokerConfig({
      brokerId: id,
      dataDirectory,
      port: 0,
      stopGraceMs: 1000,
      groupOffsetsBrokersMin: 3,
      groupOffsetsPartitions: 3,
      diskReserveBytes: 0,
      ...over,
    });
    const ports = disk === undefined ? undefined : { ...nodePorts(config), fileSystem: disk };
    brokers.set(id, await startBroker({ config, clusterStore: store, logger: silentLogger }, ports));
  }

  async function stop(id: number): Promise<void> {
    await brokers.get(id)?.close();
    brokers.delete(id);
  }

  function connectionTo(id: number): TransportConnection {
    const broker = brokers.get(id);
    if (broker === undefined) throw new Error(`broker ${id} does not run`);
    const connection = new GrpcTransport().connect(broker);
    connections.push(connection);
    return connection;
  }

  function createTopic(replicationFactor: number, partitions = 1): Promise<unknown> {
    const request = { name: "t", partitions, replicationFactor, configs: [], validateOnly: false };
    return connectionTo(1).call(clusterService.createTopic, request);
  }

  /** Resolves when the broker's view of the partition is as wanted. */
  async function partitionShows(by: number, condition: (partition: Partition) => boolean): Promise<Partition> {
    const connection = connectionTo(by);
    return new Promise((resolve, reject) => {
      const topics = new Map<string, DescribeClusterResponse["topics"][number]>();
      const stream = connection.open(clusterService.watchCluster, {
        onMessage: (response) => {
          for (const topic of response.topics) topics.set(topic.name, topic);
          const partition = topics.get("t")?.partitions[0];
          if (partition === undefined || !condition(partition)) return;
          resolve(partition);
          connection.close();
        },
        onEnd: () => reject(new Error("the watch ended")),
        onError: reject,
      });
      stream.send({ topics: ["t"], brokersOnly: false, createMissing: false });
      stream.end();
    });
  }

  function produce(to: number, value: string, partition = 0): Promise<ProduceResponse> {
    const builder = new RecordBatchBuilder({});
    builder.append({ timestampMs: 1000, key: null, value: Buffer.from(value) });
    const request = { correlationId: 7, topic: "t", partition, acks: "all", leaderEpoch: undefined } as const;
    return new Promise((resolve, reject) => {
      const stream = connectionTo(to).open(logService.produce, {
        onMessage: resolve,
        onEnd: () => undefined,
        onError: reject,
      });
      stream.send({ ...request, records: builder.build() });
      stream.end();
    });
  }

  /** Starts broker 3 anew with a disk in memory, makes a topic of which each broker leads a partition, and waits until all are in sync. */
  async function withDisk(disk: MemoryFileSystem): Promise<void> {
    await stop(3);
    await start(3, {}, disk);
    await createTopic(3, 3);
    await imageShows((image) => partitionsOf(image).every(({ inSyncReplicas }) => inSyncReplicas.length === 3));
    expect(new Set(partitionsOf(await imageNow()).map(({ leader }) => leader))).toEqual(new Set([1, 2, 3]));
  }

  function imageNow(): Promise<ClusterImage> {
    return imageShows(() => true);
  }

  async function imageShows(condition: (image: ClusterImage) => boolean): Promise<ClusterImage> {
    const images = new ImageWatcher({ onError: () => {} }, { store, clock: new NodeClock() });
    await images.start();
    const shown = await images.waitFor(condition);
    images.close();
    return shown;
  }

  function partitionsOf(image: ClusterImage): readonly PartitionImage[] {
    return image.topics.get(topicName("t"))?.partitions ?? [];
  }

  /** Bytes of the partition's log on each broker's disk. */
  async function logsOnDisk(): Promise<Buffer[]> {
    return Promise.all(
      [1, 2, 3].map(async (id) => {
        const directory = join(dataDirectory, `broker-${id}`);
        for (const name of await readdir(directory)) {
          const topic = await readFile(join(directory, name, "partition.metadata"), "utf8").catch(() => "");
          if (topic.includes("topic: t")) return readFile(join(directory, name, "00000000000000000000.log"));
        }
        throw new Error(`broker ${id} has no such partition`);
      }),
    );
  }

  it("acknowledge what all in-sync replicas have, and keep it three times over", async () => {
    await createTopic(3);
    const { leaderIdPlusOne } = await partitionShows(1, ({ inSyncReplicas }) => inSyncReplicas.length === 3);
    for (let i = 0; i < 10; i += 1) {
      const answer = await produce(leaderIdPlusOne - 1, `v${i}`);
      expect(answer).toMatchObject({ error: undefined, baseOffset: i, replicas: 3 });
    }
    const [first, second, third] = await logsOnDisk();
    expect(first?.length).toBeGreaterThan(0);
    expect([second, third]).toEqual([first, first]);
  });

  it("never take one that stops back into the in-sync replicas", async () => {
    await createTopic(3);
    const { leaderIdPlusOne } = await partitionShows(1, ({ inSyncReplicas }) => inSyncReplicas.length === 3);
    const leader = leaderIdPlusOne - 1;
    const images = new ImageWatcher({ onError: () => {} }, { store, clock: new NodeClock() });
    await images.start();
    const states: PartitionImage[] = [];
    images.subscribe((image) => states.push(image.topics.get(topicName("t"))?.partitions[0] as PartitionImage));
    await stop(leader);
    const { revision } = await store.list("");
    await images.waitFor((image) => image.revision >= revision);
    images.close();
    const after = states.filter((state) => state.leader !== leader);
    expect(after.length).toBeGreaterThan(0);
    expect(after.filter(({ inSyncReplicas }) => inSyncReplicas.includes(brokerId(leader)))).toEqual([]);
  });

  it("go on without one whose disk fails: it leads nothing, is waited for nowhere, and leaves", async () => {
    const disk = new MemoryFileSystem(new SeededRandom(1));
    await withDisk(disk);
    disk.failAlways("syncData", "EIO");
    const { leader } = partitionsOf(await imageNow())[0] as PartitionImage;
    // The records reach the disk that fails, which leads the partition or follows.
    await produce(leader as number, "a");
    const image = await imageShows(({ brokers }) => !brokers.has(brokerId(3)));
    for (const partition of partitionsOf(image)) {
      expect(partition.inSyncReplicas).not.toContain(3);
      expect([1, 2]).toContain(partition.leader);
    }
    const after = partitionsOf(image)[0]?.leader as number;
    expect(await produce(after, "b")).toMatchObject({ error: undefined, replicas: 2 });
    const failed = brokers.get(3);
    brokers.delete(3);
    await expect(failed?.close()).rejects.toMatchObject({ code: "DISK_FAILED" });
  });

  it("lead what one had led whose disk is full", async () => {
    const disk = new MemoryFileSystem(new SeededRandom(1));
    await withDisk(disk);
    const { partition } = partitionsOf(await imageNow()).find(({ leader }) => leader === 3) as PartitionImage;
    disk.setCapacity(1);
    await produce(3, "a", partition);
    await imageShows((image) => [1, 2].includes(partitionsOf(image)[partition]?.leader ?? 0));
  });

  it("keep the topic of group offsets three times, though the first of them made it alone", async () => {
    await Promise.all([1, 2, 3].map((id) => stop(id)));
    await store.close();
    store = await FileClusterStore.open(
      { path: join(dataDirectory, "another-store") },
      { fileSystem: new NodeFileSystem(), clock: new NodeClock(), random: new NodeRandom() },
    );
    const dataOf = (id: number): Partial<BrokerConfig> => ({ dataDirectory: join(dataDirectory, `another-${id}`) });
    for (const id of [1, 2, 3]) await start(id, { ...dataOf(id), groupOffsetsBrokersMin: 1 });
    const hasAll = ({ inSyncReplicas, addingReplicas }: PartitionImage): boolean => {
      return inSyncReplicas.length === 3 && addingReplicas.length === 0;
    };
    const image = await imageShows(({ topics }) => {
      return topics.get(topicName("__consumer_offsets"))?.partitions.every(hasAll) ?? false;
    });
    expect(image.topics.get(topicName("__consumer_offsets"))?.partitions).toHaveLength(3);
  });

  it("go on without one that stopped, and take it back when it has caught up", async () => {
    await createTopic(3);
    const before = await partitionShows(1, ({ inSyncReplicas }) => inSyncReplicas.length === 3);
    const leader = before.leaderIdPlusOne - 1;
    expect(await produce(leader, "a")).toMatchObject({ error: undefined, baseOffset: 0 });
    await stop(leader);
    const other = leader === 1 ? 2 : 1;
    const after = await partitionShows(other, ({ leaderIdPlusOne }) => ![0, leader + 1].includes(leaderIdPlusOne));
    expect(after.leaderEpoch).toBe(before.leaderEpoch + 1);
    expect(await produce(after.leaderIdPlusOne - 1, "b")).toMatchObject({ error: undefined, baseOffset: 1 });
    await start(leader);
    await partitionShows(other, ({ inSyncReplicas }) => inSyncReplicas.length === 3);
    expect(await produce(after.leaderIdPlusOne - 1, "c")).toMatchObject({ baseOffset: 2, replicas: 3 });
    const [first, second, third] = await logsOnDisk();
    expect([second, third]).toEqual([first, first]);
  });
});
