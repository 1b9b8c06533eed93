/** The report of a catch-up: as one JSON object, or as tables. */

import type { LatencySummary } from "../latency-histogram.js";
import { alignRows } from "../report.js";

/** What came from one leader, as it was seen on the disk of the broker that caught up. */
export interface LeaderCatchUp {
  readonly leader: number;
  /** That it led. */
  readonly partitions: number;
  /** Bytes of these partitions, from the last look at an empty disk on, until all of them were in sync. */
  readonly samples: readonly { readonly atMs: number; readonly bytes: number }[];
}

export interface CatchUpReport {
  readonly totalBytes: number;
  /** Bytes a second of each leader; 0: no limit. */
  readonly throttleBytes: number;
  /** What the producer sent meanwhile, in bytes a second. */
  readonly loadBytes: number;
  /** From the start of the broker until it was in sync everywhere. */
  readonly seconds: number;
  readonly leaders: readonly LeaderCatchUp[];
  /** Of the producer: with all replicas there, while the broker was stopped, and while it caught up. */
  readonly quiet: LatencySummary;
  readonly stopped: LatencySummary;
  readonly catchingUp: LatencySummary;
  readonly failedSends: number;
}

const megabyte = 1e6;

/** Bytes a second over all of it, and the least and the most of any whole second in it. NaN where nothing was seen. */
export function ratesOf({ samples }: LeaderCatchUp): {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
} {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return { mean: Number.NaN, min: Number.NaN, max: Number.NaN };
  const rates: number[] = [];
  for (const from of samples) {
    const to = samples.find(({ atMs }) => atMs >= from.atMs + 1000);
    if (to !== undefined) rates.push(((to.bytes - from.bytes) * 1000) / (to.atMs - from.atMs));
  }
  const mean = ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  // It took less than a second.
  if (rates.length === 0) rates.push(mean);
  return { mean, min: Math.min(...rates), max: Math.max(...rates) };
}

export function formatCatchUp(reports: readonly CatchUpReport[]): string {
  const titles = [
    "THROTTLE MB/S",
    "LEADER",
    "PARTITIONS",
    "MB",
    "SECONDS",
    "MB/S",
    "MIN 1 S",
    "MAX 1 S",
    "OF THROTTLE",
  ];
  return [...alignRows([titles, ...reports.flatMap(leaderRows)]), "", ...latencyLines(reports)].join("\n");
}

function leaderRows({ throttleBytes, leaders }: CatchUpReport): string[][] {
  return leaders.map((each) => {
    const { mean, min, max } = ratesOf(each);
    const [first, last] = [each.samples[0], each.samples.at(-1)];
    const seconds = ((last?.atMs ?? Number.NaN) - (first?.atMs ?? Number.NaN)) / 1000;
    return [
      throttleBytes === 0 ? "none" : inMb(throttleBytes),
      String(each.leader),
      String(each.partitions),
      inMb((last?.bytes ?? Number.NaN) - (first?.bytes ?? Number.NaN)),
      seconds.toFixed(1),
      ...[mean, min, max].map(inMb),
      throttleBytes === 0 ? "" : (mean / throttleBytes).toFixed(3),
    ];
  });
}

function latencyLines(reports: readonly CatchUpReport[]): string[] {
  const titles = ["THROTTLE MB/S", "IN SYNC AFTER S", "PRODUCER", "P50 MS", "P99 MS", "P99.9 MS", "MAX MS", "FAILED"];
  const rows = reports.flatMap(({ throttleBytes, seconds, quiet, stopped, catchingUp, failedSends }) =>
    Object.entries({ quiet, stopped, "catching up": catchingUp }).map(([phase, latency]) => [
      throttleBytes === 0 ? "none" : inMb(throttleBytes),
      seconds.toFixed(1),
      phase,
      ...[latency.p50Ms, latency.p99Ms, latency.p999Ms, latency.maxMs].map((ms) => ms.toFixed(1)),
      String(failedSends),
    ]),
  );
  return alignRows([titles, ...rows]);
}

function inMb(bytes: number): string {
  return (bytes / megabyte).toFixed(1);
}
