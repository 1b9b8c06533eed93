import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileClusterStore } from "@sluice/coordination";
import { NodeFileSystem } from "@sluice/log";
import { isSluiceError } from "@sluice/model";
import { SeededRandom } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isElection, leadersOf, ObservedCluster, topic } from "../testing/observed-cluster.js";
import { leftoverAgeMs } from "./leftover-age.js";

const never = new AbortController().signal;

describe("Controller, of a topic of 300 partitions", () => {
  let cluster: ObservedCluster;

  beforeEach(async () => {
    cluster = await ObservedCluster.open();
  });
  afterEach(() => cluster.close());

  it("is seen whole or not at all", async () => {
    await cluster.start({ id: 1 }, { id: 2 }, { id: 3 });
    const created = await cluster.brokerAt(1).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    expect(created.partitions).toHaveLength(300);
    expect([1, 2, 3].map((id) => created.partitions.filter((partition) => partition.leader === id).length)).toEqual([
      100, 100, 100,
    ]);
    expect(cluster.partitionCountsSeen()).toEqual([0, 300]);
  });

  it.each([1, 2, 3])("leaves nothing behind when its creator dies after %i transactions", async (transactions) => {
    await cluster.start({ id: 1 }, { id: 2 });
    cluster.brokerAt(1).store.transactionsUntilDeath = transactions;
    const died = new Promise<void>((resolve) => {
      cluster.brokerAt(1).store.onDeath = resolve;
    });
    void cluster.brokerAt(1).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    await died;
    cluster.brokers.splice(1, 1);
    await cluster.until((image) => image.unlistedPartitions.size === 1);
    // Creations of the present term may still be under way: the next controller cleans up.
    await cluster.start({ id: 3 });
    await cluster.brokers.shift()?.close();
    await cluster.until((image) => image.controller?.broker === 3 && image.unlistedPartitions.size === 0);
    expect((await cluster.store.list("/sluice/parts/")).entries).toEqual([]);
    expect(cluster.partitionCountsSeen()).toEqual([0]);
    await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
  });

  it.each([1, 3])(
    "is cleaned up by the running controller a while after its creator died (%i)",
    async (transactions) => {
      await cluster.start({ id: 1 }, { id: 2 });
      await cluster.dieCreating(1, transactions);
      const term = cluster.observer.image.controller?.controllerEpoch;
      await cluster.passTime(leftoverAgeMs - 1);
      expect(cluster.observer.image.unlistedPartitions.size).toBe(1);
      await cluster.passTime(1);
      await cluster.until((image) => image.unlistedPartitions.size === 0);
      expect((await cluster.store.list("/sluice/parts/")).entries).toEqual([]);
      expect(cluster.observer.image.controller?.controllerEpoch).toBe(term);
      await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    },
  );

  it("keeps its partitions when partitions are added, and what a dead addition left goes after a while", async () => {
    await cluster.start({ id: 1 }, { id: 2 });
    await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 1 }), never);
    cluster.brokerAt(1).store.transactionsUntilDeath = 2;
    const died = cluster.deathOf(1);
    void cluster.brokerAt(1).topicAdmin.addPartitions({ name: "flights", partitions: 301 }, never);
    await died;
    cluster.brokers.splice(1, 1);
    await cluster.until((image) => [...image.unlistedPartitions.values()].some(({ size }) => size === 200));
    expect(cluster.partitionCountsSeen()).toEqual([0, 1]);
    await cluster.passTime(leftoverAgeMs);
    await cluster.until((image) => image.unlistedPartitions.size === 0);
    expect((await cluster.store.list("/sluice/parts/")).entries).toHaveLength(1);
    const grown = await cluster.brokerAt(0).topicAdmin.addPartitions({ name: "flights", partitions: 301 }, never);
    expect(grown.partitions).toHaveLength(301);
    expect(cluster.partitionCountsSeen()).toEqual([0, 1, 301]);
  });

  it("is refused, and can be created anew, where its creator was so slow that it counted as dead", async () => {
    await cluster.start({ id: 1 }, { id: 2 });
    const slow = cluster.brokerAt(1).store;
    const { resume, held } = slow.holdAfter(2);
    const created = cluster.brokerAt(1).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    await held;
    await cluster.until((image) => image.unlistedPartitions.size === 1);
    await cluster.passTime(leftoverAgeMs);
    await cluster.until((image) => image.unlistedPartitions.size === 0);
    resume();
    await expect(created).rejects.toSatisfy((error) => isSluiceError(error, "STORE_CONFLICT"));
    expect((await cluster.store.list("/sluice/parts/")).entries).toEqual([]);
    await cluster.brokerAt(1).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    expect((await cluster.store.list("/sluice/parts/")).entries).toHaveLength(300);
    expect(cluster.partitionCountsSeen()).toEqual([0, 300]);
  });

  it.each([1, 3])("leaves nothing behind when the store is closed after %i transactions", async (transactions) => {
    const path = mkdtempSync(join(tmpdir(), "sluice-controller-"));
    try {
      const open = (): Promise<FileClusterStore> => {
        const dependencies = {
          fileSystem: new NodeFileSystem(),
          clock: cluster.clock,
          random: new SeededRandom(transactions),
        };
        return FileClusterStore.open({ path }, dependencies);
      };
      await cluster.observe(await open());
      await cluster.start({ id: 1 });
      await cluster.until((image) => image.controller !== undefined);
      cluster.brokerAt(0).store.transactionsUntilDeath = transactions;
      const died = new Promise<void>((resolve) => {
        cluster.brokerAt(0).store.onDeath = resolve;
      });
      void cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
      await died;
      expect((await cluster.store.list("/sluice/parts/")).entries).toHaveLength(transactions === 3 ? 299 : 100);
      await cluster.store.close();
      await cluster.observe(await open());
      expect(cluster.observer.image.unlistedPartitions.size).toBe(1);
      await cluster.start({ id: 1 });
      await cluster.until((image) => image.unlistedPartitions.size === 0);
      expect((await cluster.store.list("/sluice/parts/")).entries).toEqual([]);
      expect(cluster.partitionCountsSeen()).toEqual([0]);
    } finally {
      await Promise.all(cluster.brokers.splice(0).map((broker) => broker.close()));
      await cluster.store.close();
      await rm(path, { recursive: true });
    }
  });

  it("goes whole when it is deleted, and its name can be used again", async () => {
    await cluster.start({ id: 1 }, { id: 2 });
    const first = await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    await cluster.brokerAt(1).topicAdmin.deleteTopic("flights", never);
    expect((await cluster.store.list("/sluice/parts/")).entries).toEqual([]);
    const second = await cluster.brokerAt(1).topicAdmin.createTopic(topic({ partitions: 2 }), never);
    expect(second.id).not.toBe(first.id);
    expect(cluster.partitionCountsSeen()).toEqual([0, 300, 0, 2]);
  });

  it("has leaders again in a few transactions after a broker died and came back", async () => {
    await cluster.start({ id: 1 }, { id: 2 });
    await cluster.brokerAt(0).topicAdmin.createTopic(topic({ partitions: 300 }), never);
    await cluster.brokers.pop()?.close();
    await cluster.until((image) => leadersOf(image).filter((leader) => leader === undefined).length === 150);
    await cluster.start({ id: 2 });
    await cluster.until((image) => leadersOf(image).every((leader) => leader !== undefined));
    const elections = cluster.brokerAt(0).store.written.filter((operations) => operations.some(isElection));
    expect(elections.length).toBeLessThan(12);
  });
});
