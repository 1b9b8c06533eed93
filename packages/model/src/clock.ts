/**
 * Clock port: the only way to time. The real one is `node-clock` of the program that runs; tests and the simulator have a
 * virtual one.
 */

export interface Clock {
  /** Wall time in milliseconds since 1970: for timestamps that people and records see. It may jump. */
  nowMs(): number;
  /** Milliseconds since some fixed moment, never going back: for every timeout and every duration. */
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs`, any length >= 0. It keeps no process alive by itself. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  /** After this the callback is not called. Cancelling twice, or after it ran, does nothing. */
  cancel(): void;
}

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as `signal` aborts. Leaves no timer, no listener. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
