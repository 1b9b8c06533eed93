/**
 * Gives the messages of a fetcher to an application one by one.
 *
 * Asking for the next message says that the one before is processed. A message that is already decoded is given without
 * waiting; while a partition is worked on it belongs to this reader, so several readers share a fetcher without ever having
 * the same partition.
 */

import { type Clock, sleep, toSluiceError } from "@sluice/model";
import type { FetchedPartition } from "./fetched-partition.js";
import type { Fetcher } from "./fetcher.js";
import type { Message } from "./message.js";

/** A reader that never has to wait lets the event loop turn after so many milliseconds: requests go out, heartbeats too. */
export const turnMsMax = 20;

export class MessageReader {
  readonly #fetcher: Fetcher;
  readonly #isOver: () => boolean;
  readonly #clock: Clock;
  #turnBeganMs: number;
  #partition: FetchedPartition | undefined;
  #version = 0;
  #inHand: Message | undefined;

  /** @param isOver true: there is nothing more to come. */
  constructor(fetcher: Fetcher, isOver: () => boolean, clock: Clock) {
    this.#fetcher = fetcher;
    this.#isOver = isOver;
    this.#clock = clock;
    this.#turnBeganMs = clock.monotonicMs();
  }

  /**
   * The next message, where one is there; undefined: wait. The one before is processed.
   * @throws SluiceError what makes a partition unreadable
   */
  poll(): Message | undefined {
    this.#markProcessed();
    for (;;) {
      if (this.#isOver()) {
        this.abandon();
        return undefined;
      }
      if (this.#partition === undefined && this.#isTurnOver()) return undefined;
      this.#partition ??= this.#take();
      if (this.#partition === undefined) return undefined;
      const message = this.#nextOf(this.#partition);
      if (message !== undefined) return message;
      this.#partition = undefined;
    }
  }

  /**
   * The next message; undefined: there is nothing more to come.
   * @throws as `poll`
   */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const message = this.poll();
      if (message !== undefined || this.#isOver()) return message;
      if (this.#isTurnOver()) await sleep(this.#clock, 0);
      else await this.#fetcher.changed.next();
      this.#turnBeganMs = this.#clock.monotonicMs();
    }
  }

  /** Gives the partition back; the message in hand does not count as processed. */
  abandon(): void {
    this.#inHand = undefined;
    if (this.#partition === undefined) return;
    const partition = this.#partition;
    this.#partition = undefined;
    this.#fetcher.release(partition, { isFinished: false });
  }

  #isTurnOver(): boolean {
    return this.#clock.monotonicMs() - this.#turnBeganMs > turnMsMax;
  }

  #take(): FetchedPartition | undefined {
    const partition = this.#fetcher.take();
    if (partition !== undefined) this.#version = partition.version;
    return partition;
  }

  #markProcessed(): void {
    const message = this.#inHand;
    this.#inHand = undefined;
    if (message === undefined || this.#partition?.version !== this.#version) return;
    this.#partition.markProcessed(message.offset + 1, message.leaderEpoch);
  }

  /** Undefined: the partition is given back. */
  #nextOf(partition: FetchedPartition): Message | undefined {
    const isCurrent = partition.version === this.#version;
    const chunk = isCurrent ? partition.firstChunk : undefined;
    if (chunk === undefined || partition.isPaused || partition.isRevoked) {
      this.#fetcher.release(partition, { isFinished: false });
      return undefined;
    }
    let message: Message | undefined;
    try {
      message = chunk.next();
    } catch (error) {
      this.#partition = undefined;
      this.#fetcher.fail(partition, toSluiceError(error));
      throw error;
    }
    if (message === undefined) {
      partition.markProcessed(chunk.nextOffset, chunk.lastLeaderEpoch);
      this.#fetcher.release(partition, { isFinished: true });
    } else {
      partition.gaveOut(message);
      this.#inHand = message;
    }
    return message;
  }
}
