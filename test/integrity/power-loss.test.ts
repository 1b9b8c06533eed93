/**
 * Guarantee: what a flush=always log reported durable survives a power loss, byte for byte, and no power loss leaves a log
 * that does not open. Also while segments are rolled, truncated, deleted and compacted.
 *
 *     mount -> work -> cut the power of the disk -> kill -> unmount -> mount -> open and compare ...     on one ext4 file system
 */

import { join } from "node:path";
import { expect, it } from "vitest";
import { startLogWorker } from "../support/log-worker.js";
import { LoopDisk, whyNoLoopDisk } from "../support/loop-disk.js";
import { propertyRuns } from "../support/property-runs.js";
import { temporaryDirectory } from "../support/temporary-directory.js";
import { ExpectedDirectory, workedPartitions } from "../support/worked-partitions.js";

const cycles = propertyRuns({ usual: 10, long: 100 });
const missing = whyNoLoopDisk();
if (missing !== undefined) console.warn(`skipped: power loss on a real disk: ${missing}`);
const title = `loses nothing that was flushed when the power goes${missing === undefined ? "" : ` (skipped: ${missing})`}`;

it.skipIf(missing !== undefined)(title, { timeout: 600_000 }, async () => {
  const disk = LoopDisk.create(await temporaryDirectory());
  const path = join(disk.path, "data");
  const expected = new ExpectedDirectory(path, "flushed");
  let acknowledged = 0;
  disk.mount();
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const cutPower = await disk.powerSwitch();
    const worker = startLogWorker({ path, seed: cycle, appenders: 3, partitions: workedPartitions });
    // From the very start of a life to the middle of it.
    const lineCount = Math.floor(Math.random() ** 2 * 1000);
    await worker.lineThat((line, number) => line.type === "failed" || number >= lineCount);
    expect(worker.journal.find((line) => line.type === "failed")).toBeUndefined();
    const certainCount = worker.journal.length;
    await cutPower();
    const failed = await worker.lineThat((line) => line.type === "failed");
    // Whichever meets the dead disk first, a write or a read.
    expect(["DISK_FAILED", "CORRUPT_FILE"]).toContain(failed.type === "failed" ? failed.code : failed.type);
    await worker.kill();
    disk.unmount();
    disk.mount();
    expected.apply(worker, certainCount);
    await expected.expectOnDisk();
    acknowledged += worker.journal.slice(0, certainCount).filter((line) => line.type === "advanced").length;
  }
  disk.unmount();
  expect(acknowledged).toBeGreaterThan(cycles);
});
