/**
 * The segments of one log, by base offset, without gaps. The last one is the active segment, the only one that grows; there is
 * always one. It changes which segments there are in memory; their files are the caller's.
 */

import { invariant } from "@sluice/model";
import type { Segment } from "./segment.js";

export class SegmentList {
  #segments: Segment[];

  constructor(segments: readonly Segment[]) {
    invariant(segments.length > 0, "a log has at least one segment");
    this.#segments = [...segments];
    for (const segment of segments.slice(0, -1)) segment.lendIndexes();
  }

  get active(): Segment {
    return this.#segments[this.#segments.length - 1] as Segment;
  }

  get first(): Segment {
    return this.#segments[0] as Segment;
  }

  /** Oldest first. */
  all(): readonly Segment[] {
    return this.#segments;
  }

  /** Makes `segment` the active one. */
  append(segment: Segment): void {
    invariant(segment.baseOffset === this.active.endOffset, "a segment begins where the one before it ends");
    this.#segments = [...this.#segments, segment];
  }

  /** The segment that holds `offset`, or would if it were written. */
  floor(offset: number): Segment {
    invariant(offset >= this.first.baseOffset, `offset ${offset} is below the log start`);
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#segments[middle] as Segment).baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low] as Segment;
  }

  /** Takes out the segments that end at `logStartOffset` or below, but never the active one; returns them, oldest first. */
  removeBefore(logStartOffset: number): Segment[] {
    const found = this.#segments.findIndex((segment) => segment.endOffset > logStartOffset);
    const count = found === -1 ? this.#segments.length - 1 : found;
    const removed = this.#segments.slice(0, count);
    this.#segments = this.#segments.slice(count);
    return removed;
  }

  /** Takes out the segments that begin at `endOffset` or later, but never the first; returns them, oldest first. */
  removeFrom(endOffset: number): Segment[] {
    const kept = this.#segments.filter((segment, index) => index === 0 || segment.baseOffset < endOffset);
    const removed = this.#segments.slice(kept.length);
    this.#segments = kept;
    return removed;
  }

  /** Takes out all segments, and `segment` is the only one; returns them, oldest first. */
  restartWith(segment: Segment): Segment[] {
    const removed = this.#segments;
    this.#segments = [segment];
    return removed;
  }

  /** Puts `segment` in the place of the neighbouring closed segments with these base offsets; returns those. */
  replace(baseOffsets: readonly number[], segment: Segment): Segment[] {
    const at = this.#segments.findIndex(({ baseOffset }) => baseOffset === baseOffsets[0]);
    const replaced = this.#segments.slice(at, at + baseOffsets.length);
    const isSame = replaced.every(({ baseOffset }, index) => baseOffset === baseOffsets[index]);
    invariant(at >= 0 && isSame && replaced.length === baseOffsets.length, "the replaced segments are neighbours");
    invariant(!replaced.includes(this.active), "the active segment is not replaced");
    const isExact = segment.baseOffset === baseOffsets[0] && segment.endOffset === replaced.at(-1)?.endOffset;
    invariant(isExact, "a segment replaces those that it covers");
    this.#segments = [...this.#segments.slice(0, at), segment, ...this.#segments.slice(at + replaced.length)];
    for (const source of replaced) source.replaceBy(segment);
    return replaced;
  }
}
