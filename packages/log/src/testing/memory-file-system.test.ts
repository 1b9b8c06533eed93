import { type FileHandle, isFileError } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { propertyRuns } from "../../../../test/support/property-runs.js";
import { MemoryFile } from "./memory-file.js";
import { MemoryFileSystem } from "./memory-file-system.js";
import { seededRandom } from "./seeded-random.js";

const path = "/a";

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

async function fileWith(fileSystem: MemoryFileSystem, bytes: Buffer): Promise<FileHandle> {
  const file = await fileSystem.open(path, "write");
  await file.write([bytes], 0);
  await file.syncData();
  await fileSystem.syncDirectory("/");
  return file;
}

/** What the file holds after a power loss, for many seeds. `prepare` runs before each. */
async function survivorsOf(prepare: (fileSystem: MemoryFileSystem) => Promise<unknown>): Promise<Buffer[]> {
  const survivors: Buffer[] = [];
  for (let seed = 0; seed < 100; seed += 1) {
    const fileSystem = new MemoryFileSystem(seededRandom(seed));
    await prepare(fileSystem);
    survivors.push(await fileSystem.crash().readFile(path));
  }
  return survivors;
}

describe("MemoryFileSystem at a power loss", () => {
  it("keeps all that was synced, and of the rest some sectors and some size", async () => {
    const survivors = await survivorsOf(async (fileSystem) => {
      const file = await fileWith(fileSystem, Buffer.alloc(1000, 1));
      await file.write([Buffer.alloc(2000, 2)], 1000);
    });
    for (const bytes of survivors) {
      expect(bytes.subarray(0, 1000).equals(Buffer.alloc(1000, 1))).toBe(true);
      expect(bytes.length).toBeLessThanOrEqual(3000);
      expect([...new Set(bytes.subarray(1000))].every((byte) => byte === 0 || byte === 2)).toBe(true);
    }
    const sizes = new Set(survivors.map((bytes) => bytes.length));
    expect(sizes.has(1000) && sizes.has(3000) && sizes.size > 10).toBe(true);
    const torn = survivors.some((bytes) => bytes.subarray(1024).includes(0) && bytes.subarray(1024).includes(2));
    expect(torn, "no survivor is torn").toBe(true);
  });

  it("may bring back what was overwritten or cut and not synced", async () => {
    const overwritten = await survivorsOf(async (fileSystem) => {
      const file = await fileWith(fileSystem, Buffer.alloc(600, 1));
      await file.write([Buffer.alloc(600, 2)], 0);
    });
    expect(new Set(overwritten.map((bytes) => `${bytes[0]}${bytes[599]}`))).toEqual(new Set(["11", "12", "21", "22"]));
    const cut = await survivorsOf(async (fileSystem) => (await fileWith(fileSystem, Buffer.alloc(600, 1))).truncate(0));
    expect(cut.some((bytes) => bytes.length === 0)).toBe(true);
    expect(cut.some((bytes) => bytes.length === 600)).toBe(true);
  });

  it("keeps the first few unsynced changes of names, in order", async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 100; seed += 1) {
      const fileSystem = new MemoryFileSystem(seededRandom(seed));
      for (const name of ["a", "b", "c"]) await fileSystem.open(`/${name}`, "create");
      await fileSystem.rename("/b", "/c");
      found.add((await fileSystem.crash().list("/")).join(""));
    }
    expect(found).toEqual(new Set(["", "a", "ab", "abc", "ac"]));
  });

  it("is none when the process is killed: all that was written is there, and can be lost later", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(3));
    const file = await fileSystem.open(path, "write");
    await file.write([Buffer.from("written")], 0);
    const killed = fileSystem.kill();
    expect(await codeOf(file.syncData())).toBe("EIO");
    expect((await killed.readFile(path)).toString()).toBe("written");
    const lost = Array.from({ length: 50 }, (_, seed) => new MemoryFileSystem(seededRandom(seed)));
    const names = await Promise.all(
      lost.map(async (each) => {
        await each.open(path, "create");
        return (await each.kill().crash().list("/")).length;
      }),
    );
    expect(new Set(names)).toEqual(new Set([0, 1]));
  });

  it("holds what an array of bytes holds, whatever is written, cut, extended and synced", async () => {
    const change = fc.record({
      type: fc.constantFrom("write" as const, "write" as const, "truncate" as const, "sync" as const),
      position: fc.integer({ min: 0, max: 20_000 }),
      size: fc.integer({ min: 0, max: 9000 }),
    });
    const property = fc.asyncProperty(
      fc.array(change, { maxLength: 20, size: "max" }),
      fc.integer(),
      async (changes, seed) => {
        const fileSystem = new MemoryFileSystem(seededRandom(seed));
        const file = await fileWith(fileSystem, Buffer.alloc(0));
        let model: Buffer = Buffer.alloc(0);
        for (const [index, { type, position, size }] of changes.entries()) {
          if (type === "sync") await file.syncData();
          else if (type === "truncate") await file.truncate(position);
          else await file.write([Buffer.alloc(size, index + 1)], position);
          model = after(model, { type, position, bytes: Buffer.alloc(size, index + 1) });
          expect((await fileSystem.readFile(path)).equals(model)).toBe(true);
        }
        await file.syncData();
        expect((await fileSystem.crash().readFile(path)).equals(model)).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: propertyRuns({ usual: 100, long: 2000 }) });
  });
});

