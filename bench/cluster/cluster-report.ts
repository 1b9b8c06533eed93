/** The report of `bench cluster`: as one JSON object, or as tables. */

import type { LatencySummary } from "../latency-histogram.js";
import { alignRows, milliseconds } from "../report.js";
import type { WorkName } from "../workload.js";

/** `one-by-one` is `produce` with one record under way at a time. */
export type ClusterWorkName = WorkName | "one-by-one";

/** What the bare pipeline with two followers carries with the same flush: means of a run before and one after a cluster. */
export interface BareFigures {
  readonly mbPerSecond: number;
  /** Of one batch of 1 KiB at a time. */
  readonly singleP50Ms: number;
  readonly singleP99Ms: number;
}

export interface ClusterRow {
  readonly round: number;
  readonly work: ClusterWorkName;
  readonly system: "sluice" | "kafkajs";
  /** Bytes of a value. */
  readonly recordBytes: number;
  readonly acks: "all" | "leader";
  readonly flush: "os" | "always";
  readonly recordsPerSecond: number;
  /** Megabytes (10^6) of values a second. */
  readonly mbPerSecond: number;
  /** To the bare pipeline in the same round. */
  readonly ratio: number;
  /** The ratio is that of median latencies, and not of megabytes a second. */
  readonly isRatioOfLatency: boolean;
  readonly latency: LatencySummary | null;
  /** Processor time of all brokers together, warm-up included. Undefined: they do not tell. */
  readonly brokersCpuSeconds: number | undefined;
  /** The same of the client, its start included. */
  readonly clientCpuSeconds: number;
}

export interface ClusterReport {
  /** By round and flush. */
  readonly bare: Readonly<Record<string, BareFigures>>;
  readonly rows: readonly ClusterRow[];
  /** Memory of three brokers and etcd after the load. */
  readonly rssBytes: number;
}

const titles = [
  ...["ROUND", "WORK", "SYSTEM", "BYTES", "ACKS", "FLUSH", "RECORDS/S", "MB/S", "TO BARE", "P50 MS", "P99 MS"],
  ...["BROKERS CPU S", "CLIENT CPU S"],
];

export function formatClusterReport({ bare, rows, rssBytes }: ClusterReport): string {
  const pipelines = Object.entries(bare).map(([name, { mbPerSecond, singleP50Ms, singleP99Ms }]) => {
    const single = `p50 ${milliseconds(singleP50Ms)} p99 ${milliseconds(singleP99Ms)} ms`;
    return `bare pipeline, round and flush ${name}: ${mbPerSecond.toFixed(0)} MB/s; 1 KiB at a time: ${single}`;
  });
  const memory = `three brokers and etcd after the load: ${(rssBytes / 1e6).toFixed(0)} MB`;
  return [...pipelines, "", ...alignRows([titles, ...rows.map(cells)]), "", memory].join("\n");
}

function cells(row: ClusterRow): string[] {
  const latency =
    row.latency === null ? ["-", "-"] : [milliseconds(row.latency.p50Ms), milliseconds(row.latency.p99Ms)];
  return [
    String(row.round),
    row.work,
    row.system,
    String(row.recordBytes),
    row.acks,
    row.flush,
    Math.round(row.recordsPerSecond).toLocaleString("en-US"),
    row.mbPerSecond.toFixed(1),
    row.isRatioOfLatency ? `p50 x ${row.ratio.toFixed(2)}` : row.ratio.toFixed(2),
    ...latency,
    row.brokersCpuSeconds?.toFixed(2) ?? "-",
    row.clientCpuSeconds.toFixed(2),
  ];
}
