import { gzipSync } from "node:zlib";
import { isSluiceError } from "@sluice/model";
import { buildEndTransactionMarker, crc32c, RecordBatchBuilder, stampBatch } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { segmentPaths } from "./partition-directory.js";
import {
  type DumpedBatch,
  type DumpedDamage,
  type DumpSegmentOptions,
  dumpOffsetIndex,
  dumpSegment,
  dumpTimeIndex,
} from "./segment-dump.js";
import type { MemoryFileSystem } from "./testing/memory-file-system.js";
import {
  editFile,
  filesPartitionPath,
  memoryFiles,
  putFile,
  putSegment,
  stampedBatch,
  stampedBatches,
} from "./testing/partition-files.js";

const paths = segmentPaths(filesPartitionPath, 100);
const batches = stampedBatches(100, 10);

async function writtenSegment(): Promise<MemoryFileSystem> {
  const fileSystem = memoryFiles();
  await putSegment(fileSystem, filesPartitionPath, 100, batches);
  return fileSystem;
}

async function dumpAll(
  fileSystem: MemoryFileSystem,
  path = paths.log,
  options: DumpSegmentOptions = {},
): Promise<(DumpedBatch | DumpedDamage)[]> {
  const items: (DumpedBatch | DumpedDamage)[] = [];
  for await (const item of dumpSegment(fileSystem, path, options)) items.push(item);
  return items;
}

async function dumpBatches(fileSystem: MemoryFileSystem, options: DumpSegmentOptions = {}): Promise<DumpedBatch[]> {
  return (await dumpAll(fileSystem, paths.log, options)).filter((item) => item.type === "batch");
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return isSluiceError(error) ? error.code : String(error);
}

describe("the dump of a log file", () => {
  it("gives every batch with its position, and every record", async () => {
    const dumped = await dumpBatches(await writtenSegment());
    const records = dumped.flatMap((batch) => batch.records);
    expect(records.map((record) => record.offset)).toEqual(Array.from({ length: 20 }, (_, index) => 100 + index));
    expect(records[0]?.key?.toString()).toBe("k100");
    expect(dumped.map(({ position }) => position)).toEqual(
      batches.map((_, index) => Buffer.concat(batches.slice(0, index)).length),
    );
  });

  it("says of a first batch that it lies before what the name of the file says", async () => {
    const fileSystem = memoryFiles();
    await putSegment(fileSystem, filesPartitionPath, 100, stampedBatches(98, 2));
    const [first, second] = await dumpBatches(fileSystem);
    expect([first?.disorder, second?.disorder]).toEqual(["base offset 98 where 100 follows", undefined]);
  });

  it("leaves out what ends before an offset, and the records where none are asked for", async () => {
    const fileSystem = await writtenSegment();
    const later = await dumpBatches(fileSystem, { fromOffset: 115, hasRecords: false });
    expect(later.map(({ baseOffset, records }) => [baseOffset, records.length])).toEqual([
      [114, 0],
      [116, 0],
      [118, 0],
    ]);
  });

  it("goes on behind a batch whose checksum does not fit, and behind bytes that are no batch", async () => {
    const fileSystem = memoryFiles();
    const bad = Buffer.from(batches[1] ?? "");
    bad[70] = (bad[70] ?? 0) ^ 1;
    const foreign = Buffer.alloc(100, 0x5a);
    await putFile(fileSystem, paths.log, Buffer.concat([batches[0] ?? bad, bad, foreign, ...batches.slice(2)]));
    const items = await dumpAll(fileSystem);
    const damages = items.filter((item) => item.type === "damage");
    expect(damages).toEqual([
      expect.objectContaining({ position: batches[0]?.length ?? 0, sizeBytes: bad.length + 100, isTorn: false }),
    ]);
    expect(items.filter((item) => item.type === "batch").length).toBe(9);

    await putFile(fileSystem, paths.log, Buffer.concat([batches[0] ?? bad, bad, ...batches.slice(2)]));
    const marked = await dumpBatches(fileSystem);
    expect(marked.map((batch) => batch.isChecksumValid)).toEqual([true, false, ...Array<boolean>(8).fill(true)]);
    expect(marked[1]?.records).toEqual([]);
  });

  it("says of control batches what they mark", async () => {
    const fileSystem = memoryFiles();
    const marker = { producerId: 7, producerEpoch: 1, timestampMs: 5, coordinatorEpoch: 3 };
    const [commit, abort] = (["commit", "abort"] as const).map((type, index) => {
      const batch = buildEndTransactionMarker({ ...marker, type });
      stampBatch(batch, 0, { baseOffset: 100 + index, leaderEpoch: 1 });
      return batch;
    });
    await putFile(fileSystem, paths.log, Buffer.concat([commit ?? "", abort ?? ""].map((each) => Buffer.from(each))));
    const dumped = await dumpBatches(fileSystem);
    expect(dumped.map(({ isControl }) => isControl)).toEqual([true, true]);
    expect(dumped.flatMap(({ records }) => records).map(({ control }) => control)).toEqual([
      { type: "commit", coordinatorEpoch: 3 },
      { type: "abort", coordinatorEpoch: 3 },
    ]);
  });

  it("keeps the header of a batch whose records cannot be read, and says why", async () => {
    const fileSystem = memoryFiles();
    const plain = stampedBatch({ baseOffset: 102 });
    // A good checksum over a gzip stream of something that is no record.
    const broken = Buffer.concat([plain.subarray(0, 61), gzipSync(Buffer.from("\u0001nonsense"))]);
    broken.writeInt32BE(broken.length - 12, 8);
    broken.writeInt16BE(1, 21);
    broken.writeUInt32BE(crc32c(broken.subarray(21)), 17);
    await putFile(
      fileSystem,
      paths.log,
      Buffer.concat([stampedBatch({ baseOffset: 100 }), broken, stampedBatch({ baseOffset: 104 })]),
    );
    const dumped = await dumpBatches(fileSystem);
    expect(dumped.map(({ records }) => records.length)).toEqual([2, 0, 2]);
    expect(dumped[1]).toMatchObject({ compression: "gzip", isChecksumValid: true });
    expect(dumped[1]?.recordsError?.code).toBe("INVALID_RECORD_BATCH");
  });

  it("reads compressed batches", async () => {
    const fileSystem = memoryFiles();
    const compressed = (["gzip", "zstd"] as const).map((compression, index) => {
      const builder = new RecordBatchBuilder({ compression });
      builder.append({ timestampMs: 1, key: null, value: Buffer.from("long ".repeat(100)) });
      const batch = builder.build();
      stampBatch(batch, 0, { baseOffset: 100 + index, leaderEpoch: 1 });
      return batch;
    });
    await putFile(fileSystem, paths.log, Buffer.concat(compressed));
    const dumped = await dumpBatches(fileSystem);
    expect(dumped.map(({ compression }) => compression)).toEqual(["gzip", "zstd"]);
    expect(dumped.map(({ records }) => records[0]?.value?.length)).toEqual([500, 500]);
  });

  it("reads what a crash left behind, by its first name", async () => {
    const fileSystem = await writtenSegment();
    await fileSystem.rename(paths.log, `${paths.log}.swap`);
    expect((await dumpAll(fileSystem, `${paths.log}.swap`)).length).toBe(10);
  });

  it("says what is missing, and what is no segment file", async () => {
    const fileSystem = await writtenSegment();
    expect(await codeOf(dumpAll(fileSystem, segmentPaths(filesPartitionPath, 1).log))).toBe("FILE_NOT_FOUND");
    expect(await codeOf(dumpAll(fileSystem, paths.offsetIndex))).toBe("CORRUPT_FILE");
    expect(await codeOf(dumpOffsetIndex(fileSystem, paths.log))).toBe("CORRUPT_FILE");
    expect(await codeOf(dumpTimeIndex(fileSystem, `${filesPartitionPath}/x.timeindex`))).toBe("CORRUPT_FILE");
  });
});

