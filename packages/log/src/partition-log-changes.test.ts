/** What takes records away from a log, and what a full or failing disk does to it. */

import { isSluiceError, leaderEpoch, offset, topicName } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { LogDirectory, type PartitionLog } from "./index.js";
import {
  batchOf,
  dataPath,
  epoch,
  openLog,
  partitionName,
  partitionPath,
  readAll,
  seededRandom,
  testConfig,
} from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const config = { flush: "always", "segment.bytes": 1024 } as const;

function memory(seed = 3): MemoryFileSystem {
  return new MemoryFileSystem(seededRandom(seed));
}

/** Batches of two records of 100 bytes each, in epochs of five batches, flushed. */
async function fill(log: PartitionLog, count = 30): Promise<Buffer[]> {
  const batches: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const batch = batchOf([`${index}`.padEnd(100), "y".repeat(100)], [index, index]);
    log.append(batch, leaderEpoch(Math.floor(index / 5)));
    batches.push(batch);
  }
  await log.flush();
  return batches;
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "none";
  } catch (error) {
    return isSluiceError(error) ? error.code : String(error);
  }
}

describe("truncateTo", () => {
  it("cuts at every offset, and what is appended then follows", async () => {
    for (let target = 0; target <= 60; target += 3) {
      const fileSystem = memory();
      const { directory, log } = await openLog(fileSystem, config);
      const batches = await fill(log);
      const end = target - (target % 2);
      expect(await log.truncateTo(offset(target))).toBe(end);
      expect([log.logEndOffset, log.writtenOffset, log.flushedOffset]).toEqual([end, end, end]);
      expect((await readAll(log)).equals(Buffer.concat(batches.slice(0, end / 2)))).toBe(true);
      const next = batchOf(["next"]);
      expect(log.append(next, leaderEpoch(9)).baseOffset).toBe(end);
      expect(log.endOffsetOfEpoch(leaderEpoch(8))?.endOffset).toBe(end);
      await log.flush();
      const bytes = Buffer.concat([...batches.slice(0, end / 2), next]);
      expect((await readAll(log)).equals(bytes)).toBe(true);
      await directory.close();
      expect((await readAll((await openLog(fileSystem, config)).log)).equals(bytes)).toBe(true);
    }
  });

  it("begins anew at the log start where nothing above it is left, so that what is appended then is read", async () => {
    for (const isKilled of [false, true]) {
      const fileSystem = memory();
      let { log } = await openLog(fileSystem, config);
      await fill(log, 3);
      log.setHighWatermark(offset(1));
      await log.deleteRecordsBefore(offset(1));
      expect(log.logStartOffset).toBe(1);
      // The batch of offsets 0 and 1 goes whole.
      expect(await log.truncateTo(offset(1))).toBe(1);
      if (isKilled) ({ log } = await openLog(fileSystem.kill(), config));
      expect([log.logStartOffset, log.logEndOffset, log.highWatermark]).toEqual([1, 1, 1]);
      const next = batchOf(["next"]);
      expect(log.append(next, leaderEpoch(9)).baseOffset).toBe(1);
      await log.flush();
      expect((await readAll(log)).equals(next)).toBe(true);
    }
  });

  it("leaves a log that opens, without a hole, when the power goes at any operation", async () => {
    for (let crashAt = 1; crashAt <= 40; crashAt += 1) {
      const fileSystem = memory(crashAt);
      const { log } = await openLog(fileSystem, config);
      const batches = await fill(log);
      await log.saveRecoveryPoint();
      fileSystem.crashAtOperation(fileSystem.operationCount + crashAt);
      await log.truncateTo(offset(20)).catch(() => "the power went, as it should");
      const reopened = await openLog(fileSystem.crash(), config);
      const end = reopened.log.logEndOffset;
      expect(end).toBeGreaterThanOrEqual(20);
      expect((await readAll(reopened.log)).equals(Buffer.concat(batches.slice(0, end / 2)))).toBe(true);
    }
  });
});

describe("restartAt", () => {
  it("begins anew at an offset, in every file, also when the power goes at any operation", async () => {
    for (let crashAt = 0; crashAt <= 60; crashAt += 1) {
      const fileSystem = memory(crashAt);
      const { log } = await openLog(fileSystem, config);
      const batches = await fill(log);
      if (crashAt > 0) fileSystem.crashAtOperation(fileSystem.operationCount + crashAt);
      const restarted = await log.restartAt(offset(1000)).catch(() => "the power went, as it should");
      const isDone = restarted === 1000;
      const { log: reopened } = await openLog(isDone ? fileSystem.kill() : fileSystem.crash(), config);
      expect([0, 1000]).toContain(reopened.logStartOffset);
      if (reopened.logStartOffset === 1000) {
        expect(reopened.logEndOffset).toBe(1000);
        expect(reopened.append(batchOf(["a"]), leaderEpoch(9)).baseOffset).toBe(1000);
        await reopened.flush();
      } else {
        expect(isDone).toBe(false);
        const found = await readAll(reopened);
        expect(Buffer.concat(batches).subarray(0, found.length).equals(found)).toBe(true);
      }
    }
  });
});

