import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeFileSystem } from "./file-system.compliance.js";
import { NodeFileSystem } from "./node-file-system.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";
import { seededRandom } from "./testing/seeded-random.js";

describeFileSystem("NodeFileSystem", async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-log-"));
  return { fileSystem: new NodeFileSystem(), path, dispose: () => rm(path, { recursive: true, force: true }) };
});

describeFileSystem("MemoryFileSystem", async () => {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  await fileSystem.makeDirectory("/test");
  return { fileSystem, path: "/test", dispose: async () => undefined };
});

test("NodeFileSystem tells of a small write that fails, as of a large one", async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-log-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  const fileSystem = new NodeFileSystem();
  await (await fileSystem.open(`${path}/a`, "create")).close();
  const file = await fileSystem.open(`${path}/a`, "read");
  onTestFinished(() => file.close());
  for (const sizeBytes of [1, 100_000])
    await expect(file.write([Buffer.alloc(sizeBytes)], 0)).rejects.toMatchObject({ code: "EBADF" });
});
