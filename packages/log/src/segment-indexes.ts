/**
 * Both indexes of one segment, fed with every batch in order, at append and at recovery alike: so a rebuilt index is the
 * one that was lost, byte for byte.
 *
 * Invariant: the time index, once closed, ends with the largest timestamp of the segment.
 */

import type { FileSystem } from "@sluice/model";
import { readIfThere, writeWholeFile } from "./checkpoint-file.js";
import { OffsetIndex, offsetEntrySizeBytes } from "./offset-index.js";
import { segmentPaths } from "./partition-directory.js";
import { TimeIndex, timeEntrySizeBytes } from "./time-index.js";

/** What the indexes need to know of a batch. */
export interface IndexedBatch {
  /** Byte at which the batch starts in the segment. */
  readonly position: number;
  readonly sizeBytes: number;
  readonly lastOffset: number;
  readonly maxTimestampMs: number;
}

export class SegmentIndexes {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
  readonly #intervalBytes: number;
  #bytesSinceEntry = 0;
  #maxTimestampMs: number;
  #maxTimestampOffset: number;

  /** Indexes of an empty segment, or, with `loaded`, those of files: to be continued with the batch of the last entry. */
  constructor(
    options: { baseOffset: number; intervalBytes: number },
    loaded: { offsets: OffsetIndex; times: TimeIndex } = {
      offsets: new OffsetIndex(options.baseOffset),
      times: new TimeIndex(options.baseOffset),
    },
  ) {
    this.offsets = loaded.offsets;
    this.times = loaded.times;
    this.#intervalBytes = options.intervalBytes;
    this.#maxTimestampMs = loaded.times.lastEntry?.timestampMs ?? -1;
    this.#maxTimestampOffset = loaded.times.lastEntry?.offset ?? options.baseOffset;
  }

  /** Largest timestamp of all batches so far; -1 where there is none. */
  get maxTimestampMs(): number {
    return this.#maxTimestampMs;
  }

  /** Bytes of both files. */
  get sizeBytes(): number {
    return this.offsets.sizeBytes + this.times.sizeBytes;
  }

  /** Whether either index may pass `indexBytes` with `queuedBytes` of batches more. */
  isFull(limits: { indexBytes: number; queuedBytes: number }): boolean {
    // One entry for what came since the last, and one that closes the time index.
    const entryCount = 2 + Math.floor(limits.queuedBytes / Math.max(1, this.#intervalBytes));
    const offsetsBytes = this.offsets.sizeBytes + entryCount * offsetEntrySizeBytes;
    return Math.max(offsetsBytes, this.times.sizeBytes + entryCount * timeEntrySizeBytes) > limits.indexBytes;
  }

  add(batch: IndexedBatch): void {
    if (batch.maxTimestampMs > this.#maxTimestampMs) {
      this.#maxTimestampMs = batch.maxTimestampMs;
      this.#maxTimestampOffset = batch.lastOffset;
    }
    if (this.#bytesSinceEntry > this.#intervalBytes) {
      this.offsets.append(batch.lastOffset, batch.position);
      this.times.maybeAppend(this.#maxTimestampMs, this.#maxTimestampOffset);
      this.#bytesSinceEntry = 0;
    }
    this.#bytesSinceEntry += batch.sizeBytes;
  }

  /**
   * What is left of these indexes where the segment ends before the batch at `position`: to be continued with the batch of
   * the last entry, as loaded ones.
   */
  truncatedTo(position: number, baseOffset: number): SegmentIndexes {
    const offsets = new OffsetIndex(baseOffset, Buffer.from(this.offsets.toBytes()));
    const times = new TimeIndex(baseOffset, Buffer.from(this.times.toBytes()));
    offsets.truncateFrom(position);
    // The time index got its entries together with the offset index: what is later than its last entry came later.
    times.truncateFrom((offsets.lastEntry?.offset ?? -1) + 1);
    return new SegmentIndexes({ baseOffset, intervalBytes: this.#intervalBytes }, { offsets, times });
  }

  /** Writes both files and makes their bytes durable; the directory is the caller's to sync. */
  async save(fileSystem: FileSystem, directory: string, baseOffset: number): Promise<void> {
    if (this.#maxTimestampMs >= 0) this.times.maybeAppend(this.#maxTimestampMs, this.#maxTimestampOffset);
    const paths = segmentPaths(directory, baseOffset);
    await writeWholeFile(fileSystem, paths.offsetIndex, this.offsets.toBytes());
    await writeWholeFile(fileSystem, paths.timeIndex, this.times.toBytes());
  }
}

/** The indexes in the files of a segment, or undefined where a file is missing or its entries make no sense. */
export async function loadSegmentIndexes(
  fileSystem: FileSystem,
  directory: string,
  segment: { baseOffset: number; logSizeBytes: number; intervalBytes: number },
): Promise<SegmentIndexes | undefined> {
  const paths = segmentPaths(directory, segment.baseOffset);
  const offsetBytes = await readIfThere(fileSystem, paths.offsetIndex);
  const timeBytes = offsetBytes && (await readIfThere(fileSystem, paths.timeIndex));
  if (offsetBytes === undefined || timeBytes === undefined) return undefined;
  const offsets = OffsetIndex.parse(offsetBytes, segment);
  const times = TimeIndex.parse(timeBytes, segment);
  // A segment with a batch has a timestamp, unless every batch says -1: then rebuilding finds the same, at some cost.
  if (offsets === undefined || times === undefined) return undefined;
  if (segment.logSizeBytes > 0 && times.entryCount === 0) return undefined;
  return new SegmentIndexes(segment, { offsets, times });
}
