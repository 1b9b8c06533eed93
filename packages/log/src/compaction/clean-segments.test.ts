import { isSluiceError } from "@sluice/model";
import { NodeClock } from "@sluice/model/node";
import { VirtualClock } from "@sluice/model/testing";
import { buildEndTransactionMarker, crc32c } from "@sluice/record";
import { describe, expect, it } from "vitest";
import { segmentPaths } from "../partition-directory.js";
import { keyedBatch, SegmentsOnDisk, startMs } from "../testing/compaction-fixture.js";
import { MemoryFileSystem } from "../testing/index.js";
import { seededRandom } from "../testing/log-fixture.js";
import { compactSegments, groupsOf } from "./clean-segments.js";
import type { CompactionJob, CompactionResult } from "./compaction-job.js";
import { RateLimiter } from "./rate-limiter.js";

async function newLog(...segments: Buffer[][]): Promise<{ fileSystem: MemoryFileSystem; log: SegmentsOnDisk }> {
  const fileSystem = new MemoryFileSystem(seededRandom(1));
  const log = await SegmentsOnDisk.create(fileSystem);
  for (const batches of segments) await log.addSegment(fileSystem, batches);
  return { fileSystem, log };
}

function compact(fileSystem: MemoryFileSystem, job: CompactionJob, signal?: AbortSignal): Promise<CompactionResult> {
  return compactSegments(job, { fileSystem, limiter: new RateLimiter(new VirtualClock(), 0) }, signal);
}

async function namesOf(fileSystem: MemoryFileSystem): Promise<string[]> {
  return fileSystem.list("/log");
}

/** Compacts and swaps in. */
async function compactLog(fileSystem: MemoryFileSystem, log: SegmentsOnDisk, changes: Partial<CompactionJob> = {}) {
  const result = await compact(fileSystem, log.job(changes));
  await log.commit(fileSystem, result);
  return { result, records: await log.readRecords(fileSystem), batches: await log.readBatches(fileSystem) };
}

const put = (key: string | null, value: string | null) => keyedBatch([{ key, value }]);

