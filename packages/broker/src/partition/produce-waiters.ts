/**
 * Produce requests of one partition that have no answer yet, by request id.
 *
 * A request holds its batch until the log takes it over, or says that it has it already; then only where the batch ends: what
 * the answer needs to say how many replicas had it on disk. Bounded by what the streams of clients may have in flight.
 */

import { invariant, type Offset, type SluiceError } from "@sluice/model";
import type { RecordBatchHeader } from "@sluice/record";
import type { ProduceResult, ProduceSink } from "./partition-access.js";

/** What a request is about. */
export interface ProduceRequestParts {
  readonly batch: Buffer;
  /** Of the batch that the client sent. Undefined: the batch is the broker's own, and of no idempotent producer. */
  readonly header?: RecordBatchHeader;
  /** The timestamp that its records have got, ms since 1970; 0: they keep their own. */
  readonly logAppendTimeMs?: number;
}

interface ProduceWaiter {
  readonly sink: ProduceSink;
  /** Undefined once the log owns it, or has it already. */
  batch: Buffer | undefined;
  readonly header: RecordBatchHeader | undefined;
  logAppendTimeMs: number;
  /** Offset after the batch; undefined while it is not placed. */
  endOffset: Offset | undefined;
}

export class ProduceWaiters {
  readonly #waiters = new Map<number, ProduceWaiter>();

  add(requestId: number, { batch, header, logAppendTimeMs = 0 }: ProduceRequestParts, sink: ProduceSink): void {
    this.#waiters.set(requestId, { sink, batch, header, logAppendTimeMs, endOffset: undefined });
  }

  /** Header of the batch, where it came from a client, and its size. */
  describe(requestId: number): { readonly header: RecordBatchHeader | undefined; readonly sizeBytes: number } {
    const { header, batch } = this.#get(requestId);
    invariant(batch !== undefined, `produce ${requestId} has no batch to append`);
    return { header, sizeBytes: batch.length };
  }

  /** The batch of the request, which from now on belongs to the caller. */
  takeBatch(requestId: number): Buffer {
    const waiter = this.#get(requestId);
    invariant(waiter.batch !== undefined, `produce ${requestId} has no batch to append`);
    const batch = waiter.batch;
    waiter.batch = undefined;
    return batch;
  }

  /** Notes where the batch of the request ends in the log. */
  placed(requestId: number, endOffset: Offset): void {
    this.#get(requestId).endOffset = endOffset;
  }

  /** Notes that the log has the batch of the request already, up to `endOffset`, with `timestampMs` as its largest timestamp. */
  duplicated(requestId: number, endOffset: Offset, timestampMs: number): void {
    const waiter = this.#get(requestId);
    waiter.batch = undefined;
    waiter.endOffset = endOffset;
    // The records have the time at which they were appended, which was not now.
    if (waiter.logAppendTimeMs > 0) waiter.logAppendTimeMs = Math.max(0, timestampMs);
  }

  /** Where the batch of the request ends; undefined while it is not placed. */
  endOffset(requestId: number): Offset | undefined {
    return this.#waiters.get(requestId)?.endOffset;
  }

  /** Answers the request. */
  resolve(requestId: number, result: Omit<ProduceResult, "logAppendTimeMs">): void {
    const { sink, logAppendTimeMs } = this.#get(requestId);
    this.#waiters.delete(requestId);
    sink.onProduced({ ...result, logAppendTimeMs });
  }

  /** Refuses the request. */
  reject(requestId: number, error: SluiceError): void {
    const { sink } = this.#get(requestId);
    this.#waiters.delete(requestId);
    sink.onRefused(error);
  }

  /** Refuses what is left: with `refused` where nothing was appended, with `indeterminate` where it may have been. */
  rejectAll(errors: { readonly refused: SluiceError; readonly indeterminate: SluiceError }): void {
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) {
      waiter.sink.onRefused(waiter.batch === undefined ? errors.indeterminate : errors.refused);
    }
  }

  #get(requestId: number): ProduceWaiter {
    const waiter = this.#waiters.get(requestId);
    invariant(waiter !== undefined, `produce ${requestId} is not known, or is answered`);
    return waiter;
  }
}
