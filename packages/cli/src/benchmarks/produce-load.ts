/**
 * The load of `sluice bench produce`: producers that send records of one size, as fast as they are answered or at a rate.
 *
 * With a rate, a record is due at its time, and its latency counts from then: a cluster that stalls is charged for all that had to wait.
 */

import { setTimeout } from "node:timers/promises";
import type { Producer } from "@sluice/client";
import type { Latencies } from "./latencies.js";

export interface ProduceLoad {
  readonly topic: string;
  /** Bytes of a value. */
  readonly size: number;
  /** Records a second of this producer; undefined: as many as go. */
  readonly rate?: number | undefined;
  /** Most records of this producer. */
  readonly records: number;
  /** `performance.now()` after which nothing more is sent. */
  readonly endMs: number;
  readonly signal: AbortSignal;
  readonly latencies: Latencies;
  /** Told of records that were acknowledged. */
  readonly onAcknowledged: (records: number) => void;
}

/** What is sent with one call, where there is no rate, and how many calls are under way. */
const sendBytes = 64 * 1024;
const sendRecordsMax = 1000;
const sendsInFlight = 8;
const tickMs = 1;

/** Resolves when all is answered. @throws what a send failed with; nothing where the signal ended it */
export async function runProduceLoad(producer: Pick<Producer, "send">, load: ProduceLoad): Promise<void> {
  const sends = new Sends(producer, load);
  if (load.rate === undefined) await sendAsAnswered(sends, load);
  else await sendAtRate(sends, load, load.rate);
  await sends.settle();
}

async function sendAsAnswered(sends: Sends, { size, records, endMs, signal }: ProduceLoad): Promise<void> {
  const perSend = Math.max(1, Math.min(sendRecordsMax, Math.floor(sendBytes / size)));
  for (let left = records; left > 0 && performance.now() < endMs && !signal.aborted; ) {
    const count = Math.min(left, perSend);
    left -= count;
    sends.begin(count, performance.now());
    await sends.untilFewerThan(sendsInFlight);
  }
}

async function sendAtRate(sends: Sends, load: ProduceLoad, rate: number): Promise<void> {
  const { records, endMs, signal } = load;
  const startMs = performance.now();
  let sent = 0;
  while (sent < records && !signal.aborted) {
    const nowMs = performance.now();
    if (nowMs >= endMs) return;
    const due = Math.min(records, Math.floor(((nowMs - startMs) / 1000) * rate) + 1);
    for (; sent < due; sent++) sends.begin(1, startMs + (sent * 1000) / rate);
    sends.throwFailure();
    await setTimeout(tickMs);
  }
}

class Sends {
  readonly #producer: Pick<Producer, "send">;
  readonly #load: ProduceLoad;
  readonly #value: Buffer;
  readonly #inFlight = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(producer: Pick<Producer, "send">, load: ProduceLoad) {
    this.#producer = producer;
    this.#load = load;
    this.#value = Buffer.alloc(load.size, "x");
  }

  /** @param dueMs when the latency begins */
  begin(count: number, dueMs: number): void {
    const messages = Array.from({ length: count }, () => ({ value: this.#value }));
    const sent = this.#send(messages, dueMs).finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
  }

  async untilFewerThan(most: number): Promise<void> {
    while (this.#inFlight.size >= most) await Promise.race(this.#inFlight);
    this.throwFailure();
  }

  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
    this.throwFailure();
  }

  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Never rejects: the first failure is kept. */
  async #send(messages: readonly { readonly value: Buffer }[], dueMs: number): Promise<void> {
    const { topic, latencies, onAcknowledged } = this.#load;
    try {
      await this.#producer.send({ topic, messages });
      latencies.record(performance.now() - dueMs);
      onAcknowledged(messages.length);
    } catch (error) {
      this.#failure ??= { error };
    }
  }
}
