/**
 * Fetch requests of one partition that have no answer yet, by request id, and the timers of those that are parked.
 *
 * A request leaves by an answer, a refusal, a read that its caller had no room for, or a cancel; its timer goes with it. A
 * request that left is answered no more, whatever effects still name it.
 */

import type { Clock, Offset, SluiceError, Timer } from "@sluice/model";
import type { EpochEnd } from "@sluice/replication";
import type { FetchOptions, FetchResult, FetchSink } from "./partition-access.js";

export interface FetchWaiter {
  readonly sink: FetchSink;
  readonly fromOffset: number;
  readonly clientEpoch: number | undefined;
  readonly lastFetchedEpoch: number | undefined;
  /** Most bytes to answer with. */
  readonly sizeBytesMax: number;
  /** Bytes that it waits for. */
  readonly minBytes: number;
  /** On the monotonic clock: when the wait is over. Undefined: it does not wait. */
  readonly deadlineMs: number | undefined;
  /** Runs while the request is parked. */
  timer: Timer | undefined;
  /** Room that the sink has given for the answer; 0: none yet. */
  reservedBytes: number;
}

export class FetchWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Map<number, FetchWaiter>();
  #parkedCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Requests that wait for something to read. */
  get parkedCount(): number {
    return this.#parkedCount;
  }

  add(requestId: number, request: Omit<FetchOptions, "signal">, sink: FetchSink): FetchWaiter {
    const waiter: FetchWaiter = {
      sink,
      fromOffset: request.fromOffset,
      clientEpoch: request.clientEpoch,
      lastFetchedEpoch: request.lastFetchedEpoch,
      sizeBytesMax: request.sizeBytesMax,
      // More than it takes can never be there for it.
      minBytes: Math.min(request.minBytes ?? 1, request.sizeBytesMax),
      deadlineMs: request.waitMsMax > 0 ? this.#clock.monotonicMs() + request.waitMsMax : undefined,
      timer: undefined,
      reservedBytes: 0,
    };
    this.#waiters.set(requestId, waiter);
    return waiter;
  }

  get(requestId: number): FetchWaiter | undefined {
    return this.#waiters.get(requestId);
  }

  /** Starts the timer of a request that has nothing to read; `onExpired` runs when its wait is over. */
  park(requestId: number, onExpired: () => void): void {
    const waiter = this.#waiters.get(requestId);
    if (waiter === undefined || waiter.timer !== undefined) return;
    const delayMs = Math.max(0, (waiter.deadlineMs ?? 0) - this.#clock.monotonicMs());
    this.#parkedCount += 1;
    waiter.timer = this.#clock.setTimer(delayMs, onExpired);
  }

  /** Stops the timer of a request that is read for now; it stays until it is answered. */
  unpark(waiter: FetchWaiter): void {
    if (waiter.timer === undefined) return;
    waiter.timer.cancel();
    waiter.timer = undefined;
    this.#parkedCount -= 1;
  }

  /** Forgets the request without an answer. True where it was parked. */
  remove(requestId: number): boolean {
    const waiter = this.#waiters.get(requestId);
    if (waiter === undefined) return false;
    this.#waiters.delete(requestId);
    const wasParked = waiter.timer !== undefined;
    this.unpark(waiter);
    return wasParked;
  }

  resolve(requestId: number, result: FetchResult): void {
    const waiter = this.#waiters.get(requestId);
    if (waiter === undefined) return;
    this.remove(requestId);
    waiter.sink.onFetched(result);
  }

  reject(requestId: number, error: SluiceError, diverging?: EpochEnd): void {
    const waiter = this.#waiters.get(requestId);
    if (waiter === undefined) return;
    this.remove(requestId);
    waiter.sink.onFetchRefused(error, diverging);
  }

  /** Refuses everything that is left. */
  rejectAll(error: SluiceError): void {
    for (const requestId of [...this.#waiters.keys()]) this.reject(requestId, error);
  }
}

/** The empty answer: no record bytes. */
export const noRecords: Buffer = Buffer.alloc(0);

/** An answer with no records. */
export function emptyFetchResult(answer: {
  highWatermark: Offset;
  leaderEpoch: FetchResult["leaderEpoch"];
  logStartOffset: Offset;
}): FetchResult {
  return {
    highWatermark: answer.highWatermark,
    leaderEpoch: answer.leaderEpoch,
    logStartOffset: answer.logStartOffset,
    records: noRecords,
  };
}
