/**
 * Guarantee: a broker that is killed at any moment (kill -9) loses nothing of what was written, and every log opens again:
 * also in the middle of a roll, a truncation, a deletion of records or of a partition, and a compaction.
 *
 *     work -> kill -9 right after it was about to do something -> open and compare ...     on one data directory
 */

import { expect, it } from "vitest";
import type { JournalLine } from "../support/log-journal.js";
import { type LogOperation, startLogWorker } from "../support/log-worker.js";
import { propertyRuns } from "../support/property-runs.js";
import { temporaryDirectory } from "../support/temporary-directory.js";
import { ExpectedDirectory, workedPartitions } from "../support/worked-partitions.js";

const kills = propertyRuns({ usual: 20, long: 200 });
const operations: readonly LogOperation[] = ["roll", "truncate", "delete-records", "compact", "delete-partition"];

/** Operations that were begun and not ended. */
function interruptedIn(journal: readonly JournalLine[]): string[] {
  const underWay = new Map<number, string>();
  for (const line of journal) {
    if (line.type === "begin") underWay.set(line.partition, line.operation);
    if (line.type === "end") underWay.delete(line.partition);
  }
  return [...underWay.values()];
}

it("opens whole after a kill at any moment, with all that was written", { timeout: 600_000 }, async () => {
  const path = await temporaryDirectory();
  const expected = new ExpectedDirectory(path, "written");
  const interrupted = new Set<string>();
  for (let kill = 0; kill < kills; kill += 1) {
    const worker = startLogWorker({ path, seed: kill, appenders: 2, partitions: workedPartitions });
    const operation = operations[kill % operations.length];
    const lineCount = Math.floor(Math.random() * 600);
    await worker.lineThat((line, number) => {
      if (line.type === "failed") throw new Error(line.reason);
      return number >= lineCount && line.type === "begin" && line.operation === operation;
    });
    await worker.kill();
    for (const each of interruptedIn(worker.journal)) interrupted.add(each);
    expected.apply(worker);
    await expected.expectOnDisk();
  }
  expect(interrupted.size, `interrupted: ${[...interrupted].join()}`).toBeGreaterThanOrEqual(3);
});
