/**
 * Works on the messages of one fetched chunk of a partition, one after the other, and gives the partition back.
 *
 * A message is processed when its handler has returned, or when the policy of the run says so; the partition is given back at
 * the first message that is not.
 */

import { type Clock, sleep, toSluiceError } from "@sluice/model";
import type { FetchedPartition } from "./fetched-partition.js";
import type { HandlerCalls, RunContext, Work } from "./handler-calls.js";
import type { Message } from "./message.js";
import { turnMsMax } from "./message-reader.js";
import type { SlotHold } from "./slots.js";

/** How many messages are processed between two looks at the clock. */
const messagesPerLook = 64;

/** Resolves when the partition is given back. Never rejects: what ends the run is told to `context.fail`. */
export async function workInOrder(
  partition: FetchedPartition,
  hold: SlotHold,
  { context, calls }: { readonly context: RunContext; readonly calls: HandlerCalls },
): Promise<void> {
  const { reading } = context;
  const { fetcher, clock } = reading;
  const { version } = partition;
  const work: Work = { partition, version, onWaiting: () => hold.lend(), onWaited: () => hold.regain() };
  const turn = new Turn(clock);
  let isFinished = false;
  try {
    for (;;) {
      const chunk = partition.firstChunk;
      if (calls.isStale(work) || partition.isPaused || chunk === undefined) break;
      const message = nextMessage(partition, () => chunk.next());
      if (message === undefined) {
        partition.markProcessed(chunk.nextOffset, chunk.lastLeaderEpoch);
        isFinished = true;
        break;
      }
      partition.gaveOut(message);
      const outcome = calls.message(message, work);
      const isProcessed = outcome === undefined || (await outcome) === "processed";
      if (partition.version !== version) break;
      if (!isProcessed) {
        // Its chunk is behind it by now: whoever goes on has to fetch it again.
        fetcher.seek(partition, message.offset);
        break;
      }
      partition.markProcessed(message.offset + 1, message.leaderEpoch);
      const turned = turn.maybeEnd();
      if (turned !== undefined) await turned;
    }
  } catch (error) {
    // First: once it is given back, another worker would go on behind the message that failed, and commit it.
    context.fail(error);
    isFinished = false;
  }
  fetcher.release(partition, { isFinished });
}

/** @throws what makes the partition unreadable; it says so from now on */
function nextMessage(partition: FetchedPartition, next: () => Message | undefined): Message | undefined {
  try {
    return next();
  } catch (error) {
    const { position } = partition;
    partition.seek(position);
    partition.error = toSluiceError(error);
    throw error;
  }
}

/** Lets the event loop turn now and then: handlers that never wait would hold up requests and heartbeats. */
export class Turn {
  readonly #clock: Clock;
  #beganMs: number;
  #left = messagesPerLook;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganMs = clock.monotonicMs();
  }

  /** Undefined: go on at once. */
  maybeEnd(): Promise<void> | undefined {
    if (--this.#left > 0) return undefined;
    this.#left = messagesPerLook;
    if (this.#clock.monotonicMs() - this.#beganMs <= turnMsMax) return undefined;
    return sleep(this.#clock, 0).then(() => {
      this.#beganMs = this.#clock.monotonicMs();
    });
  }
}
