import { type FileHandle, isSluiceError } from "@sluice/model";
import { batchesIn, batchLastOffset, batchMaxTimestampMs, stampBatch } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { segmentPaths } from "./partition-directory.js";
import { Segment, type SegmentDependencies } from "./segment.js";
import { SegmentIndexes } from "./segment-indexes.js";
import { SegmentList } from "./segment-list.js";
import { SegmentResources } from "./segment-resources.js";
import { batchOf, seededRandom } from "./testing/log-fixture.js";
import { MemoryFileSystem } from "./testing/memory-file-system.js";

const directory = "/data/partition";
const intervalBytes = 200;
const limits = { upToOffset: Number.MAX_SAFE_INTEGER, sizeBytesMax: 300 };

/** Counts handles that are open. */
class CountingFileSystem extends MemoryFileSystem {
  openCount = 0;

  override async open(path: string, mode: "read" | "write" | "create"): Promise<FileHandle> {
    const file = await super.open(path, mode);
    if (!path.endsWith(".log")) return file;
    this.openCount += 1;
    const close = file.close.bind(file);
    file.close = () => {
      this.openCount -= 1;
      return close();
    };
    return file;
  }
}

async function memory(): Promise<CountingFileSystem> {
  const fileSystem = new CountingFileSystem(seededRandom(5));
  await fileSystem.makeDirectory(directory);
  return fileSystem;
}

function dependenciesOf(
  fileSystem: MemoryFileSystem,
  budgets = { openFilesMax: 100, indexBytesMax: 1_000_000 },
): SegmentDependencies {
  return { fileSystem, directory, indexIntervalBytes: intervalBytes, resources: new SegmentResources(budgets) };
}

/** Batches of one to three records from `baseOffset` on, with timestamps that rise and fall. */
function batchesFrom(baseOffset: number, count: number): Buffer[] {
  let next = baseOffset;
  return Array.from({ length: count }, (_, index) => {
    const values = Array.from({ length: 1 + (index % 3) }, (_each, record) => `${index}.${record}`.padEnd(40));
    const batch = batchOf(
      values,
      values.map((_each, record) => 1000 + ((index * 7 + record) % 50)),
    );
    stampBatch(batch, 0, { baseOffset: next, leaderEpoch: 1 });
    next = batchLastOffset(batch) + 1;
    return batch;
  });
}

async function segmentOf(dependencies: SegmentDependencies, baseOffset: number, batches: Buffer[]): Promise<Segment> {
  const indexes = new SegmentIndexes({ baseOffset, intervalBytes });
  const segment = new Segment({ baseOffset, sizeBytes: 0, endOffset: baseOffset, indexes }, dependencies);
  await segment.openForAppend("create");
  for (const batch of batches) await segment.write([batch]);
  await segment.syncData();
  return segment;
}

/** A closed segment as a clean start takes it: by its name and size. */
async function reopened(segment: Segment, dependencies: SegmentDependencies): Promise<Segment> {
  await segment.seal();
  await segment.close();
  const { baseOffset, sizeBytes, endOffset } = segment;
  return new Segment({ baseOffset, sizeBytes, endOffset }, dependencies);
}

async function readAll(segment: Segment, sizeBytesMax = 300): Promise<Buffer> {
  const parts: Buffer[] = [];
  let from = segment.baseOffset;
  while (from < segment.endOffset) {
    const bytes = await segment.read(from, { ...limits, sizeBytesMax });
    parts.push(bytes);
    for (const batch of batchesIn(bytes)) from = batchLastOffset(batch) + 1;
  }
  return Buffer.concat(parts);
}

async function overwrite(fileSystem: MemoryFileSystem, path: string, bytes: Buffer): Promise<void> {
  const file = await fileSystem.open(path, "write");
  await file.truncate(0);
  if (bytes.length > 0) await file.write([bytes], 0);
  await file.close();
}

