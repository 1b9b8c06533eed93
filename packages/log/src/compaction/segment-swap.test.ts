import { VirtualClock } from "@sluice/model/testing";
import { readBatchHeader } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { segmentPaths } from "../partition-directory.js";
import { keyedBatch, SegmentsOnDisk, storedRecords } from "../testing/compaction-fixture.js";
import { MemoryFileSystem } from "../testing/index.js";
import { seededRandom } from "../testing/log-fixture.js";
import type { CompactionSwap } from "./compaction-job.js";
import { InlineCompaction } from "./inline-compaction.js";
import { commitSwap, finishSwaps } from "./segment-swap.js";

const directory = "/log";

/** Three segments that a job has made one of, not yet swapped in, and all of it durable. */
async function preparedSwap(seed = 1): Promise<{ fileSystem: MemoryFileSystem; swap: CompactionSwap }> {
  const fileSystem = new MemoryFileSystem(seededRandom(seed));
  const segments = await SegmentsOnDisk.create(fileSystem, directory);
  for (const value of ["one", "two", "three"]) {
    const records = ["a", "b", value].map((key) => ({ key, value: `${value}-${key}`.padEnd(150, ".") }));
    await segments.addSegment(
      fileSystem,
      records.map((each) => keyedBatch([each])),
    );
  }
  await fileSystem.syncDirectory("/");
  const result = await new InlineCompaction({ fileSystem, clock: new VirtualClock() }).run(segments.job());
  expect(result.swaps).toHaveLength(1);
  return { fileSystem, swap: result.swaps[0] as CompactionSwap };
}

/** Names of the directory, and the records of its segments with a check that they follow each other. */
async function contentOf(fileSystem: MemoryFileSystem) {
  const names = await fileSystem.list(directory);
  const records: string[] = [];
  let endOffset = 0;
  for (const name of names.filter((each) => each.endsWith(".log"))) {
    expect(Number(name.slice(0, 20)), name).toBe(endOffset);
    const bytes = await fileSystem.readFile(`${directory}/${name}`);
    for (let at = 0; at < bytes.length; ) {
      const header = readBatchHeader(bytes, at);
      records.push(
        ...storedRecords(bytes.subarray(at, at + header.sizeBytes)).map(({ offset, key }) => `${offset}${key}`),
      );
      at += header.sizeBytes;
      endOffset = header.lastOffset + 1;
    }
  }
  return { names, records, endOffset };
}

const before = ["0a", "1b", "2one", "3a", "4b", "5two", "6a", "7b", "8three"];
const after = ["2one", "5two", "6a", "7b", "8three"];

describe("commitSwap", () => {
  it("puts the new segment in the place of its sources, and says what to unlink", async () => {
    const { fileSystem, swap } = await preparedSwap();
    expect((await contentOf(fileSystem)).records).toEqual(before);
    const removed = await commitSwap(fileSystem, directory, swap);
    const { names, records, endOffset } = await contentOf(fileSystem);
    expect(records).toEqual(after);
    expect(endOffset).toBe(9);
    expect(removed.sort()).toEqual(
      names.filter((name) => name.endsWith(".deleted")).map((name) => `${directory}/${name}`),
    );
    expect(names.filter((name) => /\.(log|index|timeindex)$/.test(name))).toEqual([
      "00000000000000000000.index",
      "00000000000000000000.log",
      "00000000000000000000.timeindex",
      "00000000000000000009.log",
    ]);
    const kept = await fileSystem.readFile(segmentPaths(directory, 0).timeIndex);
    expect(await commitSwap(fileSystem, directory, swap)).toEqual([]);
    expect((await contentOf(fileSystem)).records).toEqual(after);
    expect(await fileSystem.readFile(segmentPaths(directory, 0).timeIndex)).toEqual(kept);
  });

  it("leaves the one or the others whole after a power loss or a kill at every operation", async () => {
    const { fileSystem: whole, swap } = await preparedSwap();
    const first = whole.operationCount + 1;
    await commitSwap(whole, directory, swap);
    const last = whole.operationCount;
    const found = { before: 0, after: 0 };
    for (let seed = 1; seed <= 8; seed++) {
      for (let operation = first; operation <= last; operation++) {
        const { fileSystem } = await preparedSwap(seed);
        fileSystem.crashAtOperation(operation);
        await expect(commitSwap(fileSystem, directory, swap)).rejects.toThrow();
        const survivor = seed % 2 === 0 ? fileSystem.kill() : fileSystem.crash();
        expect(await finishSwaps(survivor, directory)).toEqual({});
        const { names, records, endOffset } = await contentOf(survivor);
        const isAfter = records.length === after.length;
        found[isAfter ? "after" : "before"] += 1;
        expect(records, `operation ${operation}, seed ${seed}`).toEqual(isAfter ? after : before);
        expect(endOffset).toBe(9);
        expect(names.filter((name) => /\.(cleaned|swap|deleted)$/.test(name))).toEqual([]);
        expect(isAfter ? names.filter((name) => /000[36]\./.test(name)) : []).toEqual([]);
      }
    }
    expect(found.before).toBeGreaterThan(5);
    expect(found.after).toBeGreaterThan(5);
  });

  it("is finished by the next start also when that loses power, at every operation", async () => {
    for (let operation = 1; operation < 20; operation++) {
      const { fileSystem, swap } = await preparedSwap(operation);
      fileSystem.failNext("syncDirectory", "EIO");
      await expect(commitSwap(fileSystem, directory, swap)).rejects.toThrow("EIO");
      const started = fileSystem.kill();
      started.crashAtOperation(started.operationCount + operation);
      const isCut = await finishSwaps(started, directory).then(
        () => false,
        () => true,
      );
      const survivor = started.crash();
      expect(await finishSwaps(survivor, directory)).toEqual({});
      const { records } = await contentOf(survivor);
      expect(records).toEqual(records.length === after.length ? after : before);
      if (!isCut) expect(records).toEqual(after);
    }
  });
});

