/** `sluice bench end-to-end`: how long it takes from the send of a record until a consumer has it. */

import { setTimeout } from "node:timers/promises";
import type { Message, Sluice } from "@sluice/client";
import type { Command } from "commander";
import { printBenchResult } from "../../benchmarks/bench-report.js";
import { type BenchOptions, durationOf, withBenchOptions } from "../../benchmarks/bench-settings.js";
import { Latencies } from "../../benchmarks/latencies.js";
import { withTemporaryTopic } from "../../benchmarks/temporary-topic.js";
import type { CommandContext } from "../../command-context.js";
import { withClient } from "../../with-client.js";

const defaultRate = 500;

/** How long the last records may be under way after the last send. */
const drainMs = 10_000;

/** Records before anything is measured: connections, and the first compilation of the code. */
const warmUpRecords = 50;

export function configure(command: Command, context: CommandContext): void {
  withBenchOptions(command, { size: 100, rate: defaultRate })
    .addHelpText("after", "Latency is from when a record was due to be sent until this process has it back.")
    .action((options: BenchOptions) => bench(options, context));
}

async function bench(options: BenchOptions, context: CommandContext): Promise<void> {
  const work = (client: Sluice): Promise<void> =>
    withTemporaryTopic(client, { prefix: "sluice-bench", partitions: options.partitions }, context, (topic) =>
      measure(client, topic, options, context),
    );
  await withClient(options, context, work, { finishesItself: true });
  context.signal.throwIfAborted();
}

async function measure(client: Sluice, topic: string, options: BenchOptions, context: CommandContext): Promise<void> {
  const { size, acks, compression, rate = defaultRate } = options;
  const latencies = new Latencies();
  const received = new Received(latencies);
  const ended = new AbortController();
  const consumer = client.consumer();
  await consumer.assign(
    Array.from({ length: options.partitions }, (_, partition) => ({ topic, partition, offset: "earliest" as const })),
  );
  const reading = consumer.run(
    { eachMessage: async ({ message }) => received.take(message) },
    { signal: ended.signal },
  );
  const running = await reading;
  const producer = client.producer({ acks, compression });
  const failed = new Promise<never>((_, reject) => void running.finished.catch(reject));
  failed.catch(() => undefined); // Looked at below, or after the end.
  try {
    const send = (dueMs: number): Promise<unknown> =>
      producer.send({ topic, messages: [{ value: stamped(size, dueMs) }] });
    for (let index = 0; index < warmUpRecords && !context.signal.aborted; index++) await send(-1);
    const startMs = performance.now();
    const sent = await Promise.race([sendAtRate(send, { ...options, rate, startMs }, context.signal), failed]);
    await Promise.race([received.until(sent, drainMs, context.signal), failed]);
    const seconds = (performance.now() - startMs) / 1000;
    await printBenchResult(context, options, {
      bench: "end-to-end",
      records: latencies.count,
      bytes: latencies.count * size,
      seconds,
      latency: latencies.summary(),
    });
  } finally {
    ended.abort();
    await consumer.close({ timeoutMs: 5000 });
  }
}

/** How many were sent. @throws what a send failed with */
async function sendAtRate(
  send: (dueMs: number) => Promise<unknown>,
  options: Pick<BenchOptions, "duration" | "records"> & { readonly rate: number; readonly startMs: number },
  signal: AbortSignal,
): Promise<number> {
  const { rate, startMs, records = Number.POSITIVE_INFINITY } = options;
  const endMs = startMs + durationOf(options);
  const inFlight = new Set<Promise<unknown>>();
  let failure: { readonly error: unknown } | undefined;
  let sent = 0;
  while (sent < records && performance.now() < endMs && !signal.aborted && failure === undefined) {
    const due = Math.min(records, Math.floor(((performance.now() - startMs) / 1000) * rate) + 1);
    for (; sent < due; sent++) {
      const sending = send(startMs + (sent * 1000) / rate)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => inFlight.delete(sending));
      inFlight.add(sending);
    }
    await setTimeout(1);
  }
  await Promise.all(inFlight);
  if (failure !== undefined) throw failure.error;
  return sent;
}

/** A value whose first eight bytes say when it was due, by `performance.now()`; -1: it does not count. */
function stamped(size: number, dueMs: number): Buffer {
  const value = Buffer.alloc(size, "x");
  value.writeDoubleBE(dueMs, 0);
  return value;
}

/** Counts what comes back. */
class Received {
  readonly #latencies: Latencies;

  constructor(latencies: Latencies) {
    this.#latencies = latencies;
  }

  take({ value }: Message): void {
    const dueMs = value?.readDoubleBE(0) ?? -1;
    if (dueMs >= 0) this.#latencies.record(performance.now() - dueMs);
  }

  /** Resolves when so many came, or after `timeoutMs`: what is missing then shows in the count. */
  async until(count: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (this.#latencies.count < count && performance.now() < deadlineMs && !signal.aborted) await setTimeout(5);
  }
}
