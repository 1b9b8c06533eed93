/** What is on the disk of broker 4 when it comes back, beside the store of three brokers that went on without it. */

import { type PartitionValue, planOneWrite, storedValueOf } from "@sluice/cluster";
import type { PartitionOnDisk } from "@sluice/log";
import { brokerId, leaderEpoch, SluiceError, type TopicId, topicName } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Logger } from "../logging.js";
import { silentLogger } from "../logging.js";
import type { ReplicaName } from "../replication/replica-access.js";
import type { ClusterBroker } from "../testing/cluster-fixture.js";
import { ObservedCluster, topic } from "../testing/observed-cluster.js";
import { StrayReplicas } from "./stray-replicas.js";

const never = new AbortController().signal;
const lookIntervalMs = 60_000;

describe("StrayReplicas", () => {
  let cluster: ObservedCluster;
  let returned: ClusterBroker;
  let strays: StrayReplicas;
  let topicId: TopicId;
  let onDisk: PartitionOnDisk[];
  /** Partitions of which the broker knows an epoch of the present history. */
  let known: Set<number>;
  let refusesRoles: boolean;
  let isRegistered: boolean;
  let isDiskBusy: boolean;
  let removed: number[];
  let messages: string[];

  beforeEach(async () => {
    cluster = await ObservedCluster.open();
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 });
    const request = { ...topic({ partitions: 3 }), replicationFactor: 4 };
    await cluster.brokerAt(0).topicAdmin.createTopic(request, never);
    topicId = cluster.partitionAt(0).topicId;
    cluster.kill(4);
    await cluster.expireLeases();
    onDisk = [0, 1, 2].map((partition) => ({ topicId, partition, topic: topicName("flights") }));
    known = new Set([0, 1, 2]);
    [refusesRoles, isRegistered, isDiskBusy, removed, messages] = [false, true, false, [], []];
  });

  afterEach(async () => {
    strays.close();
    await cluster.close();
  });

  async function comeBack(): Promise<void> {
    await cluster.start({ id: 4 });
    returned = cluster.brokerAt(3);
    const logger: Logger = {
      ...silentLogger,
      warn: (_fields, message) => {
        messages.push(message);
      },
    };
    strays = new StrayReplicas(
      { brokerId: brokerId(4) },
      {
        store: returned.store,
        images: returned.images,
        clock: cluster.clock,
        logger,
        storeHistory: {
          get refusesRoles() {
            return refusesRoles;
          },
        },
        logDirectory: {
          partitions: async () => {
            if (isDiskBusy) throw new SluiceError("DISK_FULL", { path: "/data" });
            return [...onDisk];
          },
          known: {
            get: ({ partition }: ReplicaName) =>
              known.has(partition) ? { leaderEpoch: 0, leaderBrokerEpoch: 1 } : undefined,
          } as never,
        },
        brokerEpoch: () => (isRegistered ? returned.brokerEpoch : undefined),
        removeStray: async ({ partition }) => {
          removed.push(partition);
          onDisk = onDisk.filter((one) => one.partition !== partition);
        },
      },
    );
    strays.start();
    await cluster.settle();
  }

  /** The partition as it is after a move away from broker 4, or in the middle of one. */
  async function write(partition: number, more: Partial<PartitionValue>): Promise<void> {
    const before = cluster.partitionAt(partition);
    const value = { ...storedValueOf(before), ...more };
    await cluster.store.transact([], planOneWrite("test", { partition: before, value, compares: [] }).operations);
    await cluster.settle();
  }

  async function moveAway(partition: number): Promise<void> {
    const replicas = [1, 2, 3].map(brokerId);
    const { leaderEpoch: epoch } = cluster.partitionAt(partition);
    const brokerEpoch = cluster.brokerAt(0).brokerEpoch;
    const led = { leader: brokerId(1), leaderBrokerEpoch: brokerEpoch, leaderEpoch: leaderEpoch(epoch + 1) };
    await write(partition, { ...led, replicas, inSyncReplicas: replicas, eligibleLeaderReplicas: [] });
  }

  async function deletedKeys(): Promise<string[]> {
    const { entries } = await cluster.store.list("/sluice/topics-deleted/");
    return entries.map(({ key }) => key.slice(key.lastIndexOf("/") + 1));
  }

  it("removes what was moved away, in the second look, and leaves what it keeps", async () => {
    await moveAway(1);
    await comeBack();
    await cluster.passTime(lookIntervalMs);
    expect(removed).toEqual([]);
    expect(messages).toEqual(["a stray replica is on disk, and will be removed"]);
    await cluster.passTime(lookIntervalMs);
    expect(removed).toEqual([1]);
    expect(messages).toContain("stray replica removed");
  });

  it("removes what the store says was deleted, and lets the store forget that", async () => {
    await cluster.brokerAt(0).topicAdmin.deleteTopic("flights", never);
    expect(await deletedKeys()).toEqual(["1", "2", "3", "4"]);
    await comeBack();
    await cluster.passTime(2 * lookIntervalMs);
    expect(removed).toEqual([0, 1, 2]);
    await cluster.passTime(lookIntervalMs);
    expect(await deletedKeys()).toEqual(["1", "2", "3"]);
  });

  it("never removes what the store has only forgotten, and says so once", async () => {
    await cluster.store.transact(
      [],
      [
        { type: "deletePrefix", prefix: `/sluice/parts/${topicId}/` },
        { type: "delete", key: "/sluice/topics/flights" },
      ],
    );
    await comeBack();
    await cluster.passTime(5 * lookIntervalMs);
    expect(removed).toEqual([]);
    expect(messages).toEqual(Array.from({ length: 3 }, () => "a replica on disk is not this broker's: left as it is"));
  });

  it("removes nothing while the store counts as restored, or the broker takes no part", async () => {
    await moveAway(1);
    await comeBack();
    await cluster.passTime(lookIntervalMs);
    refusesRoles = true;
    await cluster.passTime(3 * lookIntervalMs);
    [refusesRoles, isRegistered] = [false, false];
    await cluster.passTime(3 * lookIntervalMs);
    isRegistered = true;
    await cluster.store.transact(
      [],
      [{ type: "put", key: "/sluice/history", value: '{"number":1,"state":"restored"}' }],
    );
    await cluster.passTime(3 * lookIntervalMs);
    expect(removed).toEqual([]);
  });

  it("keeps what no epoch of the present history is known of, and what is moved back meanwhile", async () => {
    known.delete(1);
    await moveAway(1);
    await moveAway(2);
    await comeBack();
    await cluster.passTime(lookIntervalMs);
    await write(2, { replicas: [1, 2, 3, 4].map(brokerId), addingReplicas: [brokerId(4)] });
    await cluster.passTime(3 * lookIntervalMs);
    expect(removed).toEqual([]);
  });

  it("waits for the end of a move, and for all that keep it to be in sync", async () => {
    await moveAway(0);
    await write(0, { inSyncReplicas: [1, 2].map(brokerId) });
    await comeBack();
    await cluster.passTime(3 * lookIntervalMs);
    expect(removed).toEqual([]);
    await write(0, { inSyncReplicas: [1, 2, 3].map(brokerId) });
    await cluster.passTime(2 * lookIntervalMs);
    expect(removed).toEqual([0]);
  });

  it("looks at its disk again when a replica is taken away later", async () => {
    await comeBack();
    await cluster.passTime(lookIntervalMs);
    await moveAway(1);
    await cluster.passTime(3 * lookIntervalMs);
    expect(removed).toEqual([]);
    strays.replicaTaken();
    await cluster.passTime(2 * lookIntervalMs);
    expect(removed).toEqual([1]);
  });

  it("says of a topic that is deleted while it runs when it has nothing of it", async () => {
    await comeBack();
    await cluster.passTime(lookIntervalMs);
    await cluster.brokerAt(0).topicAdmin.deleteTopic("flights", never);
    // The registry is at work.
    await cluster.passTime(lookIntervalMs);
    expect(await deletedKeys()).toEqual(["1", "2", "3", "4"]);
    onDisk = [];
    await cluster.passTime(lookIntervalMs);
    expect(await deletedKeys()).toEqual(["1", "2", "3"]);
    expect(removed).toEqual([]);
  });

  it("tries again when the store or the disk does not answer", async () => {
    await moveAway(1);
    await comeBack();
    const list = returned.store.list.bind(returned.store);
    returned.store.list = () => Promise.reject(new Error("no majority"));
    await cluster.passTime(lookIntervalMs);
    returned.store.list = list;
    isDiskBusy = true;
    await cluster.passTime(lookIntervalMs);
    isDiskBusy = false;
    await cluster.passTime(2 * lookIntervalMs);
    expect(removed).toEqual([1]);
  });
});
