/**
 * Watches calls of handlers for `maxProcessingTime`: one that takes longer is told once, and its signal aborts. It is not
 * stopped, for nothing can stop it, and the member keeps its partitions.
 */

import { type Clock, SluiceError, type Timer, type TopicPartition } from "@sluice/model";

/** A call under way. */
interface Call {
  readonly place: TopicPartition & { readonly offset: number };
  readonly beganMs: number;
  readonly controller: AbortController;
  isTold: boolean;
}

export interface WatchedCall {
  readonly signal: AbortSignal;
  /** The handler has returned or thrown. */
  end(): void;
}

export class HandlerWatch {
  readonly #limitMs: number;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #onSlow: (place: TopicPartition & { readonly offset: number }, runningMs: number) => void;
  readonly #calls = new Set<Call>();
  #timer: Timer | undefined;

  /** @param dependencies.signal aborts when the consumer stops. */
  constructor(
    limitMs: number,
    dependencies: {
      readonly clock: Clock;
      readonly signal: AbortSignal;
      readonly onSlow: (place: TopicPartition & { readonly offset: number }, runningMs: number) => void;
    },
  ) {
    this.#limitMs = limitMs;
    this.#clock = dependencies.clock;
    this.#signal = dependencies.signal;
    this.#onSlow = dependencies.onSlow;
  }

  /** Calls that have taken longer than they may and have not ended. */
  get slowCount(): number {
    let count = 0;
    for (const { isTold } of this.#calls) if (isTold) count++;
    return count;
  }

  begin(place: TopicPartition & { readonly offset: number }): WatchedCall {
    const controller = new AbortController();
    const call: Call = { place, beganMs: this.#clock.monotonicMs(), controller, isTold: false };
    const onStop = (): void => controller.abort(this.#signal.reason);
    if (this.#signal.aborted) onStop();
    else this.#signal.addEventListener("abort", onStop, { once: true });
    this.#calls.add(call);
    this.#timer ??= this.#clock.setTimer(this.#limitMs, () => this.#check());
    const end = (): void => {
      this.#calls.delete(call);
      this.#signal.removeEventListener("abort", onStop);
      if (this.#calls.size > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
    return { signal: controller.signal, end };
  }

  /** Calls are kept in the order in which they began, so the first that is not told is the next that is due. */
  #check(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (const call of this.#calls) {
      if (call.isTold) continue;
      const runningMs = nowMs - call.beganMs;
      if (runningMs < this.#limitMs) {
        this.#timer = this.#clock.setTimer(this.#limitMs - runningMs, () => this.#check());
        return;
      }
      call.isTold = true;
      const operation = "Processing a message";
      call.controller.abort(new SluiceError("REQUEST_TIMED_OUT", { operation, timeoutMs: this.#limitMs }));
      this.#onSlow(call.place, runningMs);
    }
  }
}
