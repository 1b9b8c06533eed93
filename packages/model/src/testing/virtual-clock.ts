/**
 * Clock for tests and the simulator: time stands still until `advance`, which runs what falls due, in order.
 *
 * Timers run synchronously, ordered by due time and, where that is equal, by when they were set. During a callback the clock
 * shows the time at which that timer was due, so a timer set by a callback is measured from there and runs in the same
 * `advance` when it falls due inside it. What awaits a promise goes on only after `advance` has returned.
 */

import type { Clock, Timer } from "../clock.js";
import { invariant } from "../invariant.js";

interface PendingTimer {
  readonly dueMs: number;
  readonly sequence: number;
  readonly callback: () => void;
}

export class VirtualClock implements Clock {
  #monotonicMs = 0;
  #wallOffsetMs: number;
  #sequence = 0;
  readonly #timers = new Set<PendingTimer>();

  /** `nowMs`: wall time at the start, in milliseconds since 1970. */
  constructor(options: { readonly nowMs?: number } = {}) {
    this.#wallOffsetMs = options.nowMs ?? 1_700_000_000_000;
  }

  nowMs(): number {
    return this.#wallOffsetMs + this.#monotonicMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    invariant(delayMs >= 0, `a timer cannot be due ${delayMs} ms from now`);
    this.#sequence += 1;
    const timer: PendingTimer = { dueMs: this.#monotonicMs + delayMs, sequence: this.#sequence, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Timers that are set and have neither run nor been cancelled: 0 shows that nothing was left behind. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer is due, or undefined when none is set. */
  get nextTimerMs(): number | undefined {
    const next = this.#nextDue();
    return next === undefined ? undefined : next.dueMs - this.#monotonicMs;
  }

  /** Lets `durationMs` pass and runs every timer that falls due in it. */
  advance(durationMs: number): void {
    invariant(durationMs >= 0, `time cannot advance by ${durationMs} ms`);
    const endMs = this.#monotonicMs + durationMs;
    for (let next = this.#nextDue(); next !== undefined && next.dueMs <= endMs; next = this.#nextDue()) {
      this.#timers.delete(next);
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs);
      next.callback();
    }
    this.#monotonicMs = Math.max(this.#monotonicMs, endMs);
  }

  /** Moves the wall clock alone, as an operator or a time server does. Timers do not notice. */
  jumpWallTime(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  #nextDue(): PendingTimer | undefined {
    let next: PendingTimer | undefined;
    for (const timer of this.#timers) {
      const isEarlier =
        next === undefined ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.sequence < next.sequence);
      if (isEarlier) next = timer;
    }
    return next;
  }
}
