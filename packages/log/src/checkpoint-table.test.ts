import { describe, expect, it } from "vitest";
import { CheckpointTable, parseCheckpointOffset } from "./checkpoint-table.js";
import { seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const format = { format: String, parse: parseCheckpointOffset };
const path = "/d/offsets";

async function newFileSystem(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  await fileSystem.makeDirectory("/d");
  await fileSystem.syncDirectory("/");
  return fileSystem;
}

describe("CheckpointTable", () => {
  it("finds after a power loss what was set", async () => {
    const fileSystem = await newFileSystem();
    const table = new CheckpointTable(fileSystem, path, format);
    await Promise.all([table.set("a", 1), table.set("b", 2)]);
    await table.set("a", 3);
    table.remove("b");
    await table.save();
    const found = await CheckpointTable.load(fileSystem.crash(), path, format);
    expect(found?.names).toEqual(["a"]);
    expect(found?.get("a")).toBe(3);
  });

  it("writes once for everything that is set while it writes", async () => {
    const fileSystem = await newFileSystem();
    const table = new CheckpointTable(fileSystem, path, format);
    const before = fileSystem.operationCount;
    await table.set("a", 0);
    const operationsOfOne = fileSystem.operationCount - before;
    await Promise.all(Array.from({ length: 100 }, (_, index) => table.set(`p${index}`, index)));
    expect(fileSystem.operationCount - before).toBeLessThanOrEqual(operationsOfOne * 3);
    expect((await CheckpointTable.load(fileSystem, path, format))?.get("p99")).toBe(99);
  });

  it("is undefined where any byte of the file is wrong, or it is missing", async () => {
    const fileSystem = await newFileSystem();
    expect(await CheckpointTable.load(fileSystem, path, format)).toBeUndefined();
    await new CheckpointTable(fileSystem, path, format).set("a", 17);
    const bytes = await fileSystem.readFile(path);
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 1;
      const file = await fileSystem.open(path, "write");
      await file.write([damaged], 0);
      await file.close();
      expect(await CheckpointTable.load(fileSystem, path, format), `byte ${at}`).toBeUndefined();
    }
  });

  it("fails who waits when there is no room, and goes on with the value before", async () => {
    const fileSystem = await newFileSystem();
    const table = new CheckpointTable(fileSystem, path, format);
    await table.set("a", 1);
    fileSystem.failAlways("write", "ENOSPC");
    const failed = [table.set("a", 7), table.set("b", 8)].map((set) => set.catch((error: unknown) => error));
    expect(await Promise.all(failed)).toMatchObject([{ code: "ENOSPC" }, { code: "ENOSPC" }]);
    fileSystem.clearFailures();
    await table.set("c", 2);
    const found = await CheckpointTable.load(fileSystem, path, format);
    expect([table.get("a"), found?.get("a"), found?.get("b")]).toEqual([1, 1, undefined]);
  });
});
