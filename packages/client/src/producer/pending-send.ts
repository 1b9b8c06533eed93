/**
 * One `send` of messages to one topic, from the call until every message is acknowledged or has failed.
 *
 * It remembers for each message which batch it is in and at which place, and nothing else: the metadata is made when all its
 * batches are settled.
 */

import { SluiceError } from "@sluice/model";
import { type OutgoingMessage, timestampMsOf } from "./outgoing-message.js";
import type { ProduceBatch } from "./produce-batch.js";
import type { AcksName } from "./producer-options.js";

/** Where a message went. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970, as stored. */
  readonly timestamp: number;
}

/** What came of one message, in the shape of `Promise.allSettled`. */
export type SendResult =
  | { readonly status: "fulfilled"; readonly value: RecordMetadata }
  | { readonly status: "rejected"; readonly reason: SluiceError };

/** What `send` and `sendBatch` reject with: the first error, and what came of each message, in their order. */
export interface SendError extends SluiceError {
  readonly results: readonly SendResult[];
}

export class PendingSend {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
  readonly acks: AcksName;
  /** For messages without a timestamp. */
  readonly nowMs: number;
  readonly promise: Promise<RecordMetadata[]>;
  readonly #batches: ProduceBatch[] = [];
  readonly #places: number[] = [];
  #resolve!: (metadata: RecordMetadata[]) => void;
  #reject!: (error: SluiceError) => void;
  #unsettledBatches = 0;
  #isAppended = false;
  #isSettled = false;
  #onSettled: (() => void)[] = [];

  constructor(options: {
    readonly topic: string;
    readonly messages: readonly OutgoingMessage[];
    readonly acks: AcksName;
    readonly nowMs: number;
  }) {
    this.topic = options.topic;
    this.messages = options.messages;
    this.acks = options.acks;
    this.nowMs = options.nowMs;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Calls back once, when all messages are acknowledged or failed: at once where they are. */
  onSettled(callback: () => void): void {
    if (this.#isSettled) callback();
    else this.#onSettled.push(callback);
  }

  /** The next message is record `place` of `batch`. */
  appended(batch: ProduceBatch, place: number): void {
    this.#batches.push(batch);
    this.#places.push(place);
    if (batch.joinedBy(this)) this.#unsettledBatches++;
  }

  /** All messages are in batches. */
  allAppended(): void {
    this.#isAppended = true;
    this.#settleIfDone();
  }

  /** A batch that some of the messages are in was acknowledged or has failed. */
  batchSettled(): void {
    this.#unsettledBatches--;
    this.#settleIfDone();
  }

  /** Nothing of it was or will be sent. */
  fail(error: SluiceError): void {
    if (this.#isSettled) return;
    const results = this.messages.map((): SendResult => ({ status: "rejected", reason: error }));
    this.#settle(() => this.#reject(sendError(error, results)));
  }

  #settleIfDone(): void {
    if (!this.#isAppended || this.#unsettledBatches > 0 || this.#isSettled) return;
    const failed = this.#batches.find((batch) => batch.error !== undefined)?.error;
    if (failed === undefined) {
      const metadata = this.messages.map((_, index) => this.#metadata(index));
      this.#settle(() => this.#resolve(metadata));
    } else {
      const results = this.messages.map((_, index) => this.#result(index));
      this.#settle(() => this.#reject(sendError(failed, results)));
    }
  }

  #settle(tell: () => void): void {
    this.#isSettled = true;
    tell();
    const callbacks = this.#onSettled;
    this.#onSettled = [];
    for (const callback of callbacks) callback();
  }

  #result(index: number): SendResult {
    const error = (this.#batches[index] as ProduceBatch).error;
    if (error !== undefined) return { status: "rejected", reason: error };
    return { status: "fulfilled", value: this.#metadata(index) };
  }

  #metadata(index: number): RecordMetadata {
    const batch = this.#batches[index] as ProduceBatch;
    const given = (this.messages[index] as OutgoingMessage).timestamp;
    return {
      topic: this.topic,
      partition: batch.partition,
      offset: batch.baseOffset + (this.#places[index] as number),
      timestamp: given === undefined ? this.nowMs : timestampMsOf(given),
    };
  }
}

/** A copy of `error` for one caller, with what came of each of its messages. */
export function sendError(error: SluiceError, results: readonly SendResult[]): SendError {
  const copy = new SluiceError(error.code, error.details as never, { cause: error });
  return Object.assign(copy, { results });
}
