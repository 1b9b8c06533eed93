/** Waiting that a caller can call off with an AbortSignal. Listeners are removed on every path. */

import { type Clock, isSluiceError, SluiceError, sleep } from "@sluice/model";

/** What every method that waits takes. */
export interface Cancellable {
  /** Ends the wait with CANCELLED. What was already asked of a broker may still happen. */
  readonly signal?: AbortSignal | undefined;
}

/** The error for a wait that was called off; the signal's reason is its cause. */
export function cancelled(operation: string, signal: AbortSignal): SluiceError {
  return new SluiceError("CANCELLED", { operation }, { cause: signal.reason });
}

/**
 * The outcome of `promise`, unless `signal` aborts first.
 * @throws SluiceError CANCELLED
 */
export function orCancelled<Value>(
  promise: Promise<Value>,
  operation: string,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled(operation, signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/**
 * Waits before another try.
 * @throws SluiceError CANCELLED when `signal` aborts, or its reason where that is a SluiceError: CLOSED, when the client ends
 */
export async function pauseBeforeRetry(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(clock, delayMs, signal);
  } catch (error) {
    if (signal === undefined || isSluiceError(error)) throw error;
    throw cancelled("Trying again", signal);
  }
}

/**
 * A signal that aborts when any of `signals` does, with its reason. `dispose` removes the listeners; without it, a short
 * operation would stay attached to a signal that lives as long as the client.
 */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal;
  dispose(): void;
} {
  const controller = new AbortController();
  const attached: (() => void)[] = [];
  for (const signal of signals) {
    if (signal === undefined) continue;
    const onAbort = (): void => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    attached.push(() => signal.removeEventListener("abort", onAbort));
  }
  return {
    signal: controller.signal,
    dispose: () => {
      for (const detach of attached) detach();
    },
  };
}
