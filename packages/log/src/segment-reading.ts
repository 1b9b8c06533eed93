/**
 * Finding a place in a segment file by its headers, and the whole batches that may be served from there.
 *
 * The first 16 bytes of a batch have no checksum, and no checksum is computed here: whoever gets the batches does that. What
 * is checked instead costs a few numbers a batch: each begins where the one before ends, except where compaction was, ends
 * within the segment, and has the leader epoch that the log has at its offset. So no damage is served as a batch of another
 * place or epoch, and none looks like the end of the log.
 */

import { type FileHandle, SluiceError } from "@sluice/model";
import {
  batchBaseOffset,
  batchHeaderSizeBytes,
  batchLastOffset,
  batchLeaderEpoch,
  batchSizeBytes,
  verifyBatchChecksum,
} from "@sluice/record";
import { batchSizeBytesMax } from "./batch-scanner.js";
import type { LeaderEpochCache } from "./leader-epoch-cache.js";
import type { OffsetIndex } from "./offset-index.js";

/** Bytes that are read to look at headers only. */
const headerWindowBytes = 8 * 1024;
/** The format of a batch, and the byte that says it. */
const magic = 2;
const magicPosition = 16;

/** What of a segment file is written, and an index of it. */
export interface SeekableSegment {
  readonly path: string;
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** Exclusive end of the offsets that may be missing between two batches. */
  readonly gapsBelow: number;
  /** Undefined: from the start, header by header. */
  readonly offsets: OffsetIndex | undefined;
}

/** A place between two batches: a byte of the file, and the offset after the batch before it. */
export interface BatchPlace {
  readonly position: number;
  readonly endOffset: number;
}

/**
 * Position of the first batch whose last offset is `offset` or above, or the end of the segment, and the end offset of the
 * batches before it. Undefined where the index leads to something else than it says.
 * @throws SluiceError CORRUPT_FILE
 */
export async function seekOffset(
  file: FileHandle,
  segment: SeekableSegment,
  offset: number,
): Promise<BatchPlace | undefined> {
  // The batch of the entry ends below `offset`, so that the end of what comes before the place is known.
  const entry = segment.offsets?.floor(offset - 1);
  let position = entry?.position ?? 0;
  let endOffset = segment.baseOffset;
  let isEntry = entry !== undefined;
  while (position + batchHeaderSizeBytes <= segment.sizeBytes) {
    const windowBytes = Math.min(headerWindowBytes, segment.sizeBytes - position);
    const window = await readExactly(file, position, windowBytes, segment.path);
    let at = 0;
    while (at + batchHeaderSizeBytes <= window.length) {
      const lastOffset = batchLastOffset(window, at);
      if (isEntry && lastOffset !== entry?.offset) return undefined;
      const isInOrder = isEntry || follows(batchBaseOffset(window, at), endOffset, segment.gapsBelow);
      isEntry = false;
      if (isInOrder && lastOffset >= offset) return { position: position + at, endOffset };
      const sizeBytes = batchSizeBytes(window, at);
      if (!isInOrder || sizeBytes < batchHeaderSizeBytes || lastOffset < endOffset) {
        throw unreadable(segment.path, `no batch that follows offset ${endOffset} at position ${position + at}`);
      }
      endOffset = lastOffset + 1;
      at += sizeBytes;
    }
    position += at;
  }
  return { position: segment.sizeBytes, endOffset };
}

/** As `seekOffset`, from the start of the segment. @throws SluiceError CORRUPT_FILE */
export async function seekWithoutIndex(
  file: FileHandle,
  segment: SeekableSegment,
  offset: number,
): Promise<BatchPlace> {
  const found = await seekOffset(file, { ...segment, offsets: undefined }, offset);
  if (found !== undefined) return found;
  throw unreadable(segment.path, `nothing leads to offset ${offset}`);
}

/** @throws SluiceError CORRUPT_FILE where the file ends earlier */
export async function readExactly(
  file: FileHandle,
  position: number,
  sizeBytes: number,
  path: string,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(sizeBytes);
  const readBytes = await file.read(buffer, position);
  if (readBytes === sizeBytes) return buffer;
  throw unreadable(path, `it ends at ${position + readBytes}, and more was written`);
}

/** Where a read begins, where it ends, and what batches there may be. */
export interface ServedRange {
  /** Offset after the batch before the first; the base offset of the segment where there is none. */
  readonly startOffset: number;
  /** No batch whose last offset is at or above it is served. */
  readonly upToOffset: number;
  /** Exclusive end of the offsets that may be missing between two batches. */
  readonly gapsBelow: number;
  /** Of the segment, as written when the read began: its end offset, and its bytes from the first batch on. */
  readonly segmentEnd: { readonly endOffset: number; readonly sizeBytes: number };
  /** Undefined: only the order of epochs is checked. */
  readonly epochs: LeaderEpochCache | undefined;
}