describe("restartAt, at an offset that the log has or has had", () => {
  it.each([0, 20, 30])(
    "leaves all or nothing of what there was when the power goes at any operation (%i)",
    async (start) => {
      for (let crashAt = 1; crashAt <= 60; crashAt += 1) {
        const fileSystem = memory(crashAt);
        const { log } = await openLog(fileSystem, config);
        await fill(log);
        log.setHighWatermark(offset(60));
        await log.deleteRecordsBefore(offset(20));
        const before = await readAll(log);
        fileSystem.crashAtOperation(fileSystem.operationCount + crashAt);
        await log.restartAt(offset(start)).catch(() => "the power went, as it should");
        const { log: reopened } = await openLog(fileSystem.crash(), config);
        const found = await readAll(reopened);
        if (found.length > 0) expect(found.equals(before)).toBe(true);
        else expect(reopened.logEndOffset).toBe(reopened.logStartOffset);
      }
    },
  );
});

describe("deleteRecordsBefore", () => {
  it("moves the log start, tells it, removes whole segments in two phases, and survives a power loss", async () => {
    const fileSystem = memory();
    const { directory, log } = await openLog(fileSystem, config);
    const batches = await fill(log);
    log.setHighWatermark(offset(50));
    const starts: number[] = [];
    log.onLogStartMoved = (start) => starts.push(start);
    expect(await codeOf(() => log.deleteRecordsBefore(offset(51)))).toBe("OFFSET_OUT_OF_RANGE");
    await log.deleteRecordsBefore(offset(31));
    expect(starts).toEqual([31]);
    expect(await codeOf(() => log.read(offset(30), { upToOffset: offset(60), sizeBytesMax: 10 }))).toBe(
      "OFFSET_OUT_OF_RANGE",
    );
    expect((await readAll(log)).equals(Buffer.concat(batches.slice(15)))).toBe(true);
    expect((await fileSystem.list(partitionPath)).some((name) => name.endsWith(".log.deleted"))).toBe(true);
    expect(await log.offsetForTimestamp(0, offset(60))).toEqual({ offset: 31, timestampMs: 15 });
    const crashed = await openLog(fileSystem.crash(), config);
    expect(crashed.log.logStartOffset).toBe(31);
    expect((await readAll(crashed.log)).equals(Buffer.concat(batches.slice(15)))).toBe(true);
    await directory.close().catch(() => "its machine is down");
  });

  it("never goes back, and leaves nothing behind at a clean stop", async () => {
    const fileSystem = memory();
    const { directory, log } = await openLog(fileSystem, config);
    await fill(log);
    log.setHighWatermark(offset(60));
    await log.deleteRecordsBefore(offset(40));
    await log.deleteRecordsBefore(offset(10));
    await log.deleteSegmentsBelow(offset(20));
    expect(log.logStartOffset).toBeGreaterThanOrEqual(40);
    await log.deleteSegmentsBelow(offset(1000));
    const active = (await log.describeSegments()).at(-1);
    expect(log.logStartOffset).toBe(active?.baseOffset);
    await directory.close();
    expect((await fileSystem.list(partitionPath)).filter((name) => name.endsWith(".deleted"))).toEqual([]);
    expect((await openLog(fileSystem, config)).log.logStartOffset).toBe(active?.baseOffset);
  });
});

