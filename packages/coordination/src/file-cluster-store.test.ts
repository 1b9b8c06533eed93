import { mkdtempSync, readdirSync } from "node:fs";
import { readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeFileSystem } from "@sluice/log";
import { type FileHandle, type FileSystem, isSluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { describeClusterStore } from "./cluster-store.compliance.js";
import type { Operation } from "./cluster-store.js";
import { FileClusterStore, type FileClusterStoreOptions } from "./file-cluster-store.js";
import { encodeJournalLine } from "./store-file-codec.js";

describeClusterStore("FileClusterStore", async (options) => {
  const path = newDirectory();
  const clock = new VirtualClock();
  const dependencies = { fileSystem: new NodeFileSystem(), clock, random: new SeededRandom(1) };
  const store = await FileClusterStore.open({ path, ...options }, dependencies);
  return {
    store,
    passTime: async (durationMs) => clock.advance(durationMs),
    leaseMarginMs: 1,
    forgetHistory: () => Promise.resolve(),
    dispose: async () => {
      await store.close();
      await rm(path, { recursive: true });
    },
  };
});

describe("FileClusterStore", () => {
  let path: string;
  let opened: FileClusterStore[];

  beforeEach(() => {
    path = newDirectory();
    opened = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((store) => store.close()));
    await rm(path, { recursive: true });
  });

  it("holds after a reopen what it held before, revisions included", async () => {
    let store = await open();
    await store.transact([], [put("a", "1"), put("b", "1")]);
    await store.transact([], [put("a", "2"), remove("b"), put("c", "x\ny")]);
    const before = await store.list("");
    await store.close();
    store = await open();
    expect(await store.list("")).toEqual(before);
    expect((await store.transact([], [put("d", "1")])).revision).toBe(before.revision + 1);
  });

  it("lets a watch go on after a reopen from where it was, as long as the journal has it", async () => {
    let store = await open();
    await store.transact([], [put("a", "1")]);
    await store.transact([], [put("a", "2")]);
    await store.close();
    store = await open();
    const seen: number[] = [];
    const listener = { onChange: (revision: number) => seen.push(revision), onError: () => seen.push(-1) };
    store.watch("", 2, listener);
    await vi.waitFor(() => expect(seen).toEqual([2]));
  });

  it("deletes all leased keys when it is opened, in one revision that the journal keeps", async () => {
    let store = await open();
    const { leaseId } = await store.grantLease(60_000);
    await store.transact([], [put("leased/1", "x", leaseId), put("leased/2", "x", leaseId), put("kept", "x")]);
    await store.close();
    store = await open();
    const listing = await store.list("");
    expect(listing.entries.map((entry) => entry.key)).toEqual(["kept"]);
    expect(listing.revision).toBe(2);
    await store.close();
    store = await open();
    expect((await store.list("")).revision).toBe(2);
  });

  it("refuses a directory that another store has open, and takes it once that one is closed", async () => {
    const store = await open();
    await expect(open()).rejects.toSatisfy((error) => isSluiceError(error, "DATA_DIRECTORY_IN_USE"));
    await store.close();
    await open();
  });

  it("keeps every whole line, and nothing else, of a journal that was cut at any byte", async () => {
    const store = await open();
    for (let i = 0; i < 4; i += 1) await store.transact([], [put(`key-${i}`, "ü".repeat(i))]);
    await store.close();
    const whole = await readFile(journal());
    for (let size = whole.length; size >= 0; size -= 1) {
      await truncate(journal(), size);
      const lineCount = whole.subarray(0, size).filter((byte) => byte === 0x0a).length;
      const reopened = await open();
      expect(await reopened.list("")).toMatchObject({ revision: lineCount });
      expect((await reopened.list("")).entries).toHaveLength(lineCount);
      await reopened.close();
    }
  });

  it.each([
    ["zeros", Buffer.alloc(50)],
    ["half a line", encodeJournalLine([{ revision: 2, events: [] }]).subarray(0, 15)],
    ["a whole line with a wrong checksum", Buffer.from('00000000 [{"revision":2,"events":[]}]\n')],
  ])("cuts off a torn write of %s, and writes on after what is good", async (_, tail) => {
    let store = await open();
    await store.transact([], [put("a", "1")]);
    await store.close();
    const goodSize = (await stat(journal())).size;
    await writeFile(journal(), tail, { flag: "a" });
    store = await open();
    expect((await stat(journal())).size).toBe(goodSize);
    await store.transact([], [put("a", "2")]);
    await store.close();
    store = await open();
    expect(await store.get("a")).toMatchObject({ value: "2", modRevision: 2 });
  });

  it("refuses a journal with a flipped bit in the middle, wherever it is, and keeps the file as it is", async () => {
    const store = await open();
    for (let i = 0; i < 3; i += 1) await store.transact([], [put("a", `${i}`)]);
    await store.close();
    const whole = await readFile(journal());
    const middleEnd = whole.lastIndexOf(0x0a, whole.length - 2);
    for (let position = 0; position < middleEnd; position += 7) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(position) ^ 0x10, position);
      await writeFile(journal(), damaged);
      await expect(open()).rejects.toSatisfy((error) => isSluiceError(error, "CORRUPT_FILE"));
      expect(await readFile(journal())).toEqual(damaged);
    }
  });

  it("refuses a journal in which a revision is missing", async () => {
    const store = await open();
    await store.close();
    const entry = { key: "a", value: "1", createRevision: 2, modRevision: 2, leaseId: undefined };
    await writeFile(journal(), encodeJournalLine([{ revision: 2, events: [{ type: "put", entry }] }]));
    await expect(open()).rejects.toSatisfy((error) => isSluiceError(error, "CORRUPT_FILE"));
  });

  it("refuses a damaged snapshot, and a journal without one", async () => {
    const store = await open();
    await store.transact([], [put("a", "1")]);
    await store.close();
    const snapshot = await readFile(join(path, "snapshot"));
    await writeFile(join(path, "snapshot"), snapshot.subarray(0, -3));
    await expect(open()).rejects.toSatisfy((error) => isSluiceError(error, "CORRUPT_FILE"));
    await rm(join(path, "snapshot"));
    await expect(open()).rejects.toSatisfy((error) => isSluiceError(error, "CORRUPT_FILE"));
    await writeFile(join(path, "snapshot"), snapshot);
    expect((await (await open()).list("")).revision).toBe(1);
  });

  it("folds a large journal into a snapshot, and holds the same after a reopen", async () => {
    let store = await open({ journalBytesMax: 1000 });
    for (let i = 0; i < 200; i += 1) await store.transact([], [put(`key-${i % 5}`, `${i}`.padEnd(50))]);
    expect((await stat(journal())).size).toBeLessThan(4000);
    const before = await store.list("");
    expect(before.revision).toBe(200);
    await store.close();
    store = await open();
    expect(await store.list("")).toEqual(before);
  });

  it("passes over changes that the snapshot has already: those that were queued when it was made", async () => {
    const fileSystem = new WatchedFileSystem();
    let store = await open({ journalBytesMax: 200 }, fileSystem);
    fileSystem.hold();
    const asked = Array.from({ length: 5 }, () => store.transact([], [put("a", "first".repeat(50))]));
    await vi.waitFor(() => expect(fileSystem.heldCount).toBe(1));
    // These are in the state, and so in the snapshot, before their own line is written.
    const late = Array.from({ length: 5 }, (_, i) => store.transact([], [put("b", `${i}`)]));
    fileSystem.release();
    await Promise.all([...asked, ...late]);
    const before = await store.list("");
    await store.close();
    expect(journal()).toBe(join(path, "journal-10"));
    expect((await stat(journal())).size).toBeGreaterThan(0);
    store = await open();
    expect(await store.list("")).toEqual(before);
    expect((await store.transact([], [put("c", "1")])).revision).toBe(11);
  });

  it("does not fold again while the journal holds nothing but what the snapshot has", async () => {
    const fileSystem = new WatchedFileSystem();
    let store = await open({ journalBytesMax: 200 }, fileSystem);
    fileSystem.hold();
    const asked = Array.from({ length: 10 }, () => store.transact([], [put("a", "first".repeat(50))]));
    await vi.waitFor(() => expect(fileSystem.heldCount).toBe(1));
    const late = Array.from({ length: 10 }, () => store.transact([], [put("a", "later".repeat(50))]));
    fileSystem.release();
    await Promise.all([...asked, ...late]);
    expect((await store.transact([], [put("c", "1")])).revision).toBe(21);
    await store.close();
    store = await open();
    expect((await store.get("a"))?.modRevision).toBe(20);
  });

  it("removes what a crash in the middle of folding left over, and nothing that counts", async () => {
    let store = await open();
    await store.transact([], [put("a", "1")]);
    await store.close();
    await writeFile(join(path, "journal-7"), "");
    await writeFile(join(path, "snapshot.tmp"), "half");
    store = await open();
    expect(readdirSync(path).filter((name) => name.startsWith("journal-"))).toEqual(["journal-0"]);
    expect((await store.get("a"))?.value).toBe("1");
  });

  it("refuses a snapshot without its journal", async () => {
    const store = await open();
    await store.transact([], [put("a", "1")]);
    await store.close();
    await rm(journal());
    await expect(open()).rejects.toSatisfy((error) => isSluiceError(error, "CORRUPT_FILE"));
  });

  it("writes what is asked for at one time with one fdatasync, and answers after it", async () => {
    const fileSystem = new WatchedFileSystem();
    const store = await open({}, fileSystem);
    const syncsBefore = fileSystem.syncCount;
    fileSystem.hold();
    let answered = 0;
    const asked = Array.from({ length: 50 }, (_, i) => store.transact([], [put(`key-${i}`, "x")]));
    const read = store.get("key-0");
    for (const answer of [...asked, read]) void answer.then(() => (answered += 1));
    await vi.waitFor(() => expect(fileSystem.heldCount).toBe(1));
    expect(answered).toBe(0);
    fileSystem.release();
    await Promise.all(asked);
    expect(await read).toBeDefined();
    expect(fileSystem.syncCount - syncsBefore).toBe(1);
  });

  it("refuses more when ten thousand changes wait for the disk, and takes more once they are written", async () => {
    const fileSystem = new WatchedFileSystem();
    const store = await open({}, fileSystem);
    fileSystem.hold();
    const asked = Array.from({ length: 10_000 }, (_, i) => store.transact([], [put("a", `${i}`)]));
    const refused = store.transact([], [put("a", "one more")]);
    await expect(refused).rejects.toSatisfy((error) => isSluiceError(error, "RESOURCE_EXHAUSTED"));
    fileSystem.release();
    await Promise.all(asked);
    expect((await store.get("a"))?.value).toBe("9999");
    expect((await store.transact([], [put("a", "next")])).revision).toBe(10_001);
  });

  it("is over for good when a write fails: nothing that failed is answered, shown or tried again", async () => {
    const fileSystem = new WatchedFileSystem();
    let store = await open({}, fileSystem);
    await store.transact([], [put("a", "1")]);
    const told: string[] = [];
    const onError = (error: Error): void => {
      told.push(isSluiceError(error) ? error.code : error.message);
    };
    store.watch("", 2, { onChange: () => told.push("change"), onError });
    fileSystem.failure = Object.assign(new Error("EIO: input/output error"), { code: "EIO" });
    const refused = [store.transact([], [put("a", "2")]), store.transact([], [put("b", "2")]), store.get("a")];
    for (const call of refused) await expect(call).rejects.toSatisfy((error) => isSluiceError(error, "DISK_FAILED"));
    fileSystem.failure = undefined;
    const late = [store.transact([], [put("a", "3")]), store.list(""), store.grantLease(1000)];
    for (const call of late) await expect(call).rejects.toSatisfy((error) => isSluiceError(error, "DISK_FAILED"));
    expect(told).toEqual(["DISK_FAILED"]);
    await store.close();
    store = await open();
    expect((await store.get("a"))?.value).not.toBe("3");
  });

  async function open(
    options: Partial<FileClusterStoreOptions> = {},
    fileSystem: FileSystem = new NodeFileSystem(),
  ): Promise<FileClusterStore> {
    const dependencies = { fileSystem, clock: new VirtualClock(), random: new SeededRandom(1) };
    const store = await FileClusterStore.open({ path, ...options }, dependencies);
    opened.push(store);
    return store;
  }

  function journal(): string {
    const name = readdirSync(path).find((one) => one.startsWith("journal-"));
    return join(path, name ?? "no journal");
  }
});

/** The real file system, whose syncs can be counted, held back and made to fail. */
class WatchedFileSystem extends NodeFileSystem {
  syncCount = 0;
  heldCount = 0;
  failure: Error | undefined;
  #gate: Promise<void> | undefined;
  #open: (() => void) | undefined;

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#gate = undefined;
    this.#open?.();
  }

  override async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    const file = await super.open(path, mode);
    const syncData = file.syncData.bind(file);
    file.syncData = async () => {
      this.syncCount += 1;
      if (this.#gate !== undefined) {
        this.heldCount += 1;
        await this.#gate;
      }
      if (this.failure !== undefined) throw this.failure;
      await syncData();
    };
    return file;
  }
}

function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), "sluice-cluster-store-"));
}

function put(key: string, value: string, leaseId?: string): Operation {
  return { type: "put", key, value, leaseId };
}

function remove(key: string): Operation {
  return { type: "delete", key };
}
