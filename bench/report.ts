/** The report of a run: as one JSON object, or as tables. */

import type { BenchOptions } from "./bench-options.js";
import type { LatencySummary } from "./latency-histogram.js";
import type { WorkloadResult } from "./run-workload.js";
import type { Startup } from "./startup.js";
import type { WorkName } from "./workload.js";

export interface BenchRow extends WorkloadResult {
  readonly work: WorkName;
  /** Whose broker and client. */
  readonly system: "sluice" | "kafkajs";
  /** Bytes of a value. */
  readonly recordBytes: number;
  readonly recordsPerSecond: number;
  /** Megabytes (10^6) of values a second. */
  readonly mbPerSecond: number;
  /** To the bare pipeline's megabytes a second. */
  readonly ratio: number;
}

export interface BenchReport {
  readonly options: BenchOptions;
  readonly bare: {
    /** Median of `runs`, megabytes a second. */
    readonly mbPerSecond: number;
    readonly runs: readonly number[];
    /** One batch of 1 KiB at a time. */
    readonly oneByOne: LatencySummary;
  };
  readonly rows: readonly BenchRow[];
  readonly startup: Startup | undefined;
}

const titles = [
  ...["WORK", "SYSTEM", "BYTES", "RECORDS/S", "MB/S", "TO BARE", "P50 MS", "P99 MS", "P99.9 MS"],
  ...["BROKER CPU S", "BROKER RSS MB", "CLIENT CPU S", "CLIENT RSS MB"],
];

export function formatReport({ bare, rows, startup }: BenchReport): string {
  const runs = bare.runs.map((run) => run.toFixed(0)).join(", ");
  const single = bare.oneByOne;
  const lines = [
    `bare pipeline: ${bare.mbPerSecond.toFixed(0)} MB/s (runs: ${runs}); 1 KiB at a time: p50 ${milliseconds(single.p50Ms)} p99 ${milliseconds(single.p99Ms)} ms`,
    "",
    ...alignRows([titles, ...rows.map((row) => cells(row, single))]),
  ];
  if (startup !== undefined) {
    const { npmStartMs, commandMs, idleRssBytes } = startup;
    lines.push("", `npm start ready after ${npmStartMs.toFixed(0)} ms; a command takes ${commandMs.toFixed(0)} ms;`);
    lines.push(`three idle brokers in one process: ${megabytes(idleRssBytes)} MB`);
  }
  return lines.join("\n");
}

function cells(row: BenchRow, bareSingle: LatencySummary): string[] {
  const { latency } = row;
  // One record at a time is a matter of latency: how many times that of the bare pipeline, which only produces.
  const toBare =
    row.work === "end-to-end" && latency !== null
      ? `p50 x ${(latency.p50Ms / bareSingle.p50Ms).toFixed(2)}`
      : row.ratio.toFixed(2);
  return [
    row.work,
    row.system,
    String(row.recordBytes),
    Math.round(row.recordsPerSecond).toLocaleString("en-US"),
    row.mbPerSecond.toFixed(1),
    toBare,
    ...(latency === null
      ? ["-", "-", "-"]
      : [milliseconds(latency.p50Ms), milliseconds(latency.p99Ms), milliseconds(latency.p999Ms)]),
    row.broker?.cpuSeconds.toFixed(2) ?? "-",
    row.broker === undefined ? "-" : megabytes(row.broker.rssBytes),
    row.client.cpuSeconds.toFixed(2),
    megabytes(row.client.rssBytes),
  ];
}

/** Rows of cells as lines, each column as wide as its widest cell. The first row has all columns. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "));
}

export function milliseconds(value: number): string {
  return value.toFixed(2);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
