/**
 * Runs the handlers of `run`: several partitions at once where that is asked for, one partition never twice at the same time.
 *
 * A handler that throws, and goes on throwing, ends the run unless the policy says otherwise; its message is not processed,
 * and nothing is swallowed: `finished` rejects.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { workOnBatch } from "./batch-work.js";
import type { FetchedPartition } from "./fetched-partition.js";
import { HandlerCalls, type RunContext } from "./handler-calls.js";
import { KeyedWork } from "./keyed-work.js";
import { Turn, workInOrder } from "./message-work.js";
import type { Reading } from "./reading.js";
import { SlotHold, Slots } from "./slots.js";

/** Which reading's handler the present code was called from. */
const handlerOf = new AsyncLocalStorage<Reading>();

/** True: the caller is inside a handler of that reading, so waiting for its handlers would never end. */
export function isInsideHandler(reading: Reading): boolean {
  return handlerOf.getStore() === reading;
}

/**
 * Runs until the reading stops. Resolves when all handlers are done.
 * @throws what a handler throws; SluiceError what ends the reading
 */
export async function runHandlers(context: Omit<RunContext, "fail">): Promise<void> {
  const loop = new RunLoop(context);
  try {
    await handlerOf.run(context.reading, () => loop.run());
  } finally {
    await context.deadLetters?.close();
  }
}

class RunLoop {
  readonly #context: RunContext;
  readonly #calls: HandlerCalls;
  readonly #slots: Slots;
  readonly #working = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(context: Omit<RunContext, "fail">) {
    this.#context = { ...context, fail: (error) => this.#fail(error) };
    this.#calls = new HandlerCalls(this.#context);
    this.#slots = new Slots(context.settings.partitions);
  }

  async run(): Promise<void> {
    const { reading } = this.#context;
    const { fetcher } = reading;
    const turn = new Turn(reading.clock);
    try {
      while (this.#failure === undefined && !reading.isOver()) {
        // Not before there is something to do: a slot that waits for it could not be had back by who lent it.
        const partition = this.#slots.free > 0 ? fetcher.take() : undefined;
        if (partition === undefined) await fetcher.changed.next();
        else {
          this.#begin(partition);
          await turn.maybeEnd();
        }
      }
    } catch (error) {
      this.#fail(error);
    }
    await Promise.all(this.#working);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #begin(partition: FetchedPartition): void {
    this.#slots.tryAcquire();
    const hold = new SlotHold(this.#slots);
    const told = this.#tellBegan(partition);
    const working = this.#work(partition, hold).finally(() => {
      hold.end();
      told?.();
      this.#working.delete(working);
      this.#context.reading.fetcher.changed.wake();
    });
    this.#working.add(working);
  }

  /** Tells of a chunk that is worked on message by message. Returns what tells its end; undefined: nobody listens. */
  #tellBegan(partition: FetchedPartition): (() => void) | undefined {
    const { events, settings, reading } = this.#context;
    const chunk = partition.firstChunk;
    const isHeard = events.has("consumer.start_batch_process") || events.has("consumer.end_batch_process");
    if (!isHeard || chunk === undefined || settings.eachBatch !== undefined) return undefined;
    const { highWatermark } = chunk;
    const [firstOffset, lastOffset] = [partition.position, chunk.nextOffset - 1];
    const payload = {
      topic: partition.topic,
      partition: partition.partition,
      highWatermark,
      offsetLag: Math.max(0, highWatermark - 1 - lastOffset),
      offsetLagLow: Math.max(0, highWatermark - 1 - firstOffset),
      // Its records are not read yet: gaps in the offsets count as well.
      batchSize: lastOffset - firstOffset + 1,
      firstOffset,
      lastOffset,
    };
    events.emit("consumer.start_batch_process", payload);
    const beganMs = reading.clock.monotonicMs();
    return () => {
      const duration = reading.clock.monotonicMs() - beganMs;
      events.emit("consumer.end_batch_process", { ...payload, duration });
    };
  }

  #work(partition: FetchedPartition, hold: SlotHold): Promise<void> {
    const context = this.#context;
    const calls = this.#calls;
    const { settings, reading } = context;
    if (settings.eachBatch !== undefined) return workOnBatch(partition, hold, { context, calls });
    if (settings.keyConcurrency === 1) return workInOrder(partition, hold, { context, calls });
    // One that had lent its slot and wants it back is busy, and so is not ready.
    const othersWait = (): boolean => this.#slots.isWaitedFor || (this.#slots.free === 0 && reading.fetcher.hasReady);
    return new KeyedWork(partition, hold, { context, calls, othersWait }).run();
  }

  #fail(error: unknown): void {
    if (this.#failure === undefined) this.#failure = { error };
    else this.#context.dependencies.logger.error({ error }, "another handler threw while the run ended");
    this.#context.reading.halt();
  }
}