describe("a full disk", () => {
  it("takes back what there is no room for, is still read, and takes appends again when there is room", async () => {
    const fileSystem = memory();
    const clock = new VirtualClock();
    const dependencies = { fileSystem, clock, random: seededRandom(1) };
    const directory = await LogDirectory.open({ path: dataPath, brokerId: 1, clusterId: "test" }, dependencies);
    const settings = testConfig(config);
    const log = await directory.openPartition({ ...partitionName, topic: topicName("flights"), config: settings });
    const batches = await fill(log, 7);
    const failures: number[] = [];
    log.onAppendsFailed = (end, error) => failures.push(end, error.number);
    const room = await fileSystem.freeBytes(dataPath);
    fileSystem.setCapacity(fileSystem.usedBytes + 300);
    expect(room).toBeGreaterThan(300);
    for (let index = 0; index < 4; index += 1) log.append(batchOf(["z".repeat(200)]), leaderEpoch(5));
    expect(await codeOf(() => log.flush())).toBe("DISK_FULL");
    expect(failures).toEqual([14, 76]);
    expect([log.failure, log.logEndOffset, log.writtenOffset, log.latestEpoch]).toEqual([undefined, 14, 14, 1]);
    expect(await codeOf(() => log.append(batchOf(["no"]), leaderEpoch(5)))).toBe("DISK_FULL");
    expect((await readAll(log)).equals(Buffer.concat(batches))).toBe(true);
    fileSystem.setCapacity(undefined);
    for (let turn = 0; turn < 1000 && log.appendRefusal !== undefined; turn += 1) {
      clock.advance(100);
      await Promise.resolve();
    }
    const next = batchOf(["next"]);
    expect(log.append(next, leaderEpoch(6)).baseOffset).toBe(14);
    await log.flush();
    await directory.close();
    const reopened = await openLog(fileSystem, config);
    expect(reopened.directory.wasClean).toBe(true);
    expect((await readAll(reopened.log)).equals(Buffer.concat([...batches, next]))).toBe(true);
  });

  it("loses no flushed record, wherever the disk fills up and the power goes then", async () => {
    for (let roomBytes = 0; roomBytes <= 4000; roomBytes += 97) {
      const fileSystem = memory(roomBytes);
      const { log } = await openLog(fileSystem, config);
      const batches = await fill(log, 3);
      fileSystem.setCapacity(fileSystem.usedBytes + roomBytes);
      let flushed = log.flushedOffset as number;
      log.onAdvanced = (_, flushedOffset) => {
        flushed = flushedOffset;
      };
      for (let index = 3; index < 30 && log.appendRefusal === undefined; index += 1) {
        const batch = batchOf([`${index}`.padEnd(100), "y".repeat(100)], [index, index]);
        batches.push(batch);
        log.append(batch, leaderEpoch(1));
        await log.flush().catch(() => batches.pop());
      }
      expect(log.failure).toBeUndefined();
      const survivor = fileSystem.crash();
      survivor.setCapacity(undefined);
      const { log: reopened } = await openLog(survivor, config);
      expect(reopened.logEndOffset).toBeGreaterThanOrEqual(flushed);
      const found = await readAll(reopened);
      expect(Buffer.concat(batches).subarray(0, found.length).equals(found)).toBe(true);
    }
  });
});

describe("a failing disk", () => {
  it("takes every log of the directory offline with the first error, for good, and writes no marker", async () => {
    const fileSystem = memory();
    const { directory, log } = await openLog(fileSystem, config);
    const other = await directory.openPartition({
      ...partitionName,
      partition: 1,
      topic: topicName("flights"),
      config: testConfig(config),
    });
    await fill(log, 3);
    await fill(other, 3);
    const told: string[] = [];
    directory.onOffline = (error) => told.push(`directory ${error.code}`);
    other.onFailed = (error) => told.push(`other ${error.code}`);
    fileSystem.failNext("syncData", "EIO");
    log.append(batchOf(["lost"]), leaderEpoch(3));
    expect(await codeOf(() => log.flush())).toBe("DISK_FAILED");
    expect(told.sort()).toEqual(["directory DISK_FAILED", "other DISK_FAILED"]);
    expect(await codeOf(() => other.append(batchOf(["no"]), leaderEpoch(3)))).toBe("DISK_FAILED");
    const third = { ...partitionName, partition: 2, topic: topicName("flights"), config: testConfig(config) };
    expect(await codeOf(() => directory.openPartition(third))).toBe("DISK_FAILED");
    expect((await readAll(other)).length).toBeGreaterThan(0);
    await directory.close();
    expect((await openLog(fileSystem, config)).directory.wasClean).toBe(false);
  });
});

describe("settings that change", () => {
  it("flushes every flush.ms under flush=interval, and rolls by age", async () => {
    const fileSystem = memory();
    const clock = new VirtualClock();
    const dependencies = { fileSystem, clock, random: seededRandom(1) };
    const directory = await LogDirectory.open({ path: dataPath, brokerId: 1, clusterId: "test" }, dependencies);
    const settings = testConfig({ flush: "interval", "flush.ms": 500, "segment.ms": 2000 });
    const log = await directory.openPartition({ ...partitionName, topic: topicName("flights"), config: settings });
    const advanced = (isDone: () => boolean) =>
      new Promise<void>((resolve) => {
        log.onAdvanced = () => {
          if (isDone()) resolve();
        };
      });
    const written = advanced(() => log.writtenOffset === 1);
    log.append(batchOf(["a"]), epoch);
    await written;
    expect(log.flushedOffset).toBe(0);
    const flushed = advanced(() => log.flushedOffset === 1);
    clock.advance(500);
    await flushed;
    clock.advance(2000);
    log.append(batchOf(["b"]), epoch);
    await log.flush();
    expect((await log.describeSegments()).map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
    await directory.close();
  });

  it("makes durable what a weaker policy left, before it promises a stronger one", async () => {
    const fileSystem = memory();
    const { log } = await openLog(fileSystem, { ...config, flush: "os" });
    const written = new Promise<void>((resolve) => {
      log.onAdvanced = () => resolve();
    });
    log.append(batchOf(["a"]), epoch);
    await written;
    expect((await fileSystem.readFile(`${dataPath}/recovery-point`)).toString()).not.toContain("always");
    await log.updateConfig({ ...log.config, flush: "always" });
    expect(log.flushedOffset).toBe(1);
    expect((await fileSystem.readFile(`${dataPath}/recovery-point`)).toString()).toContain("-0 1 always\n");
    expect((await openLog(fileSystem.crash(), config)).log.logEndOffset).toBe(1);
  });
});
