/**
 * Compaction against a plain list of everything that was ever appended: batches of all kinds, transactions across segments,
 * jobs with random bounds and little memory. After each job a reader finds for every key what the list says.
 */

import { VirtualClock } from "@sluice/model/testing";
import { buildEndTransactionMarker, type RecordBatchHeader } from "@sluice/record";
import fc from "fast-check";
import { expect, it } from "vitest";
import { fraction } from "../../../../test/support/fraction.js";
import { propertyRuns } from "../../../../test/support/property-runs.js";
import { segmentPaths } from "../partition-directory.js";
import { loadSegmentIndexes, SegmentIndexes } from "../segment-indexes.js";
import {
  indexIntervalBytes,
  type KeyedRecord,
  keyedBatch,
  SegmentsOnDisk,
  type StoredRecord,
  startMs,
} from "../testing/compaction-fixture.js";
import { MemoryFileSystem } from "../testing/index.js";
import { seededRandom } from "../testing/log-fixture.js";
import type { CompactionResult } from "./compaction-job.js";
import { InlineCompaction } from "./inline-compaction.js";

type BatchCommand =
  | { type: "data"; producerId: number; isTransactional: boolean; records: KeyedRecord[]; isCompressed: boolean }
  | { type: "end"; producerId: number; isCommit: boolean };

type Command =
  | { type: "segment"; batches: BatchCommand[] }
  | { type: "compact"; upTo: number; segmentBytesMax: number; mapBytesMax: number; passedMs: number };

const record: fc.Arbitrary<KeyedRecord> = fc.record({
  key: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom("a", "b", "c", "d") },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  value: fc.oneof({ weight: 3, arbitrary: fc.string({ maxLength: 40 }) }, { weight: 1, arbitrary: fc.constant(null) }),
});

const batch: fc.Arbitrary<BatchCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("data" as const),
      producerId: fc.constantFrom(-1, -1, 1, 2, 3, 4),
      isTransactional: fc.constant(false),
      records: fc.array(record, { minLength: 1, maxLength: 5 }),
      isCompressed: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("end" as const),
      producerId: fc.constantFrom(3, 4),
      isCommit: fc.boolean(),
    }),
  },
);

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("segment" as const),
      batches: fc.array(batch, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("compact" as const),
      upTo: fraction,
      segmentBytesMax: fc.constantFrom(200, 600, 100_000),
      mapBytesMax: fc.constantFrom(1, 10_000_000),
      passedMs: fc.constantFrom(0, 400, 1000),
    }),
  },
);

const deleteRetentionMs = 1000;

interface ModelRecord extends StoredRecord {
  producerId: number;
  status: "committed" | "aborted" | "open";
  /** First job that looked at it with its map. */
  metAtMs: number | undefined;
}

class CompactedLog {
  readonly fileSystem = new MemoryFileSystem(seededRandom(1));
  readonly #compaction = new InlineCompaction({ fileSystem: this.fileSystem, clock: new VirtualClock() });
  readonly #model: ModelRecord[] = [];
  readonly #sequences = new Map<number, number>();
  readonly #lastData = new Map<number, { lastOffset: number; baseSequence: number }>();
  /** Offset of the marker by the offsets of the batches that it ended. */
  readonly #markers = new Map<number, number>();
  readonly #openBatches = new Map<number, number[]>();
  #nowMs = startMs;
  #cleanedTo = 0;
  #segments: SegmentsOnDisk | undefined;

  async segments(): Promise<SegmentsOnDisk> {
    this.#segments ??= await SegmentsOnDisk.create(this.fileSystem);
    return this.#segments;
  }

  async addSegment(commands: readonly BatchCommand[]): Promise<void> {
    const segments = await this.segments();
    let offset = segments.endOffset;
    const batches: Buffer[] = [];
    for (const each of commands) {
      const bytes = each.type === "data" ? this.#data(each, offset) : this.#end(each, offset);
      batches.push(bytes);
      offset += bytes.readInt32BE(23) + 1;
    }
    await segments.addSegment(this.fileSystem, batches);
  }

