/**
 * The numbers of one partition's batches: producer id, epoch and sequence, so that its leader appends each batch once and in
 * order however often it is sent.
 *
 * - A batch keeps its stamp until it is answered, and every try sends the same bytes.
 * - A batch that fails leaves a gap after which nothing of its epoch can be appended. So the partition then begins a new epoch,
 *   with sequence 0, once nothing of the old one is under way. The first batch of the new epoch also fences what the network
 *   may still hold of the old one.
 * - A batch whose answer was lost may be in the log: it is never stamped anew, unless a batch before it is known not to be
 *   there, without which it cannot have been appended.
 * - The leader remembers five batches. None is sent that is five after one whose outcome is open, or a retry of that one
 *   could not be told from something new.
 *
 * Pure: it neither sends nor waits.
 */

import { invariant } from "@sluice/model";
import type { ProduceBatch } from "./produce-batch.js";
import type { ProducerIdentity, ProducerIds } from "./producer-ids.js";

/** What a batch is numbered with. */
export interface BatchStamp extends ProducerIdentity {
  readonly baseSequence: number;
  /** Which of the partition's stamped batches it is. */
  readonly number: number;
}

/** Batches of one producer that a leader remembers for a partition. */
export const batchesRemembered = 5;
const sequenceCount = 0x8000_0000;
const epochMax = 0x7fff;

export class PartitionSequences {
  readonly #ids: ProducerIds;
  #identity: ProducerIdentity | undefined;
  #nextSequence = 0;
  #nextNumber = 0;
  #isRenewalDue = false;
  /** The first batch of the epoch that is known never to be in the log. */
  #gapOrdinal = Number.POSITIVE_INFINITY;

  constructor(ids: ProducerIds) {
    this.#ids = ids;
  }

  /** False: `stamp` needs an id first; `ProducerIds.whenReady` gets one. */
  get hasIdentity(): boolean {
    return this.#identity !== undefined || this.#ids.current !== undefined;
  }

  /** Nothing more is stamped in this epoch: a batch of it has failed. */
  get isRenewalDue(): boolean {
    return this.#isRenewalDue;
  }

  /** Whether the batch may be in the log although it is not acknowledged. */
  isMaybeWritten(batch: ProduceBatch): boolean {
    return batch.hasLostAnswer && batch.ordinal < this.#gapOrdinal;
  }

  /** Whether sending the batch next means to begin a new epoch. */
  needsRenewal(batch: ProduceBatch): boolean {
    return this.#isRenewalDue && !(batch.stamp !== undefined && this.isMaybeWritten(batch));
  }

  /** Whether the leader will still know `oldest`, which is not answered, when it has `batch` too. */
  isWithinMemory(batch: ProduceBatch, oldest: ProduceBatch): boolean {
    const number = batch.stamp?.number ?? this.#nextNumber;
    return oldest.stamp === undefined || number - oldest.stamp.number < batchesRemembered;
  }

  /**
   * Begins a new epoch. Nothing is under way, and `unanswered`, in order, are all batches that are not answered yet; the
   * first of them is known not to be in the log, and so are the others, which come after it.
   */
  renew(unanswered: readonly ProduceBatch[]): void {
    const identity = this.#identity;
    if (identity !== undefined && identity.producerEpoch < epochMax)
      this.#identity = { ...identity, producerEpoch: identity.producerEpoch + 1 };
    else this.replaceId();
    this.#isRenewalDue = false;
    this.#gapOrdinal = Number.POSITIVE_INFINITY;
    this.#nextSequence = 0;
    for (const batch of unanswered) {
      batch.stamp = undefined;
      batch.hasLostAnswer = false;
    }
  }

  /** Gives a batch that has no stamp the next sequences. */
  stamp(batch: ProduceBatch): void {
    invariant(!this.#isRenewalDue && batch.stamp === undefined, "a batch is stamped that must not be");
    this.#identity ??= this.#ids.current;
    invariant(this.#identity !== undefined, "a batch is stamped without a producer id");
    batch.stamp = { ...this.#identity, baseSequence: this.#nextSequence, number: this.#nextNumber++ };
    this.#nextSequence = (this.#nextSequence + batch.recordCount) % sequenceCount;
  }

  /** A stamped batch has failed, or is to get another stamp. */
  abandon(batch: ProduceBatch): void {
    if (!this.isMaybeWritten(batch)) this.#gapOrdinal = Math.min(this.#gapOrdinal, batch.ordinal);
    this.#isRenewalDue = true;
  }

  /** Takes another producer id from the next epoch on. */
  replaceId(): void {
    if (this.#identity !== undefined) this.#ids.discard(this.#identity.producerId);
    this.#identity = undefined;
  }
}
