/**
 * Holds the indexes of a segment against its log file: makes them anew, continues them, and tells whether loaded ones are
 * those of this log.
 *
 * A check reads the end of the log only: from the batch of the last entry of either index on, which is little where
 * timestamps rise. It finds an index that is of another log, lacks its last entries or a largest timestamp. A single entry in
 * the middle is held against its batch by whoever uses it.
 */

import type { FileHandle } from "@sluice/model";
import type { RecordBatchHeader } from "@sluice/record";
import { BatchScanner, type ScanProblem } from "./batch-scanner.js";
import { SegmentIndexes } from "./segment-indexes.js";

/** What is known of a segment from its name, its file and its successor. */
export interface SegmentExtent {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  readonly endOffset: number;
  /** Exclusive end of the offsets that may be missing between two batches. Not given: all of the segment. */
  readonly gapsBelow?: number | undefined;
}

/** Why the log file is not what it should be; undefined where it is. */
function problemOf(scanner: BatchScanner, extent: SegmentExtent): ScanProblem | undefined {
  const endOffset = scanner.nextOffset ?? extent.baseOffset;
  if (scanner.problem !== undefined || endOffset === extent.endOffset) return scanner.problem;
  const reason = `its batches end at offset ${endOffset} where ${extent.endOffset} follows`;
  return { position: scanner.position, reason, isTorn: false };
}

/** Indexes made from the batches, or what is wrong with these. */
export async function rebuildIndexes(
  file: FileHandle,
  extent: SegmentExtent,
  intervalBytes: number,
): Promise<SegmentIndexes | ScanProblem> {
  const indexes = new SegmentIndexes({ baseOffset: extent.baseOffset, intervalBytes });
  return (await continueIndexes(file, extent, indexes)) ?? indexes;
}

/** Adds the batches from that of the last entry on. Returns what is wrong with them; undefined where nothing is. */
export async function continueIndexes(
  file: FileHandle,
  extent: SegmentExtent,
  indexes: SegmentIndexes,
): Promise<ScanProblem | undefined> {
  const { baseOffset } = extent;
  const last = indexes.offsets.lastEntry;
  const scanner = headersFrom(file, extent, last === undefined ? { position: 0, baseOffset } : last);
  for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
    for (const { position, header } of batches) {
      if (!isInside(header, extent)) return outside(position, extent);
      indexes.add({ ...header, position });
    }
  }
  return problemOf(scanner, extent);
}

/** Whether loaded indexes are those of the log file. */
export async function areIndexesOfLog(
  file: FileHandle,
  extent: SegmentExtent,
  indexes: SegmentIndexes,
): Promise<boolean> {
  const { entryCount, lastEntry: lastOffset } = indexes.offsets;
  const lastTime = indexes.times.lastEntry;
  const start = lastTime === undefined ? undefined : indexes.offsets.floor(lastTime.offset);
  const scanner = headersFrom(file, extent, start ?? { position: 0, baseOffset: extent.baseOffset });
  let expected = start;
  let isTimeFound = lastTime === undefined;
  for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
    for (const { position, header } of batches) {
      if (!isInside(header, extent)) return false;
      if (lastOffset !== undefined && position >= lastOffset.position) {
        if (position === lastOffset.position) expected = lastOffset;
        indexes.add({ ...header, position });
      } else if (lastOffset === undefined) indexes.add({ ...header, position });
      if (expected !== undefined && header.lastOffset !== expected.offset) return false;
      expected = undefined;
      if (header.maxTimestampMs > (lastTime?.timestampMs ?? -1)) return false;
      isTimeFound ||= header.lastOffset === lastTime?.offset && header.maxTimestampMs === lastTime.timestampMs;
    }
  }
  return isTimeFound && indexes.offsets.entryCount === entryCount && problemOf(scanner, extent) === undefined;
}

/** Checked before a batch is added: an index holds the offsets of its segment, and no others. */
function isInside(header: RecordBatchHeader, extent: SegmentExtent): boolean {
  return header.baseOffset >= extent.baseOffset && header.lastOffset < extent.endOffset;
}

function outside(position: number, { baseOffset, endOffset }: SegmentExtent): ScanProblem {
  const reason = `a batch that is not of the offsets from ${baseOffset} to ${endOffset}`;
  return { position, reason, isTorn: false };
}

function headersFrom(
  file: FileHandle,
  extent: SegmentExtent,
  start: { readonly position: number; readonly baseOffset?: number },
): BatchScanner {
  const { position, baseOffset } = start;
  const gapsBelow = extent.gapsBelow ?? extent.endOffset;
  const range = { position, endPosition: extent.sizeBytes, verifiesChecksums: false, gapsBelow };
  return new BatchScanner(file, baseOffset === undefined ? range : { ...range, baseOffset });
}
