/** What a restart knows of the high watermark. */

import { type Clock, type Offset, offset, topicName } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { LogDirectory } from "./index.js";
import type { PartitionLog } from "./partition-log.js";
import {
  batchOf,
  dataPath,
  epoch,
  partitionName,
  seededRandom,
  stillClock,
  testConfig,
} from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

interface Opened {
  readonly directory: LogDirectory;
  readonly log: PartitionLog;
}

async function open(fileSystem: MemoryFileSystem, clock: Clock = stillClock): Promise<Opened> {
  const dependencies = { fileSystem, clock, random: seededRandom(1) };
  const directory = await LogDirectory.open({ path: dataPath, brokerId: 1, clusterId: "test" }, dependencies);
  const config = testConfig({ flush: "always" });
  return { directory, log: await directory.openPartition({ ...partitionName, topic: topicName("flights"), config }) };
}

/** Ten records, all but the last of them committed. */
async function written(fileSystem: MemoryFileSystem, clock?: Clock): Promise<Opened> {
  const opened = await open(fileSystem, clock);
  for (let index = 0; index < 10; index += 1) opened.log.append(batchOf(["a"]), epoch);
  await opened.log.flush();
  opened.log.setHighWatermark(offset(9));
  return opened;
}

async function highWatermarkAfterKill(fileSystem: MemoryFileSystem): Promise<Offset> {
  return (await open(fileSystem.kill())).log.highWatermark;
}

/** Lets file operations of the background end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

describe("the checkpoint of high watermarks", () => {
  it("is written now and then, and what it says is known after a kill and after a power loss", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const clock = new VirtualClock();
    await written(fileSystem, clock);
    clock.advance(5000);
    await settle();
    expect((await open(fileSystem.copy().crash())).log.highWatermark).toBe(9);
    expect(await highWatermarkAfterKill(fileSystem)).toBe(9);
  });

  it("is written by a clean stop", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    await (await written(fileSystem)).directory.close();
    expect((await open(fileSystem)).log.highWatermark).toBe(9);
  });

  it("knows nothing before it is written, but that what was deleted was committed", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { log } = await written(fileSystem);
    await log.deleteRecordsBefore(offset(4));
    expect(await highWatermarkAfterKill(fileSystem)).toBe(4);
  });

  it("is no more than the log that a crash has left", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { directory } = await written(fileSystem);
    await directory.close();
    const [segment] = (await fileSystem.list(`${dataPath}/${partitionName.topicId}-0`)).filter((name) =>
      name.endsWith(".log"),
    );
    const file = await fileSystem.open(`${dataPath}/${partitionName.topicId}-0/${segment}`, "write");
    await file.truncate(0);
    await file.close();
    await fileSystem.removeFile(`${dataPath}/clean-shutdown`);
    await fileSystem.removeFile(`${dataPath}/recovery-point`);
    expect((await open(fileSystem)).log.highWatermark).toBe(0);
  });

  it("is lowered before a log is cut below it, so that other records in their place do not count as committed", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const clock = new VirtualClock();
    const { log } = await written(fileSystem, clock);
    clock.advance(5000);
    await settle();
    await log.truncateTo(offset(3));
    for (let index = 0; index < 7; index += 1) log.append(batchOf(["b"]), epoch);
    await log.flush();
    expect(await highWatermarkAfterKill(fileSystem)).toBe(3);
  });

  it("is forgotten with its partition", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { directory } = await written(fileSystem);
    await directory.close();
    const second = await open(fileSystem);
    await second.directory.deletePartition(partitionName.topicId, partitionName.partition);
    expect((await fileSystem.readFile(`${dataPath}/replication-offset-checkpoint`)).toString()).not.toContain("-0 9");
  });

  it("is without effect where it makes no sense", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    await (await written(fileSystem)).directory.close();
    const file = await fileSystem.open(`${dataPath}/replication-offset-checkpoint`, "write");
    await file.write([Buffer.from("nonsense")], 0);
    await file.close();
    expect((await open(fileSystem)).log.highWatermark).toBe(0);
  });
});
