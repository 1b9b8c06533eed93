/** Two things at once: whatever takes records away, closes or compacts, begun in the middle of something else. */

import { leaderEpoch, offset, SluiceError, topicName } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { LogDirectory } from "./index.js";
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
import { producerBatch } from "./testing/producer-fixture.js";
import {
  appendBatches,
  appendKeyed,
  memory,
  openCompacted,
  outcomeOf,
  outcomeSoon,
  turns,
} from "./testing/race-fixture.js";

const smallSegments = { "segment.bytes": 150 };
const epochPath = `${partitionPath}/leader-epoch-checkpoint`;

/** Names of the files of segments that begin below `baseOffset`. */
async function filesBelow(fileSystem: MemoryFileSystem, baseOffset: number): Promise<string[]> {
  const names = await fileSystem.list(partitionPath);
  return names.filter((name) => /^\d{20}\.(log|index|timeindex)$/.test(name) && Number(name.slice(0, 20)) < baseOffset);
}

describe("deleteRecordsBefore", () => {
  it("leaves alone what a roll is making durable in the background, whenever it comes", async () => {
    for (let moment = 0; moment < 150; moment += 1) {
      const fileSystem = memory();
      const { log } = await openLog(fileSystem, { flush: "os", ...smallSegments });
      appendBatches(log, 6);
      await turns(moment);
      log.setHighWatermark(log.writtenOffset);
      await log.deleteRecordsBefore(log.writtenOffset);
      await turns(800);
      expect(log.failure).toBeUndefined();
      const first = (await log.describeSegments())[0]?.baseOffset ?? 0;
      expect(await filesBelow(fileSystem, first)).toEqual([]);
    }
  });

  it("ends the compaction that is under way, and neither fails", async () => {
    for (let moment = 0; moment < 300; moment += 3) {
      const { log } = await openCompacted(memory());
      const compacting = log.maybeCompact(stillClock.nowMs());
      await turns(moment);
      await log.deleteRecordsBefore(offset(6));
      expect(await outcomeOf(compacting)).toBe("done");
      expect([log.failure, log.logStartOffset]).toEqual([undefined, 6]);
    }
  });
});

describe("truncateTo", () => {
  it("ends the compaction that begins, and appends follow it", async () => {
    for (let moment = 0; moment < 200; moment += 1) {
      const { log } = await openCompacted(memory());
      const compacting = log.maybeCompact(stillClock.nowMs());
      await turns(moment);
      expect(await log.truncateTo(offset(4))).toBe(4);
      appendKeyed(log, 4);
      await log.flush();
      expect(await outcomeOf(compacting)).toBe("done");
      expect([log.failure, log.logEndOffset]).toEqual([undefined, 12]);
      expect((await log.describeSegments()).at(-1)?.endOffset).toBe(12);
    }
  });

  it("lets a flush that waits for what is cut resolve, whenever it was asked for", async () => {
    for (let moment = 0; moment < 60; moment += 1) {
      const { log, directory } = await openLog(memory(), { flush: "os" });
      appendBatches(log, 3);
      await log.flush();
      appendBatches(log, 3);
      while (log.writtenOffset < 6) await turns(1);
      const cut = log.truncateTo(offset(3));
      await turns(moment);
      expect(await outcomeSoon(log.flush())).toBe("done");
      expect(await cut).toBe(3);
      expect(await outcomeSoon(directory.close())).toBe("done");
    }
  });

  it("leaves a whole epoch checkpoint when a recovery point is saved meanwhile", async () => {
    for (const flush of ["always", "os"] as const) {
      for (let moment = 0; moment < 120; moment += 1) {
        const fileSystem = memory();
        const { log } = await openLog(fileSystem, { flush, ...smallSegments });
        appendBatches(log, 6, (index) => index + 1);
        await log.flush();
        const cut = log.truncateTo(offset(3));
        await turns(moment);
        await log.saveRecoveryPoint();
        await cut;
        const text = (await fileSystem.readFile(epochPath)).toString();
        expect(text).toMatch(/^0\n3\n1 0\n2 1\n3 2\ncrc32c [0-9a-f]{8}\n$/);
      }
    }
  });
});

