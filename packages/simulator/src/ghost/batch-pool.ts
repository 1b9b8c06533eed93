/**
 * The batches of one partition on all machines: equal ones are one object, so that logs are compared at the cost of where they
 * differ.
 */

import { batchBaseOffset, batchLastOffset, batchLeaderEpoch } from "@sluice/record";

export interface LoggedBatch {
  readonly baseOffset: number;
  /** Exclusive. */
  readonly endOffset: number;
  readonly leaderEpoch: number;
  readonly bytes: Buffer;
}

export class BatchPool {
  /** The newest of each base offset. */
  readonly #batches = new Map<number, LoggedBatch>();

  of(bytes: Buffer): LoggedBatch {
    const baseOffset = batchBaseOffset(bytes);
    const known = this.#batches.get(baseOffset);
    if (known !== undefined && known.bytes.compare(bytes) === 0) return known;
    const own = Buffer.from(bytes);
    const batch = {
      baseOffset,
      endOffset: batchLastOffset(own) + 1,
      leaderEpoch: batchLeaderEpoch(own),
      bytes: own,
    };
    this.#batches.set(baseOffset, batch);
    return batch;
  }
}
