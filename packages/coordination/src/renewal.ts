/**
 * Does one thing again and again, for as long as it runs: each time a fixed time after it was last begun, and sooner after a
 * failure. Knows when the last success was *begun*: what it proves was true then, not when the answer arrived.
 */

import type { Clock, Timer } from "@sluice/model";

export interface RenewalOptions {
  /** From one begin to the next, in milliseconds. */
  readonly intervalMs: number;
  /** From the begin of a failed try to the next, in milliseconds. */
  readonly retryDelayMs: number;
  readonly renew: () => Promise<void>;
  /** A try failed. Another follows, unless this stops it. Not called after `stop`. */
  readonly onFailed: (error: Error) => void;
}

export class Renewal {
  readonly #options: RenewalOptions;
  readonly #clock: Clock;
  #renewedMs: number;
  #timer: Timer | undefined;
  #isStopped = false;

  /** `renewedMs`: monotonic time at which the first success was begun. */
  constructor(options: RenewalOptions & { readonly renewedMs: number }, dependencies: { readonly clock: Clock }) {
    this.#options = options;
    this.#renewedMs = options.renewedMs;
    this.#clock = dependencies.clock;
  }

  /** Monotonic time at which the last success was begun. */
  get renewedMs(): number {
    return this.#renewedMs;
  }

  /** Renews an interval after the first success, and so on. */
  start(): void {
    this.#renewAt(this.#renewedMs + this.#options.intervalMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #renewAt(dueMs: number): void {
    if (this.#isStopped) return;
    const delayMs = Math.max(0, dueMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.setTimer(delayMs, () => void this.#renew());
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const { intervalMs, retryDelayMs, renew, onFailed } = this.#options;
    const begunMs = this.#clock.monotonicMs();
    try {
      await renew();
      this.#renewedMs = begunMs;
      this.#renewAt(begunMs + intervalMs);
    } catch (error) {
      if (this.#isStopped) return;
      onFailed(error as Error);
      this.#renewAt(begunMs + retryDelayMs);
    }
  }
}