/** What every way to use an index says of the segment, against what the batches say. */
async function expectRight(segment: Segment, batches: readonly Buffer[]): Promise<void> {
  for (let offset = segment.baseOffset; offset < segment.endOffset; offset += 1) {
    const [found] = [...batchesIn(await segment.read(offset, { ...limits, sizeBytesMax: 1 }))];
    expect(found?.equals(batches.find((batch) => batchLastOffset(batch) >= offset) as Buffer)).toBe(true);
  }
  expect(await segment.maxTimestampMs()).toBe(Math.max(-1, ...batches.map((batch) => batchMaxTimestampMs(batch))));
  for (const timestampMs of [0, 1000, 1013, 1037, 1049, 1050, 2000]) {
    const records = batches.flatMap((batch) => [...batchesIn(batch)].flatMap((each) => recordTimes(each)));
    const expected = records.find((record) => record.timestampMs >= timestampMs);
    expect(await segment.findTimestamp(timestampMs, segment.endOffset)).toEqual(expected);
  }
}

function recordTimes(batch: Buffer): { offset: number; timestampMs: number }[] {
  const base = Number(batch.readBigInt64BE(0));
  const index = Number(/(\d+)\./.exec(batch.toString("latin1", 61))?.[1]);
  const count = batch.readInt32BE(57);
  return Array.from({ length: count }, (_, record) => ({
    offset: base + record,
    timestampMs: 1000 + ((index * 7 + record) % 50),
  }));
}

describe("truncateTo", () => {
  it("leaves at every offset what an array leaves, and the indexes that those batches have", async () => {
    const batches = batchesFrom(100, 30);
    const end = 100 + batches.reduce((sum, batch) => sum + batch.readInt32BE(57), 0);
    for (let cut = 100; cut <= end; cut += 1) {
      for (const isSealed of [false, true]) {
        const fileSystem = await memory();
        const dependencies = dependenciesOf(fileSystem);
        const active = await segmentOf(dependencies, 100, batches);
        const segment = isSealed ? await reopened(active, dependencies) : active;
        await readAll(segment);
        await fileSystem.syncDirectory(directory);
        await segment.truncateTo(cut);
        const kept = batches.filter((batch) => batchLastOffset(batch) < cut);
        const last = kept.at(-1);
        expect(segment.endOffset).toBe(last === undefined ? 100 : batchLastOffset(last) + 1);
        expect((await fileSystem.crash().readFile(segment.path)).equals(Buffer.concat(kept))).toBe(true);
      }
    }
  });

  it("lets appends go on as if what was cut had never been there", async () => {
    const batches = batchesFrom(0, 40);
    for (let count = 0; count <= 40; count += 3) {
      const dependencies = dependenciesOf(await memory());
      const segment = await segmentOf(dependencies, 0, batches);
      await readAll(segment);
      await segment.truncateTo(Number(batches[count]?.readBigInt64BE(0) ?? segment.endOffset));
      for (const batch of batches.slice(count)) await segment.write([batch]);
      await expectRight(segment, batches);
      await segment.saveIndexes();
      const whole = dependenciesOf(await memory());
      await (await segmentOf(whole, 0, batches)).saveIndexes();
      const { offsetIndex, timeIndex } = segmentPaths(directory, 0);
      for (const path of [offsetIndex, timeIndex]) {
        const expected = await whole.fileSystem.readFile(path);
        expect((await dependencies.fileSystem.readFile(path)).equals(expected)).toBe(true);
      }
    }
  });

  it("never shows a reader under way what is written in the place of what was cut", async () => {
    const dependencies = dependenciesOf(await memory());
    const cut = batchesFrom(0, 20);
    const segment = await segmentOf(dependencies, 0, cut);
    const reads = Array.from({ length: segment.endOffset }, (_, offset) => segment.read(offset, limits));
    await segment.truncateTo(5);
    const written = batchesFrom(segment.endOffset, 30);
    for (const batch of written) await segment.write([batch]);
    const kept = cut.filter((batch) => batchLastOffset(batch) < 5);
    for (const [offset, read] of reads.entries()) {
      const bytes = await read;
      // A read came before the truncation as a whole, or after it: never half.
      const isWhole = [cut, [...kept, ...written]].some((log) => {
        const following = log.filter((batch) => batchLastOffset(batch) >= offset);
        return Buffer.concat(following).subarray(0, bytes.length).equals(bytes);
      });
      expect(isWhole).toBe(true);
    }
  });
});

