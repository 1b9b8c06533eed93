/** What the tests of things that happen at once share: moments in between, and how something ended. */

import { isSluiceError, leaderEpoch, type TopicConfig } from "@sluice/model";
import type { LogDirectory, PartitionLog } from "../index.js";
import { keyedBatch } from "./compaction-fixture.js";
import { batchOf, openLog, seededRandom } from "./log-fixture.js";
import { MemoryFileSystem } from "./memory-file-system.js";

/** A log that compacts whatever it may, in segments of two small batches or fewer. */
export const compacted: Partial<TopicConfig> = {
  flush: "always",
  "cleanup.policy": "compact",
  "segment.bytes": 150,
  "min.cleanable.dirty.ratio": 0,
  "delete.retention.ms": 0,
};

export function memory(seed = 1): MemoryFileSystem {
  return new MemoryFileSystem(seededRandom(seed));
}

/** Lets everything that waits for a promise go on, `count` times: a moment in the middle of what is under way. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

/** "done", the code of the SluiceError, or the text of another error. */
export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return isSluiceError(error) ? error.code : String(error);
  }
}

/** As `outcomeOf`, but "pending" where it takes more turns than anything here does. */
export async function outcomeSoon(work: Promise<unknown>): Promise<string> {
  let outcome = "pending";
  void outcomeOf(work).then((found) => {
    outcome = found;
  });
  await turns(3000);
  return outcome;
}

/** Appends batches of one record of about 60 bytes, the n-th in epoch `epochOf(n)`. */
export function appendBatches(log: PartitionLog, count: number, epochOf = (_: number): number => 1): void {
  for (let index = 0; index < count; index += 1)
    log.append(batchOf([`${index}`.padEnd(60)]), leaderEpoch(epochOf(index)));
}

/** A log of six batches of two keyed records each, flushed and committed, that may be compacted. */
export async function openCompacted(
  fileSystem: MemoryFileSystem,
): Promise<{ directory: LogDirectory; log: PartitionLog }> {
  const { directory, log } = await openLog(fileSystem, compacted);
  appendKeyed(log, 6);
  await log.flush();
  log.setHighWatermark(log.writtenOffset);
  return { directory, log };
}

/** Appends batches of two records, of which the keys of the second are all the same. */
export function appendKeyed(log: PartitionLog, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const value = `${index}`.padEnd(60);
    const records = [
      { key: `k${index % 2}`, value },
      { key: "z", value },
    ];
    log.append(keyedBatch(records), leaderEpoch(1));
  }
}
