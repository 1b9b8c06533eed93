import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
