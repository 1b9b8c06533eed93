import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brokerKey, type ClusterImage, controllerKey, type PartitionImage } from "@sluice/cluster";
import { type ClusterStore, FileClusterStore, ImageWatcher, MemoryClusterStore } from "@sluice/coordination";
import { NodeFileSystem } from "@sluice/log";
import { brokerId, groupOffsetsTopic, isSluiceError, type TopicName } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClusterBroker, type ClusterBrokerOptions, startClusterBroker } from "../testing/cluster-fixture.js";
import { leftoverAgeMs } from "./leftover-age.js";

const never = new AbortController().signal;
const flights = "flights" as TopicName;

describe("Controller", () => {
  let clock: VirtualClock;
  let store: ClusterStore;
  /** Sees every image of the store. */
  let observer: ImageWatcher;
  let images: ClusterImage[];
  let brokers: ClusterBroker[];

  beforeEach(async () => {
    clock = new VirtualClock();
    await observe(new MemoryClusterStore({ clock, random: new SeededRandom(1) }));
  });
  afterEach(async () => {
    await Promise.all(brokers.map((broker) => broker.close()));
    await store.close();
  });

  it("acts on exactly one of three brokers", async () => {
    await start({ id: 1 }, { id: 2 }, { id: 3 });
    await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 6 }), never);
    const victim = kill(3);
    await expireLeases();
    await until((image) => leadersOf(image).filter((leader) => leader === undefined).length === 2);
    expect(brokers.map((broker) => broker.controller.isController)).toEqual([true, false]);
    const actors = [...brokers, victim].filter((broker) => broker.store.written.flat().some(isElection));
    expect(actors.map((broker) => broker.id)).toEqual([1]);
  });

  it("elects at once when a cluster starts: no time passes", async () => {
    await start({ id: 1 }, { id: 2 }, { id: 3 });
    await brokerAt(2).topicAdmin.createTopic(topic({ partitions: 3 }), never);
    await Promise.all(brokers.splice(0).map((broker) => broker.close()));
    await until((image) => image.brokers.size === 0 && image.controller === undefined);
    await start({ id: 3 }, { id: 1 }, { id: 2 });
    const image = await until((seen) => leadersOf(seen).every((leader) => leader !== undefined));
    expect(new Set(leadersOf(image))).toEqual(new Set([1, 2, 3]));
    expect(clock.monotonicMs()).toBe(0);
  });

  it("takes a dead broker's partitions from it, and gives them back to its next life in another epoch", async () => {
    await start({ id: 1 }, { id: 2 });
    await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 2 }), never);
    const before = partitionLedBy(2);
    const victim = kill(2);
    await expireLeases();
    await until((image) => image.brokers.size === 1 && leadersOf(image).includes(undefined));
    const orphan = partitionAt(before.partition);
    expect(orphan).toMatchObject({ leader: undefined, leaderEpoch: before.leaderEpoch + 1, inSyncReplicas: [2] });

    await start({ id: 2 });
    await until((image) => leadersOf(image).every((leader) => leader !== undefined));
    const after = partitionAt(before.partition);
    expect(after).toMatchObject({ leader: 2, leaderEpoch: before.leaderEpoch + 2, inSyncReplicas: [2] });
    expect(after.leaderBrokerEpoch).toBeGreaterThan(victim.brokerEpoch);
    expect(after.leaderBrokerEpoch).toBe(observer.image.brokers.get(brokerId(2))?.brokerEpoch);
  });

  it("elects a broker anew that came back before anybody missed it", async () => {
    await start({ id: 1 }, { id: 2 });
    await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 2 }), never);
    const before = partitionLedBy(2);
    await brokers.pop()?.close();
    await start({ id: 2 });
    await until((image) => image.brokers.size === 2 && leadersOf(image).every((leader) => leader !== undefined));
    const after = partitionAt(before.partition);
    expect(after.leader).toBe(2);
    expect(after.leaderEpoch).toBeGreaterThan(before.leaderEpoch);
    expect(after.leaderBrokerEpoch).toBeGreaterThan(before.leaderBrokerEpoch);
  });

  it("hands over at once when it is closed, and another goes on in a new term", async () => {
    await start({ id: 1 }, { id: 2 });
    await until((image) => image.controller !== undefined);
    const term = observer.image.controller?.controllerEpoch ?? 0;
    await brokerAt(0).controller.close();
    const image = await until((seen) => seen.controller?.broker === 2);
    expect(image.brokers.size).toBe(2);
    expect(image.controller?.controllerEpoch).toBeGreaterThan(term);
    expect(clock.monotonicMs()).toBe(0);
    expect(brokers.map((broker) => broker.controller.isController)).toEqual([false, true]);
  });

  it("does not take the key without the registration under which it would hold it", async () => {
    await start({ id: 1 });
    await until((image) => image.controller !== undefined);
    const gone = [brokerKey(brokerId(1)), controllerKey].map((key) => ({ type: "delete", key }) as const);
    await store.transact([], gone);
    await settle();
    expect(observer.image.controller).toBeUndefined();
    expect(brokerAt(0).controller.isController).toBe(false);
  });

  it("is replaced when it dies, and its successor elects", async () => {
    await start({ id: 1 }, { id: 2 });
    await brokerAt(1).topicAdmin.createTopic(topic({ partitions: 4 }), never);
    kill(1);
    await expireLeases();
    const image = await until((seen) => leadersOf(seen).includes(undefined));
    expect(image.controller?.broker).toBe(2);
    expect(leadersOf(image).filter((leader) => leader === 2)).toHaveLength(2);
  });

  it("changes nothing after it was replaced, even if it has not heard of it", async () => {
    await start({ id: 1 }, { id: 2 }, { id: 3 });
    await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 3 }), never);
    const before = partitionLedBy(3);
    const deposed = brokerAt(0);
    // It plans the election, cannot send it, and will try again.
    deposed.store.failures.push(new Error("connection cut"));
    await brokers.pop()?.close();
    await until((image) => image.brokers.size === 2);
    await settle();
    deposed.store.cutWatches();
    await store.transact([], [{ type: "delete", key: controllerKey }]);
    await until((image) => image.controller?.broker === 2 && leadersOf(image).includes(undefined));
    const after = partitionAt(before.partition);
    expect(deposed.controller.isController).toBe(true);
    const transactionsBefore = deposed.store.transactionCount;
    clock.advance(500);
    await settle();
    expect(deposed.store.transactionCount).toBe(transactionsBefore + 1);
    expect(deposed.store.written.flat().some(isElection)).toBe(false);
    expect(partitionAt(before.partition)).toEqual(after);
    expect(after.leaderEpoch).toBe(before.leaderEpoch + 1);
  });

  it("makes no topic after it was replaced", async () => {
    await start({ id: 1, groupOffsetsBrokersMin: 2 });
    await until((image) => image.controller?.broker === 1);
    await settle();
    brokerAt(0).store.failures.push(new Error("connection cut"));
    await start({ id: 2 });
    await settle();
    brokerAt(0).store.cutWatches();
    await store.transact([], [{ type: "delete", key: controllerKey }]);
    await until((image) => image.controller?.broker === 2);
    const transactionsBefore = brokerAt(0).store.transactionCount;
    clock.advance(500);
    await settle();
    expect(brokerAt(0).store.transactionCount).toBe(transactionsBefore + 1);
    expect(observer.image.topics.size).toBe(0);
  });

  it("waits out an error of the store and then acts", async () => {
    await start({ id: 1 }, { id: 2 });
    await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 2 }), never);
    brokerAt(0).store.failures.push(new Error("connection cut"));
    await brokers.pop()?.close();
    await until((image) => image.brokers.size === 1);
    await settle();
    expect(leadersOf(observer.image)).not.toContain(undefined);
    clock.advance(500);
    await until((image) => leadersOf(image).includes(undefined));
  });

  it("makes the topic of group offsets once, when enough brokers are there, spread over them", async () => {
    const options = { groupOffsetsPartitions: 12, groupOffsetsBrokersMin: 3 };
    await start({ id: 1, ...options }, { id: 2, ...options });
    await settle();
    expect(observer.image.topics.has(groupOffsetsTopic)).toBe(false);
    await start({ id: 3, ...options });
    const image = await until((seen) => seen.topics.has(groupOffsetsTopic));
    const offsets = image.topics.get(groupOffsetsTopic);
    expect(offsets?.config.flush).toBe("always");
    const leaders = offsets?.partitions.map((partition) => partition.leader) ?? [];
    expect([1, 2, 3].map((id) => leaders.filter((leader) => leader === id).length)).toEqual([4, 4, 4]);
    await settle();
    expect(
      brokers.flatMap((broker) => broker.store.written.flat()).filter(isTopicOf("__consumer_offsets")),
    ).toHaveLength(1);
    expect(clock.monotonicMs()).toBe(0);
  });

  describe("a topic of 300 partitions", () => {
    it("is seen whole or not at all", async () => {
      await start({ id: 1 }, { id: 2 }, { id: 3 });
      const created = await brokerAt(1).topicAdmin.createTopic(topic({ partitions: 300 }), never);
      expect(created.partitions).toHaveLength(300);
      expect([1, 2, 3].map((id) => created.partitions.filter((partition) => partition.leader === id).length)).toEqual([
        100, 100, 100,
      ]);
      expect(partitionCountsSeen()).toEqual([0, 300]);
    });

    it.each([1, 2, 3])("leaves nothing behind when its creator dies after %i transactions", async (transactions) => {
      await start({ id: 1 }, { id: 2 });
      brokerAt(1).store.transactionsUntilDeath = transactions;
      const died = new Promise<void>((resolve) => {
        brokerAt(1).store.onDeath = resolve;
      });
      void brokerAt(1).topicAdmin.createTopic(topic({ partitions: 300 }), never);
      await died;
      brokers.splice(1, 1);
      await until((image) => image.unlistedPartitions.size === 1);
      // Creations of the present term may still be under way: the next controller cleans up.
      await start({ id: 3 });
      await brokers.shift()?.close();
      await until((image) => image.controller?.broker === 3 && image.unlistedPartitions.size === 0);
      expect((await store.list("/sluice/parts/")).entries).toEqual([]);
      expect(partitionCountsSeen()).toEqual([0]);
      await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    });

    it.each([1, 3])(
      "is cleaned up by the running controller a while after its creator died (%i)",
      async (transactions) => {
        await start({ id: 1 }, { id: 2 });
        await dieCreating(1, transactions);
        const term = observer.image.controller?.controllerEpoch;
        await passTime(leftoverAgeMs - 1);
        expect(observer.image.unlistedPartitions.size).toBe(1);
        await passTime(1);
        await until((image) => image.unlistedPartitions.size === 0);
        expect((await store.list("/sluice/parts/")).entries).toEqual([]);
        expect(observer.image.controller?.controllerEpoch).toBe(term);
        await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
      },
    );

    it("keeps its partitions when partitions are added, and what a dead addition left goes after a while", async () => {
      await start({ id: 1 }, { id: 2 });
      await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 1 }), never);
      brokerAt(1).store.transactionsUntilDeath = 2;
      const died = deathOf(1);
      void brokerAt(1).topicAdmin.addPartitions({ name: "flights", partitions: 301 }, never);
      await died;
      brokers.splice(1, 1);
      await until((image) => [...image.unlistedPartitions.values()].some(({ size }) => size === 200));
      expect(partitionCountsSeen()).toEqual([0, 1]);
      await passTime(leftoverAgeMs);
      await until((image) => image.unlistedPartitions.size === 0);
      expect((await store.list("/sluice/parts/")).entries).toHaveLength(1);
      const grown = await brokerAt(0).topicAdmin.addPartitions({ name: "flights", partitions: 301 }, never);
      expect(grown.partitions).toHaveLength(301);
      expect(partitionCountsSeen()).toEqual([0, 1, 301]);
    });

    it("is refused, and can be created anew, where its creator was so slow that it counted as dead", async () => {
      await start({ id: 1 }, { id: 2 });
      const slow = brokerAt(1).store;
      const { resume, held } = slow.holdAfter(2);
      const created = brokerAt(1).topicAdmin.createTopic(topic({ partitions: 300 }), never);
      await held;
      await until((image) => image.unlistedPartitions.size === 1);
      await passTime(leftoverAgeMs);
      await until((image) => image.unlistedPartitions.size === 0);
      resume();
      await expect(created).rejects.toSatisfy((error) => isSluiceError(error, "STORE_CONFLICT"));
      expect((await store.list("/sluice/parts/")).entries).toEqual([]);
      await brokerAt(1).topicAdmin.createTopic(topic({ partitions: 300 }), never);
      expect((await store.list("/sluice/parts/")).entries).toHaveLength(300);
      expect(partitionCountsSeen()).toEqual([0, 300]);
    });

    it.each([1, 3])("leaves nothing behind when the store is closed after %i transactions", async (transactions) => {
      const path = mkdtempSync(join(tmpdir(), "sluice-controller-"));
      try {
        const open = (): Promise<FileClusterStore> => {
          const dependencies = { fileSystem: new NodeFileSystem(), clock, random: new SeededRandom(transactions) };
          return FileClusterStore.open({ path }, dependencies);
        };
        await observe(await open());
        await start({ id: 1 });
        await until((image) => image.controller !== undefined);
        brokerAt(0).store.transactionsUntilDeath = transactions;
        const died = new Promise<void>((resolve) => {
          brokerAt(0).store.onDeath = resolve;
        });
        void brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
        await died;
        expect((await store.list("/sluice/parts/")).entries).toHaveLength(transactions === 3 ? 299 : 100);
        await store.close();
        await observe(await open());
        expect(observer.image.unlistedPartitions.size).toBe(1);
        await start({ id: 1 });
        await until((image) => image.unlistedPartitions.size === 0);
        expect((await store.list("/sluice/parts/")).entries).toEqual([]);
        expect(partitionCountsSeen()).toEqual([0]);
      } finally {
        await Promise.all(brokers.splice(0).map((broker) => broker.close()));
        await store.close();
        await rm(path, { recursive: true });
      }
    });

    it("goes whole when it is deleted, and its name can be used again", async () => {
      await start({ id: 1 }, { id: 2 });
      const first = await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
      await brokerAt(1).topicAdmin.deleteTopic("flights", never);
      expect((await store.list("/sluice/parts/")).entries).toEqual([]);
      const second = await brokerAt(1).topicAdmin.createTopic(topic({ partitions: 2 }), never);
      expect(second.id).not.toBe(first.id);
      expect(partitionCountsSeen()).toEqual([0, 300, 0, 2]);
    });

    it("has leaders again in a few transactions after a broker died and came back", async () => {
      await start({ id: 1 }, { id: 2 });
      await brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
      await brokers.pop()?.close();
      await until((image) => leadersOf(image).filter((leader) => leader === undefined).length === 150);
      await start({ id: 2 });
      await until((image) => leadersOf(image).every((leader) => leader !== undefined));
      const elections = brokerAt(0).store.written.filter((operations) => operations.some(isElection));
      expect(elections.length).toBeLessThan(12);
    });
  });

  /** Uses another store: only before brokers are started, or after all are gone. */
  async function observe(next: ClusterStore): Promise<void> {
    store = next;
    images = [];
    brokers = [];
    observer = new ImageWatcher({ onError: () => undefined }, { store, clock });
    observer.subscribe((image) => images.push(image));
    await observer.start();
  }

  async function start(...options: ClusterBrokerOptions[]): Promise<void> {
    for (const one of options) brokers.push(await startClusterBroker(one, { store, clock }));
  }

  function brokerAt(index: number): ClusterBroker {
    const broker = brokers[index];
    if (broker === undefined) throw new Error(`no broker ${index}`);
    return broker;
  }

  function kill(id: number): ClusterBroker {
    const victim = brokers.find((broker) => broker.id === id);
    if (victim === undefined) throw new Error(`no broker ${id}`);
    victim.kill();
    brokers = brokers.filter((broker) => broker !== victim);
    return victim;
  }

  /** Lets the leases of dead brokers run out, and those of living ones be kept alive. */
  async function expireLeases(): Promise<void> {
    for (let i = 0; i < 4; i += 1) {
      clock.advance(3000);
      await settle();
    }
  }

  /** The broker begins a topic and dies after so many transactions. */
  async function dieCreating(index: number, transactions: number): Promise<void> {
    brokerAt(index).store.transactionsUntilDeath = transactions;
    const died = deathOf(index);
    void brokerAt(index).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    await died;
    brokers.splice(index, 1);
    await until((image) => image.unlistedPartitions.size === 1);
  }

  function deathOf(index: number): Promise<void> {
    return new Promise<void>((resolve) => {
      brokerAt(index).store.onDeath = resolve;
    });
  }

  /** In steps, so that leases of living brokers are kept alive. */
  async function passTime(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      clock.advance(Math.min(left, 1000));
      await settle();
    }
  }

  function until(condition: (image: ClusterImage) => boolean): Promise<ClusterImage> {
    return observer.waitFor(condition);
  }

  /** Everything that needs no time has happened. */
  async function settle(): Promise<void> {
    for (let i = 0; i < 200; i += 1) await Promise.resolve();
  }

  function partitionsOf(image: ClusterImage): readonly PartitionImage[] {
    return image.topics.get(flights)?.partitions ?? [];
  }

  function leadersOf(image: ClusterImage): (number | undefined)[] {
    return partitionsOf(image).map((partition) => partition.leader);
  }

  function partitionAt(partition: number): PartitionImage {
    const found = partitionsOf(observer.image)[partition];
    if (found === undefined) throw new Error(`no partition ${partition}`);
    return found;
  }

  function partitionLedBy(id: number): PartitionImage {
    const found = partitionsOf(observer.image).find((partition) => partition.leader === id);
    if (found === undefined) throw new Error(`broker ${id} leads nothing`);
    return found;
  }

  /** Partition counts of the topic in all images, without repetitions. */
  function partitionCountsSeen(): number[] {
    const counts = images.map((image) => partitionsOf(image).length);
    return counts.filter((count, i) => count !== counts[i - 1]);
  }
});

function topic(options: { readonly partitions: number }): {
  name: string;
  partitions: number;
  replicationFactor: number;
  configs: [];
} {
  return { name: "flights", replicationFactor: 1, configs: [], ...options };
}

function isElection(operation: { readonly type: string; readonly value?: string }): boolean {
  return operation.type === "put" && /"leaderEpoch":[1-9]/.test(operation.value ?? "");
}

function isTopicOf(name: string): (operation: { readonly type: string; readonly key?: string }) => boolean {
  return (operation) => operation.type === "put" && operation.key === `/sluice/topics/${name}`;
}
