/** `sluice bench produce`: how much a cluster takes, and how long an acknowledgement takes. */

import type { Sluice } from "@sluice/client";
import type { Command } from "commander";
import { printBenchResult } from "../../benchmarks/bench-report.js";
import { type BenchOptions, durationOf, withBenchOptions } from "../../benchmarks/bench-settings.js";
import { Latencies } from "../../benchmarks/latencies.js";
import { runProduceLoad } from "../../benchmarks/produce-load.js";
import { withTemporaryTopic } from "../../benchmarks/temporary-topic.js";
import type { CommandContext } from "../../command-context.js";
import { ProgressBar } from "../../progress-bar.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withBenchOptions(command, { size: 1024, rate: "unlimited", producers: 1 })
    .addHelpText(
      "after",
      "Latency is that of a send: of up to 64 KiB, or with --rate of one record, from when it was due.",
    )
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
  const { producers: count, size, acks, compression } = options;
  const latencies = new Latencies();
  const progress = new ProgressBar(context.stderr, { total: options.records, unit: "records" });
  const startMs = performance.now();
  let records = 0;
  const load = {
    topic,
    size,
    rate: options.rate === undefined ? undefined : options.rate / count,
    endMs: startMs + durationOf(options),
    signal: context.signal,
    latencies,
    onAcknowledged: (more: number): void => {
      records += more;
      if (options.quiet !== true) progress.update(records, records);
    },
  };
  const shares = Array.from({ length: count }, (_, index) => shareOf(options.records, count, index));
  try {
    await Promise.all(
      shares.map((share) => runProduceLoad(client.producer({ acks, compression }), { ...load, records: share })),
    );
  } finally {
    progress.clear();
  }
  const seconds = (performance.now() - startMs) / 1000;
  // Stopped by Ctrl-C, it says what it has measured until then.
  await printBenchResult(context, options, {
    bench: "produce",
    records,
    bytes: records * size,
    seconds,
    latency: latencies.summary(),
  });
}

/** How many of the records one of several producers sends. */
function shareOf(records: number | undefined, producers: number, index: number): number {
  if (records === undefined) return Number.POSITIVE_INFINITY;
  return Math.floor(records / producers) + (index < records % producers ? 1 : 0);
}
