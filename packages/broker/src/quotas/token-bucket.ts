/**
 * A rate, kept by waiting: what is taken is a debt that time pays off.
 *
 * Taking never fails and never waits by itself; it says how long to wait. A bucket that was left alone holds `burstMs` of its
 * rate, so that a client within its rate is not slowed down for being uneven. Over any time T the rate times (T + burstMs) is
 * taken, plus the last taking, however large it is. Pure: whoever asks brings the time.
 */

export interface TokenBucketOptions {
  /** Units a second, more than 0. */
  readonly ratePerSec: number;
  /** How much may be taken at once after a rest, as time at that rate. */
  readonly burstMs: number;
}

export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #unitsMax: number;
  /** Below 0: a debt. */
  #units: number;
  /** When `#units` was right, on the clock of the callers. */
  #atMs = Number.NEGATIVE_INFINITY;

  constructor({ ratePerSec, burstMs }: TokenBucketOptions) {
    this.#ratePerMs = ratePerSec / 1000;
    this.#unitsMax = this.#ratePerMs * burstMs;
    this.#units = this.#unitsMax;
  }

  /** Takes `units`, at once. */
  take(units: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#units -= units;
  }

  /** Gives back what was taken and not used. */
  giveBack(units: number): void {
    this.#units = Math.min(this.#unitsMax, this.#units + units);
  }

  /** Milliseconds until what was taken is paid off; 0: it is. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#units >= 0 ? 0 : -this.#units / this.#ratePerMs;
  }

  #refill(nowMs: number): void {
    // A clock that stood still, or whose callers come out of order, gives nothing.
    if (nowMs <= this.#atMs) return;
    if (this.#atMs !== Number.NEGATIVE_INFINITY) {
      this.#units = Math.min(this.#unitsMax, this.#units + (nowMs - this.#atMs) * this.#ratePerMs);
    }
    this.#atMs = nowMs;
  }
}
