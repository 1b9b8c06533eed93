/**
 * The file store on a disk that is full for a while: nothing is lost, nothing is over, and nobody has to restart anything.
 */

import { MemoryFileSystem } from "@sluice/log/testing";
import { isSluiceError, randomBelow } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { Operation, TransactionResult } from "./cluster-store.js";
import { FileClusterStore } from "./file-cluster-store.js";

const retryMs = 1000;

describe("FileClusterStore on a full disk", () => {
  let fileSystem: MemoryFileSystem;
  let clock: VirtualClock;
  let store: FileClusterStore;

  beforeEach(async () => {
    fileSystem = new MemoryFileSystem(new SeededRandom(1));
    clock = new VirtualClock();
    store = await open();
  });

  it("writes what waits once there is room, in the order in which it was decided, and tells it then", async () => {
    await store.transact([], [put("a", "1")]);
    const told: number[] = [];
    store.watch("", 1, { onChange: (revision) => told.push(revision), onError: () => told.push(-1) });
    fillDisk();
    const results: TransactionResult[] = [];
    const asked = ["2", "3", "4"].map((value) => {
      return store.transact([], [put("a", value)]).then((result) => results.push(result));
    });
    const read = store.get("a");
    await passSeconds(5);
    expect(store.diskFull?.code).toBe("DISK_FULL");
    expect(results).toEqual([]);
    expect(told).toEqual([1]);
    fileSystem.setCapacity(undefined);
    await passSeconds(1);
    await Promise.all(asked);
    expect(results.map((result) => result.revision)).toEqual([2, 3, 4]);
    expect(told).toEqual([1, 2, 3, 4]);
    expect(await read).toMatchObject({ value: "4", modRevision: 4 });
    expect([store.diskFull, store.failure]).toEqual([undefined, undefined]);
    expect(clock.timerCount).toBe(0);
    expect(await reopened(fileSystem.crash())).toEqual(listingOf(["a", "4", 4]));
  });

  it("refuses transactions and reads at once while it is full, and nothing of them is ever there", async () => {
    fillDisk();
    const first = store.transact([], [put("a", "1")]);
    await passSeconds(1);
    for (const refused of [store.transact([], [put("b", "1")]), store.get("a"), store.list("")]) {
      await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "DISK_FULL"));
    }
    fileSystem.setCapacity(undefined);
    await passSeconds(1);
    expect((await first).revision).toBe(1);
    expect((await store.transact([], [put("c", "1")])).revision).toBe(2);
    expect(await store.get("b")).toBeUndefined();
  });

  it("holds what it told, and nothing that waited, when the power fails while it is full", async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      fileSystem = new MemoryFileSystem(new SeededRandom(seed));
      store = await open();
      await store.transact([], [put("a", "1")]);
      fillDisk(seed * 5);
      const waits = store.transact([], [put("a", "x".repeat(200))]).catch(() => undefined);
      await passSeconds(3);
      const survivor = fileSystem.crash();
      survivor.setCapacity(undefined);
      clock.advance(retryMs);
      await waits;
      expect(await reopened(survivor)).toEqual(listingOf(["a", "1", 1]));
    }
  });

  it("keeps leases alive that are renewed while it is full, and ends those that are not once there is room", async () => {
    const renewed = await store.grantLease(10 * retryMs);
    const left = await store.grantLease(10 * retryMs);
    await store.transact([], [put("renewed", "x", renewed.leaseId), put("left", "x", left.leaseId)]);
    fillDisk();
    const waits = store.transact([], [put("a", "1")]);
    for (let i = 0; i < 4; i += 1) {
      await passSeconds(5);
      await store.keepLeaseAlive(renewed.leaseId);
    }
    fileSystem.setCapacity(undefined);
    await passSeconds(1);
    await waits;
    expect((await store.list("")).entries.map((entry) => entry.key)).toEqual(["a", "renewed"]);
    await store.close();
  });

  it("closes at once while it is full: what waited hears CLOSED, and what was told stays", async () => {
    await store.transact([], [put("a", "1")]);
    fillDisk();
    const waits = [store.transact([], [put("a", "2")]), store.get("a")];
    const ended = Promise.allSettled(waits);
    await passSeconds(2);
    await store.close();
    for (const call of await ended) {
      expect(call.status === "rejected" && isSluiceError(call.reason, "CLOSED")).toBe(true);
    }
    expect(clock.timerCount).toBe(0);
    fileSystem.setCapacity(undefined);
    expect(await reopened(fileSystem)).toEqual(listingOf(["a", "1", 1]));
  });

  it("ends calls that would wait, and only those, after it was told to wait no longer", async () => {
    store.stopWaitingForRoom();
    const { leaseId } = await store.grantLease(60_000);
    await store.transact([], [put("a", "1", leaseId)]);
    fillDisk();
    await expect(store.revokeLease(leaseId)).rejects.toSatisfy((error) => isSluiceError(error, "CLOSED"));
    expect(isSluiceError(store.failure, "CLOSED")).toBe(true);
  });

  it("goes on with its journal when there is no room to fold it, leaves nothing behind, and folds it later", async () => {
    for (const [operation, path] of [
      ["create", /journal-/],
      ["create", /snapshot/],
      ["write", /snapshot/],
    ] as const) {
      fileSystem = new MemoryFileSystem(new SeededRandom(1));
      store = await open();
      const before = await fileSystem.list("/store");
      fileSystem.failAlways(operation, "ENOSPC", path);
      for (let i = 1; i <= 20; i += 1) await store.transact([], [put("a", `${i}`.padEnd(100))]);
      await settled();
      expect(await fileSystem.list("/store")).toEqual(before);
      fileSystem.clearFailures();
      await store.transact([], [put("a", "21")]);
      await settled();
      expect(await fileSystem.list("/store")).toEqual(before);
      await passSeconds(1);
      await store.transact([], [put("a", "22")]);
      await settled();
      expect(await fileSystem.list("/store")).toEqual(["journal-22", "lock", "snapshot"]);
      await store.transact([], [put("a", "23")]);
      expect(await reopened(fileSystem.crash())).toEqual(listingOf(["a", "23", 23]));
    }
  });

  it("is over when the file cannot be cut back to what was good", async () => {
    fileSystem.failNext("write", "EDQUOT");
    fileSystem.failNext("truncate", "EIO");
    const refused = store.transact([], [put("a", "1")]);
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "DISK_FAILED"));
    expect(isSluiceError(store.failure, "DISK_FAILED")).toBe(true);
  });

  it.each([/journal-/, /snapshot/])("is over when a sync says that the disk is full: of %s", async (path) => {
    fileSystem.failNext("syncData", "ENOSPC", path);
    const errors: unknown[] = [];
    for (let i = 0; i < 20; i += 1) {
      void store.transact([], [put("a", "x".repeat(100))]).catch((error: unknown) => errors.push(error));
      await settled();
    }
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.every((error) => isSluiceError(error, "DISK_FAILED"))).toBe(true);
    expect(isSluiceError(store.failure, "DISK_FAILED")).toBe(true);
  });

  it("says DISK_FULL when there is no room to delete leased keys at its start, and opens once there is", async () => {
    const { leaseId } = await store.grantLease(60_000);
    await store.transact([], [put("leased", "x", leaseId), put("kept", "x")]);
    await store.close();
    fillDisk();
    await expect(open()).rejects.toSatisfy((error) => isSluiceError(error, "DISK_FULL"));
    fileSystem.setCapacity(undefined);
    expect(await reopened(fileSystem)).toEqual(listingOf(["kept", "x", 1]));
  });

  it("loses nothing and repeats nothing over many spells without room", async () => {
    for (let seed = 0; seed < 10; seed += 1) {
      fileSystem = new MemoryFileSystem(new SeededRandom(seed));
      store = await open();
      const random = new SeededRandom(seed);
      const revisions: number[] = [];
      const told: number[] = [];
      store.watch("", 1, { onChange: (revision) => told.push(revision), onError: () => told.push(-1) });
      for (let i = 0; i < 40; i += 1) {
        if (randomBelow(random, 10) < 3) fillDisk(randomBelow(random, 150));
        const asked = store.transact([], [put(`key-${i % 7}`, `${i}`.padEnd(60))]).then(
          ({ revision }) => revisions.push(revision),
          (error: unknown) => expect(isSluiceError(error, "DISK_FULL")).toBe(true),
        );
        if (randomBelow(random, 2) === 0) {
          fileSystem.setCapacity(undefined);
          await passSeconds(2);
          await asked;
        } else await passSeconds(1);
      }
      fileSystem.setCapacity(undefined);
      await passSeconds(2);
      const expected = revisions.map((_, i) => i + 1);
      expect(expected.length).toBeGreaterThan(10);
      expect([revisions, told]).toEqual([expected, expected]);
      const listing = await store.list("");
      expect(await reopened(fileSystem.crash())).toEqual(listing);
    }
  });

  function open(on: MemoryFileSystem = fileSystem): Promise<FileClusterStore> {
    const dependencies = { fileSystem: on, clock, random: new SeededRandom(1) };
    return FileClusterStore.open({ path: "/store", journalBytesMax: 1000 }, dependencies);
  }

  async function reopened(on: MemoryFileSystem): Promise<Awaited<ReturnType<FileClusterStore["list"]>>> {
    const next = await open(on);
    const listing = await next.list("");
    await next.close();
    return listing;
  }

  function fillDisk(bytesLeft = 0): void {
    fileSystem.setCapacity(fileSystem.usedBytes + bytesLeft);
  }

  /** Lets what is under way come to rest before each second and after the last. */
  async function passSeconds(count: number): Promise<void> {
    await settled();
    for (let i = 0; i < count; i += 1) {
      clock.advance(retryMs);
      await settled();
    }
  }
});

/** The fakes wait for nothing but turns of the microtask queue. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
}

function put(key: string, value: string, leaseId?: string): Operation {
  return { type: "put", key, value, leaseId };
}

/** What a store lists that holds one key without a lease. */
function listingOf([key, value, revision]: [string, string, number]): unknown {
  const entry = { key, value, createRevision: 1, modRevision: revision, leaseId: undefined };
  return { revision: key === "kept" ? 2 : revision, entries: [entry] };
}
