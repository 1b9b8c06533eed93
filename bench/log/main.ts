/**
 * `npm run bench -- log`: what the log carries, as ratios to what plain calls of `node:fs` carry in the same process, on the
 * same disk, in the same minute. Absolute figures drift from run to run: the ratios are the result.
 */

import { rmSync } from "node:fs";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { appendAlwaysWork, appendWork } from "./append-works.js";
import { backlogWork } from "./backlog-work.js";
import { codecWork } from "./codec-work.js";
import { type LogBenchOptions, type LogWorkName, logBenchUsage, parseLogBenchOptions } from "./log-bench-options.js";
import { formatLogReport, type LogBenchReport, type LogBenchRow } from "./log-report.js";
import type { LogWork } from "./log-work.js";
import { openWork } from "./open-work.js";
import { readWork } from "./read-work.js";
import { recoveryWork } from "./recovery-work.js";

const works: Record<LogWorkName, LogWork> = {
  append: appendWork,
  "append-always": appendAlwaysWork,
  read: readWork,
  codec: codecWork,
  recovery: recoveryWork,
  open: openWork,
  backlog: backlogWork,
};

/** A disk that is nearly full is slower, and not only ours: so much stays free. */
const spareBytes = 2e9;

/** Measures what `args` ask for and prints the report; exits with 2 where they make no sense. */
export async function benchLog(args: readonly string[]): Promise<void> {
  let options: LogBenchOptions;
  try {
    options = parseLogBenchOptions(args);
  } catch (error) {
    console.error(`error: ${(error as Error).message}\n\n${logBenchUsage}`);
    process.exit(2);
  }
  const report = await measure(options);
  console.log(options.output === "json" ? JSON.stringify(report) : formatLogReport(report));
}

async function measure(options: LogBenchOptions): Promise<LogBenchReport> {
  const rows: LogBenchRow[] = [];
  const notes: string[] = [];
  for (const name of options.works) {
    const neededBytes = works[name].diskBytes(options) + spareBytes;
    const { bavail, bsize } = await statfs(options.directory);
    if (bavail * bsize < neededBytes) {
      notes.push(`${name}: ${gigabytes(bavail * bsize)} GB are free and ${gigabytes(neededBytes)} GB are needed`);
      continue;
    }
    console.error(`- ${name} (${gigabytes(bavail * bsize)} GB are free, ${gigabytes(neededBytes)} GB are needed)`);
    rows.push(...(await inTemporaryDirectory(options.directory, (path) => works[name].run(options, path))));
  }
  return { options, rows, notes };
}

/** Runs `work` with a new directory in `parent`, which is removed whatever happens. */
async function inTemporaryDirectory<Result>(parent: string, work: (path: string) => Promise<Result>): Promise<Result> {
  const path = await mkdtemp(join(parent, "sluice-bench-log-"));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    return await work(path);
  } finally {
    process.off("exit", remove);
    await rm(path, { recursive: true, force: true });
  }
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
