import { isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { inspectDataDirectory } from "./data-directory-report.js";
import { rebuildIndexes } from "./index-rebuild.js";
import { verifyLogDirectory } from "./log-verification.js";
import { assertThere, isMissing, orFileNotFound } from "./missing-file.js";
import { segmentPaths } from "./partition-directory.js";
import { dumpOffsetIndex, dumpSegment, dumpTimeIndex } from "./segment-dump.js";
import { dumpProducerSnapshot } from "./snapshot-dump.js";
import { filesPartitionPath, memoryFiles, putFile, putSegment, stampedBatches } from "./testing/partition-files.js";
import { dumpTextFile } from "./text-file-dump.js";

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return isSluiceError(error) ? error.code : String(error);
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

describe("what is not there", () => {
  it("is what has no name, or lies below a file; other errors stay what they are", async () => {
    expect(["ENOENT", "ENOTDIR", "EACCES"].map((code) => isMissing(failure(code)))).toEqual([true, true, false]);
    expect(await orFileNotFound("/x", async () => 1)).toBe(1);
    expect(await codeOf(orFileNotFound("/x", () => Promise.reject(failure("ENOTDIR"))))).toBe("FILE_NOT_FOUND");
    expect(await codeOf(orFileNotFound("/x", () => Promise.reject(failure("EACCES"))))).toBe("Error: EACCES");
    const fileSystem = memoryFiles();
    await putFile(fileSystem, "/data/file", "");
    expect(await codeOf(assertThere(fileSystem, "/data/none"))).toBe("FILE_NOT_FOUND");
    await assertThere(fileSystem, "/data/file");
  });

  it("is FILE_NOT_FOUND for every offline tool, below a directory and below a file", async () => {
    const fileSystem = memoryFiles();
    await putSegment(fileSystem, filesPartitionPath, 0, stampedBatches(0, 2));
    for (const above of [`${filesPartitionPath}/none`, segmentPaths(filesPartitionPath, 0).log]) {
      const paths = segmentPaths(above, 0);
      const options = { path: paths.log, indexIntervalBytes: 0, execute: true };
      const works = [
        () => drain(dumpSegment(fileSystem, paths.log)),
        () => dumpOffsetIndex(fileSystem, paths.offsetIndex),
        () => dumpTimeIndex(fileSystem, paths.timeIndex),
        () => dumpProducerSnapshot(fileSystem, `${above}/00000000000000000000.snapshot`),
        () => dumpTextFile(fileSystem, `${above}/meta`),
        () => verifyLogDirectory(fileSystem, paths.log),
        () => verifyLogDirectory(fileSystem, `${above}/x`),
        () => drain(rebuildIndexes(fileSystem, options)),
        () => drain(rebuildIndexes(fileSystem, { ...options, path: `${above}/x` })),
        () => inspectDataDirectory(fileSystem, above),
      ];
      for (const work of works) expect(await codeOf(work()), `${work}`).toBe("FILE_NOT_FOUND");
    }
  });
});
