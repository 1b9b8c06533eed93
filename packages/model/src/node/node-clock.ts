/**
 * Clock port over Node's timers.
 *
 * Timers keep no process alive, unless the clock was made to. A delay beyond what Node can wait at once, 2^31 - 1 ms, is waited for in turns, and none ends
 * early by the clock's own `monotonicMs`.
 */

import type { Clock, Timer } from "../clock.js";

/** The longest delay that `setTimeout` takes; it fires at once for anything longer. */
const delayMsMax = 2 ** 31 - 1;

export interface NodeClockOptions {
  /**
   * A timer that is set keeps the process alive. Default false. For clients: a program that waits for nothing but a retry has
   * no socket open, and would end in the middle of its wait.
   */
  readonly keepsProcessAlive?: boolean;
}

export class NodeClock implements Clock {
  readonly #keepsProcessAlive: boolean;

  constructor(options: NodeClockOptions = {}) {
    this.#keepsProcessAlive = options.keepsProcessAlive ?? false;
  }

  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return new NodeTimer(this.monotonicMs() + delayMs, callback, this.#keepsProcessAlive);
  }
}

class NodeTimer implements Timer {
  readonly #dueMs: number;
  readonly #callback: () => void;
  readonly #keepsProcessAlive: boolean;
  #timeout: NodeJS.Timeout | undefined;

  constructor(dueMs: number, callback: () => void, keepsProcessAlive: boolean) {
    this.#dueMs = dueMs;
    this.#callback = callback;
    this.#keepsProcessAlive = keepsProcessAlive;
    this.#arm();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  #arm(): void {
    const restMs = Math.ceil(this.#dueMs - performance.now());
    this.#timeout = setTimeout(() => this.#onTimeout(), Math.min(restMs, delayMsMax));
    if (!this.#keepsProcessAlive) this.#timeout.unref();
  }

  /** Not due yet: a long delay has turns to go, and Node also fires up to a millisecond early. */
  #onTimeout(): void {
    if (performance.now() < this.#dueMs) this.#arm();
    else this.#callback();
  }
}
