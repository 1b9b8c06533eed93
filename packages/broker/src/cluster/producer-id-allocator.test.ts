import { producerIdBlockSize, producerIdsKey } from "@sluice/cluster";
import { type ClusterStore, FileClusterStore, MemoryClusterStore } from "@sluice/coordination";
import { MemoryFileSystem } from "@sluice/log/testing";
import { isSluiceError, SluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { StoreHistory } from "../store-history.js";
import { ProcessStore } from "../testing/cluster-fixture.js";
import { trustedHistory } from "../testing/trusted-history.js";
import { ProducerIdAllocator } from "./producer-id-allocator.js";

describe("ProducerIdAllocator", () => {
  let store: MemoryClusterStore;

  beforeEach(() => {
    store = new MemoryClusterStore({ clock: new VirtualClock(), random: new SeededRandom(1) });
  });

  it("gives ids from 0 on, and asks the store once for a block of them", async () => {
    const process = new ProcessStore(store);
    const ids = newAllocator(process);
    const given = await take(ids, producerIdBlockSize);
    expect(given).toEqual(Array.from({ length: producerIdBlockSize }, (_, id) => id));
    expect(process.transactionCount).toBe(1);
    expect(await ids.next()).toBe(producerIdBlockSize);
    expect(process.transactionCount).toBe(2);
  });

  it("gives no id twice to requests that come at one time, on two brokers at once, over several blocks", async () => {
    const brokers = [1, 2].map(() => newAllocator(store));
    const asked = brokers.flatMap((ids) => Array.from({ length: 2500 }, () => ids.next()));
    const given = await Promise.all(asked);
    expect(new Set(given).size).toBe(5000);
  });

  it("gives no id of an earlier life after kill -9 and a restart from disk", async () => {
    let fileSystem = new MemoryFileSystem(new SeededRandom(1));
    const given = new Set<number>();
    for (let life = 0; life < 3; life += 1) {
      const dependencies = { fileSystem, clock: new VirtualClock(), random: new SeededRandom(life + 1) };
      const onDisk = await FileClusterStore.open({ path: "/store" }, dependencies);
      for (const id of await take(newAllocator(onDisk), 1001)) given.add(id);
      fileSystem = life === 0 ? fileSystem.kill() : fileSystem.crash();
    }
    expect(given.size).toBe(3003);
  });

  it("gives none of a block whose claim could not be recorded", async () => {
    const error = new SluiceError("STORE_RESTORED", { reason: "it was" });
    const act: StoreHistory["act"] = async (change) => {
      await change();
      throw error;
    };
    await expect(new ProducerIdAllocator({ store, storeHistory: { act } }).next()).rejects.toBe(error);
    expect(await newAllocator(store).next()).toBe(producerIdBlockSize);
  });

  it("claims another block where it does not learn whether its claim succeeded", async () => {
    const process = new ProcessStore(store);
    const ids = newAllocator(answerLost(process));
    await expect(ids.next()).rejects.toThrow("the answer was lost");
    expect(await ids.next()).toBe(producerIdBlockSize);
  });

  it("passes on why the store refuses, to all who wait, and tries again with the next request", async () => {
    const process = new ProcessStore(store);
    process.failures.push(new SluiceError("DISK_FULL", { path: "/store" }));
    const ids = newAllocator(process);
    const refused = await Promise.allSettled([ids.next(), ids.next()]);
    for (const one of refused) expect(one.status === "rejected" && isSluiceError(one.reason, "DISK_FULL")).toBe(true);
    expect(await ids.next()).toBe(0);
  });

  it("lets only so many requests wait, and serves those", async () => {
    const ids = newAllocator(store);
    const asked = Array.from({ length: 10_001 }, () => ids.next());
    const settled = await Promise.allSettled(asked);
    const refused = settled.filter((one) => one.status === "rejected");
    expect(refused).toHaveLength(1);
    expect(isSluiceError((refused[0] as PromiseRejectedResult).reason, "RESOURCE_EXHAUSTED")).toBe(true);
  });

  it("refuses to guess where the store holds what is not a producer id", async () => {
    await store.transact([], [{ type: "put", key: producerIdsKey, value: '{"next":-5}' }]);
    const refused = newAllocator(store).next();
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "CORRUPT_CLUSTER_KEY"));
  });

  it("says so when no ids are left", async () => {
    const value = JSON.stringify({ next: Number.MAX_SAFE_INTEGER - 10 });
    await store.transact([], [{ type: "put", key: producerIdsKey, value }]);
    const refused = newAllocator(store).next();
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "RESOURCE_EXHAUSTED"));
  });
});

function newAllocator(store: ClusterStore): ProducerIdAllocator {
  return new ProducerIdAllocator({ store, storeHistory: trustedHistory });
}

async function take(ids: ProducerIdAllocator, count: number): Promise<number[]> {
  const given: number[] = [];
  for (let i = 0; i < count; i += 1) given.push(await ids.next());
  return given;
}

/** The store, of which the first transaction is carried out and its answer lost. */
function answerLost(store: ProcessStore): ProcessStore {
  const lossy = Object.create(store) as ProcessStore;
  let isFirst = true;
  lossy.get = (key) => store.get(key);
  lossy.transact = async (compares, operations) => {
    const result = await store.transact(compares, operations);
    if (!isFirst) return result;
    isFirst = false;
    throw new Error("the answer was lost");
  };
  return lossy;
}