describe("the indexes of a closed segment", () => {
  const damages: [string, (bytes: Buffer) => Buffer | undefined][] = [
    ["missing", () => undefined],
    ["empty", () => Buffer.alloc(0)],
    ["cut inside an entry", (bytes) => bytes.subarray(0, bytes.length - 1)],
    ["without its last entry", (bytes) => bytes.subarray(0, bytes.length - (bytes.length % 12 === 0 ? 12 : 8))],
    ["full of noise", (bytes) => Buffer.alloc(bytes.length, 0xa7)],
  ];
  for (const kind of ["offsetIndex", "timeIndex"] as const) {
    for (const [name, damage] of damages) {
      it(`are made anew, on disk too, when the ${kind} is ${name}`, async () => {
        const fileSystem = await memory();
        const dependencies = dependenciesOf(fileSystem);
        const batches = batchesFrom(0, 40);
        const segment = await reopened(await segmentOf(dependencies, 0, batches), dependencies);
        const path = segmentPaths(directory, 0)[kind];
        const original = await fileSystem.readFile(path);
        const damaged = damage(Buffer.from(original));
        if (damaged === undefined) await fileSystem.removeFile(path);
        else await overwrite(fileSystem, path, damaged);
        await expectRight(segment, batches);
        expect((await fileSystem.readFile(path)).equals(original)).toBe(true);
      });
    }

    it(`never lead astray, whichever bit of the ${kind} is flipped`, async () => {
      const fileSystem = await memory();
      const dependencies = dependenciesOf(fileSystem);
      const batches = batchesFrom(0, 12);
      const first = await segmentOf(dependencies, 0, batches);
      const { sizeBytes, endOffset } = await reopened(first, dependencies);
      const path = segmentPaths(directory, 0)[kind];
      const original = await fileSystem.readFile(path);
      for (let bit = 0; bit < original.length * 8; bit += 1) {
        const flipped = Buffer.from(original);
        flipped.writeUInt8(flipped.readUInt8(bit >>> 3) ^ (1 << (bit & 7)), bit >>> 3);
        await overwrite(fileSystem, path, flipped);
        const segment = new Segment({ baseOffset: 0, sizeBytes, endOffset }, dependencies);
        await expectRight(segment, batches);
        await segment.close();
      }
    });
  }

  it("cost no more than they would where there is no room to write them", async () => {
    const fileSystem = await memory();
    const dependencies = dependenciesOf(fileSystem);
    const batches = batchesFrom(0, 20);
    const segment = await reopened(await segmentOf(dependencies, 0, batches), dependencies);
    await fileSystem.removeFile(segmentPaths(directory, 0).timeIndex);
    fileSystem.failNext("write", "ENOSPC");
    await expectRight(segment, batches);
  });

  it("say that the log file is short rather than give nothing", async () => {
    const fileSystem = await memory();
    const dependencies = dependenciesOf(fileSystem);
    const segment = await segmentOf(dependencies, 0, batchesFrom(0, 20));
    const { sizeBytes, endOffset } = await reopened(segment, dependencies);
    const path = segmentPaths(directory, 0).log;
    const bytes = await fileSystem.readFile(path);
    for (const size of [0, 30, 100, sizeBytes - 1]) {
      await overwrite(fileSystem, path, bytes.subarray(0, size));
      const short = new Segment({ baseOffset: 0, sizeBytes: size, endOffset }, dependencies);
      const error: unknown = await short.read(endOffset - 1, limits).catch((reason: unknown) => reason);
      expect(isSluiceError(error, "CORRUPT_FILE"), String(error)).toBe(true);
    }
  });
});

