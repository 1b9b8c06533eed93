import { brokerId, leaderEpoch, topicName } from "@sluice/model";
import { describe, expect, it } from "vitest";
import type { PartitionImage } from "./cluster-image.js";
import { deletedTopicKey, parseClusterKey } from "./cluster-keys.js";
import type { PartitionValue } from "./cluster-values.js";
import { imageFromListing } from "./image-delta.js";
import { planOneWrite } from "./partition-writes.js";
import { planReassignment } from "./reassignment-plan.js";
import { storedValueOf } from "./replica-sets.js";
import { SharedMap } from "./shared-map.js";
import type { KnownLeaderEpoch } from "./store-history.js";
import { judgeReplica, type ReplicaVerdict } from "./stray-replicas.js";
import { PlannedCluster } from "./testing/planned-cluster.js";
import { planTopicDeletion } from "./topic-plan.js";

const self = brokerId(1);

describe("a replica on the disk of broker 1", () => {
  it("is kept while the image gives it to that broker, also by a move that adds it", () => {
    const cluster = withTopic();
    expect(judge(cluster).type).toBe("kept");
    move(cluster, [2, 3, 4]);
    expect(judge(cluster).type).toBe("kept");
    write(cluster, { replicas: [2, 3, 4].map(brokerId), removingReplicas: [], addingReplicas: [] });
    write(cluster, { replicas: [1, 2, 3, 4].map(brokerId), addingReplicas: [self] });
    expect(judge(cluster).type).toBe("kept");
  });

  it("is a stray once its partition was moved away and all that keep it now are in sync", () => {
    const cluster = movedAway();
    expect(judge(cluster)).toEqual({ type: "stray", reason: "its partition was moved to brokers 2, 3, 4" });
    write(cluster, { inSyncReplicas: [2, 3].map(brokerId) });
    expect(judge(cluster).type).toBe("undecided");
    write(cluster, { inSyncReplicas: [2, 3, 4].map(brokerId), removingReplicas: [brokerId(4)] });
    expect(judge(cluster).type).toBe("undecided");
    write(cluster, { removingReplicas: [] });
    cluster.stop(2);
    expect(judge(cluster).type).toBe("undecided");
  });

  it("is none where the store knows less of the partition than this broker: it may have been restored", () => {
    const cluster = movedAway();
    const { leaderEpoch: epoch, leaderBrokerEpoch } = partition(cluster);
    expect(judge(cluster, null).type).toBe("unknown");
    expect(judge(cluster, { leaderEpoch: epoch + 1, leaderBrokerEpoch }).type).toBe("unknown");
    expect(judge(cluster, { leaderEpoch: epoch, leaderBrokerEpoch: leaderBrokerEpoch + 1 }).type).toBe("unknown");
    expect(judge(cluster, { leaderEpoch: epoch, leaderBrokerEpoch }).type).toBe("stray");
  });

  it("is a stray of a deleted topic in the image of the deletion, and where another topic has the name now", () => {
    const cluster = withTopic();
    const replica = { topicId: partition(cluster).topicId, partition: 0, known: firstEpoch };
    const stray = { type: "stray", reason: "its topic was deleted" };
    cluster.store.run(planTopicDeletion(cluster.image, "t"));
    expect(judgeReplica(cluster.image, replica, self)).toEqual(stray);
    cluster.create({ name: "t", partitions: 1, replicationFactor: 3 });
    expect(judgeReplica(cluster.image, replica, self)).toEqual(stray);
    expect(judge(cluster).type).toBe("kept");
  });

  it("is none of a topic that the store has forgotten, or of whose deletion it tells only others", () => {
    const cluster = withTopic();
    const { topicId } = partition(cluster);
    const { operations } = planTopicDeletion(cluster.image, "t");
    const own = deletedTopicKey(topicId, self);
    const withoutProof = operations.filter((operation) => operation.type !== "put" || operation.key !== own);
    cluster.store.run({ compares: [], operations: withoutProof });
    expect(judgeReplica(cluster.image, { topicId, partition: 0, known: firstEpoch }, self).type).toBe("unknown");
  });

  it("is none while the store counts as restored", () => {
    const cluster = movedAway();
    const image = { ...cluster.image, history: { ...cluster.image.history, isRestored: true } };
    const replica = { topicId: partition(cluster).topicId, partition: 0, known: firstEpoch };
    expect(judgeReplica(image, replica, self).type).toBe("undecided");
  });

  it("waits for what is half created", () => {
    const cluster = withTopic();
    const { topicId } = partition(cluster);
    const beyond = judgeReplica(cluster.image, { topicId, partition: 7, known: undefined }, self);
    expect(beyond.type).toBe("undecided");
  });
});

