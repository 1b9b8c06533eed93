/**
 * What one partition remembers of idempotent and transactional producers: of each its epoch, its last five batches and
 * where its open transaction begins.
 *
 * `check` gives the verdict on a batch before it is appended, `add` notes one that is in the log. Leader, follower and replay
 * add the same batches and so hold the same state; `check` and `add` of one batch go in one synchronous step, or the checks of
 * two batches of one producer see the same past.
 *
 * - Of a producer that is not known, as of a known one without batches (a marker began its epoch), the first sequence is 0
 *   (P58): a log that was robbed of the producer's past cannot tell a retry of what it had from what comes next. A producer
 *   that is refused for it begins anew with a higher epoch.
 * - Epochs never go back: a batch of an older epoch in the log (an unclean election can leave one) is not remembered.
 * - An empty transactional batch, left by compaction, opens nothing: only decided transactions are compacted.
 *
 * Pure: no IO and no clock. It does not know the high watermark: a transaction ends here when its marker is appended, which
 * may be before the marker is committed.
 */

import { SluiceError } from "@sluice/model";
import type { RecordBatchHeader } from "@sluice/record";

/** A batch of a producer that is in the log. */
export interface AppendedBatch {
  readonly baseSequence: number;
  /** `baseSequence` plus the last offset delta, wrapped. */
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Milliseconds since 1970, the largest of the batch; -1: none. */
  readonly timestampMs: number;
}

/** All that is known of one producer. */
export interface ProducerEntry {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Of the last marker of the producer; -1: there was none. */
  readonly coordinatorEpoch: number;
  /** -1: no transaction is open. */
  readonly openTransactionOffset: number;
  /** When `expire` first saw the producer silent, on its clock; -1: it was not, since it last added a batch. */
  readonly silentSinceMs: number;
  /** At most five, oldest first, all of `producerEpoch`. */
  readonly batches: readonly AppendedBatch[];
}

/** What a control batch says: a transaction has ended. */
export interface EndTransactionMarker {
  readonly type: "abort" | "commit";
  readonly coordinatorEpoch: number;
}

/** `duplicate` has the offsets and the largest timestamp (ms since 1970, -1: none) of the batch that is in the log. */
export type ProducerVerdict =
  | { readonly type: "append" }
  | {
      readonly type: "duplicate";
      readonly baseOffset: number;
      readonly lastOffset: number;
      readonly timestampMs: number;
    }
  | { readonly type: "refused"; readonly error: SluiceError };

/** Batches of a producer that are remembered, which is how many it may have under way. */
export const rememberedBatchCount = 5;
const sequenceCount = 0x8000_0000;
const append: ProducerVerdict = { type: "append" };

interface Producer {
  epoch: number;
  coordinatorEpoch: number;
  silentSinceMs: number;
  readonly batches: AppendedBatch[];
}

export class ProducerState {
  readonly #producers = new Map<number, Producer>();
  /** First offsets by producer. Transactions are opened in the order of offsets, so the first one is the oldest. */
  readonly #openTransactions = new Map<number, number>();

