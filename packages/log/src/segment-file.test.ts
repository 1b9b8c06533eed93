import { type FileHandle, isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { SegmentFile } from "./segment-file.js";
import { ResourceBudget } from "./segment-resources.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";
import { seededRandom } from "./testing/seeded-random.js";

/** Counts handles that are open. */
class CountingFileSystem extends MemoryFileSystem {
  openCount = 0;
  /** The next open fails with it. */
  openError: Error | undefined;

  override async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    const error = this.openError;
    this.openError = undefined;
    if (error !== undefined) throw error;
    const file = await super.open(path, mode);
    this.openCount += 1;
    const close = file.close.bind(file);
    file.close = () => {
      this.openCount -= 1;
      return close();
    };
    return file;
  }
}

async function fileOf() {
  const fileSystem = new CountingFileSystem(seededRandom(1));
  const budget = new ResourceBudget(10);
  const file = new SegmentFile("/log", { fileSystem, budget });
  await file.openForAppend("create");
  return { fileSystem, budget, file };
}

/** Lets everything happen that waits for nothing else. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

describe("SegmentFile", () => {
  it("gives up its handle and opens another for who comes next", async () => {
    const { fileSystem, file } = await fileOf();
    file.giveUp();
    await settled();
    expect(fileSystem.openCount).toBe(0);
    expect(await file.use((handle) => handle.size())).toBe(0);
    expect(fileSystem.openCount).toBe(1);
  });

  it("closes a handle that is in use when its last user is done", async () => {
    const { fileSystem, file } = await fileOf();
    const users = [await file.acquire(), await file.acquire()];
    file.giveUp();
    for (const { file: handle, release } of users) {
      await settled();
      expect(fileSystem.openCount).toBe(1);
      expect(await handle.size()).toBe(0);
      release();
      release();
    }
    await settled();
    expect(fileSystem.openCount).toBe(0);
  });

  it("offers the budget nothing while there are bytes that were not synced, also when the write fails", async () => {
    const { fileSystem, budget, file } = await fileOf();
    expect(budget.used).toBe(1);
    await file.write([Buffer.from("a")], 0);
    expect(budget.used).toBe(0);
    await file.use((handle) => handle.size());
    expect(budget.used).toBe(0);
    await file.syncData();
    expect(budget.used).toBe(1);
    fileSystem.failNext("write", "ENOSPC");
    await expect(file.write([Buffer.from("b")], 1)).rejects.toThrow();
    expect(budget.used).toBe(0);
    await file.truncate(1);
    expect(budget.used).toBe(0);
    await file.syncData();
    expect(budget.used).toBe(1);
  });

  it("offers nothing where bytes were written while it was synced", async () => {
    const { budget, file } = await fileOf();
    await file.write([Buffer.from("a")], 0);
    const synced = file.syncData();
    await file.write([Buffer.from("b")], 1);
    await synced;
    expect(budget.used).toBe(0);
  });

  it("offers nothing where what was being written when a sync began is written when it ends", async () => {
    const { budget, file } = await fileOf();
    const written = file.write([Buffer.from("a")], 0);
    const synced = file.syncData();
    await Promise.all([written, synced]);
    expect(budget.used).toBe(0);
    await file.syncData();
    expect(budget.used).toBe(1);
  });

  it("waits with closing for who uses it, and lets nobody in after that", async () => {
    const { fileSystem, budget, file } = await fileOf();
    const { file: handle, release } = await file.acquire();
    let isClosed = false;
    const closing = file.close().then(() => {
      isClosed = true;
    });
    await settled();
    expect(isClosed).toBe(false);
    expect(await handle.size()).toBe(0);
    const late: unknown = await file.acquire().catch((error: unknown) => error);
    expect(isSluiceError(late, "CLOSED")).toBe(true);
    release();
    await closing;
    expect([fileSystem.openCount, budget.used]).toEqual([0, 0]);
  });

  it("tells who asks that the file cannot be opened, and tries again for the next", async () => {
    const { fileSystem, file } = await fileOf();
    file.giveUp();
    await settled();
    fileSystem.openError = new Error("EMFILE");
    await expect(file.acquire()).rejects.toThrow("EMFILE");
    expect(await file.use((handle) => handle.size())).toBe(0);
    await file.close();
    expect(fileSystem.openCount).toBe(0);
  });

  it("stays open where it is held, and follows its file to another name where it is not", async () => {
    const { fileSystem, budget, file } = await fileOf();
    await file.hold();
    expect(budget.used).toBe(0);
    await fileSystem.removeFile("/log");
    expect(await file.use((handle) => handle.size())).toBe(0);
    await file.close();

    const moved = await fileOf();
    moved.file.giveUp();
    await settled();
    await moved.fileSystem.rename("/log", "/log.deleted");
    moved.file.moveTo("/log.deleted");
    expect(await moved.file.use((handle) => handle.size())).toBe(0);
  });
});
