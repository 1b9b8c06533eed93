/** What recovery decides and touches, partition directory by partition directory; on the in-memory disk. */

import { type FileHandle, isSluiceError } from "@sluice/model";
import { batchLastOffset, stampBatch } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { formatCheckpoint } from "./checkpoint-file.js";
import { executeRecovery, planRecovery, type RecoveryOptions, type RecoveryPlan } from "./log-recovery.js";
import { segmentPaths } from "./partition-directory.js";
import { snapshotPath } from "./producer-snapshot.js";
import { Segment } from "./segment.js";
import { SegmentIndexes } from "./segment-indexes.js";
import { SegmentResources } from "./segment-resources.js";
import { batchOf, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const directory = "/data/partition";
const intervalBytes = 200;
const resources = new SegmentResources({ openFilesMax: 10, indexBytesMax: 10_000 });

/** Names what is read. */
class ReadingFileSystem extends MemoryFileSystem {
  reads: string[] = [];

  override open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    this.reads.push(`open ${path.slice(directory.length + 1)}`);
    return super.open(path, mode);
  }

  override readFile(path: string): Promise<Buffer> {
    this.reads.push(`readFile ${path.slice(directory.length + 1)}`);
    return super.readFile(path);
  }

  override size(path: string): Promise<number> {
    this.reads.push(`size ${path.slice(directory.length + 1)}`);
    return super.size(path);
  }

  override list(path: string): Promise<string[]> {
    this.reads.push("list");
    return super.list(path);
  }
}

function batchesFrom(baseOffset: number, count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const batch = batchOf([`${index}`.padEnd(60)], [1000 + index]);
    stampBatch(batch, 0, { baseOffset: baseOffset + index, leaderEpoch: 1 });
    return batch;
  });
}

/** A directory with segments of those batches, the last one as a close in order leaves it. */
async function diskWith(segments: readonly (readonly Buffer[])[], baseOffsets: readonly number[]) {
  const fileSystem = new ReadingFileSystem(seededRandom(4));
  await fileSystem.makeDirectory(directory);
  for (const [index, batches] of segments.entries()) {
    const baseOffset = baseOffsets[index] as number;
    const indexes = new SegmentIndexes({ baseOffset, intervalBytes });
    const state = { baseOffset, sizeBytes: 0, endOffset: baseOffset, indexes };
    const segment = new Segment(state, { fileSystem, directory, indexIntervalBytes: intervalBytes, resources });
    await segment.openForAppend("create");
    if (batches.length > 0) await segment.write(batches);
    await segment.syncData();
    await segment.saveIndexes();
    await segment.close();
  }
  await put(fileSystem, `${directory}/leader-epoch-checkpoint`, formatCheckpoint(["1 0"], { hasChecksum: true }));
  await fileSystem.syncDirectory(directory);
  fileSystem.reads = [];
  return fileSystem;
}

/** Three segments of ten batches: [0, 10), [10, 20), [20, 30). */
function threeSegments() {
  return diskWith([batchesFrom(0, 10), batchesFrom(10, 10), batchesFrom(20, 10)], [0, 10, 20]);
}

async function put(fileSystem: MemoryFileSystem, path: string, bytes: Buffer): Promise<void> {
  const file = await fileSystem.open(path, "write");
  await file.truncate(0);
  if (bytes.length > 0) await file.write([bytes], 0);
  await file.syncData();
  await file.close();
}

function optionsOf(fileSystem: MemoryFileSystem, options: Partial<RecoveryOptions> = {}): RecoveryOptions {
  const defaults = { recoveryPoint: 30, isClean: true, hasProducers: false, logStartOffset: 0, gapsBelow: 0 };
  return { fileSystem, directory, indexIntervalBytes: intervalBytes, resources, ...defaults, ...options };
}

