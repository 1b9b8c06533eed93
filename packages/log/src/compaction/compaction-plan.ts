/**
 * Decides whether a log is worth compacting now, and which part of it may be. Pure.
 *
 * Touched are only closed segments that lie whole below the high watermark and below the first open transaction (P48), and of
 * those that were never compacted only such whose records are all older than min.compaction.lag.ms. It is time when enough of
 * their bytes is new (min.cleanable.dirty.ratio), when a record that was never compacted is older than max.compaction.lag.ms,
 * or when a tombstone's delete horizon has passed.
 */

import type { TopicConfig } from "@sluice/model";
import type { CompactionCheckpoint } from "./compaction-checkpoint.js";
import type { CompactionSource } from "./compaction-job.js";

export interface ClosedSegment extends CompactionSource {
  /** Largest timestamp of its records, ms since 1970; -1: none. */
  readonly maxTimestampMs: number;
  /** Timestamp of its first record, where that is known; else the largest one stands for it. */
  readonly firstTimestampMs?: number;
}

export interface CompactionPlanInput {
  /** All segments of the log but the active one, ascending. */
  readonly closedSegments: readonly ClosedSegment[];
  readonly checkpoint: CompactionCheckpoint;
  readonly config: Pick<TopicConfig, "min.cleanable.dirty.ratio" | "min.compaction.lag.ms" | "max.compaction.lag.ms">;
  readonly highWatermark: number;
  /** Offset of the first record of a transaction that has not ended. Undefined: there is none. */
  readonly firstOpenTransactionOffset: number | undefined;
  readonly nowMs: number;
  /** `nextHorizonMs` of the last compaction. */
  readonly nextHorizonMs: number | undefined;
  /**
   * `upTo` of the last job, where it got no further than it began: the end of a transaction is not among the closed segments
   * yet. It is not tried again before there are more of them.
   */
  readonly fruitlessUpTo?: number;
}

export interface CompactionPlan {
  /** Why: undefined where there is nothing to do yet. */
  readonly reason: "dirtyRatio" | "maxLag" | "deleteHorizon" | undefined;
  /** New bytes by all bytes that may be touched, in [0, 1]. */
  readonly dirtyRatio: number;
  /** These three are fields of the job. */
  readonly sources: readonly CompactionSource[];
  readonly dirtyFrom: number;
  readonly upTo: number;
}

export function planCompaction(input: CompactionPlanInput): CompactionPlan {
  const segments = cleanableSegments(input);
  const { cleanedTo } = input.checkpoint;
  const upTo = segments.at(-1)?.endOffset ?? 0;
  const dirtyFrom = Math.min(Math.max(cleanedTo, segments[0]?.baseOffset ?? 0), upTo);
  const sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  const dirtyBytes = segments.reduce((sum, segment) => sum + dirtyBytesOf(segment, dirtyFrom), 0);
  const dirtyRatio = sizeBytes === 0 ? 0 : dirtyBytes / sizeBytes;
  const sources = segments.map(({ baseOffset, endOffset, sizeBytes }) => ({ baseOffset, endOffset, sizeBytes }));
  return { reason: reasonOf(input, segments, dirtyRatio, dirtyFrom), dirtyRatio, sources, dirtyFrom, upTo };
}

function cleanableSegments(input: CompactionPlanInput): readonly ClosedSegment[] {
  const { closedSegments, highWatermark, firstOpenTransactionOffset = Number.POSITIVE_INFINITY, nowMs } = input;
  const bound = Math.min(highWatermark, firstOpenTransactionOffset);
  const oldBeforeMs = nowMs - input.config["min.compaction.lag.ms"];
  const end = closedSegments.findIndex(({ endOffset, maxTimestampMs }) => {
    const isTooYoung = endOffset > input.checkpoint.cleanedTo && maxTimestampMs > oldBeforeMs;
    return endOffset > bound || isTooYoung;
  });
  return end < 0 ? closedSegments : closedSegments.slice(0, end);
}

/** Where compaction ended in the middle of a segment, its bytes are shared out by offsets. */
function dirtyBytesOf({ baseOffset, endOffset, sizeBytes }: ClosedSegment, dirtyFrom: number): number {
  if (endOffset <= dirtyFrom) return 0;
  return sizeBytes * ((endOffset - Math.max(baseOffset, dirtyFrom)) / (endOffset - baseOffset));
}

function reasonOf(
  input: CompactionPlanInput,
  segments: readonly ClosedSegment[],
  dirtyRatio: number,
  dirtyFrom: number,
): CompactionPlan["reason"] {
  const { config, nowMs, nextHorizonMs } = input;
  if (segments.length === 0) return undefined;
  if (nextHorizonMs !== undefined && nextHorizonMs <= nowMs) return "deleteHorizon";
  if (input.fruitlessUpTo === segments.at(-1)?.endOffset) return undefined;
  if (dirtyRatio > 0 && dirtyRatio >= config["min.cleanable.dirty.ratio"]) return "dirtyRatio";
  const firstDirty = segments.find(({ endOffset }) => endOffset > dirtyFrom);
  const oldestMs = firstDirty?.firstTimestampMs ?? firstDirty?.maxTimestampMs ?? -1;
  const isOverdue = oldestMs >= 0 && nowMs - oldestMs > config["max.compaction.lag.ms"];
  return isOverdue ? "maxLag" : undefined;
}
