/**
 * Remembers where the last reads of a segment ended, so that a reader who goes on from there needs no index and no scan.
 *
 * A hint stays true for as long as the segment exists, since written bytes never change: it is only ever pushed out by newer
 * ones. A truncated segment gets new ones.
 */

import type { BatchPlace } from "./segment-reading.js";

const capacity = 16;

export class PositionHints {
  readonly #offsets: number[] = [];
  readonly #positions: number[] = [];
  #next = 0;

  /** Notes that the batch which begins with `offset` starts at `position`. */
  add(offset: number, position: number): void {
    if (this.#offsets.includes(offset)) return;
    this.#offsets[this.#next] = offset;
    this.#positions[this.#next] = position;
    this.#next = (this.#next + 1) % capacity;
  }

  /** Place of the batch that begins with `offset`, or undefined where that is not remembered. */
  find(offset: number): BatchPlace | undefined {
    const position = this.#positions[this.#offsets.indexOf(offset)];
    return position === undefined ? undefined : { position, endOffset: offset };
  }
}
