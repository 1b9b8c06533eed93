/**
 * The iterators behind `for await (const message of consumer)` and `for await (const batch of consumer.batches())`.
 *
 * Written by hand: a message that is already there is given in a promise that is already resolved, which costs a fraction of
 * what an async generator does.
 */

import type { SluiceError } from "@sluice/model";
import { type Cancellable, cancelled } from "../cancellation.js";
import { BatchReader } from "./batch-reader.js";
import type { Message } from "./message.js";
import type { MessageBatch } from "./message-batch.js";
import { MessageReader } from "./message-reader.js";
import type { Reading } from "./reading.js";

type Stop = () => Promise<void>;

export class MessageIteration implements AsyncIterableIterator<Message, undefined> {
  readonly #reading: Reading;
  readonly #reader: MessageReader;
  readonly #stop: Stop;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#reading.halt();

  constructor(reading: Reading, options: Cancellable & { readonly stop: Stop }) {
    this.#reading = reading;
    this.#reader = new MessageReader(reading.fetcher, () => reading.isOver(), reading.clock);
    this.#stop = options.stop;
    this.#signal = options.signal;
    if (options.signal?.aborted === true) reading.halt();
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    begin(reading);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    try {
      const message = this.#reader.poll();
      if (message !== undefined) return Promise.resolve({ done: false, value: message });
    } catch (error) {
      return this.#failed(error);
    }
    return this.#slowNext();
  }

  /** The message in hand is not processed. */
  async return(): Promise<IteratorResult<Message, undefined>> {
    await this.#end();
    return { done: true, value: undefined };
  }

  async #slowNext(): Promise<IteratorResult<Message, undefined>> {
    try {
      const message = await this.#reader.next();
      if (message !== undefined) return { done: false, value: message };
    } catch (error) {
      return await this.#failed(error);
    }
    // Stopped by somebody else: the loop ends when that is done.
    if (this.#reading.signal.aborted) await this.#end();
    if (this.#signal?.aborted === true) throw cancelled("Consuming", this.#signal);
    return { done: true, value: undefined };
  }

  async #failed(error: unknown): Promise<never> {
    await this.#end();
    throw error as SluiceError;
  }

  async #end(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#reader.abandon();
    await this.#stop();
  }
}

export class BatchIteration implements AsyncIterableIterator<MessageBatch, undefined> {
  readonly #reading: Reading;
  readonly #reader: BatchReader;
  readonly #stop: Stop;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#reading.halt();

  constructor(reading: Reading, options: Cancellable & { readonly stop: Stop }) {
    this.#reading = reading;
    this.#reader = new BatchReader(reading.fetcher, () => reading.isOver(), reading.clock);
    this.#stop = options.stop;
    this.#signal = options.signal;
    if (options.signal?.aborted === true) reading.halt();
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    begin(reading);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<MessageBatch, undefined>> {
    try {
      const batch = await this.#reader.next();
      if (batch !== undefined) return { done: false, value: batch };
    } catch (error) {
      await this.#end();
      throw error;
    }
    await this.#end();
    if (this.#signal?.aborted === true) throw cancelled("Consuming", this.#signal);
    return { done: true, value: undefined };
  }

  /** The batch in hand is not processed. */
  async return(): Promise<IteratorResult<MessageBatch, undefined>> {
    await this.#end();
    return { done: true, value: undefined };
  }

  async #end(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#reader.abandon();
    await this.#stop();
  }
}

/** Starts the reading; what makes that impossible is told by the next message that is asked for. */
function begin(reading: Reading): void {
  reading.start().catch(() => undefined);
}
