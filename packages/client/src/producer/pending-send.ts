/**
 * One `send` of messages to one topic, from the call until every message is acknowledged or has failed.
 *
 * It remembers for each message which batch it is in and at which place, and nothing else: the metadata is made when all its
 * batches are settled.
 */

import { isSluiceError, SluiceError } from "@sluice/model";
import type { CompressionCodec } from "@sluice/record";
import { type OutgoingMessage, timestampMsOf } from "./outgoing-message.js";
import type { AcknowledgedBatch, ProduceBatch } from "./produce-batch.js";
import type { AcksName } from "./producer-options.js";

/** Where a message went. */
export interface RecordMetadata {
  /** Name of the topic. */
  readonly topic: string;
  /** Partition, from 0. */
  readonly partition: number;
  /** Where the message is. -1 with acks `none`: nobody said. */
  readonly offset: number;
  /** Milliseconds since 1970, as stored. */
  readonly timestamp: number;
  /** How many replicas had it when it was acknowledged. 0 with acks `none`: nobody said. */
  readonly replicas: number;
  /** How many of them had flushed it to disk. */
  readonly fsynced: number;
  /** The answer to an earlier try was lost: the message was written by that one, and once. Absent otherwise. */
  readonly duplicate?: true;
}

/** What came of one message, in the shape of `Promise.allSettled`. */
export type SendResult =
  | { readonly status: "fulfilled"; readonly value: RecordMetadata }
  | { readonly status: "rejected"; readonly reason: SluiceError };

/** What `send` and `sendBatch` reject with: the first error, and what came of each message, in their order. */
export interface SendError extends SluiceError {
  /** What became of each message, in their order. */
  readonly results: readonly SendResult[];
  /** Some message that is not acknowledged may be in the log: its error is INDETERMINATE, or CANCELLED. */
  readonly mayBeWritten: boolean;
}

/** How a send is carried out. Sends with the very same object share batches. */
export interface Delivery {
  readonly acks: AcksName;
  readonly compression: CompressionCodec;
  /** Milliseconds from when a batch is begun until it has failed. */
  readonly timeoutMs: number;
}

/** Of a batch of which no broker said where it is. */
const unsaid: AcknowledgedBatch = {
  baseOffset: -1,
  duplicate: false,
  logAppendTimeMs: 0,
  replicas: 0,
  replicasFlushed: 0,
};

export class PendingSend {
  readonly topic: string;
  /** As they are sent. */
  readonly messages: readonly OutgoingMessage[];
  /** As the application gave them: what a partitioner and events see. */
  readonly given: readonly OutgoingMessage[];
  readonly delivery: Delivery;
  /** For messages without a timestamp. */
  readonly nowMs: number;
  /** Told first when it is settled: the buffer that it is in. */
  keeper: { sendSettled(send: PendingSend): void } | undefined;
  /** It has left the line of what waits for room. */
  isTaken = false;
  readonly #batches: ProduceBatch[] = [];
  readonly #places: number[] = [];
  readonly #onSettled: ((error: SendError | undefined) => void)[] = [];
  #unsettledBatches = 0;
  #isAppended = false;
  #isSettled = false;
  #error: SendError | undefined;

  constructor(options: {
    readonly topic: string;
    readonly messages: readonly OutgoingMessage[];
    readonly given: readonly OutgoingMessage[];
    readonly delivery: Delivery;
    readonly nowMs: number;
  }) {
    this.topic = options.topic;
    this.messages = options.messages;
    this.given = options.given;
    this.delivery = options.delivery;
    this.nowMs = options.nowMs;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Calls back once, when all messages are acknowledged or failed: at once where they are. */
  onSettled(callback: (error: SendError | undefined) => void): void {
    if (this.#isSettled) callback(this.#error);
    else this.#onSettled.push(callback);
  }

  /** Where each message went, once all are acknowledged. @throws SendError */
  metadata(): Promise<RecordMetadata[]> {
    return new Promise((resolve, reject) => {
      this.onSettled((error) => {
        if (error === undefined) resolve(this.messages.map((_, index) => this.#metadata(index)));
        else reject(error);
      });
    });
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

  /** Nobody waits for it any more. What is in batches may be sent all the same. */
  fail(error: SluiceError): void {
    if (this.#isSettled) return;
    const results = this.messages.map((): SendResult => ({ status: "rejected", reason: error }));
    this.#settle(sendError(error, results, this.#batches.length > 0));
  }

  #settleIfDone(): void {
    if (!this.#isAppended || this.#unsettledBatches > 0 || this.#isSettled) return;
    const failed = this.#batches.find((batch) => batch.error !== undefined)?.error;
    if (failed === undefined) {
      this.#settle(undefined);
      return;
    }
    const results = this.messages.map((_, index) => this.#result(index));
    this.#settle(sendError(failed, results));
  }

  #settle(error: SendError | undefined): void {
    this.#isSettled = true;
    this.#error = error;
    this.keeper?.sendSettled(this);
    for (const callback of this.#onSettled.splice(0)) callback(error);
  }

  #result(index: number): SendResult {
    const error = (this.#batches[index] as ProduceBatch).error;
    if (error !== undefined) return { status: "rejected", reason: error };
    return { status: "fulfilled", value: this.#metadata(index) };
  }

  #metadata(index: number): RecordMetadata {
    const batch = this.#batches[index] as ProduceBatch;
    const { baseOffset, duplicate, logAppendTimeMs, replicas, replicasFlushed } = batch.acknowledged ?? unsaid;
    const given = (this.messages[index] as OutgoingMessage).timestamp;
    const createTimeMs = given === undefined ? this.nowMs : timestampMsOf(given);
    return {
      topic: this.topic,
      partition: batch.partition,
      offset: baseOffset + (this.#places[index] as number),
      timestamp: logAppendTimeMs > 0 ? logAppendTimeMs : createTimeMs,
      replicas,
      fsynced: replicasFlushed,
      ...(duplicate ? { duplicate } : {}),
    };
  }
}

/** A copy of `error` for one caller, with what came of each of its messages. */
export function sendError(error: SluiceError, results: readonly SendResult[], isPartlySent = false): SendError {
  const copy = new SluiceError(error.code, error.details as never, { cause: error });
  const mayBeWritten = isPartlySent || results.some(isIndeterminate);
  return Object.assign(copy, { results, mayBeWritten });
}

function isIndeterminate(result: SendResult): boolean {
  return result.status === "rejected" && isSluiceError(result.reason, "INDETERMINATE");
}