describe("compactSegments", () => {
  it("keeps the newest record of each key, in its place", async () => {
    const { fileSystem, log } = await newLog(
      [put("a", "1"), put("b", "1"), put("a", "2")],
      [put("c", "1"), put("b", "2")],
    );
    const { result, records } = await compactLog(fileSystem, log);
    expect(records.map(({ offset, key, value }) => [offset, key, value])).toEqual([
      [2, "a", "2"],
      [3, "c", "1"],
      [4, "b", "2"],
    ]);
    expect(result).toMatchObject({ cleanedTo: 5, tombstonesDroppedTo: -1, recordsKept: 3, recordsDropped: 2 });
    expect(result.bytesWritten).toBe(log.sources[0]?.sizeBytes);
    expect(log.sources).toHaveLength(1);
  });

  it("does not write a segment anew of which everything stays", async () => {
    const { fileSystem, log } = await newLog([put("a", "1"), put("b", "1")]);
    const before = fileSystem.operationCount;
    const result = await compact(fileSystem, log.job());
    expect(result).toMatchObject({ swaps: [], cleanedTo: 2, bytesWritten: 0, recordsKept: 2 });
    expect((await namesOf(fileSystem)).filter((name) => name.endsWith(".cleaned"))).toEqual([]);
    expect(fileSystem.operationCount).toBe(before);
  });

  it("keeps a tombstone until its horizon, which begins with the first job that meets it", async () => {
    const { fileSystem, log } = await newLog([put("a", "1"), put("b", "1")], [put("a", null), put("c", "1")]);
    const first = await compactLog(fileSystem, log, { deleteRetentionMs: 1000 });
    expect(first.records.map(({ offset, timestampMs }) => [offset, timestampMs])).toEqual([
      [1, startMs],
      [2, startMs],
      [3, startMs],
    ]);
    expect(first.result).toMatchObject({ tombstonesDroppedTo: -1, nextHorizonMs: startMs + 1000 });
    expect(first.batches.find(({ header }) => header.baseOffset === 2)?.header).toMatchObject({
      hasDeleteHorizon: true,
      baseTimestampMs: startMs + 1000,
    });
    const later = { dirtyFrom: 4, deleteRetentionMs: 5_000_000 };
    const second = await compactLog(fileSystem, log, { ...later, nowMs: startMs + 999 });
    expect(second.result).toMatchObject({ swaps: [], nextHorizonMs: startMs + 1000 });
    const third = await compactLog(fileSystem, log, { ...later, nowMs: startMs + 1000 });
    expect(third.result).toMatchObject({ tombstonesDroppedTo: 2, recordsDropped: 1 });
    expect(third.result.nextHorizonMs).toBeUndefined();
    expect(third.records.map(({ offset }) => offset)).toEqual([1, 3]);
  });

  it("drops records without a key, as Kafka does", async () => {
    const { fileSystem, log } = await newLog([put(null, "1"), put("a", "1")]);
    expect((await compactLog(fileSystem, log)).records.map(({ key }) => key)).toEqual(["a"]);
  });

  it("removes the marker of a transaction only after its records, and a horizon later", async () => {
    const producer = { producerId: 9, producerEpoch: 0, isTransactional: true };
    const marker = (type: "commit" | "abort") =>
      buildEndTransactionMarker({ type, coordinatorEpoch: 1, producerId: 9, producerEpoch: 0, timestampMs: startMs });
    const data = (value: string, baseSequence: number) =>
      keyedBatch([{ key: "a", value }], { producer: { ...producer, baseSequence } });
    const batches = [data("kept out", 0), marker("abort"), data("in", 1), marker("commit"), put("z", "1")];
    const { fileSystem, log } = await newLog(batches);
    const offsetsOf = (found: { batches: { header: { baseOffset: number } }[] }) =>
      found.batches.map(({ header }) => header.baseOffset);
    expect(offsetsOf(await compactLog(fileSystem, log))).toEqual([1, 2, 3, 4]);
    const met = await compactLog(fileSystem, log, { dirtyFrom: 5 });
    expect(offsetsOf(met)).toEqual([1, 2, 3, 4]);
    expect(met.result.nextHorizonMs).toBe(startMs + 1000);
    expect(offsetsOf(await compactLog(fileSystem, log, { dirtyFrom: 5, nowMs: startMs + 999 }))).toEqual([1, 2, 3, 4]);
    const gone = await compactLog(fileSystem, log, { dirtyFrom: 5, nowMs: startMs + 1000 });
    expect(offsetsOf(gone)).toEqual([2, 3, 4]);
    expect(gone.result.tombstonesDroppedTo).toBe(1);
    expect(gone.records.map(({ value }) => value)).toEqual(["in", "1"]);
  });

  it("keeps the last sequence of a producer, unless it is known to be gone", async () => {
    const producer = { producerId: 7, producerEpoch: 3, baseSequence: 40 };
    const batches = () => [keyedBatch([{ key: "a", value: "1" }], { producer }), put("a", "2"), put("b", "1")];
    const kept = await newLog(batches());
    const { batches: found } = await compactLog(kept.fileSystem, kept.log);
    expect(found[0]?.header).toMatchObject({ ...producer, baseOffset: 0, recordCount: 0, lastOffsetDelta: 0 });
    const gone = await newLog(batches());
    expect((await compactLog(gone.fileSystem, gone.log, { liveProducerIds: [8] })).batches).toHaveLength(2);
  });

  it("keeps a fence that is newer than the last sequence of a producer", async () => {
    const marker = buildEndTransactionMarker({
      type: "abort",
      coordinatorEpoch: 1,
      producerId: 7,
      producerEpoch: 4,
      timestampMs: startMs,
    });
    const { fileSystem, log } = await newLog([marker, put("b", "1")]);
    await compactLog(fileSystem, log);
    const { batches } = await compactLog(fileSystem, log, { dirtyFrom: 2, nowMs: startMs + 1000 });
    expect(batches[0]?.header).toMatchObject({ isControl: true, producerEpoch: 4, recordCount: 1 });
  });

  it("goes on in steps where the memory is small, a batch at least, and with the same end", async () => {
    const segments = Array.from({ length: 5 }, (_, segment) =>
      Array.from({ length: 4 }, (_, index) => put(`key-${(segment * 4 + index) % 7}`, `${segment}-${index}`)),
    );
    const { fileSystem, log } = await newLog(...segments);
    const ends: number[] = [];
    let dirtyFrom = 0;
    while (dirtyFrom < 20) {
      const { result } = await compactLog(fileSystem, log, { dirtyFrom, offsetMapBytesMax: 1 });
      expect(result.cleanedTo).toBeGreaterThan(dirtyFrom);
      dirtyFrom = result.cleanedTo;
      ends.push(dirtyFrom);
    }
    expect(ends.length).toBeGreaterThan(15);
    expect((await log.readRecords(fileSystem)).map(({ offset }) => offset)).toEqual([13, 14, 15, 16, 17, 18, 19]);
  });

  it("ends with the typed error of a batch that cannot be read, and leaves no file", async () => {
    const { fileSystem, log } = await newLog([put("a", "1"), put("a", "2")], [put("b", "1"), put("a", "3")]);
    const before = await namesOf(fileSystem);
    const path = segmentPaths("/log", 2).log;
    const file = await fileSystem.open(path, "write");
    await file.write([Buffer.from([1])], 65);
    // The first group is written by the time that the second is met.
    const job = log.job({ segmentBytesMax: 1, dirtyFrom: 4 });
    await expect(compact(fileSystem, job)).rejects.toMatchObject({ code: "CORRUPT_FILE", details: { path } });
    await expect(compact(fileSystem, log.job())).rejects.toMatchObject({ code: "CORRUPT_FILE" });
    expect(await namesOf(fileSystem)).toEqual(before);
  });

  it("ends with the typed error of a codec that is not there, or whose bytes are none of it, and leaves no file", async () => {
    const batch = put("a", "1");
    // Codec 4, zstd: a package on older versions of Node, and on newer ones these bytes are not of it.
    batch.writeInt16BE(4, 21);
    batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
    const { fileSystem, log } = await newLog([put("b", "1"), put("b", "2")], [batch]);
    const before = await namesOf(fileSystem);
    for (const dirtyFrom of [0, 3]) {
      const error: unknown = await compact(fileSystem, log.job({ dirtyFrom, segmentBytesMax: 1 })).catch(
        (caught) => caught,
      );
      expect(isSluiceError(error) && error.code).toMatch(/^(MISSING_CODEC_PACKAGE|INVALID_RECORD_BATCH)$/);
      expect(await namesOf(fileSystem)).toEqual(before);
    }
  });

  it.each([
    ["write", "ENOSPC", "DISK_FULL"],
    ["write", "EIO", "DISK_FAILED"],
    ["syncData", "EIO", "DISK_FAILED"],
    ["syncDirectory", "EIO", "DISK_FAILED"],
  ] as const)("ends with the disk's error of a %s (%s), and leaves no file", async (operation, errno, code) => {
    const { fileSystem, log } = await newLog([put("a", "1"), put("a", "2")]);
    const before = await namesOf(fileSystem);
    fileSystem.failNext(operation, errno);
    await expect(compact(fileSystem, log.job())).rejects.toMatchObject({ code });
    expect(await namesOf(fileSystem)).toEqual(before);
  });

  it("ends with the signal's reason while it waits for its turn, and leaves no file", async () => {
    const { fileSystem, log } = await newLog([put("a", "1"), put("a", "2")]);
    const before = await namesOf(fileSystem);
    const controller = new AbortController();
    const limiter = new RateLimiter(new NodeClock(), 1);
    const running = compactSegments(log.job(), { fileSystem, limiter }, controller.signal);
    controller.abort(new Error("the log is closed"));
    await expect(running).rejects.toThrow("the log is closed");
    expect(await namesOf(fileSystem)).toEqual(before);
  });
});

describe("groupsOf", () => {
  const source = (baseOffset: number, endOffset: number, sizeBytes: number) => ({ baseOffset, endOffset, sizeBytes });

  it("puts neighbours together that fit into one segment by bytes and by offsets", () => {
    const sources = [source(0, 10, 60), source(10, 20, 40), source(20, 30, 1), source(30, 2 ** 31 + 20, 5)];
    expect(groupsOf(sources, 100).map((group) => group.map(({ baseOffset }) => baseOffset))).toEqual([
      [0, 10],
      [20, 30],
    ]);
    expect(groupsOf([...sources, source(2 ** 31 + 20, 2 ** 31 + 21, 1)], 100)).toHaveLength(3);
    expect(groupsOf([source(0, 10, 500), source(10, 20, 500)], 100)).toHaveLength(2);
    expect(groupsOf([], 100)).toEqual([]);
  });
});
