/** A disk without room, met by whatever asks for some: told to who asked, nothing half done, and over when there is room. */

import { isSluiceError, leaderEpoch, offset, topicName } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { LogDirectory, type PartitionLog } from "./index.js";
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
import type { MemoryFileSystem } from "./testing/memory-file-system.js";
import { appendBatches, memory, openCompacted, outcomeOf, outcomeSoon, turns } from "./testing/race-fixture.js";

const always = { flush: "always" } as const;
const options = { ...partitionName, topic: topicName("flights"), config: testConfig(always) };

function fillUp(fileSystem: MemoryFileSystem): void {
  fileSystem.failAlways("write", "ENOSPC");
  fileSystem.failAlways("create", "ENOSPC");
}

/** Appends one batch, and expects it at `baseOffset` also after a power loss. */
async function expectAppendable(fileSystem: MemoryFileSystem, log: PartitionLog, baseOffset: number): Promise<void> {
  expect(log.append(batchOf(["next"]), leaderEpoch(9)).baseOffset).toBe(baseOffset);
  await log.flush();
  const expected = await readAll(log);
  const { log: reopened } = await openLog(fileSystem.crash(), always);
  expect([reopened.logEndOffset, reopened.latestEpoch]).toEqual([baseOffset + 1, 9]);
  expect((await readAll(reopened)).equals(expected)).toBe(true);
}

describe("a directory on a full disk", () => {
  const reserveBytes = 64_000;

  function openInBoot(fileSystem: MemoryFileSystem, bootId: string): Promise<LogDirectory> {
    return LogDirectory.open(
      { path: dataPath, brokerId: 1, clusterId: "test", bootId, limits: { reserveBytes } },
      { fileSystem, clock: new VirtualClock(), random: seededRandom(1) },
    );
  }

  it("is opened with the room of the reserve, and records what a start has to, before its watch has looked", async () => {
    const fileSystem = memory();
    const first = await openInBoot(fileSystem, "first");
    await first.beginLife({ brokerEpoch: 7, incarnation: "one" });
    const log = await first.openPartition(options);
    appendBatches(log, 3);
    await log.flush();
    await turns(3000);
    expect(await fileSystem.size(`${dataPath}/reserve`)).toBe(reserveBytes);

    const crashed = fileSystem.crash();
    crashed.setCapacity(crashed.usedBytes);
    const directory = await openInBoot(crashed, "second");
    expect(await crashed.exists(`${dataPath}/reserve`)).toBe(false);
    // The machine was started anew: that was recorded by the opening itself.
    expect(directory.isLossy(partitionName)).toBe(true);
    directory.known.note(partitionName, { leaderEpoch: 3, leaderBrokerEpoch: 8 });
    expect(await outcomeOf(directory.recordKnown())).toBe("done");
    expect(await outcomeOf(directory.beginLife({ brokerEpoch: 8, incarnation: "two" }))).toBe("done");
    expect((await directory.openPartition(options)).logEndOffset).toBe(3);
    await turns(3000);
    expect(directory.diskFull?.code).toBe("DISK_FULL");
    expect(await outcomeSoon(directory.close())).toBe("done");
  });

  it("keeps the reserve where there is room beside it", async () => {
    const fileSystem = memory();
    const first = await openInBoot(fileSystem, "first");
    await turns(3000);
    expect(await outcomeSoon(first.close())).toBe("done");
    fileSystem.setCapacity(fileSystem.usedBytes + reserveBytes);
    fileSystem.failAlways("remove", "EIO", /reserve/);
    const directory = await openInBoot(fileSystem, "first");
    expect(await fileSystem.size(`${dataPath}/reserve`)).toBe(reserveBytes);
    expect(directory.failure).toBeUndefined();
  });
});

