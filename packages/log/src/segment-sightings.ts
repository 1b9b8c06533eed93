/**
 * Since when the segments of one log are known to be as they are: measured with the monotonic clock, from one look to the
 * next, in this life of the process. Pure.
 *
 * The timestamps of records are the producers' word. How long ago a segment was written is known better, if only as a lower
 * bound: it was closed no later than it was first seen closed, and a segment that was begun between two looks got its first
 * record after the first of them. Of a segment that an earlier life began only its timestamps tell more.
 *
 * A closed segment is known by base and end offset: what compaction merges under the base offset of the oldest is seen anew.
 */

import type { RetentionSegment } from "./retention.js";

export interface SightedSegment extends RetentionSegment {
  /** Timestamp of the first record, ms; -1 where it has none. */
  readonly firstTimestampMs: number;
}

interface ActiveSighting {
  readonly baseOffset: number;
  /** When it was first seen with something in it; undefined while it is empty. */
  readonly sinceMs: number | undefined;
  /** Its first record came after an earlier look. */
  readonly sawBeginning: boolean;
}

export class SegmentSightings {
  #closed = new Map<number, { readonly endOffset: number; readonly sinceMs: number }>();
  #active: ActiveSighting | undefined;

  /** A look at all segments, oldest first, the active one last. */
  observe(segments: readonly SightedSegment[], monotonicMs: number): void {
    const closed = new Map<number, { endOffset: number; sinceMs: number }>();
    for (const { baseOffset, endOffset } of segments.slice(0, -1)) {
      const known = this.#closed.get(baseOffset);
      closed.set(baseOffset, known?.endOffset === endOffset ? known : { endOffset, sinceMs: monotonicMs });
    }
    this.#closed = closed;
    const active = segments.at(-1);
    this.#active = active && this.#sightActive(active, monotonicMs);
  }

  /** For how long at least a segment of the last look has been closed, ms; 0 for the active one. */
  closedForMs(segment: { readonly baseOffset: number }, monotonicMs: number): number {
    const sighting = this.#closed.get(segment.baseOffset);
    return sighting === undefined ? 0 : monotonicMs - sighting.sinceMs;
  }

  /**
   * How long ago the active segment of the last look got its first record, ms; 0 while it has none. `nowMs`: the time that
   * timestamps are compared with.
   */
  activeAgeMs(active: SightedSegment, now: { readonly nowMs: number; readonly monotonicMs: number }): number {
    if (this.#active?.sinceMs === undefined) return 0;
    const seenForMs = now.monotonicMs - this.#active.sinceMs;
    if (this.#active.sawBeginning || active.firstTimestampMs < 0) return seenForMs;
    return Math.max(seenForMs, now.nowMs - active.firstTimestampMs);
  }

  #sightActive({ baseOffset, sizeBytes }: SightedSegment, monotonicMs: number): ActiveSighting {
    const before = this.#active;
    if (sizeBytes === 0) return { baseOffset, sinceMs: undefined, sawBeginning: false };
    if (before === undefined) return { baseOffset, sinceMs: monotonicMs, sawBeginning: false };
    if (before.baseOffset === baseOffset && before.sinceMs !== undefined) return before;
    // A lower base offset is an older segment, active again because the log was truncated.
    return { baseOffset, sinceMs: monotonicMs, sawBeginning: baseOffset >= before.baseOffset };
  }
}
