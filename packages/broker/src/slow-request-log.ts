/**
 * Tells the log of requests that took too long, with where the time went.
 *
 * What a client asked to wait for (the wait of a fetch, the wait of a quota) is no part of the time. A broker in trouble has
 * thousands of slow requests a second: so many lines are written in each interval and the rest is counted, and the first line of the
 * next interval says how many there were.
 */

import type { Clock } from "@sluice/model";
import type { Logger } from "./logging.js";

export interface SlowRequest {
  /** `/package.Service/Method` */
  readonly method: string;
  /** What the client calls itself; empty where it does not say. */
  readonly clientId: string;
  /** Address of the client. */
  readonly peer: string;
  readonly topic?: string;
  readonly partition?: number;
  /** Milliseconds from its arrival to its answer, without what the client asked to wait for. */
  readonly totalMs: number;
  /** Milliseconds of its stages, by name. */
  readonly stages?: Readonly<Record<string, number>>;
  /** Code of the error that it was answered with. */
  readonly code?: string;
}

/** Lines in one interval. */
const linesMax = 10;
const intervalMs = 10_000;

export class SlowRequestLog {
  /** A request that takes longer is slow. Infinity: none is. */
  readonly thresholdMs: number;
  /** Slow requests so far. */
  count = 0;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #intervalStartMs = Number.NEGATIVE_INFINITY;
  #linesInInterval = 0;
  #suppressed = 0;

  /** @param options.slowRequestMs as the configuration has it: 0 is never */
  constructor(
    options: { readonly slowRequestMs: number },
    dependencies: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.thresholdMs = options.slowRequestMs === 0 ? Number.POSITIVE_INFINITY : options.slowRequestMs;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  /** Notes a request that took longer than `thresholdMs`; the caller has compared. */
  report(request: SlowRequest): void {
    this.count += 1;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#intervalStartMs >= intervalMs) {
      this.#intervalStartMs = nowMs;
      this.#linesInInterval = 0;
    }
    if (this.#linesInInterval >= linesMax) {
      this.#suppressed += 1;
      return;
    }
    this.#linesInInterval += 1;
    const { totalMs, stages = {}, ...rest } = request;
    const fields = { ...rest, totalMs: round(totalMs), stages: roundAll(stages) };
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#logger.warn(suppressed === 0 ? fields : { ...fields, suppressed }, "slow request");
  }
}

function roundAll(stages: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(stages).map(([name, ms]) => [name, round(ms)]));
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