async function planOf(fileSystem: MemoryFileSystem, options: Partial<RecoveryOptions> = {}): Promise<RecoveryPlan> {
  const plan = await planRecovery(optionsOf(fileSystem, options));
  if ("quarantine" in plan) throw new Error(plan.quarantine);
  return plan;
}

async function quarantineOf(fileSystem: MemoryFileSystem, options: Partial<RecoveryOptions> = {}): Promise<string> {
  const plan = await planRecovery(optionsOf(fileSystem, options));
  return "quarantine" in plan ? plan.quarantine : "";
}

function extentsOf(plan: RecoveryPlan): number[][] {
  return plan.segments.map(({ baseOffset, endOffset }) => [baseOffset, endOffset]);
}

const unclean = { isClean: false, hasProducers: undefined } as const;

describe("a clean start", () => {
  it("takes closed segments by name and size, reads the end of the last one, and changes nothing", async () => {
    const fileSystem = await threeSegments();
    const plan = await planOf(fileSystem);
    const last = "00000000000000000020";
    expect(fileSystem.reads).toEqual([
      "list",
      "readFile leader-epoch-checkpoint",
      "size 00000000000000000000.log",
      "size 00000000000000000010.log",
      `size ${last}.log`,
      `open ${last}.log`,
      `readFile ${last}.index`,
      `readFile ${last}.timeindex`,
    ]);
    expect(extentsOf(plan)).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
    ]);
    expect(plan.changesFiles).toBe(false);
    const before = fileSystem.operationCount;
    await executeRecovery(optionsOf(fileSystem), plan);
    expect(fileSystem.operationCount).toBe(before);
  });

  it("quarantines a log of which a segment in the middle is gone", async () => {
    const fileSystem = await threeSegments();
    await fileSystem.removeFile(segmentPaths(directory, 10).log);
    expect(await quarantineOf(fileSystem)).toContain("offset 10 is missing");
  });

  it("quarantines a closed segment without a byte, and a log that ends too early", async () => {
    const empty = await threeSegments();
    await put(empty, segmentPaths(directory, 10).log, Buffer.alloc(0));
    expect(await quarantineOf(empty)).toContain("begins at offset 20 where 10 follows");
    expect(await quarantineOf(await threeSegments(), { recoveryPoint: 31 })).toContain("ends at offset 30");
  });

  it("scans everything where the epochs begin after the log does", async () => {
    const fileSystem = await threeSegments();
    await put(fileSystem, `${directory}/leader-epoch-checkpoint`, formatCheckpoint(["1 5"], { hasChecksum: true }));
    expect((await planOf(fileSystem)).epochs.entries).toEqual([{ epoch: 1, startOffset: 0 }]);
  });
});

