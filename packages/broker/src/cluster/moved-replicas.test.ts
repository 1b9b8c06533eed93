/** Leaders and replicas moved on real brokers, with records in them, and a watch that sees it. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TransportConnection, UnaryMethod } from "@sluice/model";
import {
  clusterService,
  type DescribeClusterResponse,
  type ElectLeadersRequest,
  GrpcTransport,
  type Partition,
  recordsService,
  replicationService,
} from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LocalCluster, startLocalCluster } from "../local-cluster.js";
import { type Logger, silentLogger } from "../logging.js";

const recordCount = 100;
const flights = { topic: "flights", partition: 0 };
const everything = { topics: [], brokersOnly: false, createMissing: false };

describe("on four brokers that replicate", () => {
  let dataDirectory: string;
  let cluster: LocalCluster;
  let connections: TransportConnection[];
  let watch: Watch;
  /** Transactions with which leaders gave leaderships away. */
  let handovers: number;

  beforeEach(async () => {
    handovers = 0;
    const logger: Logger = {
      ...silentLogger,
      info: (_fields, message) => {
        if (message === "leaderships handed over") handovers += 1;
      },
      child: () => logger,
    };
    dataDirectory = await mkdtemp(join(tmpdir(), "sluice-moves-"));
    cluster = await startLocalCluster({ brokers: 4, dataDirectory, port: 0, logger });
    connections = cluster.brokers.map(({ host, port }) => new GrpcTransport().connect({ host, port }));
    const request = { name: "flights", partitions: 1, replicationFactor: 3, configs: [], validateOnly: false };
    await call(1, clusterService.createTopic, request);
    watch = new Watch(connectionTo(2));
    await publish(recordCount);
  });
  afterEach(async () => {
    for (const connection of connections) connection.close();
    await cluster.close();
    await rm(dataDirectory, { recursive: true });
  });

  it("leaders hand over to the one that is chosen, and home again, asked on any broker", async () => {
    const before = await watch.until(() => true);
    const home = before.leaderIdPlusOne - 1;
    const chosen = before.inSyncReplicas.find((id) => id !== home) ?? 0;
    const request: ElectLeadersRequest = {
      type: "ELECTION_TYPE_CHOSEN",
      partitions: [flights],
      brokerIdPlusOne: chosen + 1,
    };
    for (const asked of [1, 2, 3, 4]) {
      const { results } = await call(asked, clusterService.electLeaders, request);
      expect(results).toMatchObject([{ leaderIdPlusOne: chosen + 1, error: null }]);
    }
    const away = await watch.until(({ leaderIdPlusOne }) => leaderIdPlusOne === chosen + 1);
    expect(away).toMatchObject({ leaderEpoch: before.leaderEpoch + 1, inSyncReplicas: before.inSyncReplicas });
    await call(4, clusterService.electLeaders, { type: "ELECTION_TYPE_PREFERRED", partitions: [], brokerIdPlusOne: 0 });
    const back = await watch.until(({ leaderIdPlusOne }) => leaderIdPlusOne === home + 1);
    expect(back).toMatchObject({ leaderEpoch: before.leaderEpoch + 2 });
  });

  it("a broker is emptied under load: another one has all records, and its leadership is handed over first", async () => {
    const before = await watch.until(() => true);
    const drained = before.leaderIdPlusOne - 1;
    await call(1, clusterService.setBrokerDrained, { brokerId: drained, drained: true });
    const planned = { drainBrokerIdPlusOne: drained + 1, topics: ["flights"] };
    const plan = await call(3, clusterService.planReassignments, planned);
    expect(plan).toMatchObject({ replicasMoved: 1, leadersMoved: 0 });
    expect(plan.bytesMoved).toBeGreaterThan(recordCount * 500);
    const { reassignments } = plan;
    const published = publishUntil(watch.until(({ replicas }) => !replicas.includes(drained)));
    const { results } = await call(4, clusterService.alterReassignments, { reassignments, validateOnly: false });
    expect(results).toMatchObject([{ ...flights, error: null }]);
    const isOver = ({ replicas, addingReplicas }: Partition) =>
      addingReplicas.length === 0 && !replicas.includes(drained);
    const after = await watch.until(isOver);
    expect(after.replicas).toEqual(reassignments[0]?.replicas);
    expect(new Set(after.inSyncReplicas)).toEqual(new Set(after.replicas));
    expect(after.leaderIdPlusOne).not.toBe(drained + 1);
    // The leader gave it away itself, once.
    expect(after.leaderEpoch).toBe(before.leaderEpoch + 1);
    expect(handovers).toBe(1);
    const publishedCount = await published;
    const added = after.replicas.find((id) => !before.replicas.includes(id)) ?? 0;
    const request = { replicas: [{ topicId: watch.topicId, partition: 0 }] };
    const described = await call(added, replicationService.describeReplicas, request);
    expect(described.replicas).toMatchObject([{ logEndOffset: recordCount + publishedCount }]);
    expect(await call(2, clusterService.describeReassignments, { topics: [] })).toEqual({ reassignments: [] });
  });

  async function publish(count: number): Promise<void> {
    const record = { value: Buffer.alloc(500, 7), headers: [], partition: 0 };
    const records = Array.from({ length: count }, () => record);
    await call(3, recordsService.publish, { topic: "flights", records, acks: "ACKS_ALL" });
  }

  /** One record after the other, none of which fails. Returns how many there were. */
  async function publishUntil(end: Promise<unknown>): Promise<number> {
    let [count, isOver] = [0, false];
    void end.then(() => {
      isOver = true;
    });
    for (; !isOver; count += 1) await publish(1);
    return count;
  }

  function connectionTo(id: number): TransportConnection {
    const connection = connections[id - 1];
    if (connection === undefined) throw new Error(`no broker ${id}`);
    return connection;
  }

  function call<Request, Response>(
    id: number,
    method: UnaryMethod<Request, Response>,
    request: Request,
  ): Promise<Response> {
    return connectionTo(id).call(method, request, { timeoutMs: 20_000 });
  }
});

/** What a watch has told of partition 0 of the topic. */
class Watch {
  #partition: Partition | undefined;
  #topicId = "";
  #waiters: (() => void)[] = [];
  #error: Error | undefined;

  constructor(connection: TransportConnection) {
    const stream = connection.open(clusterService.watchCluster, {
      onMessage: (message) => this.#take(message),
      onEnd: () => this.#fail(new Error("the watch has ended")),
      onError: (error) => this.#fail(error),
    });
    stream.send(everything);
    stream.end();
  }

  get topicId(): string {
    return this.#topicId;
  }

  async until(condition: (partition: Partition) => boolean): Promise<Partition> {
    for (;;) {
      if (this.#partition !== undefined && condition(this.#partition)) return this.#partition;
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #take({ topics }: DescribeClusterResponse): void {
    const topic = topics.find(({ name }) => name === "flights");
    if (topic === undefined) return;
    this.#topicId = topic.id;
    this.#partition = topic.partitions[0];
    this.#wake();
  }

  #fail(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  #wake(): void {
    for (const resume of this.#waiters.splice(0)) resume();
  }
}