interface ServedBatches {
  /** Of the whole batches that may be served. */
  readonly sizeBytes: number;
  /** Offset after the last of them; `startOffset` where there is none. */
  readonly endOffset: number;
  /** What is wrong with the batch after them; undefined where that is whole, or is not looked at. */
  readonly problem: string | undefined;
}

/**
 * Reads the batches that may be served from `position` on: as many as fit in `sizeBytesMax`, at least one where there is one.
 * None where the first ends at `upToOffset` or above. What is good before damage is served.
 * @throws SluiceError CORRUPT_FILE where the first batch is damaged
 */
export async function readBatches(
  file: FileHandle,
  from: { readonly path: string; readonly position: number; readonly sizeBytesMax: number },
  range: ServedRange,
): Promise<{ batches: Buffer; endOffset: number }> {
  const { path, position } = from;
  const sizeBytes = Math.min(Math.max(from.sizeBytesMax, batchHeaderSizeBytes), range.segmentEnd.sizeBytes);
  if (sizeBytes < batchHeaderSizeBytes) throw unreadable(path, `no batch at position ${position}`);
  let bytes = await readExactly(file, position, sizeBytes, path);
  let served = servedBatches(bytes, range);
  if (served.sizeBytes === 0 && served.problem === undefined) {
    // The first batch is larger than what was asked for, or ends at `upToOffset` or above.
    const firstBytes = batchSizeBytes(bytes);
    if (firstBytes > bytes.length) bytes = await readExactly(file, position, firstBytes, path);
    served = servedBatches(bytes, range);
    // Nothing is to be served because a batch says so: it is to be believed.
    if (served.sizeBytes === 0 && !verifyBatchChecksum(bytes, 0, firstBytes)) {
      throw unreadable(path, `the checksum of the batch at position ${position} does not fit its bytes`);
    }
  }
  if (served.problem !== undefined && served.sizeBytes === 0) {
    throw unreadable(path, `${served.problem} at position ${position}`);
  }
  return { batches: bytes.subarray(0, served.sizeBytes), endOffset: served.endOffset };
}

/** The whole batches at the start of `bytes` that may be served. */
function servedBatches(bytes: Buffer, range: ServedRange): ServedBatches {
  const { upToOffset, gapsBelow, segmentEnd, epochs } = range;
  let endOffset = range.startOffset;
  let sizeBytes = 0;
  let epoch = 0;
  let epochEndOffset = endOffset;
  while (sizeBytes + batchHeaderSizeBytes <= bytes.length) {
    const baseOffset = batchBaseOffset(bytes, sizeBytes);
    const lastOffset = batchLastOffset(bytes, sizeBytes);
    const next = sizeBytes + batchSizeBytes(bytes, sizeBytes);
    const found = batchLeaderEpoch(bytes, sizeBytes);
    let isRight = follows(baseOffset, endOffset, gapsBelow) && lastOffset >= baseOffset;
    isRight &&= isSizeSane(next - sizeBytes) && bytes[sizeBytes + magicPosition] === magic;
    isRight &&= isWithin(lastOffset + 1, next, segmentEnd);
    if (isRight && lastOffset >= epochEndOffset) {
      const run = epochs?.runAt(lastOffset);
      isRight = found >= epoch && (run === undefined || run.epoch === found);
      epochEndOffset = run?.endOffset ?? 0;
      epoch = found;
    } else isRight &&= found === epoch;
    if (!isRight) return { sizeBytes, endOffset, problem: `no batch that follows offset ${endOffset}` };
    if (lastOffset >= upToOffset || next > bytes.length) break;
    sizeBytes = next;
    endOffset = lastOffset + 1;
  }
  return { sizeBytes, endOffset, problem: undefined };
}

function isSizeSane(sizeBytes: number): boolean {
  return sizeBytes >= batchHeaderSizeBytes && sizeBytes <= batchSizeBytesMax;
}

/** The last batch ends where the segment does, by offset and by byte; any other ends earlier by both. */
function isWithin(endOffset: number, sizeBytes: number, segmentEnd: ServedRange["segmentEnd"]): boolean {
  if (endOffset === segmentEnd.endOffset) return sizeBytes === segmentEnd.sizeBytes;
  return endOffset < segmentEnd.endOffset && sizeBytes < segmentEnd.sizeBytes;
}

function follows(baseOffset: number, endOffset: number, gapsBelow: number): boolean {
  return baseOffset === endOffset || (baseOffset > endOffset && baseOffset <= gapsBelow);
}

function unreadable(path: string, reason: string): SluiceError {
  return new SluiceError("CORRUPT_FILE", { path, reason });
}
