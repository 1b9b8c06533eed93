/** The answer of a benchmark: the same shape for all three, as a table or as data. */

import type { CommandContext } from "../command-context.js";
import { printAnswer } from "../print-answer.js";
import { grouped } from "../progress-bar.js";
import { formatTable } from "../table.js";
import type { BenchOptions } from "./bench-settings.js";
import type { LatencySummary } from "./latencies.js";

export interface BenchResult {
  readonly bench: "produce" | "consume" | "end-to-end";
  readonly records: number;
  /** Bytes of values. */
  readonly bytes: number;
  readonly seconds: number;
  /** Undefined: not measured. */
  readonly latency?: LatencySummary | undefined;
}

/** Prints what was measured. The percentiles are of what the benchmark says in its help. */
export async function printBenchResult(
  context: CommandContext,
  options: Pick<BenchOptions, "output" | "quiet" | "size">,
  result: BenchResult,
): Promise<void> {
  const { bench, records, bytes, latency } = result;
  const seconds = Math.max(0.001, result.seconds);
  const recordsPerSecond = Math.round(records / seconds);
  const megabytesPerSecond = Number((bytes / seconds / 1e6).toFixed(2));
  const value = {
    bench,
    size: options.size,
    records,
    bytes,
    seconds: Number(seconds.toFixed(3)),
    recordsPerSecond,
    megabytesPerSecond,
    latency: latency ?? null,
  };
  const text = (): string => {
    const right = { align: "right" } as const;
    const columns = ["RECORDS", "SECONDS", "RECORDS/S", "MB/S"].map((title) => ({ title, ...right }));
    const throughput = formatTable(columns, [
      [grouped(records), seconds.toFixed(2), grouped(recordsPerSecond), grouped(megabytesPerSecond)],
    ]);
    return latency === undefined ? throughput : `${throughput}\n${latencyTable(latency)}`;
  };
  await printAnswer(context, options, { value, text });
}

function latencyTable(latency: LatencySummary): string {
  const right = { align: "right" } as const;
  const titles = ["LATENCY", "MEAN", "P50", "P90", "P99", "P99.9", "MAX"];
  const { meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = latency;
  const cells = [meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs].map((ms) => (ms === null ? null : ms.toFixed(2)));
  return formatTable(
    titles.map((title, index) => (index === 0 ? { title } : { title, ...right })),
    [["ms", ...cells]],
  );
}
