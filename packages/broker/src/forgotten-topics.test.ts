/** Topics that a running broker keeps and that are gone from the store: deleted, or forgotten by a store that nobody knows was restored. */

import {
  type ClusterImage,
  imageFromListing,
  keyPrefix,
  type PlannedOperation,
  planTopicCreation,
  planTopicDeletion,
  planTopicFinish,
} from "@sluice/cluster";
import { MemoryClusterStore } from "@sluice/coordination";
import { MemoryFileSystem } from "@sluice/log/testing";
import { brokerId, type TopicId, topicId } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { brokerConfig } from "./broker-config.js";
import { type Logger, silentLogger } from "./logging.js";
import type { RunningBroker } from "./running-broker.js";
import { startBroker } from "./start-broker.js";
import { MemoryTransport } from "./testing/memory-transport.js";

const first = topicId("00000000-0000-4000-8000-000000000001");
const second = topicId("00000000-0000-4000-8000-000000000002");
/** Longer than a start takes, and than two looks at the disk. */
const patienceMs = 240_000;

describe("a topic that a broker keeps, and that the store does not have any more", () => {
  let clock: VirtualClock;
  let store: MemoryClusterStore;
  let fileSystem: MemoryFileSystem;
  let broker: RunningBroker;
  let messages: string[];

  beforeEach(async () => {
    clock = new VirtualClock();
    messages = [];
    const random = new SeededRandom(1);
    store = new MemoryClusterStore({ clock, random });
    fileSystem = new MemoryFileSystem(random);
    const warn: Logger["warn"] = (_fields, message) => void messages.push(message);
    const logger: Logger = { ...silentLogger, warn, child: () => logger };
    const config = brokerConfig({ brokerId: brokerId(1), host: "h", dataDirectory: "/data", diskReserveBytes: 0 });
    const listenHttp = async ({ port }: { readonly port: number }) => ({ port, close: async () => undefined });
    const ports = { fileSystem, clock, random, transport: new MemoryTransport(), listenHttp };
    broker = await startBroker({ config, clusterStore: store, logger }, ports);
    await passTime(async () => (await image()).brokers.get(brokerId(1))?.isActive === true);
    await create(first);
    await passTime(async () => (await files(first)).length > 0);
  });

  afterEach(async () => {
    let isClosed = false;
    void broker.close().then(() => {
      isClosed = true;
    });
    await passTime(() => isClosed);
    await store.close();
  });

  it("goes at once where it was deleted, and the store may forget that when nothing of it is left", async () => {
    await deleteTopic(() => true);
    const beforeMs = clock.monotonicMs();
    await passTime(async () => (await files(first)).length === 0);
    expect(clock.monotonicMs() - beforeMs).toBeLessThan(1000);
    expect(await isDeletionTold()).toBe(true);
    await passTime(async () => !(await isDeletionTold()));
  });

  it("stays on the disk where it was forgotten, is told of, and goes when it turns out that it was deleted", async () => {
    const proofs = await deleteTopic(({ type }) => type !== "put");
    await create(second);
    await passTime(() => messages.includes("a replica on disk is not this broker's: left as it is"));
    expect([(await files(first)).length > 0, (await files(second)).length > 0]).toEqual([true, true]);
    await store.transact([], proofs);
    await passTime(async () => (await files(first)).length === 0 && !(await isDeletionTold()));
    expect((await files(second)).length).toBeGreaterThan(0);
  });

  async function image(): Promise<ClusterImage> {
    const { revision, entries } = await store.list(keyPrefix);
    return imageFromListing(revision, entries);
  }

  async function create(id: TopicId): Promise<void> {
    const request = { name: "t", partitions: 1, replicationFactor: 1, configs: [] };
    const creation = planTopicCreation(await image(), request, id);
    const { compares, operations } = planTopicFinish(creation, undefined);
    expect(await store.transact(compares, operations)).toMatchObject({ succeeded: true });
  }

  /** Carries out what of the deletion is chosen, and answers with the rest. */
  async function deleteTopic(isChosen: (operation: PlannedOperation) => boolean): Promise<PlannedOperation[]> {
    const { operations } = planTopicDeletion(await image(), "t");
    await store.transact([], operations.filter(isChosen));
    return operations.filter((operation) => !isChosen(operation));
  }

  async function isDeletionTold(): Promise<boolean> {
    return (await image()).deletedTopics.size > 0;
  }

  async function files(id: TopicId): Promise<readonly string[]> {
    const directory = `/data/broker-1/${id}-0`;
    return (await fileSystem.exists(directory)) ? fileSystem.list(directory) : [];
  }

  /** Lets time pass until the condition holds. */
  async function passTime(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (const endMs = clock.monotonicMs() + patienceMs; clock.monotonicMs() < endMs; clock.advance(100)) {
      if (await condition()) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect.fail("it did not come to that");
  }
});
