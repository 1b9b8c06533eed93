/** A producer with acks=all that keeps one record of each partition under way, and remembers when each was acknowledged. */

import { setTimeout } from "node:timers/promises";
import type { Sluice } from "@sluice/client";

/** Longer than any pause that is measured: a send that fails is one that the cluster refused. */
const deliveryTimeoutMs = 60_000;
const pollMs = 5;

export class AcknowledgedLoad implements AsyncDisposable {
  readonly #lanes: readonly Promise<void>[];
  /** Of each partition, in milliseconds of `performance.now()`. */
  readonly #acknowledgedMs: readonly number[][];
  #isOver = false;
  #failedSends = 0;

  constructor(client: Sluice, topic: string, partitions: number) {
    const producer = client.producer({ deliveryTimeoutMs });
    this.#acknowledgedMs = Array.from({ length: partitions }, () => []);
    this.#lanes = this.#acknowledgedMs.map(async (times, partition) => {
      for (let count = 0; !this.#isOver; count += 1) {
        try {
          await producer.send({ topic, messages: [{ value: String(count), partition }] });
          times.push(performance.now());
        } catch (error) {
          this.#failedSends += 1;
          console.error(`- a send failed: ${(error as Error).message}`);
        }
      }
    });
  }

  get failedSends(): number {
    return this.#failedSends;
  }

  /** Waits until each of those partitions has acknowledged something after that moment. */
  async goesOn(partitions: readonly number[], sinceMs: number): Promise<void> {
    while (!partitions.every((partition) => (this.#times(partition).at(-1) ?? 0) > sinceMs)) await setTimeout(pollMs);
  }

  /** The longest time without an acknowledgement of that partition that ended after that moment, in milliseconds. */
  longestPauseMs(partition: number, sinceMs: number): number {
    return longestGapMs(this.#times(partition), sinceMs);
  }

  /** Ends it; resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  #times(partition: number): readonly number[] {
    return this.#acknowledgedMs[partition] ?? [];
  }
}

/** The longest time between two neighbours of an ascending list, of those whose second is after that moment. */
export function longestGapMs(timesMs: readonly number[], sinceMs: number): number {
  let longest = 0;
  for (let at = timesMs.length - 1; at > 0 && (timesMs[at] as number) > sinceMs; at -= 1) {
    longest = Math.max(longest, (timesMs[at] as number) - (timesMs[at - 1] as number));
  }
  return longest;
}