describe("the budgets", () => {
  it("close and drop what was not used for long, under readers that never notice", async () => {
    const fileSystem = await memory();
    const dependencies = dependenciesOf(fileSystem, { openFilesMax: 2, indexBytesMax: 1200 });
    const { resources } = dependencies;
    const segments: Segment[] = [];
    const batches = Array.from({ length: 8 }, (_, index) => batchesFrom(index * 1000, 20));
    for (const [index, each] of batches.entries()) {
      const segment = await segmentOf(dependencies, index * 1000, each);
      await segment.seal();
      segments.push(segment);
    }
    expect(fileSystem.openCount).toBe(2);
    const random = seededRandom(9);
    const reads = Array.from({ length: 400 }, async () => {
      const index = random.uint32() % 8;
      const bytes = await readAll(segments[index] as Segment, 100 + (random.uint32() % 2000));
      expect(bytes.equals(Buffer.concat(batches[index] as Buffer[]))).toBe(true);
    });
    await Promise.all(reads);
    expect(resources.files.used).toBeLessThanOrEqual(2);
    expect(resources.indexBytes.used).toBeLessThanOrEqual(1200);
    for (const segment of segments) await segment.close();
    expect(fileSystem.openCount).toBe(0);
  });

  it("leave a file open for as long as it has bytes that were not synced", async () => {
    const fileSystem = await memory();
    const dependencies = dependenciesOf(fileSystem, { openFilesMax: 1, indexBytesMax: 1 });
    const dirty = await segmentOf(dependencies, 0, []);
    await dirty.write(batchesFrom(0, 1));
    for (const base of [1000, 2000, 3000]) await segmentOf(dependencies, base, batchesFrom(base, 1));
    expect(fileSystem.openCount).toBe(2);
    await dirty.syncData();
    expect(fileSystem.openCount).toBe(1);
    const [batch] = batchesFrom(dirty.endOffset, 1);
    await segmentOf(dependencies, 4000, batchesFrom(4000, 1));
    await dirty.write([batch as Buffer]);
    expect(dirty.endOffset).toBe(2);
  });
});

describe("renameToDeleted and replaceBy", () => {
  it("lets those who have a deleted segment read on, also when its file was closed", async () => {
    const fileSystem = await memory();
    const dependencies = dependenciesOf(fileSystem, { openFilesMax: 1, indexBytesMax: 1 });
    const batches = batchesFrom(0, 20);
    const segment = await segmentOf(dependencies, 0, batches);
    await segment.seal();
    await segmentOf(dependencies, 1000, batchesFrom(1000, 1));
    const renamed = await segment.renameToDeleted();
    expect(renamed.map((path) => path.slice(directory.length + 21))).toEqual([
      ".timeindex.deleted",
      ".index.deleted",
      ".log.deleted",
    ]);
    expect((await readAll(segment)).equals(Buffer.concat(batches))).toBe(true);
    expect(await fileSystem.list(directory)).not.toContain(`${"0".repeat(20)}.index`);
  });

  it("sends readers of a replaced segment to its successor, those under way too", async () => {
    const fileSystem = await memory();
    const dependencies = dependenciesOf(fileSystem);
    const batches = batchesFrom(0, 20);
    const old = await segmentOf(dependencies, 0, batches);
    await old.seal();
    const active = await segmentOf(dependencies, old.endOffset, []);
    const list = new SegmentList([old, active]);
    await old.hold();
    const reads = [3, 9, 17].map((offset) => old.read(offset, limits));
    const left = batches.slice(10);
    await overwrite(fileSystem, old.path, Buffer.concat(left));
    const successor = new Segment(
      { baseOffset: 0, sizeBytes: Buffer.concat(left).length, endOffset: old.endOffset },
      dependencies,
    );
    expect(list.replace([0], successor)).toEqual([old]);
    for (const bytes of await Promise.all([...reads, old.read(0, limits)])) {
      expect(
        batchesIn(bytes)
          .next()
          .value?.equals(left[0] as Buffer),
      ).toBe(true);
    }
    expect(list.floor(4)).toBe(successor);
  });
});