describe("restartAt", () => {
  it("forgets producers, their open transactions and their snapshots", async () => {
    const fileSystem = memory();
    const { log } = await openLog(fileSystem, { flush: "always" });
    const { bytes, header } = producerBatch({ producerId: 7, baseOffset: 0, isTransactional: true });
    log.append(bytes, epoch);
    await log.roll();
    log.append(batchOf(["other"]), epoch);
    await log.flush();
    expect(log.firstOpenTransactionOffset).toBe(0);
    await log.restartAt(offset(100));
    expect(log.firstOpenTransactionOffset).toBeUndefined();
    expect(log.checkProducer(header).type).not.toBe("duplicate");
    expect((await fileSystem.list(partitionPath)).filter((name) => name.endsWith(".snapshot"))).toEqual([]);
  });
});

describe("close", () => {
  it("ends the compaction that begins, and nothing touches a file afterwards", async () => {
    for (let moment = 0; moment < 200; moment += 1) {
      const fileSystem = memory();
      const { log, directory } = await openCompacted(fileSystem);
      const compacting = log.maybeCompact(stillClock.nowMs());
      await turns(moment);
      await log.close();
      const names = await fileSystem.list(partitionPath);
      expect(await outcomeOf(compacting)).toBe("done");
      await turns(200);
      expect(await fileSystem.list(partitionPath)).toEqual(names);
      expect(directory.failure).toBeUndefined();
    }
  });

  it("leaves no timer behind", async () => {
    const clock = new VirtualClock();
    const dependencies = { fileSystem: memory(), clock, random: seededRandom(1) };
    const directory = await LogDirectory.open({ path: dataPath, brokerId: 1, clusterId: "test" }, dependencies);
    const config = testConfig({ flush: "interval" });
    const log = await directory.openPartition({ ...partitionName, topic: topicName("flights"), config });
    const timerCount = clock.timerCount;
    log.append(batchOf(["a"]), epoch);
    await log.close();
    expect(clock.timerCount).toBe(timerCount);
    await directory.close();
    expect(clock.timerCount).toBe(0);
  });

  it("calls a log clean only with its epochs, which are found again in its batches", async () => {
    const fileSystem = memory();
    const { log, directory } = await openLog(fileSystem, { flush: "always" });
    log.append(batchOf(["a"]), leaderEpoch(1));
    await log.flush();
    await log.saveRecoveryPoint();
    log.append(batchOf(["b"]), leaderEpoch(2));
    log.append(batchOf(["c"]), leaderEpoch(3));
    await log.flush();
    fileSystem.failAlways("write", "ENOSPC", /leader-epoch/);
    await directory.close();
    fileSystem.clearFailures();
    const { log: reopened } = await openLog(fileSystem, { flush: "always" });
    expect([reopened.logEndOffset, reopened.latestEpoch]).toEqual([3, 3]);
    expect(reopened.endOffsetOfEpoch(leaderEpoch(2))).toEqual({ epoch: 2, endOffset: 2 });
  });
});

describe("a data directory that closes", () => {
  it("gives out no log that takes appends when the partition was being opened", async () => {
    for (let moment = 0; moment < 120; moment += 1) {
      const fileSystem = memory();
      const first = await openLog(fileSystem, { flush: "always" });
      appendBatches(first.log, 1);
      await first.directory.close();
      const directory = await openDirectory(fileSystem);
      const options = { ...partitionName, topic: topicName("flights"), config: testConfig({ flush: "os" }) };
      const opening = directory.openPartition(options).catch((error: unknown) => outcomeOf(Promise.reject(error)));
      await turns(moment);
      await directory.close();
      const opened = await opening;
      if (typeof opened === "string") expect(opened).toBe("CLOSED");
      else expect(() => opened.append(batchOf(["late"]), epoch)).toThrow(SluiceError);
      const { directory: next, log } = await openLog(fileSystem, { flush: "os" });
      expect([next.wasClean, log.logEndOffset]).toEqual([true, 1]);
    }
  });
});

