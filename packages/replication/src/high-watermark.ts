/**
 * High watermark of one partition in one leader epoch: the first offset that is not known committed (exclusive).
 *
 * It is the least that the in-sync replicas acknowledged. A new epoch begins with a lower bound, and knows the true value once the
 * watermark has reached the offset at which the epoch began: everything that an earlier leader may have committed lies below that.
 *
 * Invariant: it never goes back within the epoch.
 */

import { invariant, type Offset } from "@sluice/model";

export class HighWatermark {
  #value: Offset;
  readonly #epochStartOffset: Offset;

  /**
   * @param lowerBound an offset below which all is known committed; the log start if nothing better is known
   * @param epochStartOffset log end at which the epoch began
   */
  constructor(lowerBound: Offset, epochStartOffset: Offset) {
    invariant(lowerBound <= epochStartOffset, `high watermark ${lowerBound} is beyond log end ${epochStartOffset}`);
    this.#value = lowerBound;
    this.#epochStartOffset = epochStartOffset;
  }

  get value(): Offset {
    return this.#value;
  }

  /** Whether all that earlier epochs committed is known to lie below it. Until then it is only a lower bound (P19). */
  get isExact(): boolean {
    return this.#value >= this.#epochStartOffset;
  }

  /** Moves it to what the replicas acknowledged. Undefined: one of them has not said. True if it moved. */
  maybeAdvance(ackedByAll: Offset | undefined): boolean {
    if (ackedByAll === undefined || ackedByAll <= this.#value) return false;
    this.#value = ackedByAll;
    return true;
  }
}