  /** The state that `entries` describe, each producer once. */
  static of(entries: Iterable<ProducerEntry>): ProducerState {
    const state = new ProducerState();
    const open: [producerId: number, firstOffset: number][] = [];
    for (const {
      producerId,
      producerEpoch,
      coordinatorEpoch,
      openTransactionOffset,
      silentSinceMs,
      batches,
    } of entries) {
      state.#producers.set(producerId, {
        epoch: producerEpoch,
        coordinatorEpoch,
        silentSinceMs,
        batches: [...batches],
      });
      if (openTransactionOffset >= 0) open.push([producerId, openTransactionOffset]);
    }
    open.sort(([, left], [, right]) => left - right);
    for (const [producerId, firstOffset] of open) state.#openTransactions.set(producerId, firstOffset);
    return state;
  }

  /** Producers that are known. */
  get size(): number {
    return this.#producers.size;
  }

  /**
   * First offset of the oldest transaction whose marker was not appended; undefined where none is open. It may lie below
   * the log start offset.
   */
  get firstOpenTransactionOffset(): number | undefined {
    return this.#openTransactions.values().next().value;
  }

  /**
   * Verdict on a batch that would be appended next; a batch without a producer id is always appended. `where` is for
   * messages. Errors are OUT_OF_ORDER_SEQUENCE, FENCED_PRODUCER, and INVALID_RECORD_BATCH for a producer id without epoch or
   * sequence.
   */
  check(header: RecordBatchHeader, where: string): ProducerVerdict {
    if (header.producerId < 0) return append;
    if (header.producerEpoch < 0) return invalid("it has a producer id and no producer epoch", where);
    const producer = this.#producers.get(header.producerId);
    if (producer !== undefined && header.producerEpoch < producer.epoch) {
      const { producerId, producerEpoch: epoch } = header;
      return refused(new SluiceError("FENCED_PRODUCER", { producerId, epoch, where, currentEpoch: producer.epoch }));
    }
    if (header.isControl) return append;
    if (header.baseSequence < 0) return invalid("it has a producer id and no sequence", where);
    return checkSequence(header, header.producerEpoch === producer?.epoch ? producer.batches : [], where);
  }

  /** Notes a batch that is in the log, with what its marker says (`controlMarkerOf`). Never refuses: the log is the truth. */
  add(header: RecordBatchHeader, marker?: EndTransactionMarker): void {
    if (header.producerId < 0 || header.producerEpoch < 0) return;
    if (!header.isControl) this.#addRecords(header);
    else if (marker !== undefined) this.#addMarker(header, marker);
  }

  /**
   * Forgets producers that added no batch for `expirationMs` and have no open transaction. Silence is counted by the caller's
   * clock, from the first call that finds it, never by timestamps of batches: those are the producers' own, and to forget one
   * that writes old timestamps would append its next retry twice. To be called at intervals, with one wall clock.
   */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, producer] of this.#producers) {
      // Also where the clock was set back: silence is then counted anew.
      if (producer.silentSinceMs < 0 || producer.silentSinceMs > nowMs) producer.silentSinceMs = nowMs;
      else if (nowMs - producer.silentSinceMs >= expirationMs && !this.#openTransactions.has(producerId)) {
        this.#producers.delete(producerId);
      }
    }
  }

  /** A copy that goes its own way. */
  clone(): ProducerState {
    return ProducerState.of(this.entries());
  }

  /** Every producer. What it yields is a view: read it before the next `add` or `expire`. */
  *entries(): Generator<ProducerEntry, void, undefined> {
    for (const [producerId, producer] of this.#producers) {
      yield {
        producerId,
        producerEpoch: producer.epoch,
        coordinatorEpoch: producer.coordinatorEpoch,
        openTransactionOffset: this.#openTransactions.get(producerId) ?? -1,
        silentSinceMs: producer.silentSinceMs,
        batches: producer.batches,
      };
    }
  }

  /** Whether both know the same of the same producers; how long these have been silent, each broker sees for itself. */
  equals(other: ProducerState): boolean {
    if (this.size !== other.size) return false;
    for (const entry of this.entries()) {
      const producer = other.#producers.get(entry.producerId);
      if (producer === undefined || producer.epoch !== entry.producerEpoch) return false;
      if (producer.coordinatorEpoch !== entry.coordinatorEpoch) return false;
      if ((other.#openTransactions.get(entry.producerId) ?? -1) !== entry.openTransactionOffset) return false;
      if (producer.batches.length !== entry.batches.length) return false;
      if (!producer.batches.every((batch, index) => isSameBatch(batch, entry.batches[index]))) return false;
    }
    return true;
  }

  #addRecords(header: RecordBatchHeader): void {
    const { producerId, producerEpoch, baseSequence, baseOffset, lastOffset, lastOffsetDelta } = header;
    const producer = this.#producerAt(producerId, producerEpoch);
    if (header.isTransactional && header.recordCount > 0 && !this.#openTransactions.has(producerId)) {
      this.#openTransactions.set(producerId, baseOffset);
    }
    // Case: a coordinator's own transactional batches have no sequence.
    if (producerEpoch < producer.epoch || baseSequence < 0) return;
    if (producer.batches.length === rememberedBatchCount) producer.batches.shift();
    const lastSequence = sequenceAfter(baseSequence, lastOffsetDelta);
    producer.batches.push({ baseSequence, lastSequence, baseOffset, lastOffset, timestampMs: header.maxTimestampMs });
  }

  #addMarker(header: RecordBatchHeader, marker: EndTransactionMarker): void {
    const producer = this.#producerAt(header.producerId, header.producerEpoch);
    producer.coordinatorEpoch = marker.coordinatorEpoch;
    this.#openTransactions.delete(header.producerId);
  }

  /** The producer, made where it is not known, in that epoch or a later one, and not silent. */
  #producerAt(producerId: number, epoch: number): Producer {
    let producer = this.#producers.get(producerId);
    if (producer === undefined) {
      producer = { epoch, coordinatorEpoch: -1, silentSinceMs: -1, batches: [] };
      this.#producers.set(producerId, producer);
    } else if (epoch > producer.epoch) {
      producer.epoch = epoch;
      producer.batches.length = 0;
    }
    producer.silentSinceMs = -1;
    return producer;
  }
}

/** The sequence that is `count` after `sequence`; 0 follows 2^31 - 1. `count` may be negative. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count + sequenceCount) % sequenceCount;
}

/** `batches` are those of the epoch of `header`. */
function checkSequence(header: RecordBatchHeader, batches: readonly AppendedBatch[], where: string): ProducerVerdict {
  const { producerId, baseSequence, lastOffsetDelta } = header;
  const newest = batches.at(-1);
  const expected = newest === undefined ? 0 : sequenceAfter(newest.lastSequence, 1);
  if (baseSequence === expected) return append;
  const lastSequence = sequenceAfter(baseSequence, lastOffsetDelta);
  for (const batch of batches) {
    if (batch.baseSequence !== baseSequence || batch.lastSequence !== lastSequence) continue;
    const { baseOffset, lastOffset, timestampMs } = batch;
    return { type: "duplicate", baseOffset, lastOffset, timestampMs };
  }
  return refused(new SluiceError("OUT_OF_ORDER_SEQUENCE", { producerId, sequence: baseSequence, where, expected }));
}

function invalid(reason: string, where: string): ProducerVerdict {
  return refused(new SluiceError("INVALID_RECORD_BATCH", { reason, where }));
}

function refused(error: SluiceError): ProducerVerdict {
  return { type: "refused", error };
}

function isSameBatch(left: AppendedBatch, right: AppendedBatch | undefined): boolean {
  return (
    left.baseSequence === right?.baseSequence &&
    left.lastSequence === right.lastSequence &&
    left.baseOffset === right.baseOffset &&
    left.lastOffset === right.lastOffset &&
    left.timestampMs === right.timestampMs
  );
}