describe("the dump of an index", () => {
  it("gives entries that lead to batches, and to the largest timestamp", async () => {
    const fileSystem = await writtenSegment();
    const lastOffsets = new Map((await dumpBatches(fileSystem)).map((batch) => [batch.position, batch.lastOffset]));
    const { entries, problem, zeroBytes } = await dumpOffsetIndex(fileSystem, paths.offsetIndex);
    expect(entries.length).toBeGreaterThan(2);
    for (const { offset, position } of entries) expect(lastOffsets.get(position)).toBe(offset);
    expect([problem, zeroBytes]).toEqual([undefined, 0]);
    const times = await dumpTimeIndex(fileSystem, paths.timeIndex);
    expect(times.entries.at(-1)).toEqual({ timestampMs: 118, offset: 119, isOutOfOrder: false });
  });

  it("gives entries that are out of order too, and says which", async () => {
    const fileSystem = await writtenSegment();
    const before = await dumpOffsetIndex(fileSystem, paths.offsetIndex);
    await editFile(fileSystem, paths.offsetIndex, 8, Buffer.alloc(4));
    const { entries, problem } = await dumpOffsetIndex(fileSystem, paths.offsetIndex);
    expect(entries.length).toBe(before.entries.length);
    expect(entries.map(({ isOutOfOrder }) => isOutOfOrder).indexOf(true)).toBe(1);
    expect(problem).toBe(`1 of its ${entries.length} entries are not in order`);
  });

  it("cuts off bytes that are no entry and the zeros of space that was never used", async () => {
    const fileSystem = await writtenSegment();
    const whole = await fileSystem.readFile(paths.timeIndex);
    const { entries } = await dumpTimeIndex(fileSystem, paths.timeIndex);
    await putFile(fileSystem, paths.timeIndex, Buffer.concat([whole, Buffer.from([1, 2, 3])]));
    const short = await dumpTimeIndex(fileSystem, paths.timeIndex);
    expect(short).toMatchObject({ entries, problem: "3 bytes follow its last entry" });
    await putFile(fileSystem, paths.timeIndex, Buffer.concat([whole, Buffer.alloc(1200)]));
    expect(await dumpTimeIndex(fileSystem, paths.timeIndex)).toMatchObject({ entries, zeroBytes: 1200 });
  });
});
