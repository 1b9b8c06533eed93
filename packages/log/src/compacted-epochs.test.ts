/** Where leader epochs begin, once compaction has taken their first batches, or all of them: no batch says it any more. */

import { leaderEpoch, offset } from "@sluice/model";
import { RecordBatchBuilder } from "@sluice/record";
import { describe, expect, it } from "vitest";
import type { PartitionLog } from "./index.js";
import { openLog, partitionPath, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const config = {
  flush: "always",
  "cleanup.policy": "compact",
  "min.cleanable.dirty.ratio": 0,
  "delete.retention.ms": 0,
} as const;
const checkpointPath = `${partitionPath}/leader-epoch-checkpoint`;
const nowMs = 1_700_000_000_000;

function keyed(key: string): Buffer {
  const builder = new RecordBatchBuilder({});
  builder.append({ timestampMs: 1, key: Buffer.from(key), value: Buffer.from("v") });
  return builder.build();
}

/** Offsets 0 to 5; of epoch 2 nothing stays, and of epoch 3 not the first record. */
async function fill(fileSystem: MemoryFileSystem): Promise<PartitionLog> {
  const { log } = await openLog(fileSystem, config);
  for (const [key, epoch] of [
    ["a", 1],
    ["b", 1],
    ["a", 2],
    ["a", 3],
    ["c", 3],
    ["a", 4],
  ] as const) {
    log.append(keyed(key), leaderEpoch(epoch));
  }
  await log.roll();
  await log.flush();
  return log;
}

async function compact(log: PartitionLog): Promise<void> {
  log.setHighWatermark(log.logEndOffset);
  expect(await log.maybeCompact(nowMs)).toBe(true);
  const left = await log.read(offset(0), { upToOffset: log.logEndOffset, sizeBytesMax: 10_000 });
  expect([left.readBigInt64BE(0), log.logStartOffset]).toEqual([1n, 0]);
}

function endsOf(log: PartitionLog): (number | undefined)[] {
  return [1, 2, 3, 4].map((epoch) => log.endOffsetOfEpoch(leaderEpoch(epoch))?.endOffset);
}

describe("a compacted log", () => {
  it("knows them after a segment was scanned that a truncation made the last one", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const log = await fill(fileSystem);
    await compact(log);
    log.append(keyed("d"), leaderEpoch(5));
    expect(await log.truncateTo(offset(6))).toBe(6);
    const { log: reopened } = await openLog(fileSystem.kill(), config);
    expect(endsOf(reopened)).toEqual([2, 3, 5, 6]);
  });

  it("knows them where only memory knew when it was compacted, wherever the power goes", async () => {
    let compacted = 0;
    for (let crashAfter = 1; crashAfter < 50; crashAfter += 1) {
      const first = new MemoryFileSystem(seededRandom(crashAfter));
      await fill(first);
      const fileSystem = first.kill();
      await fileSystem.removeFile(checkpointPath);
      await fileSystem.syncDirectory(partitionPath);
      // Found again in the batches, all of which are still there.
      const { log } = await openLog(fileSystem, config);
      expect(endsOf(log)).toEqual([2, 3, 5, 6]);
      log.setHighWatermark(log.logEndOffset);
      fileSystem.crashAtOperation(fileSystem.operationCount + crashAfter);
      await log.maybeCompact(nowMs).catch(() => undefined);
      const { log: reopened } = await openLog(fileSystem.crash(), config);
      expect(endsOf(reopened)).toEqual([2, 3, 5, 6]);
      const left = await reopened.read(offset(0), { upToOffset: reopened.logEndOffset, sizeBytesMax: 10_000 });
      if (left.readBigInt64BE(0) === 1n) compacted += 1;
    }
    expect(compacted).toBeGreaterThan(5);
    expect(compacted).toBeLessThan(45);
  });

  it("is not compacted where there is no room to write down what is known", async () => {
    const first = new MemoryFileSystem(seededRandom(1));
    await fill(first);
    const fileSystem = first.kill();
    await fileSystem.removeFile(checkpointPath);
    const { log } = await openLog(fileSystem, config);
    log.setHighWatermark(log.logEndOffset);
    fileSystem.failNext("write", "ENOSPC", /leader-epoch-checkpoint/);
    expect(await log.maybeCompact(nowMs)).toBe(false);
    const left = await log.read(offset(0), { upToOffset: log.logEndOffset, sizeBytesMax: 10_000 });
    expect(left.readBigInt64BE(0)).toBe(0n);
    await compact(log);
  });
});
