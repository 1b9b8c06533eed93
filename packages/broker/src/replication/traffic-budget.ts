/**
 * A rate that all streams of a broker share for one kind of replication traffic, and the queue of those that wait for it.
 *
 * Whoever may send takes what it has sent; whoever may not waits to be called, each in its turn, so that no stream is served
 * twice while another waits. One timer, only while somebody waits.
 */

import type { Clock, Timer } from "@sluice/model";
import { TokenBucket } from "../quotas/token-bucket.js";

export interface TrafficBudgetOptions {
  /** 0: no limit. */
  readonly bytesPerSecMax: number;
}

/** What may be sent at once after a rest, as time at that rate. */
const burstMs = 100;

export class TrafficBudget {
  readonly #bucket: TokenBucket | undefined;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #timer: Timer | undefined;

  constructor({ bytesPerSecMax }: TrafficBudgetOptions, { clock }: { readonly clock: Clock }) {
    this.#clock = clock;
    if (bytesPerSecMax > 0) this.#bucket = new TokenBucket({ ratePerSec: bytesPerSecMax, burstMs });
  }

  /** Whether more may be sent now: what was sent before is paid off. */
  get isFree(): boolean {
    return this.#waitMs() === 0;
  }

  take(bytes: number): void {
    this.#bucket?.take(bytes, this.#clock.monotonicMs());
  }

  /** Calls `resume` once, when more may be sent. Asking twice is asking once. */
  waitFor(resume: () => void): void {
    this.#waiting.add(resume);
    this.#timer ??= this.#startTimer();
  }

  /** `resume` is not called any more. */
  cancel(resume: () => void): void {
    this.#waiting.delete(resume);
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
  }

  #waitMs(): number {
    return this.#bucket === undefined ? 0 : this.#bucket.waitMs(this.#clock.monotonicMs());
  }

  #startTimer(): Timer {
    // Timers are due at whole milliseconds: one that is a little early would be set again and again.
    return this.#clock.setTimer(Math.ceil(this.#waitMs()), () => {
      this.#timer = undefined;
      this.#resumeWaiting();
    });
  }

  #resumeWaiting(): void {
    // Those that ask again while they are called wait behind those that were not called yet.
    for (const resume of this.#waiting) {
      if (!this.isFree) break;
      this.#waiting.delete(resume);
      resume();
    }
    if (this.#waiting.size > 0) this.#timer ??= this.#startTimer();
  }
}
