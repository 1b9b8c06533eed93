/**
 * Produce requests of one partition that have no answer yet, by request id.
 *
 * A request holds its batch until the log takes it over, then only where the batch ends: what the answer needs to say how
 * many replicas had it on disk. Bounded by what the streams of clients may have in flight.
 */

import { invariant, type Offset, type SluiceError } from "@sluice/model";
import type { ProduceResult, ProduceSink } from "./partition-access.js";

interface ProduceWaiter {
  readonly sink: ProduceSink;
  /** Undefined once the log owns it. */
  batch: Buffer | undefined;
  /** Offset after the batch; undefined while it is not placed. */
  endOffset: Offset | undefined;
}

export class ProduceWaiters {
  readonly #waiters = new Map<number, ProduceWaiter>();

  add(requestId: number, batch: Buffer, sink: ProduceSink): void {
    this.#waiters.set(requestId, { sink, batch, endOffset: undefined });
  }

  /** The batch of the request, which from now on belongs to the caller. */
  takeBatch(requestId: number): Buffer {
    const waiter = this.#waiters.get(requestId);
    invariant(waiter?.batch !== undefined, `produce ${requestId} has no batch to append`);
    const batch = waiter.batch;
    waiter.batch = undefined;
    return batch;
  }

  /** Notes where the batch of the request ends in the log. */
  placed(requestId: number, endOffset: Offset): void {
    const waiter = this.#waiters.get(requestId);
    invariant(waiter !== undefined, `produce ${requestId} was placed and is not known`);
    waiter.endOffset = endOffset;
  }

  /** Where the batch of the request ends; undefined while it is not placed. */
  endOffset(requestId: number): Offset | undefined {
    return this.#waiters.get(requestId)?.endOffset;
  }

  /** Answers the request. */
  resolve(requestId: number, result: ProduceResult): void {
    this.#take(requestId).sink.onProduced(result);
  }

  /** Refuses the request. */
  reject(requestId: number, error: SluiceError): void {
    this.#take(requestId).sink.onRefused(error);
  }

  /** Refuses what is left: with `refused` where nothing was appended, with `indeterminate` where it may have been. */
  rejectAll(errors: { readonly refused: SluiceError; readonly indeterminate: SluiceError }): void {
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) {
      waiter.sink.onRefused(waiter.batch === undefined ? errors.indeterminate : errors.refused);
    }
  }

  #take(requestId: number): ProduceWaiter {
    const waiter = this.#waiters.get(requestId);
    invariant(waiter !== undefined, `produce ${requestId} is answered and is not known`);
    this.#waiters.delete(requestId);
    return waiter;
  }
}
