/**
 * Calls handlers with messages or batches, several partitions at once where that is asked for, one partition never twice at
 * the same time.
 *
 * A handler that throws ends the run; its message is not processed, and nothing is swallowed: `finished` rejects.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { SluiceError } from "@sluice/model";
import { checkOptionNames, integerOption } from "../option-check.js";
import { BatchReader } from "./batch-reader.js";
import type { Message } from "./message.js";
import type { MessageBatch } from "./message-batch.js";
import { MessageReader } from "./message-reader.js";
import type { Reading } from "./reading.js";

export interface EachMessagePayload {
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
  /** Aborts when the consumer stops. */
  readonly signal: AbortSignal;
  /** Heartbeats need no help: it does nothing, and is here for handlers written for kafkajs. */
  heartbeat(): Promise<void>;
  /** Pauses the partition of the message; the function that it returns resumes it. */
  pause(): () => void;
}

export interface EachBatchPayload {
  readonly batch: MessageBatch;
  /** Aborts when the consumer stops. */
  readonly signal: AbortSignal;
  /** The message at this offset is processed, and all before it. Without it, the batch is when the handler returns. */
  resolveOffset(offset: number): void;
  /** Commits what is processed now. */
  commitOffsetsIfNecessary(): Promise<void>;
  /** As for `eachMessage`. */
  heartbeat(): Promise<void>;
  isRunning(): boolean;
  /** The rest of the batch is of no more use: sought elsewhere, or given to another member. */
  isStale(): boolean;
  pause(): () => void;
}

export interface RunOptions {
  readonly eachMessage?: ((payload: EachMessagePayload) => Promise<void> | void) | undefined;
  readonly eachBatch?: ((payload: EachBatchPayload) => Promise<void> | void) | undefined;
  /** How many partitions are worked on at the same time. Default 1. */
  readonly partitionsConsumedConcurrently?: number | undefined;
}

const subject = "run";
const names = [
  "eachMessage",
  "eachBatch",
  "partitionsConsumedConcurrently",
] as const satisfies readonly (keyof RunOptions)[];

/** Which reading's handler the present code was called from. */
const handlerOf = new AsyncLocalStorage<Reading>();

/** True: the caller is inside a handler of that reading, so waiting for its handlers would never end. */
export function isInsideHandler(reading: Reading): boolean {
  return handlerOf.getStore() === reading;
}

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION */
export function checkRunOptions(options: RunOptions): number {
  checkOptionNames(subject, options, names);
  if ((options.eachMessage === undefined) === (options.eachBatch === undefined))
    throw new SluiceError("INVALID_OPTION", {
      option: "eachMessage",
      subject,
      reason: "it takes eachMessage or eachBatch, and one of them",
    });
  return integerOption({ subject, option: "partitionsConsumedConcurrently" }, options.partitionsConsumedConcurrently, {
    fallback: 1,
    min: 1,
    max: 10_000,
  });
}

/**
 * Runs until the reading stops. Resolves when all handlers are done.
 * @throws what a handler throws; SluiceError what ends the reading
 */
export async function runHandlers(reading: Reading, options: RunOptions, pauses: Pauses): Promise<void> {
  const workers = Array.from({ length: checkRunOptions(options) }, () => {
    const work = () =>
      options.eachBatch ? eachBatch(reading, options.eachBatch, pauses) : eachMessage(reading, options, pauses);
    return handlerOf.run(reading, work);
  });
  const settled = await Promise.allSettled(workers);
  for (const result of settled) if (result.status === "rejected") throw result.reason;
}

/** How a handler pauses the partition that it works on. */
export type Pauses = (place: { readonly topic: string; readonly partition: number }) => () => void;

const heartbeat = async (): Promise<void> => undefined;

async function eachMessage(reading: Reading, { eachMessage: handle }: RunOptions, pauses: Pauses): Promise<void> {
  const reader = new MessageReader(reading.fetcher, () => reading.isOver(), reading.clock);
  try {
    for (let message = await reader.next(); message !== undefined; message = await reader.next()) {
      const { topic, partition } = message;
      const pause = (): (() => void) => pauses({ topic, partition });
      await handle?.({ topic, partition, message, signal: reading.signal, heartbeat, pause });
    }
  } finally {
    // First: once it is given back, another worker would go on behind the message that failed, and commit it.
    reading.halt();
    reader.abandon();
  }
}

async function eachBatch(
  reading: Reading,
  handle: NonNullable<RunOptions["eachBatch"]>,
  pauses: Pauses,
): Promise<void> {
  const reader = new BatchReader(reading.fetcher, () => reading.isOver(), reading.clock);
  try {
    for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) {
      const current = batch;
      await handle({
        batch,
        signal: reading.signal,
        resolveOffset: (offset) => reader.resolve(offset + 1),
        commitOffsetsIfNecessary: () => reading.commit(),
        heartbeat,
        isRunning: () => !reading.signal.aborted,
        isStale: () => reader.isStale,
        pause: () => pauses(current),
      });
    }
  } finally {
    // First: once it is given back, another worker would go on behind the message that failed, and commit it.
    reading.halt();
    reader.abandon();
  }
}
