import { brokerKey, controllerKey } from "@sluice/cluster";
import { brokerId, groupOffsetsTopic } from "@sluice/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isElection, leadersOf, ObservedCluster, topic } from "../testing/observed-cluster.js";

const never = new AbortController().signal;

describe("Controller", () => {
  let cluster: ObservedCluster;

  beforeEach(async () => {
    cluster = await ObservedCluster.open();
  });
  afterEach(() => cluster.close());

  it("acts on exactly one of three brokers", async () => {
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 });
    await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 6 }), never);
    const victim = cluster.kill(3);
    await cluster.expireLeases();
    await cluster.until((image) => leadersOf(image).filter((leader) => leader === undefined).length === 2);
    expect(cluster.brokers.map((broker) => broker.controller.isController)).toEqual([true, false]);
    const actors = [...cluster.brokers, victim].filter((broker) => broker.store.written.flat().some(isElection));
    expect(actors.map((broker) => broker.id)).toEqual([1]);
  });

  it("elects at once when a cluster starts: no time passes", async () => {
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 });
    await cluster.brokerAt(2).topicAdmin.createTopic(topic({ partitions: 3 }), never);
    await Promise.all(cluster.brokers.splice(0).map((broker) => broker.close()));
    await cluster.until((image) => image.brokers.size === 0 && image.controller === undefined);
    await cluster.start({ id: 3 }, { id: 1 }, { id: 2 });
    const image = await cluster.until((seen) => leadersOf(seen).every((leader) => leader !== undefined));
    expect(new Set(leadersOf(image))).toEqual(new Set([1, 2, 3]));
    expect(cluster.clock.monotonicMs()).toBe(0);
  });

  it("takes a dead broker's partitions from it, and gives them back to its next life in another epoch", async () => {
    await cluster.start({ id: 1 }, { id: 2 });
    await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 2 }), never);
    const before = cluster.partitionLedBy(2);
    const victim = cluster.kill(2);
    await cluster.expireLeases();
    await cluster.until((image) => image.brokers.size === 1 && leadersOf(image).includes(undefined));
    const orphan = cluster.partitionAt(before.partition);
    expect(orphan).toMatchObject({ leader: undefined, leaderEpoch: before.leaderEpoch + 1, inSyncReplicas: [2] });

    await cluster.start({ id: 2 });
    await cluster.until((image) => leadersOf(image).every((leader) => leader !== undefined));
    const after = cluster.partitionAt(before.partition);
    expect(after).toMatchObject({ leader: 2, leaderEpoch: before.leaderEpoch + 2, inSyncReplicas: [2] });
    expect(after.leaderBrokerEpoch).toBeGreaterThan(victim.brokerEpoch);
    expect(after.leaderBrokerEpoch).toBe(cluster.observer.image.brokers.get(brokerId(2))?.brokerEpoch);
  });

  it("elects a broker anew that came back before anybody missed it", async () => {
    await cluster.start({ id: 1 }, { id: 2 });
    await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 2 }), never);
    const before = cluster.partitionLedBy(2);
    await cluster.brokers.pop()?.close();
    await cluster.start({ id: 2 });
    await cluster.until(
      (image) => image.brokers.size === 2 && leadersOf(image).every((leader) => leader !== undefined),
    );
    const after = cluster.partitionAt(before.partition);
    expect(after.leader).toBe(2);
    expect(after.leaderEpoch).toBeGreaterThan(before.leaderEpoch);
    expect(after.leaderBrokerEpoch).toBeGreaterThan(before.leaderBrokerEpoch);
  });

  it("hands over at once when it is closed, and another goes on in a new term", async () => {
    await cluster.start({ id: 1 }, { id: 2 });
    await cluster.until((image) => image.controller !== undefined);
    const term = cluster.observer.image.controller?.controllerEpoch ?? 0;
    await cluster.brokerAt(0).controller.close();
    const image = await cluster.until((seen) => seen.controller?.broker === 2);
    expect(image.brokers.size).toBe(2);
    expect(image.controller?.controllerEpoch).toBeGreaterThan(term);
    expect(cluster.clock.monotonicMs()).toBe(0);
    expect(cluster.brokers.map((broker) => broker.controller.isController)).toEqual([false, true]);
  });

  it("does not take the key without the registration under which it would hold it", async () => {
    await cluster.start({ id: 1 });
    await cluster.until((image) => image.controller !== undefined);
    const gone = [brokerKey(brokerId(1)), controllerKey].map((key) => ({ type: "delete", key }) as const);
    await cluster.store.transact([], gone);
    await cluster.settle();
    expect(cluster.observer.image.controller).toBeUndefined();
    expect(cluster.brokerAt(0).controller.isController).toBe(false);
  });

  it("is replaced when it dies, and its successor elects", async () => {
    await cluster.start({ id: 1 }, { id: 2 });
    await cluster.brokerAt(1).topicAdmin.createTopic(topic({ partitions: 4 }), never);
    cluster.kill(1);
    await cluster.expireLeases();
    const image = await cluster.until((seen) => leadersOf(seen).includes(undefined));
    expect(image.controller?.broker).toBe(2);
    expect(leadersOf(image).filter((leader) => leader === 2)).toHaveLength(2);
  });

  it("changes nothing after it was replaced, even if it has not heard of it", async () => {
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 });
    await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 3 }), never);
    const before = cluster.partitionLedBy(3);
    const deposed = cluster.brokerAt(0);
    // It plans the election, cannot send it, and will try again.
    deposed.store.failures.push(new Error("connection cut"));
    await cluster.brokers.pop()?.close();
    await cluster.until((image) => image.brokers.size === 2);
    await cluster.settle();
    deposed.store.cutWatches();
    await cluster.store.transact([], [{ type: "delete", key: controllerKey }]);
    await cluster.until((image) => image.controller?.broker === 2 && leadersOf(image).includes(undefined));
    const after = cluster.partitionAt(before.partition);
    expect(deposed.controller.isController).toBe(true);
    const transactionsBefore = deposed.store.transactionCount;
    cluster.clock.advance(500);
    await cluster.settle();
    expect(deposed.store.transactionCount).toBe(transactionsBefore + 1);
    expect(deposed.store.written.flat().some(isElection)).toBe(false);
    expect(cluster.partitionAt(before.partition)).toEqual(after);
    expect(after.leaderEpoch).toBe(before.leaderEpoch + 1);
  });

  it("makes no topic after it was replaced", async () => {
    await cluster.start({ id: 1, groupOffsetsBrokersMin: 2 });
    await cluster.until((image) => image.controller?.broker === 1);
    await cluster.settle();
    cluster.brokerAt(0).store.failures.push(new Error("connection cut"));
    await cluster.start({ id: 2 });
    await cluster.settle();
    cluster.brokerAt(0).store.cutWatches();
    await cluster.store.transact([], [{ type: "delete", key: controllerKey }]);
    await cluster.until((image) => image.controller?.broker === 2);
    const transactionsBefore = cluster.brokerAt(0).store.transactionCount;
    cluster.clock.advance(500);
    await cluster.settle();
    expect(cluster.brokerAt(0).store.transactionCount).toBe(transactionsBefore + 1);
    expect(cluster.observer.image.topics.size).toBe(0);
  });

  it("waits out an error of the store and then acts", async () => {
    await cluster.start({ id: 1 }, { id: 2 });
    await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 2 }), never);
    cluster.brokerAt(0).store.failures.push(new Error("connection cut"));
    await cluster.brokers.pop()?.close();
    await cluster.until((image) => image.brokers.size === 1);
    await cluster.settle();
    expect(leadersOf(cluster.observer.image)).not.toContain(undefined);
    cluster.clock.advance(500);
    await cluster.until((image) => leadersOf(image).includes(undefined));
  });

  it("makes the topic of group offsets once, when enough brokers are there, spread over them", async () => {
    const options = { groupOffsetsPartitions: 12, groupOffsetsBrokersMin: 3 };
    await cluster.start({ id: 1, ...options }, { id: 2, ...options });
    await cluster.settle();
    expect(cluster.observer.image.topics.has(groupOffsetsTopic)).toBe(false);
    await cluster.start({ id: 3, ...options });
    const image = await cluster.until((seen) => seen.topics.has(groupOffsetsTopic));
    const offsets = image.topics.get(groupOffsetsTopic);
    expect(offsets?.config.flush).toBe("always");
    const leaders = offsets?.partitions.map((partition) => partition.leader) ?? [];
    expect([1, 2, 3].map((id) => leaders.filter((leader) => leader === id).length)).toEqual([4, 4, 4]);
    await cluster.settle();
    expect(
      cluster.brokers.flatMap((broker) => broker.store.written.flat()).filter(isTopicOf("__consumer_offsets")),
    ).toHaveLength(1);
    expect(cluster.clock.monotonicMs()).toBe(0);
  });
});

function isTopicOf(name: string): (operation: { readonly type: string; readonly key?: string }) => boolean {
  return (operation) => operation.type === "put" && operation.key === `/sluice/topics/${name}`;
}
