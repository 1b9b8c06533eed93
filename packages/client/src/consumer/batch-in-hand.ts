/** A batch that was given out and is not finished: what is processed of it, and how its partition is given back. */

import { toSluiceError } from "@sluice/model";
import type { FetchedChunk } from "./fetched-chunk.js";
import type { FetchedPartition } from "./fetched-partition.js";
import type { Fetcher } from "./fetcher.js";
import { MessageBatch } from "./message-batch.js";

export class BatchInHand {
  readonly partition: FetchedPartition;
  readonly batch: MessageBatch;
  /** Version of the partition when the batch was taken. */
  readonly version: number;
  readonly #fetcher: Fetcher;
  readonly #chunk: FetchedChunk;

  /**
   * The first chunk of a partition that was taken from the fetcher. Undefined: it had no messages, and is given back.
   * @throws SluiceError what makes the partition unreadable; it is given back, and says so from now on
   */
  static of(fetcher: Fetcher, partition: FetchedPartition): BatchInHand | undefined {
    const chunk = partition.firstChunk;
    if (chunk === undefined) {
      fetcher.release(partition, { isFinished: false });
      return undefined;
    }
    try {
      const messages = chunk.rest();
      if (messages.length > 0)
        return new BatchInHand(fetcher, chunk, new MessageBatch(partition, messages, chunk.highWatermark));
      partition.markProcessed(chunk.nextOffset, chunk.lastLeaderEpoch);
      fetcher.release(partition, { isFinished: true });
      return undefined;
    } catch (error) {
      fetcher.fail(partition, toSluiceError(error));
      throw error;
    }
  }

  private constructor(fetcher: Fetcher, chunk: FetchedChunk, batch: MessageBatch) {
    this.#fetcher = fetcher;
    this.#chunk = chunk;
    this.batch = batch;
    this.partition = chunk.source as FetchedPartition;
    this.version = this.partition.version;
    this.partition.position = this.#endOffset;
  }

  /** True: it was taken back, by a seek or because another member shall have the partition. */
  get isStale(): boolean {
    return this.partition.version !== this.version || this.partition.isRevoked;
  }

  /** True: all of it is resolved. */
  get isResolved(): boolean {
    return (this.partition.processed ?? 0) >= this.#endOffset;
  }

  /** Everything before `offset` is processed. */
  resolve(offset: number): void {
    if (this.partition.version !== this.version || (this.partition.processed ?? 0) >= offset) return;
    this.partition.markProcessed(offset, this.#epochBefore(offset));
  }

  /** All of it is processed. Gives the partition back. */
  finish(): void {
    const { partition } = this;
    const isCurrent = partition.version === this.version;
    if (isCurrent) partition.markProcessed(this.#endOffset, this.#epochBefore(this.#endOffset));
    this.#fetcher.release(partition, { isFinished: isCurrent });
    // What came behind the cut was fetched, and not made: it is fetched again, and fails there.
    if (isCurrent && this.#chunk.cutOffset !== undefined) this.#fetcher.seek(partition, this.#chunk.cutOffset);
  }

  /** Gives the partition back, at the first message that is not processed. */
  abandon(): void {
    const { partition } = this;
    this.#fetcher.release(partition, { isFinished: false });
    // Its messages are decoded and gone: whoever reads on has to fetch them again.
    if (partition.version === this.version) this.#fetcher.seek(partition, this.firstOpenOffset);
  }

  /** Offset of the first message that is not processed. */
  get firstOpenOffset(): number {
    const { processed } = this.partition;
    return Math.max(processed ?? 0, this.batch.firstOffset());
  }

  /** Leader epoch of the record before `offset`; undefined: the batch has no message there. */
  #epochBefore(offset: number): number | undefined {
    if (offset === this.#chunk.nextOffset) return this.#chunk.lastLeaderEpoch;
    return this.batch.messages.find((message) => message.offset === offset - 1)?.leaderEpoch;
  }

  get #endOffset(): number {
    return this.#chunk.cutOffset ?? this.#chunk.nextOffset;
  }
}
