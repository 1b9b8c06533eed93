/** The segments of one log, by base offset, without gaps. The last one is the active segment, the only one that grows. */

import { invariant } from "@sluice/model";
import type { Segment } from "./segment.js";

export class SegmentList {
  readonly #segments: Segment[];

  constructor(segments: readonly Segment[]) {
    invariant(segments.length > 0, "a log has at least one segment");
    this.#segments = [...segments];
  }

  get active(): Segment {
    return this.#segments[this.#segments.length - 1] as Segment;
  }

  get first(): Segment {
    return this.#segments[0] as Segment;
  }

  /** Makes `segment` the active one. */
  append(segment: Segment): void {
    invariant(segment.baseOffset === this.active.endOffset, "a segment begins where the one before it ends");
    this.#segments.push(segment);
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

  all(): readonly Segment[] {
    return this.#segments;
  }
}
