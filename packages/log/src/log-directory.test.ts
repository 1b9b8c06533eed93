import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, isSluiceError, topicName } from "@sluice/model";
import { afterEach, describe, expect, it } from "vitest";
import { LogDirectory, NodeFileSystem } from "./index.js";
import {
  batchOf,
  dataPath,
  epoch,
  openDirectory,
  openLog,
  partitionName,
  partitionPath,
  readAll,
  seededRandom,
  stillClock,
  testConfig,
} from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return isSluiceError(error) ? error.code : String(error);
}

describe("LogDirectory on the real disk", () => {
  const paths: string[] = [];

  async function temporaryPath(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), "sluice-log-"));
    paths.push(path);
    return `${path}/a/broker-1`;
  }

  afterEach(async () => {
    for (const path of paths.splice(0)) await rm(path, { recursive: true, force: true });
  });

  it("appends, rolls, closes, opens again and holds the same bytes", async () => {
    const path = await temporaryPath();
    const config = { flush: "always", "segment.bytes": 4096 } as const;
    const first = await openLog(new NodeFileSystem(), config, path);
    for (let index = 0; index < 200; index += 1) first.log.append(batchOf([`${index}`.padEnd(100)]), epoch);
    await first.log.flush();
    const bytes = await readAll(first.log, 3000);
    expect(bytes.length).toBe(first.log.sizeBytes);
    await first.directory.close();
    const second = await openLog(new NodeFileSystem(), config, path);
    expect(second.directory.wasClean).toBe(true);
    expect((await readAll(second.log)).equals(bytes)).toBe(true);
    await second.directory.close();
  });

  it("refuses a directory that is open already, and gives it up with close", async () => {
    const path = await temporaryPath();
    const directory = await openDirectory(new NodeFileSystem(), path);
    expect(await codeOf(openDirectory(new NodeFileSystem(), path))).toBe("DATA_DIRECTORY_IN_USE");
    await directory.close();
    await (await openDirectory(new NodeFileSystem(), path)).close();
  });

  it("says that a path is no directory", async () => {
    const path = await temporaryPath();
    await (await openDirectory(new NodeFileSystem(), path)).close();
    expect(await codeOf(openDirectory(new NodeFileSystem(), `${path}/meta`))).toBe("DISK_FAILED");
  });
});

