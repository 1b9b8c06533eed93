import { isSluiceError } from "@sluice/model";
import { batchLastOffset, stampBatch } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { segmentPaths } from "./partition-directory.js";
import { SegmentFile } from "./segment-file.js";
import { SegmentIndexCache } from "./segment-index-cache.js";
import { SegmentIndexes } from "./segment-indexes.js";
import { ResourceBudget } from "./segment-resources.js";
import { batchOf, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const directory = "/data";
const paths = segmentPaths(directory, 0);
const intervalBytes = 100;
const anyway = { isAnew: false };

/** A closed segment of ten batches with its index files, and a cache of its indexes. */
async function closedSegment(options: { budgetBytes?: number; indexes?: SegmentIndexes } = {}) {
  const fileSystem = new MemoryFileSystem(seededRandom(4));
  await fileSystem.makeDirectory(directory);
  const indexes = new SegmentIndexes({ baseOffset: 0, intervalBytes });
  const file = await fileSystem.open(paths.log, "create");
  let sizeBytes = 0;
  for (let index = 0; index < 10; index += 1) {
    const batch = batchOf([`value ${index}`], [1000 + index]);
    stampBatch(batch, 0, { baseOffset: index, leaderEpoch: 1 });
    await file.write([batch], sizeBytes);
    const lastOffset = batchLastOffset(batch);
    indexes.add({ position: sizeBytes, sizeBytes: batch.length, lastOffset, maxTimestampMs: 1000 + index });
    sizeBytes += batch.length;
  }
  await file.close();
  await indexes.save(fileSystem, directory, 0);
  const budget = new ResourceBudget(options.budgetBytes ?? 100_000);
  const segmentFile = new SegmentFile(paths.log, { fileSystem, budget: new ResourceBudget(10) });
  const dependencies = { fileSystem, directory, intervalBytes, budget, file: segmentFile };
  const cache = new SegmentIndexCache(dependencies, options.indexes);
  return { fileSystem, budget, cache, indexes, extent: { baseOffset: 0, sizeBytes, endOffset: 10 } };
}

describe("SegmentIndexCache", () => {
  it("loads once for all who ask at the same time, and again after it was given up", async () => {
    const { cache, extent, budget } = await closedSegment();
    const [first, second] = await Promise.all([cache.load(extent, anyway), cache.load(extent, anyway)]);
    expect(second).toBe(first);
    expect(await cache.load(extent, anyway)).toBe(first);
    expect(budget.used).toBeGreaterThan(0);
    cache.giveUp();
    const again = await cache.load(extent, anyway);
    expect(again).not.toBe(first);
    expect(again.offsets.toBytes().equals(first.offsets.toBytes())).toBe(true);
  });

  it("keeps nothing of a load that was under way when it was forgotten, or other indexes came", async () => {
    const { cache, extent, budget, indexes } = await closedSegment();
    const loading = cache.load(extent, anyway);
    cache.forget();
    await loading;
    expect(budget.used).toBe(0);
    const late = cache.load(extent, anyway);
    cache.keep(indexes);
    await late;
    expect([cache.active === indexes, budget.used]).toEqual([true, 0]);
    expect(await cache.load(extent, { isAnew: true })).toBe(indexes);
  });

  it("counts indexes from when they are lent, and no longer once their files may be another's", async () => {
    const kept = new SegmentIndexes({ baseOffset: 0, intervalBytes });
    const { cache, budget } = await closedSegment({ indexes: kept });
    expect([cache.isActive, budget.used]).toEqual([true, 0]);
    cache.lend();
    expect(cache.isActive).toBe(false);
    expect(budget.used).toBeGreaterThan(0);
    cache.detach();
    expect(budget.used).toBe(0);
  });

  it("neither reads nor writes index files once they may be another's", async () => {
    const { cache, extent, fileSystem, indexes } = await closedSegment();
    await fileSystem.removeFile(paths.timeIndex);
    fileSystem.flipBit(paths.offsetIndex, 3, 0);
    const before = await fileSystem.readFile(paths.offsetIndex);
    cache.detach();
    const loaded = await cache.load(extent, anyway);
    expect(loaded.offsets.toBytes().equals(indexes.offsets.toBytes())).toBe(true);
    expect(await fileSystem.exists(paths.timeIndex)).toBe(false);
    expect((await fileSystem.readFile(paths.offsetIndex)).equals(before)).toBe(true);
  });

  it("makes the files anew where they are of another log, and works without room for them", async () => {
    const { cache, extent, fileSystem, indexes } = await closedSegment();
    fileSystem.truncateTo(paths.timeIndex, 0);
    fileSystem.failNext("write", "ENOSPC");
    expect((await cache.load(extent, anyway)).times.toBytes().equals(indexes.times.toBytes())).toBe(true);
    expect(await fileSystem.size(paths.timeIndex)).toBe(0);
    cache.giveUp();
    await cache.load(extent, anyway);
    expect((await fileSystem.readFile(paths.timeIndex)).equals(indexes.times.toBytes())).toBe(true);
  });

  it("says that a log is damaged whose batches end elsewhere, and tries again for who asks next", async () => {
    const { cache, extent, budget } = await closedSegment();
    for (const endOffset of [9, 11]) {
      const error: unknown = await cache.load({ ...extent, endOffset }, anyway).catch((reason: unknown) => reason);
      expect(isSluiceError(error, "CORRUPT_FILE"), String(error)).toBe(true);
    }
    expect(budget.used).toBe(0);
    expect((await cache.load(extent, anyway)).maxTimestampMs).toBe(1009);
  });
});