describe("finishSwaps", () => {
  async function change(fileSystem: MemoryFileSystem, name: string, at: number): Promise<void> {
    const file = await fileSystem.open(`${directory}/${name}`, "write");
    await file.write([Buffer.from([0xff])], at);
    await file.close();
  }

  async function committed(): Promise<MemoryFileSystem> {
    const { fileSystem, swap } = await preparedSwap();
    fileSystem.failNext("syncDirectory", "EIO");
    await expect(commitSwap(fileSystem, directory, swap)).rejects.toThrow("EIO");
    return fileSystem;
  }

  it("rolls a damaged new segment back as long as all of its sources are there", async () => {
    for (const at of [20, 70, 300]) {
      const fileSystem = await committed();
      await change(fileSystem, "00000000000000000000.log.swap", at);
      expect(await finishSwaps(fileSystem, directory)).toEqual({});
      const { names, records } = await contentOf(fileSystem);
      expect(records).toEqual(before);
      expect(names.filter((name) => name.endsWith(".swap"))).toEqual([]);
    }
  });

  it("rolls a new segment back that was cut short", async () => {
    for (const sizeBytes of [0, 30, 226, 300]) {
      const fileSystem = await committed();
      const file = await fileSystem.open(`${directory}/00000000000000000000.log.swap`, "write");
      await file.truncate(sizeBytes);
      expect(await finishSwaps(fileSystem, directory)).toEqual({});
      expect((await contentOf(fileSystem)).records).toEqual(before);
    }
  });

  it("quarantines, and touches nothing, where a source is gone or damaged as well", async () => {
    for (const damage of ["gone", "damaged"]) {
      const fileSystem = await committed();
      await change(fileSystem, "00000000000000000000.log.swap", 70);
      const source = `${directory}/00000000000000000003.log`;
      if (damage === "gone") await fileSystem.rename(source, `${source}.deleted`);
      else await change(fileSystem, "00000000000000000003.log", 70);
      const names = await fileSystem.list(directory);
      expect((await finishSwaps(fileSystem, directory)).quarantine).toMatch(/log\.swap of an unfinished compaction/);
      expect(await fileSystem.list(directory)).toEqual(names);
    }
  });

  it("removes what was never committed, and indexes without their log", async () => {
    const { fileSystem } = await preparedSwap();
    const index = `${directory}/00000000000000000000.index`;
    await fileSystem.rename(`${index}.cleaned`, `${index}.swap`);
    expect(await finishSwaps(fileSystem, directory)).toEqual({});
    const { names, records } = await contentOf(fileSystem);
    expect(records).toEqual(before);
    expect(names.filter((name) => /\.(cleaned|swap)$/.test(name))).toEqual([]);
    expect(names).toContain("00000000000000000000.index");
  });

  it("never leaves an old index beside the new log", async () => {
    const fileSystem = await committed();
    await fileSystem.removeFile(`${directory}/00000000000000000000.index.swap`);
    await finishSwaps(fileSystem, directory);
    const { names, records } = await contentOf(fileSystem);
    expect(records).toEqual(after);
    expect(names).not.toContain("00000000000000000000.index");
  });
});
