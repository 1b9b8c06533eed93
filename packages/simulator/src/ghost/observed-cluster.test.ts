import {
  formatHistoryValue,
  formatPartitionValue,
  formatTopicValue,
  historyKey,
  partitionKey,
  topicKey,
} from "@sluice/cluster";
import { type BrokerId, brokerId, leaderEpoch, topicId, topicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { Chance } from "../kernel/chance.js";
import { Scheduler } from "../kernel/scheduler.js";
import { SimulatedEtcd } from "../store/simulated-etcd.js";
import { ObservedCluster } from "./observed-cluster.js";

const id = topicId("00000000-0000-4000-8000-000000000001");

function setUp() {
  const etcd = new SimulatedEtcd({
    scheduler: new Scheduler(new Chance(1, "scheduler")),
    chance: new Chance(1, "etcd"),
  });
  const cluster = new ObservedCluster();
  etcd.observe((change) => cluster.onStoreChange(change));
  const put = (key: string, value: string): void => void etcd.transact([], [{ type: "put", key, value }]);
  const putTopic = (membersMin: number): void => {
    const configs = { "min.insync.replicas": String(membersMin) };
    put(topicKey(topicName("t")), formatTopicValue({ id, partitions: 1, configs }));
  };
  const putPartition = (inSyncReplicas: readonly BrokerId[]): void => {
    const replicas = [1, 2, 3].map(brokerId);
    const partition = {
      leader: brokerId(1),
      leaderBrokerEpoch: 1,
      leaderEpoch: leaderEpoch(0),
      inSyncReplicas,
      eligibleLeaderReplicas: [],
      lastEligibleLeaderReplicas: [],
      replicas,
      addingReplicas: [],
      removingReplicas: [],
    };
    put(partitionKey(id, 0), formatPartitionValue(partition));
  };
  const putHistory = (number: number, state: "restored" | "adopted"): void =>
    put(historyKey, formatHistoryValue({ number, state }));
  putPartition([1, 2, 3].map(brokerId));
  putTopic(2);
  const restore = (backup: ReturnType<typeof etcd.backup>): void => {
    etcd.restore(backup);
    cluster.storeRestored(etcd);
  };
  return { etcd, cluster, putTopic, putPartition, putHistory, restore };
}

describe("ObservedCluster", () => {
  it("trusts a restored store again when the next history has begun", () => {
    const { etcd, cluster, putPartition, putHistory, restore } = setUp();
    const backup = etcd.backup();
    putPartition([1, 2].map(brokerId));
    restore(backup);
    expect(cluster.image.topicsById.get(id)?.partitions[0]?.inSyncReplicas).toEqual([1, 2, 3]);
    expect(cluster.isStoreTrusted).toBe(false);
    putHistory(0, "restored");
    expect(cluster.isStoreTrusted).toBe(false);
    putHistory(1, "adopted");
    expect(cluster.isStoreTrusted).toBe(true);
  });

  it("trusts a restored store that says the same of all partitions, until a broker has noticed", () => {
    const { etcd, cluster, putTopic, putHistory, restore } = setUp();
    const backup = etcd.backup();
    putTopic(1);
    restore(backup);
    expect(cluster.isStoreTrusted).toBe(true);
    putHistory(0, "restored");
    expect(cluster.isStoreTrusted).toBe(false);
  });

  it("does not take a history for the next one that had ended before", () => {
    const { etcd, cluster, putPartition, putHistory, restore } = setUp();
    const oldest = etcd.backup();
    putHistory(1, "adopted");
    putPartition([brokerId(1)]);
    restore(oldest);
    putHistory(1, "adopted");
    expect(cluster.isStoreTrusted).toBe(false);
    putHistory(2, "adopted");
    expect(cluster.isStoreTrusted).toBe(true);
  });

  it("keeps the lowest min.insync.replicas that a topic has ever had", () => {
    const { cluster, putTopic } = setUp();
    const floor = (): number | undefined => {
      const topic = cluster.image.topicsById.get(id);
      return topic === undefined ? undefined : cluster.inSyncFloors.of(topic);
    };
    expect(floor()).toBe(2);
    putTopic(1);
    putTopic(3);
    expect(floor()).toBe(1);
  });
});
