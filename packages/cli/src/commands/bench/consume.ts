/** `sluice bench consume`: how fast records are read: those of a topic, or of a temporary one that is filled first. */

import type { Sluice } from "@sluice/client";
import type { Command } from "commander";
import { printBenchResult } from "../../benchmarks/bench-report.js";
import { type BenchOptions, durationOf, withBenchOptions } from "../../benchmarks/bench-settings.js";
import { Latencies } from "../../benchmarks/latencies.js";
import { runProduceLoad } from "../../benchmarks/produce-load.js";
import { withTemporaryTopic } from "../../benchmarks/temporary-topic.js";
import type { CommandContext } from "../../command-context.js";
import { say } from "../../print-answer.js";
import { grouped, ProgressBar } from "../../progress-bar.js";
import { withClient } from "../../with-client.js";

interface ConsumeBenchOptions extends BenchOptions {
  readonly topic?: string;
}

/** What a temporary topic is filled with, where nothing is said: so much that reading it takes seconds. */
const defaultRecords = 1_000_000;
const defaultBytesMax = 512 * 1024 * 1024;

export function configure(command: Command, context: CommandContext): void {
  withBenchOptions(command, { size: 1024 })
    .option("--topic <name>", "read this topic from its start, and make none")
    .action((options: ConsumeBenchOptions) => bench(options, context));
}

async function bench(options: ConsumeBenchOptions, context: CommandContext): Promise<void> {
  const { topic: existing } = options;
  const work = async (client: Sluice): Promise<void> => {
    if (existing !== undefined) return measure(client, existing, options, context);
    const temporary = { prefix: "sluice-bench", partitions: options.partitions };
    await withTemporaryTopic(client, temporary, context, async (topic) => {
      await fill(client, topic, options, context);
      if (!context.signal.aborted) await measure(client, topic, options, context);
    });
  };
  await withClient(options, context, work, { finishesItself: true });
  context.signal.throwIfAborted();
}

async function fill(client: Sluice, topic: string, options: BenchOptions, context: CommandContext): Promise<void> {
  const { size, acks, compression } = options;
  const records = options.records ?? Math.max(1, Math.min(defaultRecords, Math.floor(defaultBytesMax / size)));
  await say(context, options, `Filling ${topic} with ${grouped(records)} records ...\n`);
  await runProduceLoad(client.producer({ acks, compression }), {
    topic,
    size,
    records,
    endMs: Number.POSITIVE_INFINITY,
    signal: context.signal,
    latencies: new Latencies(),
    onAcknowledged: () => undefined,
  });
}

async function measure(
  client: Sluice,
  topic: string,
  options: ConsumeBenchOptions,
  context: CommandContext,
): Promise<void> {
  const offsets = await client.admin().fetchTopicOffsets(topic);
  const ends = new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), end: Number(high) }]));
  const open = new Set([...ends].filter(([, { low, end }]) => low < end).map(([partition]) => partition));
  const consumer = client.consumer();
  await consumer.assign([...open].map((partition) => ({ topic, partition, offset: "earliest" })));
  const progress = new ProgressBar(context.stderr, { unit: "records" });
  let records = 0;
  let bytes = 0;
  const startMs = performance.now();
  const endMs = startMs + durationOf({ ...options, records: options.records ?? 0 });
  if (open.size > 0) {
    for await (const batch of consumer.batches({ signal: context.signal })) {
      records += batch.messages.length;
      for (const { value } of batch.messages) bytes += value?.length ?? 0;
      if (options.quiet !== true) progress.update(records, records);
      if (batch.lastOffset() + 1 >= (ends.get(batch.partition)?.end ?? 0)) open.delete(batch.partition);
      if (open.size === 0 || performance.now() >= endMs || records >= (options.records ?? Number.POSITIVE_INFINITY))
        break;
    }
  }
  const seconds = (performance.now() - startMs) / 1000;
  progress.clear();
  await printBenchResult(context, options, { bench: "consume", records, bytes, seconds });
}
