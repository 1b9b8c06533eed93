/**
 * Gives the messages of a fetcher to an application batch by batch, as `MessageReader` does one by one: asking for the next
 * batch says that the one before is processed.
 */

import { type Clock, sleep, toSluiceError } from "@sluice/model";
import type { FetchedPartition } from "./fetched-partition.js";
import type { Fetcher } from "./fetcher.js";
import { MessageBatch } from "./message-batch.js";
import { turnMsMax } from "./message-reader.js";

interface InHand {
  readonly partition: FetchedPartition;
  readonly version: number;
  readonly nextOffset: number;
  readonly batch: MessageBatch;
}

export class BatchReader {
  readonly #fetcher: Fetcher;
  readonly #isOver: () => boolean;
  readonly #clock: Clock;
  #turnBeganMs: number;
  #inHand: InHand | undefined;

  /** @param isOver true: there is nothing more to come. */
  constructor(fetcher: Fetcher, isOver: () => boolean, clock: Clock) {
    this.#fetcher = fetcher;
    this.#isOver = isOver;
    this.#clock = clock;
    this.#turnBeganMs = clock.monotonicMs();
  }

  /** True: the batch in hand was taken back, by a seek or because another member shall have the partition. */
  get isStale(): boolean {
    const inHand = this.#inHand;
    return inHand !== undefined && (inHand.partition.version !== inHand.version || inHand.partition.isRevoked);
  }

  /**
   * The next batch; undefined: there is nothing more to come. The one before is processed.
   * @throws SluiceError what makes a partition unreadable
   */
  async next(): Promise<MessageBatch | undefined> {
    this.finish();
    for (;;) {
      if (this.#isOver()) return undefined;
      await this.#letLoopTurn();
      const partition = this.#fetcher.take();
      if (partition === undefined) await this.#fetcher.changed.next();
      else {
        const batch = this.#decode(partition);
        if (batch !== undefined) return batch;
      }
    }
  }

  /** Everything before `offset` of the batch in hand is processed. */
  resolve(offset: number): void {
    const inHand = this.#inHand;
    if (inHand === undefined || inHand.partition.version !== inHand.version) return;
    const last = inHand.batch.messages.findLast((message) => message.offset < offset);
    inHand.partition.markProcessed(offset, last?.leaderEpoch);
  }

  /** The batch in hand is processed. */
  finish(): void {
    const inHand = this.#inHand;
    if (inHand === undefined) return;
    this.#inHand = undefined;
    const { partition, version, nextOffset, batch } = inHand;
    const isCurrent = partition.version === version;
    if (isCurrent) partition.markProcessed(nextOffset, batch.messages.at(-1)?.leaderEpoch);
    this.#fetcher.release(partition, { isFinished: isCurrent });
  }

  /** Gives the partition back, at the first message that is not processed. */
  abandon(): void {
    const inHand = this.#inHand;
    if (inHand === undefined) return;
    this.#inHand = undefined;
    const { partition, version, batch } = inHand;
    this.#fetcher.release(partition, { isFinished: false });
    // Its messages are decoded and gone: whoever reads on has to fetch them again.
    if (partition.version === version) {
      const processed = partition.processed ?? batch.firstOffset;
      this.#fetcher.seek(partition, Math.max(processed, batch.firstOffset));
    }
  }

  /** See `turnMsMax`. */
  async #letLoopTurn(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#turnBeganMs <= turnMsMax) return;
    await sleep(this.#clock, 0);
    this.#turnBeganMs = this.#clock.monotonicMs();
  }

  #decode(partition: FetchedPartition): MessageBatch | undefined {
    const chunk = partition.firstChunk;
    if (chunk === undefined) {
      this.#fetcher.release(partition, { isFinished: false });
      return undefined;
    }
    try {
      const messages = chunk.rest();
      if (messages.length > 0) {
        const batch = new MessageBatch(partition, messages, chunk.highWatermark);
        partition.position = chunk.nextOffset;
        this.#inHand = { partition, version: partition.version, nextOffset: chunk.nextOffset, batch };
        return batch;
      }
      partition.markProcessed(chunk.nextOffset, partition.processedEpoch);
      this.#fetcher.release(partition, { isFinished: true });
      return undefined;
    } catch (error) {
      this.#fetcher.fail(partition, toSluiceError(error));
      throw error;
    }
  }
}