function after(
  model: Buffer,
  change: { type: "write" | "truncate" | "sync"; position: number; bytes: Buffer },
): Buffer {
  const { type, position, bytes } = change;
  if (type === "sync" || (type === "write" && bytes.length === 0)) return model;
  const size = type === "truncate" ? position : Math.max(model.length, position + bytes.length);
  const changed = Buffer.alloc(size);
  changed.set(model.subarray(0, size));
  if (type === "write") changed.set(bytes, position);
  return changed;
}

describe("a sync that fails (P38)", () => {
  it("leaves the unsynced bytes where they can be read, and a later sync that succeeds does not save them", async () => {
    const survivors = await survivorsOf(async (fileSystem) => {
      const file = await fileWith(fileSystem, Buffer.alloc(4096, 1));
      await file.write([Buffer.alloc(4096, 2)], 4096);
      fileSystem.failNext("syncData", "EIO");
      expect(await codeOf(file.syncData())).toBe("EIO");
      expect((await fileSystem.readFile(path)).subarray(4096).equals(Buffer.alloc(4096, 2))).toBe(true);
      expect(await codeOf(file.syncData())).toBe("none");
    });
    const expected = Buffer.concat([Buffer.alloc(4096, 1), Buffer.alloc(4096)]);
    for (const bytes of survivors) expect(bytes.equals(expected)).toBe(true);
  });

  it("loses nothing of what is written and synced after it", async () => {
    const survivors = await survivorsOf(async (fileSystem) => {
      const file = await fileWith(fileSystem, Buffer.alloc(4096, 1));
      fileSystem.failNext("syncData", "EIO");
      await codeOf(file.syncData());
      await file.write([Buffer.alloc(100, 3)], 4096);
      await file.syncData();
    });
    for (const bytes of survivors)
      expect(bytes.equals(Buffer.concat([Buffer.alloc(4096, 1), Buffer.alloc(100, 3)]))).toBe(true);
  });
});

