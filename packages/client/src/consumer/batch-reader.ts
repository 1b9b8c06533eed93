/**
 * Gives the messages of a fetcher to an application batch by batch, as `MessageReader` does one by one: asking for the next
 * batch says that the one before is processed.
 */

import { type Clock, sleep } from "@sluice/model";
import { BatchInHand } from "./batch-in-hand.js";
import type { Fetcher } from "./fetcher.js";
import type { MessageBatch } from "./message-batch.js";
import { turnMsMax } from "./message-reader.js";

export class BatchReader {
  readonly #fetcher: Fetcher;
  readonly #isOver: () => boolean;
  readonly #clock: Clock;
  #turnBeganMs: number;
  #inHand: BatchInHand | undefined;

  /** @param isOver true: there is nothing more to come. */
  constructor(fetcher: Fetcher, isOver: () => boolean, clock: Clock) {
    this.#fetcher = fetcher;
    this.#isOver = isOver;
    this.#clock = clock;
    this.#turnBeganMs = clock.monotonicMs();
  }

  /**
   * The next batch; undefined: there is nothing more to come. The one before is processed.
   * @throws SluiceError what makes a partition unreadable
   */
  async next(): Promise<MessageBatch | undefined> {
    this.finish();
    for (;;) {
      await this.#letLoopTurn();
      // From here to the wait without a pause: a stop in between would wake nobody.
      if (this.#isOver()) return undefined;
      const partition = this.#fetcher.take();
      if (partition === undefined) await this.#fetcher.changed.next();
      else {
        this.#inHand = BatchInHand.of(this.#fetcher, partition);
        if (this.#inHand !== undefined) return this.#inHand.batch;
      }
    }
  }

  /** The batch in hand is processed. */
  finish(): void {
    const inHand = this.#inHand;
    this.#inHand = undefined;
    inHand?.finish();
  }

  /** Gives the partition back, at the first message that is not processed. */
  abandon(): void {
    const inHand = this.#inHand;
    this.#inHand = undefined;
    inHand?.abandon();
  }

  /** See `turnMsMax`. */
  async #letLoopTurn(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#turnBeganMs <= turnMsMax) return;
    await sleep(this.#clock, 0);
    this.#turnBeganMs = this.#clock.monotonicMs();
  }
}
