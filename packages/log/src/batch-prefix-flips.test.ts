/**
 * Bytes 0 to 15 of a batch (base offset, length, leader epoch) are not covered by its checksum. Inside a log they are checked
 * by their order: offsets follow each other, the length leads to the next batch, epochs do not go back. This finds every
 * single-bit flip but those listed here, all of an epoch: one that still lies between the epochs before and after it.
 */

import { isSluiceError } from "@sluice/model";
import { batchesIn, batchSizeBytes } from "@sluice/record";
import { expect, it } from "vitest";
import { verifyLogDirectory } from "./index.js";
import { segmentPaths } from "./partition-directory.js";
import { batchOf, dataPath, type epoch, openLog, partitionPath, readAll } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";
import { seededRandom } from "./testing/seeded-random.js";

/** Epochs of the batches of the log. */
const epochs = [2, 2, 5, 5, 9];
const path = segmentPaths(partitionPath, 0).log;

interface Flip {
  readonly batch: number;
  readonly byte: number;
  readonly bit: number;
}

/** A log of one segment; `stop`: whether the epochs and the recovery point were recorded. */
async function logOnDisk(stop: "clean" | "killed"): Promise<{ fileSystem: MemoryFileSystem; positions: number[] }> {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  const { directory, log } = await openLog(fileSystem, { flush: "os" });
  for (const leaderEpoch of epochs) log.append(batchOf(["one", "two"]), leaderEpoch as typeof epoch);
  await log.flush();
  const positions: number[] = [];
  let position = 0;
  for (const batch of batchesIn(await readAll(log))) {
    positions.push(position);
    position += batchSizeBytes(batch);
  }
  if (stop === "killed") return { fileSystem: fileSystem.kill(), positions };
  await directory.close();
  return { fileSystem, positions };
}

/** Flips every bit of the first 16 bytes of every batch, on a copy each. Returns those that `isFound` does not find. */
async function missedFlips(
  disk: { fileSystem: MemoryFileSystem; positions: number[] },
  isFound: (damaged: MemoryFileSystem) => Promise<boolean>,
): Promise<Flip[]> {
  const missed: Flip[] = [];
  for (const [batch, position] of disk.positions.entries()) {
    for (let index = 0; index < 16 * 8; index += 1) {
      const flip = { batch, byte: index >> 3, bit: index % 8 };
      const damaged = disk.fileSystem.copy();
      damaged.flipBit(path, position + flip.byte, flip.bit);
      if (!(await isFound(damaged))) missed.push(flip);
    }
  }
  return missed;
}

/** Nothing of the log was promised: what is found is cut, with all after it. */
async function isCutAtOpen(fileSystem: MemoryFileSystem): Promise<boolean> {
  try {
    const { directory, log } = await openLog(fileSystem, { flush: "os" });
    const isCut = log.logEndOffset < 2 * epochs.length;
    await directory.close();
    return isCut;
  } catch (error) {
    if (!isSluiceError(error, "PARTITION_QUARANTINED")) throw error;
    return true;
  }
}

function nameOf({ batch, byte, bit }: Flip): string {
  if (byte < 12) return `batch ${batch}: byte ${byte} bit ${bit}`;
  const found = epochs[batch] ?? 0;
  return `batch ${batch}: epoch ${found} as ${(found ^ (1 << (8 * (15 - byte) + bit))) | 0}`;
}

it("finds every flipped bit of bytes 0 to 15 but those of an epoch that stays in order", async () => {
  const missed = await missedFlips(await logOnDisk("killed"), isCutAtOpen);
  expect(missed.map(nameOf).sort()).toEqual(
    [
      "batch 0: epoch 2 as 0",
      "batch 1: epoch 2 as 3",
      "batch 2: epoch 5 as 4",
      "batch 3: epoch 5 as 7",
      // None comes after the last batch: every epoch from the one before it up is in order.
      "batch 4: epoch 9 as 8",
      ...[1, 2, ...Array.from({ length: 27 }, (_, index) => 4 + index)].map(
        (bit) => `batch 4: epoch 9 as ${9 ^ (1 << bit)}`,
      ),
    ].sort(),
  );
});

it("finds all of them by the epoch checkpoint, once that is written", async () => {
  const missed = await missedFlips(await logOnDisk("clean"), async (damaged) => {
    const findings = await verifyLogDirectory(damaged, dataPath);
    return findings.some((finding) => finding.status !== "ok");
  });
  expect(missed.map(nameOf)).toEqual([]);
});