describe("an unclean start", () => {
  it("scans from the segment of the recovery point on, and removes what follows a cut", async () => {
    const fileSystem = await threeSegments();
    const path = segmentPaths(directory, 10).log;
    const bytes = await fileSystem.readFile(path);
    await put(fileSystem, path, bytes.subarray(0, bytes.length - 1));
    fileSystem.reads = [];
    const options = { ...unclean, recoveryPoint: 12 };
    const plan = await planOf(fileSystem, options);
    expect(fileSystem.reads.filter((read) => read.startsWith("open")).slice(0, 1)).toEqual([`open ${path.slice(16)}`]);
    expect(extentsOf(plan)).toEqual([
      [0, 10],
      [10, 19],
    ]);
    expect([plan.removed, plan.cut?.isTorn]).toEqual([[20], true]);
    await executeRecovery(optionsOf(fileSystem, options), plan);
    expect((await fileSystem.readFile(path)).length).toBe(plan.segments[1]?.sizeBytes);
    expect((await fileSystem.list(directory)).filter((name) => name.startsWith("00000000000000000020"))).toEqual([]);
    expect(await quarantineOf(fileSystem, { ...unclean, recoveryPoint: 20 })).toContain("ends at offset 19");
  });

  it("takes gaps below the bound only, and segments join without one", async () => {
    const [first = Buffer.alloc(0), ...others] = batchesFrom(0, 10);
    const holed = [first, ...others.slice(4)];
    const fileSystem = await diskWith([holed, batchesFrom(10, 3)], [0, 10]);
    const options = { ...unclean, recoveryPoint: 0 };
    expect(extentsOf(await planOf(fileSystem, { ...options, gapsBelow: 5 }))).toEqual([
      [0, 10],
      [10, 13],
    ]);
    expect(extentsOf(await planOf(fileSystem, { ...options, gapsBelow: "lastSegment" }))).toEqual([
      [0, 10],
      [10, 13],
    ]);
    expect(extentsOf(await planOf(fileSystem, { ...options, gapsBelow: 4 }))).toEqual([[0, 1]]);
    const apart = await diskWith([batchesFrom(0, 9), batchesFrom(10, 3)], [0, 10]);
    expect(extentsOf(await planOf(apart, { ...options, gapsBelow: 100 }))).toEqual([[0, 9]]);
  });

  it("removes snapshots beyond the end, temporary files and nothing that it does not know", async () => {
    const fileSystem = await threeSegments();
    for (const name of ["x.tmp", "notes.txt"]) await put(fileSystem, `${directory}/${name}`, Buffer.from("x"));
    for (const offset of [20, 30, 31]) await put(fileSystem, snapshotPath(directory, offset), Buffer.from("x"));
    const plan = await planOf(fileSystem, unclean);
    await executeRecovery(optionsOf(fileSystem, unclean), plan);
    const names = await fileSystem.list(directory);
    expect(names.filter((name) => /snapshot|tmp|notes/.test(name))).toEqual([
      "00000000000000000020.snapshot",
      "00000000000000000030.snapshot",
      "notes.txt",
    ]);
  });
});

describe("the log start", () => {
  it("may be inside the first segment and before the end: nothing happens", async () => {
    const plan = await planOf(await threeSegments(), { logStartOffset: 9 });
    expect([extentsOf(plan).length, plan.restartsAt, plan.changesFiles]).toEqual([3, undefined, false]);
  });

  it("takes along what ends below it, though it was durable: a removal was interrupted", async () => {
    const fileSystem = await threeSegments();
    // The one in between went first: by its name, the first would end where the third begins.
    const { log, offsetIndex, timeIndex } = segmentPaths(directory, 10);
    for (const path of [log, offsetIndex, timeIndex]) await fileSystem.removeFile(path);
    for (const logStartOffset of [20, 25]) {
      const plan = await planOf(fileSystem, { ...unclean, logStartOffset });
      expect([extentsOf(plan), plan.removed, plan.restartsAt]).toEqual([[[20, 30]], [0], undefined]);
    }
    expect(await quarantineOf(fileSystem, { ...unclean, logStartOffset: 19, recoveryPoint: 12 })).toMatch(
      "20 where 10",
    );
  });

  it("beyond the end begins the log anew there, when nothing above it was promised", async () => {
    const fileSystem = await threeSegments();
    const options = { logStartOffset: 50, recoveryPoint: 30 };
    const plan = await planOf(fileSystem, options);
    expect([plan.segments, plan.restartsAt, plan.removed, plan.epochs.entries]).toEqual([[], 50, [0, 10, 20], []]);
    await executeRecovery(optionsOf(fileSystem, options), plan);
    expect(await fileSystem.list(directory)).toEqual(["leader-epoch-checkpoint"]);
    expect((await planOf(fileSystem, options)).restartsAt).toBe(50);
    expect(await quarantineOf(fileSystem, { ...options, recoveryPoint: 51 })).toContain("no segment file");
  });

  it("forgives what is wrong below it: a removal that was interrupted, newest first", async () => {
    const fileSystem = await diskWith([batchesFrom(0, 10), batchesFrom(40, 3)], [0, 40]);
    const options = { ...unclean, logStartOffset: 40, recoveryPoint: 0 };
    const plan = await planOf(fileSystem, options);
    expect([extentsOf(plan), plan.removed, plan.cut]).toEqual([[[40, 43]], [0], undefined]);
    expect(extentsOf(await planOf(fileSystem, { ...options, logStartOffset: 9 }))).toEqual([[0, 10]]);
  });
});