describe("a deletion", () => {
  it("tells every broker that ever was, those that keep replicas first", () => {
    const cluster = withTopic();
    const { topicId } = partition(cluster);
    write(cluster, { replicas: [5, 4].map(brokerId) });
    const { operations } = planTopicDeletion(cluster.image, "t");
    const keys = operations.flatMap((operation) => (operation.type === "put" ? operation.key : []));
    expect(keys.map(parseClusterKey)).toEqual([5, 4, 1, 2, 3].map((id) => ({ type: "deletedTopic", topicId, id })));
  });

  it("is in the image until the last broker has said that it has nothing of the topic", () => {
    const cluster = withTopic();
    const { topicId } = partition(cluster);
    cluster.store.run(planTopicDeletion(cluster.image, "t"));
    const ids = [1, 2, 3, 4, 5].map(brokerId);
    expect(cluster.image.deletedTopics).toEqual(SharedMap.from(new Map([[topicId, new Set(ids)]])));
    const { deletedTopics } = cluster.image;
    cluster.create({ name: "u", partitions: 1, replicationFactor: 1 });
    expect(cluster.image.deletedTopics).toBe(deletedTopics);
    for (const [index, id] of ids.entries()) {
      const operations = [{ type: "delete", key: deletedTopicKey(topicId, id) } as const];
      cluster.store.run({ compares: [], operations });
      expect(cluster.image.deletedTopics.get(topicId)?.size).toBe(index < 4 ? 4 - index : undefined);
      expect(cluster.image).toEqual(imageFromListing(cluster.image.revision, cluster.store.list()));
    }
    // What an earlier image shows does not change.
    expect(deletedTopics.get(topicId)?.size).toBe(5);
  });
});

/** Five brokers, of which the first three keep partition 0. */
function withTopic(): PlannedCluster {
  const cluster = new PlannedCluster(5);
  cluster.control(1);
  cluster.create({ name: "t", partitions: 1, replicationFactor: 3 });
  return cluster;
}

function movedAway(): PlannedCluster {
  const cluster = withTopic();
  const led = { leader: brokerId(2), leaderBrokerEpoch: cluster.image.brokers.get(brokerId(2))?.brokerEpoch ?? 0 };
  const replicas = [2, 3, 4].map(brokerId);
  write(cluster, { ...led, leaderEpoch: leaderEpoch(1), replicas, inSyncReplicas: replicas });
  return cluster;
}

function partition(cluster: PlannedCluster): PartitionImage {
  const found = cluster.image.topics.get(topicName("t"))?.partitions[0];
  if (found === undefined) throw new Error("no partition");
  return found;
}

/** What the broker acted upon last, by default: the first epoch. */
const firstEpoch: KnownLeaderEpoch = { leaderEpoch: 0, leaderBrokerEpoch: 1 };

function judge(cluster: PlannedCluster, known: KnownLeaderEpoch | null = firstEpoch): ReplicaVerdict {
  const { topicId } = partition(cluster);
  return judgeReplica(cluster.image, { topicId, partition: 0, known: known ?? undefined }, self);
}

function move(cluster: PlannedCluster, replicas: number[]): void {
  const planned = planReassignment(cluster.image, { topic: "t", partition: 0, replicas: replicas.map(brokerId) });
  if (planned !== undefined) cluster.store.run(planOneWrite("test", planned));
}

function write(cluster: PlannedCluster, more: Partial<PartitionValue>): void {
  const before = partition(cluster);
  const value = { ...storedValueOf(before), ...more };
  cluster.store.run(planOneWrite("test", { partition: before, value, compares: [] }));
}
