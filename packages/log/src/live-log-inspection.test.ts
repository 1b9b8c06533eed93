/** The offline tools beside a log that is written, rolled and cut at its start in the same moment. */

import { offset } from "@sluice/model";
import { expect, it } from "vitest";
import { inspectDataDirectory } from "./data-directory-report.js";
import { verifyLogDirectory } from "./log-verification.js";
import { batchOf, dataPath, epoch, openLog, partitionPath, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

it.each(["always", "os"] as const)(
  "a log that is appended to under flush=%s is well at every moment",
  async (flush) => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    const { directory, log } = await openLog(fileSystem, { flush, "segment.bytes": 1500 });
    let isDone = false;
    const writing = (async () => {
      try {
        for (let number = 0; number < 400; number += 1) {
          log.append(batchOf([`${number}`.padEnd(100), "b"], [number, number]), epoch);
          if (number % 8 === 0) await log.flush();
        }
      } finally {
        isDone = true;
      }
    })();
    let lastEnd = 0;
    let checks = 0;
    while (!isDone || checks < 5) {
      const findings = await verifyLogDirectory(fileSystem, dataPath);
      expect(findings.filter(({ status }) => status === "corrupt")).toEqual([]);
      const { partitions } = await inspectDataDirectory(fileSystem, dataPath);
      expect(partitions[0]?.problems).toEqual([]);
      expect(partitions[0]?.logEndOffset).toBeGreaterThanOrEqual(lastEnd);
      lastEnd = partitions[0]?.logEndOffset ?? lastEnd;
      checks += 1;
    }
    await writing;
    await directory.close();
    expect((await inspectDataDirectory(fileSystem, dataPath)).partitions[0]?.logEndOffset).toBe(offset(800));
    const findings = await verifyLogDirectory(fileSystem, partitionPath);
    expect(findings.filter(({ status }) => status !== "ok")).toEqual([]);
  },
);
