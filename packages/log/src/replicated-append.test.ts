/** Batches that a leader has stamped, as a follower keeps them. */

import { leaderEpoch, offset, topicName } from "@sluice/model";
import { stampBatch } from "@sluice/record";
import { describe, expect, it } from "vitest";
import {
  batchOf,
  epoch,
  openDirectory,
  openLog,
  partitionName,
  readAll,
  seededRandom,
  testConfig,
} from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

function stamped(baseOffset: number, values: readonly string[], inEpoch = 1): Buffer {
  const batch = batchOf(values);
  stampBatch(batch, 0, { baseOffset: offset(baseOffset), leaderEpoch: leaderEpoch(inEpoch) });
  return batch;
}

describe("appendReplicated", () => {
  it("keeps the bytes as they are, places them in the call, and learns the epochs", async () => {
    const { log } = await openLog(new MemoryFileSystem(seededRandom(1)), { flush: "always" });
    const batches = [stamped(0, ["a", "b"], 1), stamped(2, ["c"], 3)];
    const bytes = Buffer.concat(batches);
    expect(log.appendReplicated(batches)).toBeUndefined();
    expect([log.logEndOffset, log.latestEpoch]).toEqual([3, 3]);
    await log.flush();
    expect((await readAll(log)).equals(bytes)).toBe(true);
    expect(log.endOffsetOfEpoch(leaderEpoch(2))).toEqual({ epoch: 1, endOffset: 2 });
  });

  it("makes gaps legal before they are written, and takes what is missing for tombstones", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { log } = await openLog(fileSystem, { flush: "always", "cleanup.policy": "compact" });
    expect(log.tombstonesDroppedTo).toBe(-1);
    await log.appendReplicated([stamped(0, ["a"]), stamped(7, ["b"])]);
    expect([log.logEndOffset, log.tombstonesDroppedTo]).toEqual([8, 6]);
    await log.flush();
    const again = await openLog(fileSystem.kill(), { flush: "always", "cleanup.policy": "compact" });
    expect([again.log.logEndOffset, again.log.tombstonesDroppedTo]).toEqual([8, 6]);
  });

  it("refuses what was to follow a batch that found no room meanwhile", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { log } = await openLog(fileSystem, { flush: "always" });
    log.append(batchOf(["kept"]), epoch);
    await log.flush();
    fileSystem.setCapacity(fileSystem.usedBytes + 10);
    expect(log.appendReplicated([stamped(1, ["x".repeat(1000)])])).toBeUndefined();
    const appending = log.appendReplicated([stamped(5, ["y"])]);
    await expect(appending).rejects.toMatchObject({ code: "DISK_FULL" });
    fileSystem.setCapacity(undefined);
    expect(log.logEndOffset).toBe(1);
  });

  it("begins anew inside a batch, whose records below the log start are not read, and does so after a restart", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { log, directory } = await openLog(fileSystem, { flush: "always" });
    log.append(batchOf(["old"]), epoch);
    await log.restartAt(offset(12), offset(10));
    await log.appendReplicated([stamped(10, ["a", "b", "c", "d"])]);
    await log.flush();
    expect([log.logStartOffset, log.logEndOffset]).toEqual([12, 14]);
    await expect(log.read(offset(11), { upToOffset: offset(14), sizeBytesMax: 1000 })).rejects.toMatchObject({
      code: "OFFSET_OUT_OF_RANGE",
    });
    const bytes = await readAll(log);
    await directory.close();
    const reopened = await openDirectory(fileSystem);
    const config = testConfig({ flush: "always" });
    const again = await reopened.openPartition({ ...partitionName, topic: topicName("flights"), config });
    expect([again.logStartOffset, again.logEndOffset]).toEqual([12, 14]);
    expect((await readAll(again)).equals(bytes)).toBe(true);
  });

  it("begins at the log start where a crash came before the batch that holds it", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { log } = await openLog(fileSystem, { flush: "always" });
    log.append(batchOf(["old"]), epoch);
    await log.restartAt(offset(12), offset(10));
    const again = await openLog(fileSystem.crash(), { flush: "always" });
    expect([again.log.logStartOffset, again.log.logEndOffset]).toEqual([12, 12]);
  });
});
