import { isSluiceError } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { type RebuiltSegment, rebuildIndexes } from "./index-rebuild.js";
import { segmentPaths } from "./partition-directory.js";
import type { MemoryFileSystem } from "./testing/memory-file-system.js";
import {
  editFile,
  fileIndexIntervalBytes,
  filesDataPath,
  filesPartitionPath,
  memoryFiles,
  putFile,
  putSegment,
  stampedBatch,
  stampedBatches,
} from "./testing/partition-files.js";

const bases = [0, 40, 80];
const indexPaths = bases.flatMap((base) => {
  const { offsetIndex, timeIndex } = segmentPaths(filesPartitionPath, base);
  return [offsetIndex, timeIndex];
});

async function writtenPartition(): Promise<MemoryFileSystem> {
  const fileSystem = memoryFiles();
  for (const base of bases) await putSegment(fileSystem, filesPartitionPath, base, stampedBatches(base, 20));
  await putFile(fileSystem, `${filesDataPath}/meta`, "{}");
  return fileSystem;
}

async function rebuild(
  fileSystem: MemoryFileSystem,
  options: { execute?: boolean; path?: string; indexIntervalBytes?: number; isCompacted?: boolean } = {},
): Promise<RebuiltSegment[]> {
  const defaults = { path: filesPartitionPath, execute: false, indexIntervalBytes: fileIndexIntervalBytes };
  const segments: RebuiltSegment[] = [];
  for await (const segment of rebuildIndexes(fileSystem, { ...defaults, ...options })) segments.push(segment);
  return segments;
}

function foundIn(segments: readonly RebuiltSegment[]): string[] {
  return segments.flatMap(({ files }) => files.map(({ found }) => found));
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return isSluiceError(error) ? error.code : String(error);
}