describe("a batch whose epoch is not the one that was recorded", () => {
  /** The third segment, with an epoch that is in order, and the checkpoint says another. */
  async function withEpoch(epoch: number, recorded: number): Promise<MemoryFileSystem> {
    const batches = batchesFrom(20, 10);
    for (const batch of batches.slice(4)) batch.writeInt32BE(epoch, 12);
    const fileSystem = await diskWith([batchesFrom(0, 10), batchesFrom(10, 10), batches], [0, 10, 20]);
    const lines = ["1 0", `${recorded} 24`];
    await put(fileSystem, `${directory}/leader-epoch-checkpoint`, formatCheckpoint(lines, { hasChecksum: true }));
    return fileSystem;
  }

  it("is damage below the recovery point, and after a clean stop", async () => {
    for (const epoch of [3, 5]) {
      const found = `leader epoch ${epoch} at offset 24, where epoch 4 was recorded`;
      const options = { ...unclean, recoveryPoint: 25 };
      expect(await quarantineOf(await withEpoch(epoch, 4), options)).toContain(found);
      expect(await quarantineOf(await withEpoch(epoch, 4))).toContain(found);
    }
  });

  it("is believed above the recovery point: a cache cuts nothing", async () => {
    const options = { ...unclean, recoveryPoint: 20 };
    const older = await planOf(await withEpoch(3, 4), options);
    expect([older.cut, extentsOf(older).at(-1)]).toEqual([undefined, [20, 30]]);
    const newer = await planOf(await withEpoch(5, 4), options);
    expect(newer.epochs.entries.at(-1)).toEqual({ epoch: 5, startOffset: 24 });
  });
});

describe("producers", () => {
  it("come from the batches where there is no snapshot, and cost no read where the log had none", async () => {
    const batches = batchesFrom(0, 6);
    for (const [index, batch] of batches.entries()) {
      batch.writeBigInt64BE(77n, 43);
      batch.writeInt16BE(0, 51);
      batch.writeInt32BE(index, 53);
    }
    const fileSystem = await diskWith([batches, batchesFrom(6, 1)], [0, 6]);
    const plan = await planOf(fileSystem, { hasProducers: true, recoveryPoint: 7 });
    const header = { producerId: 77, baseOffset: 5, lastOffset: batchLastOffset(batches[5] as Buffer) };
    expect(plan.producers.size).toBe(1);
    expect([...plan.producers.entries()][0]?.batches.at(-1)).toMatchObject({ baseOffset: header.baseOffset });
    expect((await planOf(fileSystem, { hasProducers: false, recoveryPoint: 7 })).producers.size).toBe(0);
  });
});

describe("a closed segment that was cut short after a clean stop", () => {
  it("is found by who reads it", async () => {
    const fileSystem = await threeSegments();
    const path = segmentPaths(directory, 10).log;
    const bytes = await fileSystem.readFile(path);
    await put(fileSystem, path, bytes.subarray(0, bytes.length / 2));
    const plan = await planOf(fileSystem);
    const dependencies = { fileSystem, directory, indexIntervalBytes: intervalBytes, resources };
    const segment = new Segment(plan.segments[1] as (typeof plan.segments)[number], dependencies);
    const limits = { upToOffset: 30, sizeBytesMax: 100 };
    const error: unknown = await segment.read(19, limits).catch((reason: unknown) => reason);
    expect(isSluiceError(error, "CORRUPT_FILE"), String(error)).toBe(true);
  });
});
