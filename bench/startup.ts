/** How long things take to start, and what a cluster weighs that does nothing. */

import { spawnSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { processUse, repositoryRoot, SluiceProcess, sluiceBin } from "./sluice-process.js";

export interface Startup {
  /** `npm start` until three brokers are ready, everything built. */
  readonly npmStartMs: number;
  /** `sluice topic list`, from its start to its end. Median of several. */
  readonly commandMs: number;
  /** Resident memory of three brokers in one process that did nothing for some seconds. */
  readonly idleRssBytes: number;
}

const commandRuns = 5;
const idleMs = 5000;

interface DevReady {
  readonly brokers: readonly { readonly httpPort: number }[];
  readonly bootstrap: readonly string[];
}

export async function measureStartup(): Promise<Startup> {
  await (await npmStart())[Symbol.asyncDispose](); // Builds where that is needed, which is not what is measured.
  await using cluster = await npmStart();
  const { brokers, bootstrap } = cluster.ready as DevReady;
  const times = Array.from({ length: commandRuns }, () => commandMs(bootstrap.join(",")));
  await setTimeout(idleMs);
  const { rssBytes } = await processUse(brokers[0]?.httpPort ?? 0);
  const median = [...times].sort((left, right) => left - right)[Math.floor(commandRuns / 2)] ?? 0;
  return { npmStartMs: cluster.readyMs, commandMs: median, idleRssBytes: rssBytes };
}

function commandMs(brokers: string): number {
  const startedMs = performance.now();
  const { status } = spawnSync(process.execPath, [sluiceBin, "topic", "list", "--brokers", brokers], {
    cwd: repositoryRoot,
    stdio: "ignore",
  });
  if (status !== 0) throw new Error(`sluice topic list ended with ${status}`);
  return performance.now() - startedMs;
}

function npmStart(): Promise<SluiceProcess> {
  const args = ["--data", "{data}", "--port", "0", "-o", "json"];
  return SluiceProcess.start("npm", ["start", "--silent", "--", ...args]);
}
