import { describe, expect, it } from "vitest";
import { LeaderEpochCache, loadEpochStarts } from "./leader-epoch-cache.js";
import { epochCheckpointName } from "./partition-directory.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";
import { seededRandom } from "./testing/seeded-random.js";

/** One epoch an offset, for a log of 40 offsets. */
const epochs = Array.from({ length: 40 }, (_, offset) => (offset < 7 ? 2 : offset < 20 ? 3 : offset < 21 ? 8 : 9));

function filled(): LeaderEpochCache {
  const cache = new LeaderEpochCache();
  for (const [offset, epoch] of epochs.entries()) cache.assign(epoch, offset);
  return cache;
}

describe("LeaderEpochCache", () => {
  it("knows after a truncation at the start, at any offset, the epochs of all that is left and begins there", () => {
    for (let start = 0; start < epochs.length; start += 1) {
      const cache = filled();
      cache.truncateFromStart(start);
      expect(cache.entries[0]?.startOffset).toBe(start);
      for (let offset = start; offset < epochs.length; offset += 1) {
        expect(cache.epochAt(offset)).toBe(epochs[offset]);
      }
    }
  });

  it("knows after a truncation at the end, at any offset, the epochs of all that is left and no other", () => {
    for (let end = 0; end <= epochs.length; end += 1) {
      const cache = filled();
      cache.truncateFrom(end);
      expect(cache.latestEpoch).toBe(epochs[end - 1]);
      for (let offset = 0; offset < end; offset += 1) expect(cache.epochAt(offset)).toBe(epochs[offset]);
    }
  });

  it("keeps epochs that begin after a log start below all of them", () => {
    const cache = new LeaderEpochCache();
    cache.assign(4, 30);
    cache.truncateFromStart(10);
    expect(cache.entries).toEqual([{ epoch: 4, startOffset: 30 }]);
  });

  it("knows where the epoch of an offset ends", () => {
    const cache = filled();
    for (const [offset, epoch] of epochs.entries()) {
      const end = epochs.findIndex((other, index) => index > offset && other !== epoch);
      expect(cache.runAt(offset)).toEqual({ epoch, endOffset: end === -1 ? Number.POSITIVE_INFINITY : end });
    }
    expect(cache.runAt(-1)).toBe(undefined);
  });

  it("believes its file with no bit of it flipped, and no byte missing", async () => {
    const fileSystem = new MemoryFileSystem(seededRandom(1));
    await fileSystem.makeDirectory("/log");
    const cache = filled();
    await cache.maybeSave(fileSystem, "/log");
    expect(await loadEpochStarts(fileSystem, "/log")).toEqual(cache.entries);
    const path = `/log/${epochCheckpointName}`;
    const sizeBytes = await fileSystem.size(path);
    for (let position = 0; position < sizeBytes; position += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const damaged = fileSystem.copy();
        damaged.flipBit(path, position, bit);
        expect(await loadEpochStarts(damaged, "/log")).toBe(undefined);
      }
      const short = fileSystem.copy();
      short.truncateTo(path, position);
      expect(await loadEpochStarts(short, "/log")).toBe(undefined);
    }
  });
});
