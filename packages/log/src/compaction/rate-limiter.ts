/**
 * Keeps work below a number of bytes per second, by making it wait.
 *
 * Time is owed for bytes after they were moved: `consume` of a megabyte at a megabyte a second waits until a second has passed
 * since the last debt was paid. Time in which nothing was moved is not saved up, so no burst follows a pause.
 */

import { type Clock, sleep } from "@sluice/model";

/** Waits below this are added up instead: a timer is not that fine. */
const waitMsMin = 5;

export class RateLimiter {
  readonly #clock: Clock;
  readonly #bytesPerSecMax: number;
  /** Moment at which all bytes so far are paid for, in monotonic milliseconds. */
  #paidAtMs: number;

  /** @param bytesPerSecMax 0: no limit. */
  constructor(clock: Clock, bytesPerSecMax: number) {
    this.#clock = clock;
    this.#bytesPerSecMax = bytesPerSecMax;
    this.#paidAtMs = clock.monotonicMs();
  }

  /** Counts bytes that were moved, and waits until more may be. @throws the signal's reason */
  async consume(bytes: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#bytesPerSecMax === 0) return;
    const nowMs = this.#clock.monotonicMs();
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + (bytes / this.#bytesPerSecMax) * 1000;
    const waitMs = this.#paidAtMs - nowMs;
    if (waitMs >= waitMsMin) await sleep(this.#clock, waitMs, signal);
  }
}