describe("rebuilding indexes", () => {
  it("makes byte for byte what the log itself wrote", async () => {
    const fileSystem = await writtenPartition();
    const originals = await Promise.all(indexPaths.map((path) => fileSystem.readFile(path)));
    expect(foundIn(await rebuild(fileSystem))).toEqual(Array(6).fill("same"));
    for (const path of indexPaths) await fileSystem.removeFile(path);
    expect(foundIn(await rebuild(fileSystem, { execute: true }))).toEqual(Array(6).fill("missing"));
    expect(await Promise.all(indexPaths.map((path) => fileSystem.readFile(path)))).toEqual(originals);
    expect(originals.every((bytes) => bytes.length > 24)).toBe(true);
  });

  it("changes nothing unless it is told to, and then only what differs", async () => {
    const fileSystem = await writtenPartition();
    const [first = ""] = indexPaths;
    for (const path of ["/", "/data", filesDataPath]) await fileSystem.syncDirectory(path);
    const original = await fileSystem.readFile(first);
    await editFile(fileSystem, first, 0, Buffer.from([0x7f]));
    const count = fileSystem.operationCount;
    expect(foundIn(await rebuild(fileSystem))).toEqual(["differs", ...Array(5).fill("same")]);
    expect(fileSystem.operationCount).toBe(count);
    await rebuild(fileSystem, { execute: true });
    expect(foundIn(await rebuild(fileSystem))).toEqual(Array(6).fill("same"));
    // Written beside itself, renamed, and durable: it is there after a power loss at once.
    expect(await fileSystem.crash().readFile(first)).toEqual(original);
  });

  it("makes one entry a batch and none at all by the interval", async () => {
    const fileSystem = await writtenPartition();
    const entryCounts = async (indexIntervalBytes: number): Promise<(number | undefined)[]> =>
      (await rebuild(fileSystem, { indexIntervalBytes })).map(({ files }) => files[0]?.entryCount);
    expect(await entryCounts(0)).toEqual([19, 19, 19]);
    expect(await entryCounts(1_000_000)).toEqual([0, 0, 0]);
  });

  it("takes one log file, and a log that ends inside a batch where it is the last", async () => {
    const fileSystem = await writtenPartition();
    const { log } = segmentPaths(filesPartitionPath, 80);
    const torn = stampedBatch({ baseOffset: 120, valueBytes: 50 }).subarray(0, 100);
    await editFile(fileSystem, log, await fileSystem.size(log), torn);
    const [segment, ...others] = await rebuild(fileSystem, { path: log });
    expect(others).toEqual([]);
    expect(segment).toMatchObject({ path: log, batchCount: 20, damage: undefined });
    expect(foundIn([segment as RebuiltSegment])).toEqual(["same", "same"]);
  });

  it("refuses a damaged log file and does the others", async () => {
    const fileSystem = await writtenPartition();
    const { log } = segmentPaths(filesPartitionPath, 40);
    await editFile(fileSystem, log, 300, Buffer.from([0xee]));
    for (const path of indexPaths) await fileSystem.removeFile(path);
    const segments = await rebuild(fileSystem, { execute: true });
    expect(segments.map(({ damage }) => damage)).toEqual([
      undefined,
      expect.stringMatching(/^at position /),
      undefined,
    ]);
    expect(await Promise.all(indexPaths.map((path) => fileSystem.exists(path)))).toEqual([
      ...[true, true],
      ...[false, false],
      ...[true, true],
    ]);
    const middleTail = segmentPaths(filesPartitionPath, 0).log;
    await editFile(fileSystem, middleTail, await fileSystem.size(middleTail), Buffer.alloc(10, 1));
    expect((await rebuild(fileSystem))[0]?.damage).toMatch(/the file ends inside a batch header/);
  });

  it("takes offsets that are missing for damage, unless compaction removed them", async () => {
    const fileSystem = await writtenPartition();
    const kept = stampedBatches(40, 20).filter((_, index) => index % 3 !== 1);
    await putSegment(fileSystem, filesPartitionPath, 40, kept);
    expect((await rebuild(fileSystem))[1]?.damage).toMatch(
      /base offset 44 where 42 follows: what is between is missing/,
    );
    expect((await rebuild(fileSystem, { isCompacted: true }))[1]).toMatchObject({ damage: undefined, batchCount: 13 });
  });

  it("refuses a batch whose offset no index of the segment can hold, also where compaction removed others", async () => {
    const fileSystem = await writtenPartition();
    const { log } = segmentPaths(filesPartitionPath, 0);
    const far = stampedBatch({ baseOffset: 0x8000_0000 });
    await editFile(fileSystem, log, await fileSystem.size(log), far);
    const [segment] = await rebuild(fileSystem, { isCompacted: true });
    expect(segment?.damage).toMatch(/base offset 2147483648 where 40 follows|offset 2147483649 is no offset of this/);
  });

  it("writes nothing in a directory that a broker holds, and holds it itself meanwhile", async () => {
    const fileSystem = await writtenPartition();
    const lockPath = `${filesDataPath}/.lock`;
    const lock = await fileSystem.lock(lockPath);
    expect(await codeOf(rebuild(fileSystem, { execute: true }))).toBe("DATA_DIRECTORY_IN_USE");
    expect(foundIn(await rebuild(fileSystem)).length).toBe(6);
    await lock?.release();
    const options = { path: filesPartitionPath, execute: true, indexIntervalBytes: fileIndexIntervalBytes };
    for await (const _ of rebuildIndexes(fileSystem, options)) expect(await fileSystem.lock(lockPath)).toBe(undefined);
    expect(await fileSystem.lock(lockPath)).not.toBe(undefined);
  });

  it("needs no data directory around a partition that was copied somewhere", async () => {
    const fileSystem = memoryFiles();
    await putSegment(fileSystem, "/copy/p", 0, stampedBatches(0, 5));
    expect(foundIn(await rebuild(fileSystem, { path: "/copy/p", execute: true }))).toEqual(["same", "same"]);
    expect(await fileSystem.list("/copy")).toEqual(["p"]);
  });

  it("says what is missing, and what is no log file", async () => {
    const fileSystem = await writtenPartition();
    expect(await codeOf(rebuild(fileSystem, { path: "/no" }))).toBe("FILE_NOT_FOUND");
    expect(await codeOf(rebuild(fileSystem, { path: filesDataPath }))).toBe("FILE_NOT_FOUND");
    expect(await codeOf(rebuild(fileSystem, { path: indexPaths[0] ?? "" }))).toBe("CORRUPT_FILE");
  });
});