describe("truncateTo on a full disk", () => {
  it("cuts the log also where there is no room for its epochs, and they are found again", async () => {
    const fileSystem = memory();
    const { log } = await openLog(fileSystem, always);
    appendBatches(log, 6, (index) => index + 1);
    await log.flush();
    await log.saveRecoveryPoint();
    fileSystem.failNext("write", "ENOSPC", /leader-epoch/);
    expect(await log.truncateTo(offset(3))).toBe(3);
    expect([log.logEndOffset, log.writtenOffset, log.flushedOffset, log.latestEpoch]).toEqual([3, 3, 3, 3]);
    await expectAppendable(fileSystem, log, 3);
  });

  it("takes the log offline when it is half done, and the next start finds it whole", async () => {
    const fileSystem = memory();
    const { log } = await openLog(fileSystem, { ...always, "segment.bytes": 150 });
    appendBatches(log, 6);
    await log.flush();
    const batches = await readAll(log);
    fileSystem.failNext("rename", "ENOSPC", /\.deleted/);
    expect(await outcomeOf(log.truncateTo(offset(2)))).toBe("DISK_FAILED");
    expect(log.failure?.code).toBe("DISK_FAILED");
    const { log: reopened } = await openLog(fileSystem.crash(), always);
    const found = await readAll(reopened);
    expect(reopened.logEndOffset).toBeGreaterThanOrEqual(2);
    expect(batches.subarray(0, found.length).equals(found)).toBe(true);
  });

  it("changes nothing where there is no room to lower the recovery point, which is recorded later", async () => {
    const fileSystem = memory();
    const { log } = await openLog(fileSystem, { flush: "os" });
    appendBatches(log, 6);
    await log.flush();
    await log.saveRecoveryPoint();
    fileSystem.failNext("write", "ENOSPC", /recovery-point/);
    expect(await outcomeOf(log.truncateTo(offset(3)))).toBe("DISK_FULL");
    expect([log.logEndOffset, log.flushedOffset, log.failure]).toEqual([6, 6, undefined]);
    appendBatches(log, 1);
    await log.flush();
    await log.saveRecoveryPoint();
    const { log: reopened } = await openLog(fileSystem.crash(), { flush: "os" });
    expect([reopened.logEndOffset, reopened.flushedOffset]).toEqual([7, 7]);
  });
});

describe("a partition on a full disk", () => {
  it("is not opened, says DISK_FULL, and is opened when there is room", async () => {
    const fileSystem = memory();
    const directory = await openDirectory(fileSystem);
    fillUp(fileSystem);
    expect(await outcomeOf(directory.openPartition(options))).toBe("DISK_FULL");
    expect(directory.failure).toBeUndefined();
    fileSystem.clearFailures();
    expect((await directory.openPartition(options)).logEndOffset).toBe(0);
  });

  it("is closed without harm to the directory, and found whole", async () => {
    const fileSystem = memory();
    const { log, directory } = await openLog(fileSystem, always);
    appendBatches(log, 3);
    await log.flush();
    fillUp(fileSystem);
    await log.close();
    expect(directory.failure).toBeUndefined();
    fileSystem.clearFailures();
    await directory.close();
    expect((await openLog(fileSystem, always)).log.logEndOffset).toBe(3);
  });

  it("is deleted when that is asked for until it is done", async () => {
    const fileSystem = memory();
    const { log, directory } = await openLog(fileSystem, always);
    appendBatches(log, 3);
    await log.flush();
    await log.saveRecoveryPoint();
    fillUp(fileSystem);
    const first = await outcomeOf(directory.deletePartition(partitionName.topicId, 0));
    expect(["done", "DISK_FULL"]).toContain(first);
    expect(await outcomeOf(directory.deletePartition(partitionName.topicId, 0))).toBe("done");
    const names = await fileSystem.list(dataPath);
    expect(names.filter((name) => name.startsWith(partitionName.topicId))).toEqual([]);
    expect(directory.failure).toBeUndefined();
    fileSystem.clearFailures();
    expect((await directory.openPartition(options)).logEndOffset).toBe(0);
  });
});

