import { SeededRandom } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { DiskReserve } from "./disk-reserve.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const mebibyte = 1024 * 1024;
const path = "/data/reserve";
const sizeBytes = 10 * mebibyte;

async function newDisk(seed = 1): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem(new SeededRandom(seed));
  await fileSystem.makeDirectory("/data");
  await fileSystem.syncDirectory("/");
  return fileSystem;
}

function reserveOn(fileSystem: MemoryFileSystem, size = sizeBytes): DiskReserve {
  return new DiskReserve({ path, sizeBytes: size }, { fileSystem });
}

/** Aborts before the sync with that number, counted from 1. */
function abortAtSync(fileSystem: MemoryFileSystem, number: number): AbortSignal {
  const abort = new AbortController();
  const open = fileSystem.open.bind(fileSystem);
  let count = 0;
  fileSystem.open = async (...args) => {
    const file = await open(...args);
    const syncData = file.syncData.bind(file);
    file.syncData = () => {
      count += 1;
      if (count === number) abort.abort();
      return syncData();
    };
    return file;
  };
  return abort.signal;
}

describe("DiskReserve.ensure", () => {
  it("makes a file of zeros that takes its whole size of the disk and survives a power loss", async () => {
    const fileSystem = await newDisk();
    const before = fileSystem.usedBytes;
    const reserve = reserveOn(fileSystem);
    expect(reserve.missingBytes).toBe(sizeBytes);
    expect(await reserve.ensure()).toBe("whole");
    expect(reserve.missingBytes).toBe(0);
    expect(fileSystem.usedBytes - before).toBeGreaterThanOrEqual(sizeBytes);
    const bytes = await fileSystem.crash().readFile(path);
    expect(bytes.equals(Buffer.alloc(sizeBytes))).toBe(true);
  });

  it("is durable when it says so, there or gone", async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const fileSystem = await newDisk(seed);
      await reserveOn(fileSystem, 100).ensure();
      const survivor = fileSystem.crash();
      expect(await survivor.size(path)).toBe(100);
      await reserveOn(survivor, 100).release();
      expect(await survivor.crash().list("/data")).toEqual([]);
    }
  });

  it("fills the hole that a crash may have left in the last chunk", async () => {
    for (const leftBytes of [8 * mebibyte, sizeBytes]) {
      const fileSystem = await newDisk();
      const file = await fileSystem.open(path, "write");
      await file.write([Buffer.alloc(leftBytes - 4 * mebibyte)], 0);
      await file.truncate(leftBytes);
      await file.close();
      expect(fileSystem.usedBytes).toBeLessThan(leftBytes);
      expect(await reserveOn(fileSystem).ensure()).toBe("whole");
      expect(fileSystem.usedBytes).toBeGreaterThanOrEqual(sizeBytes);
    }
  });

  it("leaves a whole one alone", async () => {
    const fileSystem = await newDisk();
    const reserve = reserveOn(fileSystem);
    await reserve.ensure();
    const { operationCount } = fileSystem;
    expect(await reserve.ensure()).toBe("whole");
    expect(fileSystem.operationCount).toBe(operationCount);
  });

  it("keeps what it has when aborted, and completes it the next time", async () => {
    const fileSystem = await newDisk();
    const reserve = reserveOn(fileSystem);
    expect(await reserve.ensure(abortAtSync(fileSystem, 1))).toBe("aborted");
    expect(reserve.missingBytes).toBe(6 * mebibyte);
    expect(await fileSystem.size(path)).toBe(4 * mebibyte);
    const next = reserveOn(fileSystem);
    await next.load();
    expect(next.missingBytes).toBe(6 * mebibyte);
    expect(await next.ensure()).toBe("whole");
    expect(await fileSystem.size(path)).toBe(sizeBytes);
  });

  it("does nothing when it was aborted before", async () => {
    const fileSystem = await newDisk();
    expect(await reserveOn(fileSystem).ensure(AbortSignal.abort())).toBe("aborted");
    expect(await fileSystem.list("/data")).toEqual([]);
  });

  it("is made of real bytes wherever the power goes while it is made", async () => {
    const dry = await newDisk();
    const first = dry.operationCount + 1;
    await reserveOn(dry).ensure();
    for (let operation = first; operation <= dry.operationCount; operation += 1) {
      const fileSystem = await newDisk();
      fileSystem.crashAtOperation(operation);
      await expect(reserveOn(fileSystem).ensure()).rejects.toThrow("EIO");
      const survivor = fileSystem.crash();
      const reserve = reserveOn(survivor);
      await reserve.load();
      expect(await reserve.ensure()).toBe("whole");
      expect(survivor.usedBytes).toBeGreaterThanOrEqual(sizeBytes);
      expect(await survivor.size(path)).toBe(sizeBytes);
    }
  });

  it("leaves nothing on a disk without room for it", async () => {
    const fileSystem = await newDisk();
    const before = fileSystem.usedBytes;
    fileSystem.setCapacity(before + 9 * mebibyte);
    const reserve = reserveOn(fileSystem);
    expect(await reserve.ensure()).toBe("no-room");
    expect(reserve.missingBytes).toBe(sizeBytes);
    expect(fileSystem.usedBytes).toBe(before);
    fileSystem.setCapacity(before + 11 * mebibyte);
    expect(await reserve.ensure()).toBe("whole");
  });

  it("takes a sync that finds no room for the same", async () => {
    const fileSystem = await newDisk();
    fileSystem.failNext("syncData", "EDQUOT");
    expect(await reserveOn(fileSystem).ensure()).toBe("no-room");
    expect(await fileSystem.list("/data")).toEqual([]);
  });

  it("throws what is no want of room", async () => {
    const fileSystem = await newDisk();
    fileSystem.failNext("syncData", "EIO");
    await expect(reserveOn(fileSystem).ensure()).rejects.toThrow("EIO");
  });

  it("follows a size that was changed, also to nothing", async () => {
    const fileSystem = await newDisk();
    await reserveOn(fileSystem).ensure();
    for (const size of [12 * mebibyte + 1, 5 * mebibyte, 1]) {
      expect(await reserveOn(fileSystem, size).ensure()).toBe("whole");
      expect(await fileSystem.size(path)).toBe(size);
    }
    const none = reserveOn(fileSystem, 0);
    expect(await none.ensure()).toBe("whole");
    expect(none.missingBytes).toBe(0);
    expect(await fileSystem.list("/data")).toEqual([]);
  });
});

describe("DiskReserve.release", () => {
  it("gives its bytes back to the disk", async () => {
    const fileSystem = await newDisk();
    const before = fileSystem.usedBytes;
    const reserve = reserveOn(fileSystem);
    await reserve.ensure();
    await reserve.release();
    expect(reserve.missingBytes).toBe(sizeBytes);
    expect(fileSystem.usedBytes).toBe(before);
    expect(await fileSystem.crash().list("/data")).toEqual([]);
  });

  it("ends the making of it", async () => {
    const fileSystem = await newDisk();
    const reserve = reserveOn(fileSystem);
    const making = reserve.ensure();
    await reserve.release();
    expect(await making).toBe("aborted");
    expect(await fileSystem.list("/data")).toEqual([]);
    expect(await reserve.ensure()).toBe("whole");
  });

  it("does nothing where there is none", async () => {
    const fileSystem = await newDisk();
    await reserveOn(fileSystem).release();
    expect(await fileSystem.list("/data")).toEqual([]);
  });
});
