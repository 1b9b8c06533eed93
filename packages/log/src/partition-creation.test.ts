import { topicId, topicName } from "@sluice/model";
import { expect, it } from "vitest";
import { batchOf, dataPath, epoch, openDirectory, seededRandom, testConfig } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const partition = {
  topicId: topicId("5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f"),
  partition: 0,
  topic: topicName("t"),
  config: testConfig(),
};

/** Counts what makes names durable, and what looks for names. */
class CountingFileSystem extends MemoryFileSystem {
  readonly synced: string[] = [];
  readonly listed: string[] = [];

  override list(path: string): Promise<string[]> {
    this.listed.push(path);
    return super.list(path);
  }

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

it("looks for nothing in a directory that it makes, and at all of it when the partition is opened again", async () => {
  const fileSystem = new CountingFileSystem(seededRandom(1));
  const directory = await openDirectory(fileSystem);
  fileSystem.listed.length = 0;
  const log = await directory.openPartition(partition);
  expect(fileSystem.listed).toEqual([]);
  await log.close();
  const survivor = fileSystem.crash();
  const again = await openDirectory(survivor);
  const path = `${dataPath}/${partition.topicId}-0`;
  // What a compaction left that a crash ended.
  await (await survivor.open(`${path}/00000000000000000000.log.cleaned`, "create")).close();
  await again.openPartition(partition);
  expect(await survivor.list(path)).not.toContain("00000000000000000000.log.cleaned");
});

it("looks at what the first try left where a partition could not be made", async () => {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  const directory = await openDirectory(fileSystem);
  const path = `${dataPath}/${partition.topicId}-0`;
  fileSystem.rename = () => Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" }));
  await expect(directory.openPartition(partition)).rejects.toMatchObject({ code: "DISK_FULL" });
  expect(await fileSystem.list(path)).toEqual(["partition.metadata.tmp"]);
  fileSystem.rename = MemoryFileSystem.prototype.rename;
  await directory.openPartition(partition);
  expect(await fileSystem.list(path)).toEqual(["00000000000000000000.log", "partition.metadata"]);
});

it("closes a partition that was never written to without a sync, and opens it again as one that was closed in order", async () => {
  const fileSystem = new CountingFileSystem(seededRandom(1));
  const directory = await openDirectory(fileSystem);
  const log = await directory.openPartition(partition);
  const path = `${dataPath}/${partition.topicId}-0`;
  fileSystem.synced.length = 0;
  const before = fileSystem.operationCount;
  await log.close();
  // The file is closed.
  expect(fileSystem.operationCount - before).toBeLessThanOrEqual(1);
  expect(fileSystem.synced).toEqual([]);
  await directory.close();

  const survivor = fileSystem.crash();
  const again = await openDirectory(survivor);
  expect(again.wasClean).toBe(true);
  const reopened = await again.openPartition(partition);
  expect(reopened.append(batchOf(["first"]), epoch).baseOffset).toBe(0);
  await reopened.close();
  await again.close();
  expect(await survivor.list(path)).toContain("00000000000000000000.index");
  const third = await (await openDirectory(survivor.crash())).openPartition(partition);
  expect(third.logEndOffset).toBe(1);
});
