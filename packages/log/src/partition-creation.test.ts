import { topicId, topicName } from "@sluice/model";
import { expect, it } from "vitest";
import { dataPath, openDirectory, seededRandom, testConfig } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

/** Counts what makes names durable. */
class CountingFileSystem extends MemoryFileSystem {
  readonly synced: string[] = [];

  override syncDirectory(path: string): Promise<void> {
    this.synced.push(path);
    return super.syncDirectory(path);
  }
}

it("makes many partitions at once with one sync of each, and few of the directory that they share", async () => {
  const fileSystem = new CountingFileSystem(seededRandom(1));
  const directory = await openDirectory(fileSystem);
  fileSystem.synced.length = 0;
  const names = Array.from({ length: 32 }, (_, partition) => {
    return { topicId: topicId("5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f"), partition };
  });
  const config = testConfig();
  await Promise.all(names.map((name) => directory.openPartition({ ...name, topic: topicName("t"), config })));
  const shared = fileSystem.synced.filter((path) => path === dataPath);
  // Their names, and the recovery points of those that were recorded meanwhile.
  expect(shared.length).toBeLessThanOrEqual(8);
  expect(fileSystem.synced.length - shared.length).toBe(32);
  // All of it survives that the power goes now.
  const survivor = await openDirectory(fileSystem.crash());
  expect((await survivor.partitions()).map(({ partition, topic }) => [partition, topic]).sort()).toEqual(
    names.map(({ partition }) => [partition, "t"]).sort(),
  );
});