describe("told to fail", () => {
  it("fails once, and of a matching path only", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    fileSystem.failNext("create", "EACCES", /b$/);
    expect(await codeOf(fileSystem.open("/a", "create"))).toBe("none");
    expect(await codeOf(fileSystem.open("/b", "create"))).toBe("EACCES");
    expect(await codeOf(fileSystem.open("/b", "create"))).toBe("none");
  });

  it("fails again and again until the failures are cleared", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    await fileWith(fileSystem, Buffer.from("x"));
    fileSystem.failAlways("read", "EIO", /^\/a$/);
    for (let time = 0; time < 3; time += 1) expect(await codeOf(fileSystem.readFile(path))).toBe("EIO");
    expect(await codeOf(fileSystem.list("/"))).toBe("none");
    fileSystem.clearFailures();
    expect(await codeOf(fileSystem.readFile(path))).toBe("none");
  });

  it("leaves some of the bytes of a failed write, and says so", async () => {
    const sizes = new Set<number>();
    for (let seed = 0; seed < 50; seed += 1) {
      const fileSystem = new MemoryFileSystem(seededRandom(seed));
      const file = await fileSystem.open(path, "write");
      fileSystem.failNext("write", "EIO");
      const error: unknown = await file.write([Buffer.from("abc")], 0).catch((reason: unknown) => reason);
      expect(isFileError(error, "EIO")).toBe(true);
      sizes.add(await file.size());
    }
    expect(sizes).toEqual(new Set([0, 1, 2, 3]));
  });

  it("ends with the process: the next one finds a disk that works", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    fileSystem.failAlways("create", "EROFS");
    expect(await codeOf(fileSystem.kill().open(path, "create"))).toBe("none");
  });
});

