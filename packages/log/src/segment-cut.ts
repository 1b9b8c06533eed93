/** Where a truncation cuts a segment file, and the indexes of what it leaves. */

import { type FileHandle, SluiceError } from "@sluice/model";
import { continueIndexes } from "./segment-index-check.js";
import { SegmentIndexes } from "./segment-indexes.js";
import { type BatchPlace, type SeekableSegment, seekOffset, seekWithoutIndex } from "./segment-reading.js";

/**
 * The end of the last whole batch below `endOffset`, and indexes that end there, to be appended to. Reads only.
 * @throws SluiceError CORRUPT_FILE
 */
export async function planCut(
  file: FileHandle,
  segment: SeekableSegment,
  options: { readonly indexes: SegmentIndexes; readonly endOffset: number; readonly intervalBytes: number },
): Promise<{ cut: BatchPlace; kept: SegmentIndexes }> {
  const { indexes, endOffset, intervalBytes } = options;
  const { baseOffset, gapsBelow, path } = segment;
  const byIndex = await seekOffset(file, segment, endOffset);
  const cut = byIndex ?? (await seekWithoutIndex(file, segment, endOffset));
  const isUseful = byIndex !== undefined;
  const kept = isUseful
    ? indexes.truncatedTo(cut.position, baseOffset)
    : new SegmentIndexes({ baseOffset, intervalBytes });
  const extent = { baseOffset, sizeBytes: cut.position, endOffset: cut.endOffset, gapsBelow };
  const problem = await continueIndexes(file, extent, kept);
  if (problem !== undefined) throw new SluiceError("CORRUPT_FILE", { path, reason: problem.reason });
  return { cut, kept };
}
