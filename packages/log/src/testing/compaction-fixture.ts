/**
 * What the tests of compaction share: a log of closed segments made by hand, a job over all of them, and what a reader finds.
 */

import type { FileSystem } from "@sluice/model";
import {
  type BatchProducer,
  batchesIn,
  type CompressionCodec,
  RecordBatchBuilder,
  type RecordBatchHeader,
  readBatchHeader,
  recordsIn,
  stampBatch,
  verifyBatchChecksum,
} from "@sluice/record";
import { writeWholeFile } from "../checkpoint-file.js";
import type { CompactionJob, CompactionResult, CompactionSource } from "../compaction/compaction-job.js";
import { commitSwap } from "../compaction/segment-swap.js";
import { segmentPaths } from "../partition-directory.js";
import { SegmentIndexes } from "../segment-indexes.js";

export const indexIntervalBytes = 200;
export const startMs = 1_700_000_000_000;

/** A record as the tests write it: `value` null is a tombstone. */
export interface KeyedRecord {
  readonly key: string | null;
  readonly value: string | null;
}

export interface StoredRecord extends KeyedRecord {
  readonly offset: number;
  readonly timestampMs: number;
}

export interface KeyedBatchOptions {
  readonly compression?: CompressionCodec;
  readonly timestampMs?: number;
  readonly producer?: BatchProducer;
}

/** One batch with base offset 0. */
export function keyedBatch(records: readonly KeyedRecord[], options: KeyedBatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder({ compression: options.compression ?? "none" });
  for (const { key, value } of records) {
    builder.append({ timestampMs: options.timestampMs ?? startMs, key: bytesOf(key), value: bytesOf(value) });
  }
  return builder.build(options.producer);
}

/** Closed segments in a directory, and after them the empty active one. */
export class SegmentsOnDisk {
  readonly directory: string;
  readonly sources: CompactionSource[] = [];
  endOffset = 0;

  constructor(directory: string) {
    this.directory = directory;
  }

  static async create(fileSystem: FileSystem, directory = "/log"): Promise<SegmentsOnDisk> {
    await fileSystem.makeDirectory(directory);
    const segments = new SegmentsOnDisk(directory);
    await segments.#writeActive(fileSystem);
    return segments;
  }

  /** Writes the batches, stamped, into a segment, and closes it. */
  async addSegment(fileSystem: FileSystem, batches: readonly Buffer[]): Promise<void> {
    const baseOffset = this.endOffset;
    const indexes = new SegmentIndexes({ baseOffset, intervalBytes: indexIntervalBytes });
    let sizeBytes = 0;
    for (const batch of batches) {
      stampBatch(batch, 0, { baseOffset: this.endOffset, leaderEpoch: 1 });
      const header = readBatchHeader(batch);
      indexes.add({ ...header, position: sizeBytes });
      sizeBytes += batch.length;
      this.endOffset = header.lastOffset + 1;
    }
    await writeWholeFile(fileSystem, segmentPaths(this.directory, baseOffset).log, Buffer.concat(batches));
    await indexes.save(fileSystem, this.directory, baseOffset);
    this.sources.push({ baseOffset, sizeBytes, endOffset: this.endOffset });
    await this.#writeActive(fileSystem);
  }

  job(changes: Partial<CompactionJob> = {}): CompactionJob {
    return {
      directory: this.directory,
      sources: this.sources,
      dirtyFrom: 0,
      upTo: this.endOffset,
      segmentBytesMax: 1_000_000,
      indexIntervalBytes,
      nowMs: startMs,
      deleteRetentionMs: 1000,
      offsetMapBytesMax: 10_000_000,
      bytesPerSecMax: 0,
      ...changes,
    };
  }

  /** Commits the swaps of a job, unlinks what they replace, and knows the new segments from then on. */
  async commit(fileSystem: FileSystem, result: CompactionResult): Promise<void> {
    for (const swap of result.swaps) {
      for (const path of await commitSwap(fileSystem, this.directory, swap)) await fileSystem.removeFile(path);
      const first = this.sources.findIndex(({ baseOffset }) => baseOffset === swap.baseOffset);
      const { baseOffset, endOffset, sizeBytes } = swap;
      this.sources.splice(first, swap.sources.length, { baseOffset, endOffset, sizeBytes });
    }
  }

  /** All batches of the closed segments, checked. */
  async readBatches(fileSystem: FileSystem): Promise<{ header: RecordBatchHeader; bytes: Buffer }[]> {
    const found: { header: RecordBatchHeader; bytes: Buffer }[] = [];
    for (const { baseOffset, endOffset, sizeBytes } of this.sources) {
      const file = await fileSystem.readFile(segmentPaths(this.directory, baseOffset).log);
      if (file.length !== sizeBytes) throw new Error(`${baseOffset}: ${file.length} bytes, not ${sizeBytes}`);
      let nextOffset = baseOffset;
      for (const bytes of batchesIn(file)) {
        const header = readBatchHeader(bytes);
        if (!verifyBatchChecksum(bytes, 0, bytes.length)) throw new Error(`checksum at ${header.baseOffset}`);
        if (header.baseOffset < nextOffset) throw new Error(`order at ${header.baseOffset}`);
        nextOffset = header.lastOffset + 1;
        found.push({ header, bytes });
      }
      if (nextOffset !== endOffset) throw new Error(`segment ${baseOffset} ends at ${nextOffset}, not ${endOffset}`);
    }
    return found;
  }

  /** All records of the closed segments but those of control batches. */
  async readRecords(fileSystem: FileSystem): Promise<StoredRecord[]> {
    const batches = await this.readBatches(fileSystem);
    return batches.filter(({ header }) => !header.isControl).flatMap(({ bytes }) => storedRecords(bytes));
  }

  async #writeActive(fileSystem: FileSystem): Promise<void> {
    await writeWholeFile(fileSystem, segmentPaths(this.directory, this.endOffset).log, Buffer.alloc(0));
    await fileSystem.syncDirectory(this.directory);
  }
}

/** Copies of the records of a batch. */
export function storedRecords(batch: Buffer): StoredRecord[] {
  return [...recordsIn(batch)].map(({ offset, timestampMs, key, value }) => ({
    offset,
    timestampMs,
    key: key?.toString() ?? null,
    value: value?.toString() ?? null,
  }));
}

function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text);
}
