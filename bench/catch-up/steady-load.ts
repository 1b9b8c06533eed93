/**
 * A producer with acks=all at a steady rate, whatever the cluster does: how long each record takes from the moment at which it was due.
 *
 * Who waits for answers before it sends more hides a pause; here records go on being due.
 */

import { setTimeout } from "node:timers/promises";
import type { Sluice } from "@sluice/client";
import { LatencyHistogram, type LatencySummary } from "../latency-histogram.js";
import { benchValue } from "../workload.js";

export interface SteadyLoadOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly recordBytes: number;
  /** Of all partitions together. */
  readonly bytesPerSec: number;
}

export class SteadyLoad {
  readonly #options: SteadyLoadOptions;
  readonly #producer: ReturnType<Sluice["producer"]>;
  readonly #sending: Promise<void>;
  readonly #unanswered = new Set<Promise<void>>();
  #histogram = new LatencyHistogram();
  #failedSends = 0;
  #isOver = false;

  /** Begins at once. */
  constructor(client: Sluice, options: SteadyLoadOptions) {
    this.#options = options;
    this.#producer = client.producer({ acks: "all", deliveryTimeoutMs: 60_000 });
    this.#sending = this.#run();
  }

  /** Of what was answered since the last call. */
  takeLatency(): LatencySummary {
    const taken = this.#histogram;
    this.#histogram = new LatencyHistogram();
    return taken.summary();
  }

  /** Ends it, and returns how many sends failed. */
  async end(): Promise<number> {
    this.#isOver = true;
    await this.#sending;
    await Promise.all(this.#unanswered);
    await this.#producer.close();
    return this.#failedSends;
  }

  async #run(): Promise<void> {
    const { partitions, recordBytes, bytesPerSec } = this.#options;
    const value = benchValue(recordBytes);
    const startedMs = performance.now();
    const dueMs = (count: number): number => startedMs + (count * recordBytes * 1000) / bytesPerSec;
    for (let count = 0; !this.#isOver; ) {
      for (; dueMs(count) <= performance.now(); count += 1) this.#send(value, count % partitions, dueMs(count));
      await setTimeout(1);
    }
  }

  #send(value: Buffer, partition: number, dueMs: number): void {
    const { topic } = this.#options;
    const answered = this.#producer.send({ topic, messages: [{ value, partition }] }).then(
      () => this.#histogram.record(performance.now() - dueMs),
      () => {
        this.#failedSends += 1;
      },
    );
    this.#unanswered.add(answered);
    void answered.then(() => this.#unanswered.delete(answered));
  }
}