describe("compaction on a full disk", () => {
  it("leaves nothing of its own behind and the log as it was", async () => {
    const fileSystem = memory();
    const { log } = await openCompacted(fileSystem);
    const before = await readAll(log);
    fileSystem.failAlways("write", "ENOSPC", /compaction-checkpoint/);
    expect(await log.maybeCompact(stillClock.nowMs())).toBe(false);
    expect((await fileSystem.list(partitionPath)).filter((name) => /cleaned|swap/.test(name))).toEqual([]);
    expect((await readAll(log)).equals(before)).toBe(true);
    expect(log.failure).toBeUndefined();
    fileSystem.clearFailures();
    expect(await log.maybeCompact(stillClock.nowMs())).toBe(true);
  });
});

describe("room that returns", () => {
  it("opens the log only when all that found no room is taken back, whenever it returns", async () => {
    const outcomes = new Set<string>();
    for (let moment = 0; moment < 60; moment += 1) {
      const fileSystem = memory(moment);
      const { log } = await openLog(fileSystem, always);
      appendBatches(log, 1);
      await log.flush();
      const failedFrom: number[] = [];
      log.onAppendsFailed = (endOffset) => failedFrom.push(endOffset);
      fileSystem.failNext("write", "ENOSPC");
      appendBatches(log, 1);
      while (log.appendRefusal === undefined) await turns(1);
      await turns(moment);
      log.resumeAppends();
      const outcome = await outcomeOf(
        Promise.resolve().then(() => {
          expect(log.append(batchOf(["new"]), epoch).baseOffset).toBe(1);
          // Who was told of offset 1 later would take the new batch for the one that is gone.
          expect(failedFrom).toEqual([1]);
        }),
      );
      outcomes.add(outcome);
      await turns(200);
      expect(failedFrom).toEqual([1]);
      expect(log.writtenOffset).toBe(outcome === "done" ? 2 : 1);
    }
    expect([...outcomes].sort()).toEqual(["DISK_FULL", "done"]);
  });

  for (const reserveBytes of [0, 1_000_000]) {
    it(`lets the log go on after records were deleted, with a reserve of ${reserveBytes} bytes`, async () => {
      const fileSystem = memory(3);
      const clock = new VirtualClock();
      fileSystem.setCapacity(6_000_000);
      const directory = await LogDirectory.open(
        { path: dataPath, brokerId: 1, clusterId: "test", limits: { reserveBytes } },
        { fileSystem, clock, random: seededRandom(1) },
      );
      const config = testConfig({ ...always, "segment.bytes": 500_000 });
      const log = await directory.openPartition({ ...options, config });
      await turns(3000);
      const isFull = async (): Promise<boolean> => {
        clock.advance(1000);
        await turns(900);
        return log.appendRefusal !== undefined;
      };
      const fill = async (): Promise<number> => {
        let count = 0;
        for (; !(await isFull()); count += 1) log.append(batchOf(["x".repeat(60_000)]), epoch);
        return count;
      };
      expect(await fill()).toBeGreaterThan(50);
      // It stays so, and what it refuses costs nothing.
      for (let second = 0; second < 20; second += 1) expect(await isFull()).toBe(true);
      expect(isSluiceError(log.appendRefusal, "DISK_FULL")).toBe(true);
      const flushed = log.flushedOffset;
      expect(flushed).toBe(log.writtenOffset);
      log.setHighWatermark(flushed);
      await log.deleteRecordsBefore(offset(Math.floor(flushed / 2)));
      for (let second = 0; second < 10 && log.appendRefusal !== undefined; second += 1) await isFull();
      expect(await fill()).toBeGreaterThan(20);
      expect(directory.failure).toBeUndefined();
      expect((await readAll(log)).length).toBeGreaterThan(2_000_000);
      expect(await outcomeSoon(directory.close())).toBe("done");
    });
  }
});
