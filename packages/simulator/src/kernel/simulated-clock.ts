/** Clock port of one simulated process: virtual time, and a wall clock of its own that may be wrong and may jump. */

import type { Clock, Timer } from "@sluice/model";
import type { Scheduler } from "./scheduler.js";
import type { SimulatedProcess } from "./simulated-process.js";

/** Wall time at the start of every run, in milliseconds since 1970. */
const epochMs = 1_700_000_000_000;

export class SimulatedClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #process: SimulatedProcess;
  readonly #wallErrorMs: () => number;

  /** `wallErrorMs`: how far the wall clock of that machine is off now. */
  constructor(scheduler: Scheduler, process: SimulatedProcess, wallErrorMs: () => number) {
    this.#scheduler = scheduler;
    this.#process = process;
    this.#wallErrorMs = wallErrorMs;
  }

  nowMs(): number {
    return Math.floor(epochMs + this.#scheduler.nowMs + this.#wallErrorMs());
  }

  monotonicMs(): number {
    return this.#scheduler.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#process.schedule(delayMs, callback);
  }
}
