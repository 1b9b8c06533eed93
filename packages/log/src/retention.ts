/**
 * Decides which of the oldest segments of a log go. Pure: it deletes nothing.
 *
 * A segment goes for one of three reasons, looked at from the oldest on, and the first one that stays keeps all after it:
 *
 *     log start   all of it is below the log start offset; under every cleanup.policy
 *     size        retention.bytes: what is left without it is no smaller than that
 *     age         retention.ms: its youngest record is older than that
 *
 * Whatever the reason, the active segment never goes, and neither does one that reaches above the high watermark: what is
 * not committed may be all that an acknowledged record has (P44).
 *
 * Age is the one reason that hangs on a clock, so it is bounded twice (P36). A timestamp is the producer's word; where it
 * lies in the future, the time since when the segment is known to have been closed counts instead (`closedForMs`), or such a
 * segment would keep all after it for as long as the producer likes. And of the closed segments at most a quarter, rounded
 * up, goes for its age in one run: a clock that was wrong from the start empties a log within many runs and not within one,
 * each of which says what it deletes. Where everything is in order this holds nothing back, unless retention.ms is less than
 * four runs apart. A segment without timestamps has no age and stays.
 */

import { InvariantError, type TopicConfig } from "@sluice/model";

/** What retention has to know of a segment. */
export interface RetentionSegment {
  readonly baseOffset: number;
  /** Base offset of the next segment; of the active one the log end offset. */
  readonly endOffset: number;
  readonly sizeBytes: number;
  /** Largest timestamp of its records, ms; -1 where none has one. */
  readonly maxTimestampMs: number;
  /** For how long at least nothing has been appended to it, ms; absent where that is not known. */
  readonly closedForMs?: number;
}

export interface RetentionInput {
  /** Oldest first; the last is the active one. */
  readonly segments: readonly RetentionSegment[];
  readonly logStartOffset: number;
  /** Exclusive. */
  readonly highWatermark: number;
  readonly config: Pick<TopicConfig, "cleanup.policy" | "retention.ms" | "retention.bytes">;
  /** Time of a `RetentionClock`. */
  readonly nowMs: number;
}

export interface RetentionPlan {
  /** So many of the oldest segments go. */
  readonly deleteCount: number;
  /**
   * The active segment is to be rolled: age says that it and all before it go, sooner or later, and only a closed segment
   * can.
   */
  readonly rollsActive: boolean;
}

/** What goes now. `segments` is not empty. */
export function planRetention(input: RetentionInput): RetentionPlan {
  const { segments, highWatermark } = input;
  const closedCount = segments.length - 1;
  const expiredCountMax = Math.ceil(closedCount / 4);
  let sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  let deleteCount = 0;
  let expiredCount = 0;
  // It goes past all that may go, to see whether the active one is next, and counts those that go in this run.
  for (const [index, segment] of segments.entries()) {
    if (segment.endOffset > highWatermark) return { deleteCount, rollsActive: false };
    if (index === closedCount) return { deleteCount, rollsActive: segment.sizeBytes > 0 && isExpired(segment, input) };
    sizeBytes -= segment.sizeBytes;
    if (!isBelowLogStart(segment, input) && !isAboveSize(sizeBytes, input)) {
      if (!isExpired(segment, input)) return { deleteCount, rollsActive: false };
      expiredCount += 1;
    }
    if (expiredCount <= expiredCountMax) deleteCount = index + 1;
  }
  throw new InvariantError("a log has an active segment");
}

function isBelowLogStart(segment: RetentionSegment, { logStartOffset }: RetentionInput): boolean {
  return segment.endOffset <= logStartOffset;
}

/** `restBytes`: size of the log without the segment and all before it. */
function isAboveSize(restBytes: number, { config }: RetentionInput): boolean {
  return deletesOld(config) && config["retention.bytes"] >= 0 && restBytes >= config["retention.bytes"];
}

function isExpired(segment: RetentionSegment, { config, nowMs }: RetentionInput): boolean {
  if (!deletesOld(config) || config["retention.ms"] < 0 || segment.maxTimestampMs < 0) return false;
  const ageMs = Math.max(nowMs - segment.maxTimestampMs, segment.closedForMs ?? 0);
  return ageMs > config["retention.ms"];
}

function deletesOld(config: RetentionInput["config"]): boolean {
  return config["cleanup.policy"] !== "compact";
}