  async compact(options: Extract<Command, { type: "compact" }>): Promise<void> {
    const segments = await this.segments();
    this.#nowMs += options.passedMs;
    const firstOpen = Math.min(segments.endOffset, ...[...this.#openBatches.values()].flat());
    const allowed = segments.sources.filter(({ endOffset }) => endOffset <= firstOpen);
    const sources = allowed.slice(0, Math.ceil(options.upTo * allowed.length));
    const upTo = sources.at(-1)?.endOffset ?? 0;
    const job = segments.job({
      sources,
      upTo,
      dirtyFrom: Math.min(this.#cleanedTo, upTo),
      nowMs: this.#nowMs,
      deleteRetentionMs,
      segmentBytesMax: options.segmentBytesMax,
      offsetMapBytesMax: options.mapBytesMax,
    });
    const before = await segments.readRecords(this.fileSystem);
    const result = await this.#compaction.run(job);
    expect(result.cleanedTo).toBeLessThanOrEqual(upTo);
    for (const each of this.#model) if (each.offset < result.cleanedTo) each.metAtMs ??= this.#nowMs;
    this.#cleanedTo = Math.max(this.#cleanedTo, result.cleanedTo);
    const endOffset = segments.endOffset;
    await segments.commit(this.fileSystem, result);
    expect(segments.endOffset).toBe(endOffset);
    await this.#check(before, result);
  }

  async #check(before: readonly StoredRecord[], result: CompactionResult): Promise<void> {
    const segments = await this.segments();
    const after = await segments.readRecords(this.fileSystem);
    const modelAt = new Map(this.#model.map((each) => [each.offset, each]));
    for (const { offset, timestampMs, key, value } of after) {
      const written = modelAt.get(offset);
      expect({ offset, timestampMs, key, value }).toEqual(written && plain(written));
    }
    this.#checkStates(before, after);
    this.#checkTombstones(after, result);
    this.#checkEffect(after);
    this.#checkBatches((await segments.readBatches(this.fileSystem)).map(({ header }) => header));
    await this.#checkIndexes();
  }

  /** A reader that is at `x` when the swap happens ends with the same state as one that read all there ever was. */
  #checkStates(before: readonly StoredRecord[], after: readonly StoredRecord[]): void {
    const expected = this.#stateOf(this.#model);
    for (const x of new Set([0, ...before.map(({ offset }) => offset), Number.MAX_SAFE_INTEGER])) {
      const seen = [...before.filter(({ offset }) => offset < x), ...after.filter(({ offset }) => offset >= x)];
      expect(this.#stateOf(seen)).toEqual(expected);
    }
  }

  #checkTombstones(after: readonly StoredRecord[], result: CompactionResult): void {
    const present = new Set(after.map(({ offset }) => offset));
    const newest = new Map<string, ModelRecord>();
    for (const each of this.#model) if (each.key !== null && each.status === "committed") newest.set(each.key, each);
    for (const each of newest.values()) {
      if (present.has(each.offset)) continue;
      expect(each.value).toBeNull();
      expect(each.metAtMs).toBeDefined();
      expect(this.#nowMs - (each.metAtMs ?? 0)).toBeGreaterThanOrEqual(deleteRetentionMs);
    }
    if (result.nextHorizonMs !== undefined) expect(result.nextHorizonMs).toBeGreaterThan(this.#nowMs);
  }

  /** Below where it ended, compaction left one record a key and none that was aborted or has no key. */
  #checkEffect(after: readonly StoredRecord[]): void {
    const compacted = after.filter(({ offset }) => offset < this.#cleanedTo);
    const keys = compacted.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).not.toContain(null);
    const aborted = new Set(this.#model.filter(({ status }) => status === "aborted").map(({ offset }) => offset));
    expect(compacted.filter(({ offset }) => aborted.has(offset))).toEqual([]);
  }

  #checkBatches(headers: readonly RecordBatchHeader[]): void {
    for (const [producerId, last] of this.#lastData) {
      const own = headers.filter((header) => header.producerId === producerId && !header.isControl);
      expect(own.at(-1)).toMatchObject(last);
    }
    const markersWithRecords = new Set(
      headers.filter(({ isControl, recordCount }) => isControl && recordCount > 0).map(({ baseOffset }) => baseOffset),
    );
    for (const { baseOffset } of headers) {
      const marker = this.#markers.get(baseOffset);
      if (marker !== undefined) expect(markersWithRecords.has(marker), `marker ${marker} of ${baseOffset}`).toBe(true);
    }
  }

  async #checkIndexes(): Promise<void> {
    const segments = await this.segments();
    const batches = await segments.readBatches(this.fileSystem);
    for (const { baseOffset, endOffset, sizeBytes } of segments.sources) {
      const segment = { baseOffset, logSizeBytes: sizeBytes, intervalBytes: indexIntervalBytes };
      expect(await loadSegmentIndexes(this.fileSystem, segments.directory, segment)).toBeDefined();
      const rebuilt = new SegmentIndexes(segment);
      let position = 0;
      for (const { header } of batches) {
        if (header.baseOffset < baseOffset || header.baseOffset >= endOffset) continue;
        rebuilt.add({ ...header, position });
        position += header.sizeBytes;
      }
      const paths = segmentPaths(segments.directory, baseOffset);
      const found = [
        await this.fileSystem.readFile(paths.offsetIndex),
        await this.fileSystem.readFile(paths.timeIndex),
      ];
      await rebuilt.save(this.fileSystem, segments.directory, baseOffset);
      expect(found).toEqual([
        await this.fileSystem.readFile(paths.offsetIndex),
        await this.fileSystem.readFile(paths.timeIndex),
      ]);
    }
  }

  /** The newest value of each key, as a reader of committed records knows it. */
  #stateOf(records: readonly StoredRecord[]): Map<string, string> {
    const status = new Map(this.#model.map((each) => [each.offset, each.status]));
    const state = new Map<string, string>();
    for (const { offset, key, value } of records) {
      if (key === null || status.get(offset) !== "committed") continue;
      if (value === null) state.delete(key);
      else state.set(key, value);
    }
    return new Map([...state].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #data(each: Extract<BatchCommand, { type: "data" }>, offset: number): Buffer {
    const { producerId, records } = each;
    const isTransactional = producerId >= 3;
    const timestampMs = startMs + offset;
    for (const [index, { key, value }] of records.entries()) {
      const status = isTransactional ? "open" : "committed";
      this.#model.push({ offset: offset + index, timestampMs, key, value, producerId, status, metAtMs: undefined });
    }
    const compression = each.isCompressed ? "gzip" : "none";
    if (producerId < 0) return keyedBatch(records, { compression, timestampMs });
    const baseSequence = this.#sequences.get(producerId) ?? 0;
    this.#sequences.set(producerId, baseSequence + records.length);
    this.#lastData.set(producerId, { lastOffset: offset + records.length - 1, baseSequence });
    if (isTransactional) this.#openBatches.set(producerId, [...(this.#openBatches.get(producerId) ?? []), offset]);
    const producer = { producerId, producerEpoch: 0, baseSequence, isTransactional };
    return keyedBatch(records, { compression, timestampMs, producer });
  }

  #end({ producerId, isCommit }: Extract<BatchCommand, { type: "end" }>, offset: number): Buffer {
    const status = isCommit ? "committed" : "aborted";
    for (const each of this.#model) if (each.producerId === producerId && each.status === "open") each.status = status;
    for (const batchOffset of this.#openBatches.get(producerId) ?? []) this.#markers.set(batchOffset, offset);
    this.#openBatches.delete(producerId);
    const type = isCommit ? "commit" : "abort";
    return buildEndTransactionMarker({
      type,
      coordinatorEpoch: 1,
      producerId,
      producerEpoch: 0,
      timestampMs: startMs + offset,
    });
  }
}

function plain({ offset, timestampMs, key, value }: ModelRecord): StoredRecord {
  return { offset, timestampMs, key, value };
}

it("keeps for every key what a list of all records says, through any sequence of appends and compactions", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 2, maxLength: 20, size: "max" }), async (commands) => {
      const log = new CompactedLog();
      await log.segments();
      for (const each of commands) {
        if (each.type === "segment") await log.addSegment(each.batches);
        else await log.compact(each);
      }
    }),
    { numRuns: propertyRuns({ usual: 100, long: 10_000 }) },
  );
});
