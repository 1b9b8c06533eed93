/**
 * The time that decides about deleting records: the wall clock, held back where it jumps ahead.
 *
 * A wall clock that is set wrong makes every record look old, and what retention deletes does not come back (P36). So the
 * wall clock is believed at the start, and from then on only as far as time really passed: this clock shows the wall time,
 * but never runs faster than twice the monotonic clock. A jump of an hour is thereby taken over within an hour; of a jump of
 * a year a day later no more than a day, and there is time to see it and to set the clock right. A machine that was asleep,
 * whose monotonic clock stood still, catches up in the same way.
 *
 *     ceiling   moves with monotonic time; twice as fast while the wall clock is above it
 *     nowMs     min(wall, ceiling): a wall clock that goes back is followed at once, since late is safe
 *
 * What it cannot see is a clock that is wrong when the process starts. For that `planRetention` bounds what one run deletes.
 */

import type { Clock } from "@sluice/model";

export class RetentionClock {
  readonly #clock: Clock;
  #ceilingMs: number;
  #atMonotonicMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ceilingMs = clock.nowMs();
    this.#atMonotonicMs = clock.monotonicMs();
  }

  /** Whole milliseconds since 1970, as files keep them; never ahead of the wall clock. */
  nowMs(): number {
    const wallMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    const elapsedMs = monotonicMs - this.#atMonotonicMs;
    this.#atMonotonicMs = monotonicMs;
    const fastestMs = this.#ceilingMs + 2 * elapsedMs;
    this.#ceilingMs = Math.max(this.#ceilingMs + elapsedMs, Math.min(wallMs, fastestMs));
    // The monotonic clock has fractions of milliseconds.
    return Math.floor(Math.min(wallMs, this.#ceilingMs));
  }

  /** How far the wall clock is ahead of this one, ms: 0 unless it jumped. */
  get heldBackMs(): number {
    return this.#clock.nowMs() - this.nowMs();
  }
}
