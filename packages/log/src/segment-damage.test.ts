/** Damage to the log file of a closed segment, as it looks to who reads: an error that says so, or what was written. */

import { isSluiceError } from "@sluice/model";
import { batchesIn, batchLastOffset, batchSizeBytes, stampBatch, verifyBatchChecksum } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { LeaderEpochCache } from "./leader-epoch-cache.js";
import { Segment, type SegmentDependencies, type SegmentState } from "./segment.js";
import { SegmentIndexes } from "./segment-indexes.js";
import { SegmentResources } from "./segment-resources.js";
import { batchOf, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const directory = "/data/partition";
const baseOffset = 100;
const headerBytes = 61;
/** Epoch of each batch. */
const epochs = [1, 1, 2, 6, 6];

interface ClosedSegment {
  readonly fileSystem: MemoryFileSystem;
  readonly path: string;
  readonly state: SegmentState;
  readonly batches: readonly Buffer[];
  readonly epochs: LeaderEpochCache;
}

/** `gap`: offsets that are missing before every other batch. */
async function closedSegment(gap: number): Promise<ClosedSegment> {
  const fileSystem = new MemoryFileSystem(seededRandom(3));
  await fileSystem.makeDirectory(directory);
  const cache = new LeaderEpochCache();
  let next = baseOffset;
  const batches = epochs.map((leaderEpoch, index) => {
    const batch = batchOf(Array.from({ length: 1 + (index % 3) }, (_, record) => `${index}.${record}`));
    cache.assign(leaderEpoch, next);
    stampBatch(batch, 0, { baseOffset: next + (index % 2) * gap, leaderEpoch });
    next = batchLastOffset(batch) + 1;
    return batch;
  });
  const indexes = new SegmentIndexes({ baseOffset, intervalBytes: 80 });
  const empty = { baseOffset, sizeBytes: 0, endOffset: baseOffset, indexes };
  const segment = new Segment(empty, dependenciesOf(fileSystem, cache));
  await segment.openForAppend("create");
  await segment.write(batches);
  await segment.syncData();
  await segment.seal();
  await segment.close();
  const { sizeBytes, endOffset, path, gapsBelow } = segment;
  return { fileSystem, path, state: { baseOffset, sizeBytes, endOffset, gapsBelow }, batches, epochs: cache };
}

function dependenciesOf(fileSystem: MemoryFileSystem, cache: LeaderEpochCache): SegmentDependencies {
  const resources = new SegmentResources({ openFilesMax: 10, indexBytesMax: 10_000 });
  return { fileSystem, directory, indexIntervalBytes: 80, resources, epochs: cache };
}

/** Undefined where it says that the file is damaged. */
async function orDamaged<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isSluiceError(error, "CORRUPT_FILE")) throw error;
    return undefined;
  }
}

/** What is wrong with what is read from the damaged segment; undefined where nothing is. */
async function wrongRead(segment: ClosedSegment, damaged: MemoryFileSystem, sizeBytesMax: number) {
  const opened = new Segment(segment.state, dependenciesOf(damaged, segment.epochs));
  for (let from = baseOffset; from < opened.endOffset; from += 1) {
    // To the end, and to the middle of the log, which is where a batch ends.
    for (const upToOffset of [opened.endOffset, batchLastOffset(segment.batches[2] as Buffer) + 1]) {
      if (from >= upToOffset) continue;
      const bytes = await orDamaged(() => opened.read(from, { upToOffset, sizeBytesMax }));
      if (bytes === undefined) continue;
      if (bytes.length === 0) return `nothing at ${from} below ${upToOffset}`;
      let index = segment.batches.findIndex((batch) => batchLastOffset(batch) >= from);
      for (const batch of batchesIn(bytes)) {
        if (!verifyBatchChecksum(batch, 0, batchSizeBytes(batch))) break;
        if (!batch.equals(segment.batches[index] as Buffer)) return `another batch at ${from}`;
        index += 1;
      }
    }
  }
  await opened.close();
  return undefined;
}

async function wrongFlips(segment: ClosedSegment, sizeBytesMax: number): Promise<string[]> {
  const wrong: string[] = [];
  let position = 0;
  for (const [index, batch] of segment.batches.entries()) {
    for (let bit = 0; bit < headerBytes * 8; bit += 1) {
      const damaged = segment.fileSystem.copy();
      damaged.flipBit(segment.path, position + (bit >>> 3), bit & 7);
      const found = await wrongRead(segment, damaged, sizeBytesMax);
      if (found !== undefined) wrong.push(`batch ${index}, byte ${bit >>> 3}, bit ${bit & 7}: ${found}`);
    }
    position += batch.length;
  }
  return wrong;
}

describe("a closed segment", () => {
  it.each([1, 10_000])(
    "serves nothing but what was written, in reads of %i bytes, whichever header bit is flipped",
    async (sizeBytesMax) => {
      expect(await wrongFlips(await closedSegment(0), sizeBytesMax)).toEqual([]);
    },
  );

  it("serves what compaction left, and no other batch than was written but for a moved end beside a gap", async () => {
    const segment = await closedSegment(2);
    expect(await wrongRead(segment, segment.fileSystem, 1)).toBe(undefined);
    const wrong = await wrongFlips(segment, 10_000);
    expect(wrong.filter((each) => !/byte ([67]|2[56]), bit \d: (another batch|nothing) at/.test(each))).toEqual([]);
  });

  it("takes no gap above where compaction was", async () => {
    const segment = await closedSegment(2);
    const first = batchLastOffset(segment.batches[0] as Buffer) + 1;
    const strict = { ...segment, state: { ...segment.state, gapsBelow: first } };
    const opened = new Segment(strict.state, dependenciesOf(segment.fileSystem, segment.epochs));
    const limits = { upToOffset: opened.endOffset, sizeBytesMax: 10_000 };
    expect([...batchesIn(await opened.read(baseOffset, limits))].length).toBe(1);
    expect(await orDamaged(() => opened.read(first, limits))).toBe(undefined);
  });

  it("says that it is damaged to who looks for a timestamp or its indexes, with an error of that kind", async () => {
    const segment = await closedSegment(0);
    for (let position = 0; position < segment.state.sizeBytes; position += 1) {
      for (const bit of [0, 6, 7]) {
        const damaged = segment.fileSystem.copy();
        damaged.flipBit(segment.path, position, bit);
        damaged.truncateTo(segment.path.replace(/log$/, "index"), 0);
        const opened = new Segment(segment.state, dependenciesOf(damaged, segment.epochs));
        await orDamaged(() => opened.maxTimestampMs());
        await orDamaged(() => opened.firstTimestampMs());
        await opened.hold();
        await opened.close();
      }
    }
  });

  it("can be taken away though nothing in it can be read", async () => {
    const segment = await closedSegment(0);
    segment.fileSystem.truncateTo(segment.path, 10);
    const opened = new Segment(segment.state, dependenciesOf(segment.fileSystem, segment.epochs));
    await opened.hold();
    expect(await opened.renameToDeleted()).toContain(`${segment.path}.deleted`);
    await opened.close();
  });
});