describe("LogDirectory", () => {
  it("refuses the directory of another cluster or broker, and leaves it unlocked", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const dependencies = { fileSystem, clock: stillClock, random: seededRandom(1) };
    await (await openDirectory(fileSystem)).close();
    const open = (brokerId: number, clusterId: string): Promise<LogDirectory> =>
      LogDirectory.open({ path: dataPath, brokerId, clusterId }, dependencies);
    expect(await codeOf(open(2, "test"))).toBe("DATA_DIRECTORY_MISMATCH");
    expect(await codeOf(open(1, "other"))).toBe("DATA_DIRECTORY_MISMATCH");
    const directory = await open(1, "test");
    expect(directory.wasClean).toBe(true);
    expect(await LogDirectory.readMeta(fileSystem, dataPath)).toEqual(directory.meta);
    expect(await LogDirectory.readMeta(fileSystem, "/elsewhere")).toBeUndefined();
  });

  it("refuses a meta file that makes no sense", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    await (await openDirectory(fileSystem)).close();
    for (const text of ["{", "{}", "null"]) {
      const file = await fileSystem.open(`${dataPath}/meta`, "write");
      await file.truncate(0);
      await file.write([Buffer.from(text)], 0);
      await file.close();
      expect(await codeOf(openDirectory(fileSystem))).toBe("CORRUPT_FILE");
    }
  });

  it("refuses a directory that has partitions and no meta file: what was promised of them stays known", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { directory, log } = await openLog(fileSystem);
    log.append(batchOf(["a"]), epoch);
    await directory.close();
    const recoveryPoint = await fileSystem.readFile(`${dataPath}/recovery-point`);
    const meta = await fileSystem.readFile(`${dataPath}/meta`);
    await fileSystem.removeFile(`${dataPath}/meta`);
    expect(await codeOf(openDirectory(fileSystem))).toBe("CORRUPT_FILE");
    expect((await fileSystem.readFile(`${dataPath}/recovery-point`)).equals(recoveryPoint)).toBe(true);
    const file = await fileSystem.open(`${dataPath}/meta`, "write");
    await file.write([meta], 0);
    await file.close();
    expect((await openLog(fileSystem)).log.logEndOffset).toBe(1);
  });

  it("is clean after close only, and a crash right after the start is not clean", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    await (await openLog(fileSystem)).directory.close();
    expect((await openDirectory(fileSystem)).wasClean).toBe(true);
    const directory = await openDirectory(fileSystem.crash());
    expect(directory.wasClean).toBe(false);
  });

  it("does not take a partition for clean that was left unopened by the life that closed in order", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { log } = await openLog(fileSystem);
    log.append(batchOf(["a"]), epoch);
    await log.flush();
    const killed = fileSystem.kill();
    await (await openDirectory(killed)).close();
    const file = await killed.open(`${partitionPath}/${"0".repeat(20)}.log`, "write");
    await file.truncate((await file.size()) - 1);
    await file.close();
    expect((await openLog(killed)).log.logEndOffset).toBe(0);
  });

  it("lists partitions, deletes one with its open log, and knows nothing of it afterwards", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { directory, log } = await openLog(fileSystem);
    log.append(batchOf(["a"]), epoch);
    const other = { ...partitionName, partition: 1, topic: topicName("flights"), config: testConfig() };
    await directory.openPartition(other);
    expect(await directory.partitions()).toEqual([
      { ...partitionName, topic: "flights" },
      { ...partitionName, partition: 1, topic: "flights" },
    ]);
    await directory.deletePartition(partitionName.topicId, 0);
    await directory.deletePartition(partitionName.topicId, 7);
    expect(() => log.append(batchOf(["b"]), epoch)).toThrow("closed");
    expect(await directory.partitions()).toEqual([{ ...partitionName, partition: 1, topic: "flights" }]);
    await directory.close();
    expect((await openLog(fileSystem)).log.logEndOffset).toBe(0);
  });

  it("finishes at the next start a deletion that a crash cut short", async () => {
    for (let crashAt = 1; crashAt <= 6; crashAt += 1) {
      const fileSystem = new MemoryFileSystem(seededRandom(crashAt));
      const { directory, log } = await openLog(fileSystem);
      log.append(batchOf(["a"]), epoch);
      await log.flush();
      fileSystem.crashAtOperation(fileSystem.operationCount + crashAt);
      await directory.deletePartition(partitionName.topicId, 0).catch(() => "the power went, as it should");
      const survivor = fileSystem.crash();
      const reopened = await openLog(survivor);
      expect([0, 1]).toContain(reopened.log.logEndOffset);
      expect((await survivor.list(dataPath)).filter((name) => name.endsWith(".deleted"))).toEqual([]);
    }
  });

  it("records recovery points in intervals, so that damage below them is not cut later", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const timers: (() => void)[] = [];
    const clock: Clock = {
      ...stillClock,
      setTimer: (delayMs, callback) => {
        if (delayMs === 60_000) timers.push(callback);
        return { cancel: () => undefined };
      },
    };
    const dependencies = { fileSystem, clock, random: seededRandom(1) };
    const directory = await LogDirectory.open({ path: dataPath, brokerId: 1, clusterId: "test" }, dependencies);
    const log = await directory.openPartition({ ...partitionName, topic: topicName("t"), config: testConfig() });
    log.append(batchOf(["a"]), epoch);
    await log.flush();
    timers[0]?.();
    while (timers.length < 2) await Promise.resolve();
    expect((await fileSystem.readFile(`${dataPath}/recovery-point`)).toString()).toContain("-0 1 always\n");
    await directory.close();
  });
});