describe("a disk with a capacity", () => {
  /** A disk with `freeBytes` left, and an open, empty file on it. */
  async function diskWith(freeBytes: number): Promise<{ fileSystem: MemoryFileSystem; file: FileHandle }> {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const file = await fileSystem.open(path, "create");
    fileSystem.setCapacity(fileSystem.usedBytes + freeBytes);
    return { fileSystem, file };
  }

  it("writes what fits and fails with ENOSPC; what is read before that is still there", async () => {
    const { fileSystem, file } = await diskWith(10_000);
    await file.write([Buffer.alloc(6000, 1)], 0);
    expect(await fileSystem.freeBytes("/")).toBe(4000);
    expect(await codeOf(file.write([Buffer.alloc(6000, 2)], 6000))).toBe("ENOSPC");
    expect(await file.size()).toBe(10_000);
    expect(await fileSystem.freeBytes("/")).toBe(0);
    expect(
      (await fileSystem.readFile(path)).equals(Buffer.concat([Buffer.alloc(6000, 1), Buffer.alloc(4000, 2)])),
    ).toBe(true);
    expect(await codeOf(file.write([Buffer.alloc(10_000, 3)], 0)), "overwriting takes no room").toBe("none");
    expect(await codeOf(fileSystem.open("/b", "create"))).toBe("ENOSPC");
    expect(await codeOf(fileSystem.makeDirectory("/c"))).toBe("ENOSPC");
    expect(await codeOf(fileSystem.rename(path, "/d"))).toBe("none");
  });

  it("has room again after a truncation, a removal, and more capacity", async () => {
    const { fileSystem, file } = await diskWith(100);
    expect(await codeOf(file.write([Buffer.alloc(200)], 0))).toBe("ENOSPC");
    await file.truncate(60);
    expect(await fileSystem.freeBytes("/")).toBe(40);
    await file.close();
    await fileSystem.removeFile(path);
    expect(await fileSystem.freeBytes("/")).toBeGreaterThan(100);
    fileSystem.setCapacity(undefined);
    expect(await fileSystem.freeBytes("/")).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("keeps the room of a removed file until its last handle is closed", async () => {
    const { fileSystem, file } = await diskWith(1000);
    await file.write([Buffer.alloc(1000)], 0);
    const reader = await fileSystem.open(path, "read");
    await file.close();
    await fileSystem.removeFile(path);
    expect(await fileSystem.freeBytes("/")).toBeLessThan(1000);
    await reader.close();
    await reader.close();
    expect(await fileSystem.freeBytes("/")).toBeGreaterThanOrEqual(1000);
  });

  it("reserves nothing for a file that was only extended", async () => {
    const { fileSystem, file } = await diskWith(100_000);
    await file.truncate(90_000);
    expect(await fileSystem.freeBytes("/")).toBe(100_000);
    await file.write([Buffer.alloc(1)], 40_000);
    expect(await fileSystem.freeBytes("/")).toBe(100_000 - 4096);
  });

  it("is as large after a crash", async () => {
    const { fileSystem } = await diskWith(100);
    const { usedBytes } = fileSystem;
    const survivor = fileSystem.kill();
    expect(await survivor.freeBytes("/")).toBe(100);
    expect(survivor.usedBytes).toBe(usedBytes);
  });
});

describe("a disk that is slow to sync", () => {
  const turnsMax = 20;

  it("keeps what was written before a sync, and of what was written during it all or some", async () => {
    const kept = await survivorsOf(async (fileSystem) => {
      const file = await fileWith(fileSystem, Buffer.from("a"));
      fileSystem.slowSyncs(turnsMax);
      await file.write([Buffer.from("b")], 1);
      const synced = file.syncData();
      for (let turn = 0; turn < turnsMax / 2; turn += 1) await Promise.resolve();
      await file.write([Buffer.from("c")], 2);
      await synced;
    });
    expect(kept.every((bytes) => bytes.toString().startsWith("ab"))).toBe(true);
    const lengths = new Set(kept.map((bytes) => bytes.length));
    expect(lengths).toEqual(new Set([2, 3]));
  });

  it("fails a sync that the power loss comes into, and stays slow", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const file = await fileWith(fileSystem, Buffer.from("a"));
    fileSystem.slowSyncs(turnsMax);
    const synced = codeOf(file.syncData());
    const survivor = fileSystem.crash();
    expect(await synced).toBe("EIO");
    const again = await survivor.open(path, "write");
    let isDone = false;
    const done = again.syncData().then(() => {
      isDone = true;
    });
    for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
    expect(isDone).toBe(false);
    await done;
  });
});

describe("bit rot", () => {
  it("changes a file in the page cache and on the platter", async () => {
    const rotten = await survivorsOf(async (fileSystem) => {
      await fileWith(fileSystem, Buffer.from("abcdef"));
      fileSystem.flipBit(path, 0, 1);
      fileSystem.overwrite(path, 2, Buffer.from("XY"));
      fileSystem.truncateTo(path, 5);
      expect((await fileSystem.readFile(path)).toString()).toBe("cbXYe");
    });
    expect(new Set(rotten.map(String))).toEqual(new Set(["cbXYe"]));
  });

  it("needs a byte that is there", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    await fileWith(fileSystem, Buffer.from("abc"));
    expect(() => fileSystem.flipBit(path, 3, 0)).toThrow("EINVAL");
    expect(() => fileSystem.truncateTo(path, 4)).toThrow("EINVAL");
    expect(() => fileSystem.flipBit("/no", 0, 0)).toThrow("ENOENT");
  });
});

it("copies a disk: what is done to the copy is not done to the original", async () => {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  await fileSystem.makeDirectory("/d");
  const file = await fileSystem.open("/d/a", "create");
  await file.write([Buffer.from("written")], 0);
  const copied = fileSystem.copy();
  copied.flipBit("/d/a", 0, 0);
  await copied.removeFile("/d/a");
  await file.write([Buffer.from("W")], 0);
  expect((await fileSystem.readFile("/d/a")).toString()).toBe("Written");
  expect((await fileSystem.copy().crash().readFile("/d/a")).toString()).toBe("Written");
  expect(await copied.list("/d")).toEqual([]);
});

it("moves the bytes of a file that is appended to only now and then", () => {
  const file = new MemoryFile();
  const stores = new Set<ArrayBufferLike>();
  for (let index = 0; index < 20_000; index += 1) {
    file.write(Buffer.alloc(100, 1), index * 100);
    file.sync();
    stores.add(file.bytes.buffer).add(file.durable.buffer);
  }
  expect(file.bytes.equals(Buffer.alloc(2_000_000, 1))).toBe(true);
  expect(file.durable.equals(file.bytes)).toBe(true);
  expect(stores.size).toBeLessThan(50);
});
