/**
 * What a compaction is asked to do and what it did, and the port behind which it runs: in a thread of its own
 * (`compaction-thread`) or in the caller's (`inline-compaction`). Everything here crosses threads as a message: plain data.
 *
 * A job writes `.cleaned` files and changes nothing else. Its swaps are committed by the caller (`segment-swap`), in ascending
 * order and in full: a tombstone of a later swap may go only because what it deletes is gone with an earlier one. While a job
 * runs its sources stay as they are: whoever truncates or deletes them aborts the job first.
 */

/** A closed segment that may be rewritten. */
export interface CompactionSource {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  /** Base offset of the segment after it. */
  readonly endOffset: number;
}

export interface CompactionJob {
  /** Path of the partition's directory. */
  readonly directory: string;
  /** All closed segments that may be rewritten, from the log start on, ascending and without a gap. */
  readonly sources: readonly CompactionSource[];
  /** Offset below which the log was compacted before. */
  readonly dirtyFrom: number;
  /** Exclusive end of what is touched, the end of a source: no open transaction, nothing uncommitted or active is below it. */
  readonly upTo: number;
  /** Size that a segment made of several sources does not pass. */
  readonly segmentBytesMax: number;
  readonly indexIntervalBytes: number;
  /** Wall time: tombstones are judged by it, and new delete horizons counted from it. */
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  /** Memory for the newest offset of each key. Where it is full the job ends with what fitted in, at least one batch. */
  readonly offsetMapBytesMax: number;
  /** Bytes read and written per second. 0: no limit. */
  readonly bytesPerSecMax: number;
  /**
   * Idempotent producers whose last sequence must survive: those that have not expired. Undefined: every one. The last batch of
   * any other goes like any batch.
   */
  readonly liveProducerIds?: readonly number[];
}

/** Sources, and the one segment that takes their place: `<baseOffset>.log.cleaned` and its indexes. */
export interface CompactionSwap {
  /** Base offset of the first source. */
  readonly baseOffset: number;
  /** End offset of the last source. */
  readonly endOffset: number;
  readonly sizeBytes: number;
  /** Base offsets of the sources, ascending. */
  readonly sources: readonly number[];
}

export interface CompactionResult {
  /** Ascending. Empty where nothing changed. */
  readonly swaps: readonly CompactionSwap[];
  /** Once all swaps are committed, the log is compacted below this offset, and below what it was compacted to before. */
  readonly cleanedTo: number;
  /** Highest offset of a tombstone or control record that this job dropped because its horizon had passed. -1: none. */
  readonly tombstonesDroppedTo: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Of the segments that were looked at. */
  readonly recordsKept: number;
  readonly recordsDropped: number;
  /** When the next tombstone or control record may be dropped, ms since 1970. Undefined: none waits for that. */
  readonly nextHorizonMs?: number;
}

export interface CompactionRunner {
  /**
   * Runs one job after the other.
   * @throws the signal's reason; SluiceError MISSING_CODEC_PACKAGE, CORRUPT_FILE or INVALID_RECORD_BATCH for what cannot be
   * read, DISK_FULL, DISK_FAILED, CLOSED. Nothing is changed then.
   */
  run(job: CompactionJob, signal?: AbortSignal): Promise<CompactionResult>;
  /** Aborts what runs, and ends. */
  close(): Promise<void>;
}
