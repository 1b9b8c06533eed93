/** What every work of the benchmarks of the log is: something that measures in a directory of its own and returns rows. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { LogBenchOptions } from "./log-bench-options.js";
import type { LogBenchRow } from "./log-report.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

export interface LogWork {
  /** Most bytes that it has on the disk at one time. */
  diskBytes(options: LogBenchOptions): number;
  /** Measures. `directory` is empty, and removed afterwards with all in it. */
  run(options: LogBenchOptions, directory: string): Promise<LogBenchRow[]>;
}

/** Megabytes (10^6 bytes) a second of work that handles `bytes`, begun without garbage of the work before. */
export async function mbPerSecond(bytes: number, work: () => Promise<unknown>): Promise<number> {
  collectGarbage();
  return bytes / (await secondsOf(work)) / 1e6;
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}
