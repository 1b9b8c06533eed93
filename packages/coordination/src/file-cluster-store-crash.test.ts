/**
 * Power losses of the file store at every single file operation, and kills at every turn: opening, writing, folding, recovering.
 */

import { MemoryFileSystem } from "@sluice/log/testing";
import { isSluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import type { Listing } from "./cluster-store.js";
import { FileClusterStore } from "./file-cluster-store.js";

/** What a client of the store was told, and what it may find afterwards. */
interface Told {
  /** Greatest revision that was answered, or seen by a watch or a read. */
  revision: number;
  /** Transactions that were asked for, by the revision that each would get. */
  readonly values: string[];
}

describe("FileClusterStore after a crash", () => {
  it("holds all that it told anybody when the power fails, at each operation", async () => {
    const operationCount = await countOperations();
    expect(operationCount).toBeGreaterThan(50);
    let foldedCount = 0;
    for (let crashAt = 1; crashAt <= operationCount; crashAt += 1) {
      for (let seed = 0; seed < 4; seed += 1) {
        const { fileSystem, told } = await runUntil(crashAt, seed);
        const survivor = fileSystem.crash();
        const listing = await reopen(survivor);
        expectConsistent(listing, told);
        // What the second life told holds for the third: recovery is final.
        const again = survivor.crash();
        expect(await reopen(again)).toEqual(listing);
        if (!(await again.exists("/store/journal-0"))) foldedCount += 1;
      }
    }
    expect(foldedCount).toBeGreaterThan(0);
  });

  it("holds all that it told anybody when it is killed, and then the power fails, at each turn", async () => {
    let isDone = false;
    for (let turns = 1; !isDone; turns += 1) {
      const fileSystem = new MemoryFileSystem(new SeededRandom(turns));
      const told = newTold();
      const run = workload(fileSystem, told).then(
        () => {
          isDone = true;
        },
        (error: unknown) => expect(fileSystem.isDown, String(error)).toBe(true),
      );
      for (let turn = 0; turn < turns && !isDone; turn += 1) await Promise.resolve();
      const survivor = fileSystem.kill();
      await run;
      const listing = await reopen(survivor);
      expectConsistent(listing, told);
      // What was written and never synced was told by the second life: now a power loss must not take it.
      expect(await reopen(survivor.crash())).toEqual(listing);
    }
  });

  it("holds all that it told anybody when the power fails again during the recovery", async () => {
    const operationCount = await countOperations();
    for (let seed = 0; seed < 60; seed += 1) {
      const { fileSystem, told } = await runUntil(1 + ((seed * 7) % operationCount), seed);
      let survivor = fileSystem.crash();
      for (let crashAt = 1; crashAt < 6; crashAt += 1) {
        survivor.crashAtOperation(crashAt);
        await reopen(survivor).catch(() => undefined);
        survivor = survivor.crash();
      }
      expectConsistent(await reopen(survivor), told);
    }
  });

  it("survives the power loss with every directory above it that it made", async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const fileSystem = new MemoryFileSystem(new SeededRandom(seed));
      const told = newTold();
      await tell(await open(fileSystem, "/new/data/store"), told);
      expectConsistent(await reopen(fileSystem.crash(), "/new/data/store"), told);
    }
  });

  it("is over at the first error of the disk but a write without room, and holds after a restart what it told", async () => {
    for (const [operation, code] of [
      ["write", "EIO"],
      ["syncData", "EIO"],
      ["syncData", "ENOSPC"],
      ["create", "EIO"],
      ["syncDirectory", "ENOSPC"],
      ["rename", "EIO"],
      ["syncDirectory", "EIO"],
      ["remove", "EIO"],
    ] as const) {
      const fileSystem = new MemoryFileSystem(new SeededRandom(1));
      const store = await open(fileSystem);
      const told = newTold();
      for (let i = 0; i < 5; i += 1) await tell(store, told);
      fileSystem.failNext(operation, code);
      const errors: unknown[] = [];
      for (let i = 0; i < 30 && errors.length === 0; i += 1) {
        await tell(store, told).catch((error: unknown) => errors.push(error));
      }
      expect(errors.map((error) => isSluiceError(error, "DISK_FAILED"))).toEqual([true]);
      await expect(store.list("")).rejects.toSatisfy((error) => isSluiceError(error, "DISK_FAILED"));
      expectConsistent(await reopen(fileSystem.crash()), told);
    }
  });
});

/** Operations that the whole workload takes when nothing fails. */
async function countOperations(): Promise<number> {
  const { fileSystem } = await runUntil(Number.POSITIVE_INFINITY, 0);
  return fileSystem.operationCount;
}

/** Runs the workload on an empty disk until the power fails in that operation. */
async function runUntil(crashAt: number, seed: number): Promise<{ fileSystem: MemoryFileSystem; told: Told }> {
  const fileSystem = new MemoryFileSystem(new SeededRandom(seed));
  fileSystem.crashAtOperation(crashAt);
  const told = newTold();
  try {
    await workload(fileSystem, told);
  } catch (error) {
    // The crash itself, as the process that dies by it would see it.
    if (!fileSystem.isDown) throw error;
  }
  return { fileSystem, told };
}

async function workload(fileSystem: MemoryFileSystem, told: Told): Promise<void> {
  const store = await open(fileSystem);
  for (let i = 0; i < 12; i += 1) await Promise.all([tell(store, told), tell(store, told)]);
  await store.close();
}

function newTold(): Told {
  return { revision: 0, values: [] };
}

/** Each transaction puts its revision under `last`, and leaves a key of its own. */
async function tell(store: FileClusterStore, told: Told): Promise<void> {
  const value = `${told.values.length + 1}`;
  told.values.push(value);
  const { revision } = await store.transact(
    [],
    [
      { type: "put", key: "last", value },
      { type: "put", key: `key-${value}`, value: "x".repeat(120) },
    ],
  );
  told.revision = Math.max(told.revision, revision);
}

/** Everything up to one revision and nothing after it, and that revision is at least what was told. */
function expectConsistent({ revision, entries }: Listing, told: Told): void {
  expect(revision).toBeGreaterThanOrEqual(told.revision);
  expect(revision).toBeLessThanOrEqual(told.values.length);
  const keys = told.values.slice(0, revision).map((value) => `key-${value}`);
  const expected = revision === 0 ? [] : [...keys, "last"];
  expect(entries.map((entry) => entry.key)).toEqual(expected.sort());
  expect(entries.find((entry) => entry.key === "last")?.value).toBe(revision === 0 ? undefined : `${revision}`);
}

function open(fileSystem: MemoryFileSystem, path = "/store"): Promise<FileClusterStore> {
  const dependencies = { fileSystem, clock: new VirtualClock(), random: new SeededRandom(1) };
  return FileClusterStore.open({ path, journalBytesMax: 500 }, dependencies);
}

async function reopen(fileSystem: MemoryFileSystem, path = "/store"): Promise<Listing> {
  const store = await open(fileSystem, path);
  const listing = await store.list("");
  await store.close();
  return listing;
}
