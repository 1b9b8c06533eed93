/** Looking for timestamps in a segment file: by the time index first, whose entries are held against their batches, then batch by batch. */

import { type FileHandle, isSluiceError, SluiceError } from "@sluice/model";
import { batchHeaderSizeBytes, type RecordBatchHeader, readBatchHeader, recordsIn } from "@sluice/record";
import { BatchScanner } from "./batch-scanner.js";
import type { SegmentIndexes } from "./segment-indexes.js";
import { readExactly } from "./segment-reading.js";

/** A segment as it was when the look began. */
export interface TimestampedSegment {
  readonly file: FileHandle;
  readonly path: string;
  readonly baseOffset: number;
  readonly sizeBytes: number;
  readonly gapsBelow: number;
  /** Position of the batch that holds `offset`. @throws SluiceError CORRUPT_FILE */
  locate(offset: number): Promise<number>;
  /** `isAnew`: what there was led astray. */
  loadIndexes(options: { isAnew: boolean }): Promise<SegmentIndexes>;
}

export interface OffsetRange {
  readonly fromOffset: number;
  /** Exclusive. */
  readonly upToOffset: number;
}

/**
 * First record at or after `timestampMs` in the range; undefined where there is none.
 * @throws SluiceError CORRUPT_FILE
 */
export async function findTimestamp(
  segment: TimestampedSegment,
  timestampMs: number,
  { fromOffset, upToOffset }: OffsetRange,
): Promise<{ offset: number; timestampMs: number } | undefined> {
  const position = await locateTimestamp(segment, timestampMs, fromOffset);
  const { file, path, sizeBytes: endPosition, gapsBelow } = segment;
  const scanner = new BatchScanner(file, { position, endPosition, gapsBelow, verifiesChecksums: false });
  for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
    for (const { header, bytes } of batches) {
      if (header.baseOffset >= upToOffset) return undefined;
      if (header.maxTimestampMs < timestampMs) continue;
      for (const record of recordsIn(bytes)) {
        if (record.timestampMs < timestampMs || record.offset < fromOffset) continue;
        return record.offset < upToOffset ? { offset: record.offset, timestampMs: record.timestampMs } : undefined;
      }
    }
  }
  if (scanner.problem !== undefined) throw new SluiceError("CORRUPT_FILE", { path, reason: scanner.problem.reason });
  return undefined;
}

/**
 * Largest timestamp of the records in the range, ms; -1 where there is none. Reads what follows the last entry of the time index
 * that lies in the range, batch by batch; without the index, all of it. What compaction left of a batch without records has a
 * timestamp that no record has any more: where it is in the index, only a look without the index finds the truth.
 * @throws SluiceError CORRUPT_FILE
 */
export async function findMaxTimestamp(
  segment: TimestampedSegment,
  { fromOffset, upToOffset }: OffsetRange,
  options: { readonly usesIndex: boolean },
): Promise<number> {
  const { file, path, sizeBytes: endPosition, gapsBelow } = segment;
  const first = fromOffset <= segment.baseOffset ? 0 : await segment.locate(fromOffset);
  const position = options.usesIndex ? await locateLastMaximum(segment, { fromOffset, upToOffset }, first) : first;
  const scanner = new BatchScanner(file, { position, endPosition, gapsBelow, verifiesChecksums: false });
  let maxTimestampMs = -1;
  for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
    for (const { header, bytes } of batches) {
      if (header.baseOffset >= upToOffset) return maxTimestampMs;
      if (header.recordCount === 0 || header.lastOffset < fromOffset) continue;
      if (header.maxTimestampMs <= maxTimestampMs) continue;
      if (header.baseOffset >= fromOffset && header.lastOffset < upToOffset) maxTimestampMs = header.maxTimestampMs;
      else {
        for (const { offset, timestampMs } of recordsIn(bytes)) {
          if (offset >= fromOffset && offset < upToOffset) maxTimestampMs = Math.max(maxTimestampMs, timestampMs);
        }
      }
    }
  }
  if (scanner.problem !== undefined) throw new SluiceError("CORRUPT_FILE", { path, reason: scanner.problem.reason });
  return maxTimestampMs;
}

/** Timestamp of the first record, ms; -1 where there is none. @throws SluiceError CORRUPT_FILE */
export async function readFirstTimestamp(segment: TimestampedSegment): Promise<number> {
  const header = await headerAt(segment, 0);
  if (header === undefined) return -1;
  // Of records that have the time of their append, the base timestamp is what their producer said; with a delete horizon it is
  // something else altogether, and what is left of such a batch was written together.
  const isBaseOfRecords = header.timestampType === "createTime" && !header.hasDeleteHorizon;
  return isBaseOfRecords ? header.baseTimestampMs : header.maxTimestampMs;
}

/** Where to begin to look for a timestamp among the records from `fromOffset` on. */
async function locateTimestamp(segment: TimestampedSegment, timestampMs: number, fromOffset: number): Promise<number> {
  const first = fromOffset <= segment.baseOffset ? 0 : await segment.locate(fromOffset);
  for (const isAnew of [false, true]) {
    const floor = (await segment.loadIndexes({ isAnew })).times.floor(timestampMs);
    if (floor === undefined) return first;
    // All before the batch of the floor entry is earlier than that batch, and so than the timestamp.
    const position = await segment.locate(floor.offset);
    const header = await headerAt(segment, position);
    const isTrue = header?.lastOffset === floor.offset && header.maxTimestampMs === floor.timestampMs;
    if (isTrue) return Math.max(first, position);
  }
  return first;
}

/** Where the batch lies that has the largest timestamp of all before it in the range, as far as the index knows; else `first`. */
async function locateLastMaximum(segment: TimestampedSegment, range: OffsetRange, first: number): Promise<number> {
  const { fromOffset, upToOffset } = range;
  let last: { timestampMs: number; offset: number } | undefined;
  for (const entry of (await segment.loadIndexes({ isAnew: false })).times.entries()) {
    if (entry.offset >= upToOffset) break;
    last = entry;
  }
  if (last === undefined || last.offset < fromOffset) return first;
  const position = await segment.locate(last.offset);
  const header = await headerAt(segment, position);
  const isTrue = header?.lastOffset === last.offset && header.maxTimestampMs === last.timestampMs;
  return isTrue && header.baseOffset >= fromOffset ? position : first;
}

async function headerAt(
  { file, path, sizeBytes }: TimestampedSegment,
  position: number,
): Promise<RecordBatchHeader | undefined> {
  if (position + batchHeaderSizeBytes > sizeBytes) return undefined;
  const bytes = await readExactly(file, position, batchHeaderSizeBytes, path);
  try {
    return readBatchHeader(bytes);
  } catch (error) {
    if (!isSluiceError(error, "INVALID_RECORD_BATCH")) throw error;
    throw new SluiceError("CORRUPT_FILE", { path, reason: `no batch at position ${position}` });
  }
}
