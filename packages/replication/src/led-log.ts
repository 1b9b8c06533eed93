/** What the leader of a partition knows of its own log, in one leader epoch. Offsets only; who moves them is `LeaderRole`. */

import { invariant, type LeaderEpoch, type Offset } from "@sluice/model";

export class LedLog {
  readonly leaderEpoch: LeaderEpoch;
  /** Log end at which the epoch began: all that earlier epochs may have committed lies below it. */
  readonly epochStartOffset: Offset;
  #logStartOffset: Offset;
  #writtenOffset: Offset;
  #placedOffset: Offset;

  constructor(leaderEpoch: LeaderEpoch, logStartOffset: Offset, logEndOffset: Offset) {
    invariant(logStartOffset <= logEndOffset, "log start is beyond log end");
    this.leaderEpoch = leaderEpoch;
    this.epochStartOffset = logEndOffset;
    this.#logStartOffset = logStartOffset;
    this.#writtenOffset = logEndOffset;
    this.#placedOffset = logEndOffset;
  }

  get logStartOffset(): Offset {
    return this.#logStartOffset;
  }

  /** End of what is written. */
  get writtenOffset(): Offset {
    return this.#writtenOffset;
  }

  /** End of what is placed, written or not: the log end. */
  get placedOffset(): Offset {
    return this.#placedOffset;
  }

  placedTo(endOffset: Offset): void {
    if (endOffset > this.#placedOffset) this.#placedOffset = endOffset;
  }

  /** True if more is written than before. */
  writtenTo(endOffset: Offset): boolean {
    if (endOffset <= this.#writtenOffset) return false;
    this.#writtenOffset = endOffset;
    this.placedTo(endOffset);
    return true;
  }

  takenBackTo(fromOffset: Offset): void {
    invariant(fromOffset >= this.#writtenOffset, "what is written is not taken back");
    this.#placedOffset = fromOffset;
  }

  startsAt(logStartOffset: Offset): void {
    if (logStartOffset > this.#logStartOffset) this.#logStartOffset = logStartOffset;
  }
}