describe("deletePartition", () => {
  it("leaves nothing of a partition that is being opened", async () => {
    for (let moment = 0; moment < 80; moment += 1) {
      const before = memory();
      const first = await openLog(before, { flush: "always" });
      appendBatches(first.log, 1);
      await first.log.flush();
      const fileSystem = before.crash();
      const directory = await openDirectory(fileSystem);
      const options = { ...partitionName, topic: topicName("flights"), config: testConfig({ flush: "always" }) };
      const opening = outcomeOf(directory.openPartition(options));
      await turns(moment);
      await directory.deletePartition(partitionName.topicId, 0);
      await opening;
      expect(await fileSystem.exists(partitionPath)).toBe(false);
      expect((await fileSystem.readFile(`${dataPath}/recovery-point`)).toString()).not.toContain(partitionName.topicId);
      expect((await directory.openPartition(options)).logEndOffset).toBe(0);
      expect(directory.failure).toBeUndefined();
    }
  });
});

describe("updateConfig", () => {
  it("ends with the settings that came last", async () => {
    for (const [first, last] of [
      ["os", "always"],
      ["always", "os"],
    ] as const) {
      const fileSystem = memory();
      const { log } = await openLog(fileSystem, { flush: "always" });
      await Promise.all([
        log.updateConfig(testConfig({ flush: first, "segment.bytes": 1000 })),
        log.updateConfig(testConfig({ flush: last, "segment.bytes": 2000 })),
      ]);
      expect([log.config.flush, log.config["segment.bytes"]]).toEqual([last, 2000]);
    }
  });
});

describe("saveRecoveryPoint", () => {
  it("records no offset whose epochs it does not record", async () => {
    for (let moment = 0; moment < 80; moment += 1) {
      const fileSystem = memory(moment);
      const { log } = await openLog(fileSystem, { flush: "always" });
      log.append(batchOf(["a"]), leaderEpoch(1));
      await log.flush();
      const saving = log.saveRecoveryPoint();
      await turns(moment);
      log.append(batchOf(["b"]), leaderEpoch(2));
      log.append(batchOf(["c"]), leaderEpoch(3));
      await saving;
      await log.flush();
      const { log: reopened } = await openLog(fileSystem.crash(), { flush: "always" });
      expect(reopened.latestEpoch).toBe(3);
      expect(reopened.endOffsetOfEpoch(leaderEpoch(2))?.endOffset).toBe(2);
    }
  });

  it("loses nothing by an epoch that was recorded, taken back, and followed by an older one", async () => {
    let taken = 0;
    for (let moment = 0; moment < 40; moment += 1) {
      const fileSystem = memory(moment);
      const { log } = await openLog(fileSystem, { flush: "always", ...smallSegments });
      appendBatches(log, 1);
      await log.flush();
      appendBatches(log, 2, (index) => 1 + index * 4);
      const saving = log.saveRecoveryPoint();
      await turns(moment);
      fileSystem.failNext("write", "ENOSPC", /\.log/);
      await saving;
      await turns(600);
      const isRecorded = (await fileSystem.readFile(epochPath)).includes("\n5 2\n");
      if (log.appendRefusal === undefined || !isRecorded) continue;
      taken += 1;
      log.resumeAppends();
      const next = batchOf(["next"]);
      log.append(next, leaderEpoch(4));
      await log.flush();
      const expected = await readAll(log);
      const { log: reopened } = await openLog(fileSystem.crash(), { flush: "always", ...smallSegments });
      expect(reopened.logEndOffset).toBe(log.flushedOffset);
      expect((await readAll(reopened)).equals(expected)).toBe(true);
    }
    expect(taken).toBeGreaterThan(0);
  });
});

describe("compaction that begins while records are taken away", () => {
  it.each(["truncateTo", "restartAt", "deleteRecordsBefore"] as const)(
    "leaves the log as it is: %s",
    async (change) => {
      for (let moment = 0; moment < 150; moment += 1) {
        const { log } = await openCompacted(memory());
        const changed = outcomeOf(log[change](offset(4)));
        await turns(moment);
        const compacted = await outcomeOf(log.maybeCompact(1_700_000_000_000));
        expect([await changed, compacted, log.failure], `moment ${moment}`).toEqual(["done", "done", undefined]);
      }
    },
  );
});
