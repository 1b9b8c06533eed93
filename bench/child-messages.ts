/**
 * What a process of a benchmark says to the one that started it, over the IPC channel of `fork`.
 *
 * A child is asked to stop with `stop`; it answers with what it cost and exits. A child whose parent went away exits too.
 */

import type { LatencySummary } from "./latency-histogram.js";

/** What a process cost, from its start. */
export interface ProcessCost {
  /** User and system time. */
  readonly cpuSeconds: number;
  /** Resident memory now. */
  readonly rssBytes: number;
  /** Largest resident memory since its start. */
  readonly rssBytesMax: number;
}

/** What a child found out. */
export interface Measurement {
  readonly seconds: number;
  readonly records: number;
  /** Bytes of values. */
  readonly bytes: number;
  /** Null: the work has no latency. */
  readonly latency: LatencySummary | null;
}

export type ChildMessage =
  /** It serves, on that port (0: it serves nothing). */
  | { readonly type: "ready"; readonly port: number }
  /** A follower has connected to the leader of the bare pipeline. */
  | { readonly type: "following" }
  /** Its measurement is done. */
  | ({ readonly type: "measured" } & Measurement)
  /** It has opened a data directory with all its partitions, in so many seconds. `rssBytes` as in `ProcessCost`. */
  | { readonly type: "opened"; readonly seconds: number; readonly rssBytes: number }
  /** Answer to `stop`, the last message. */
  | { readonly type: "stopped"; readonly cost: ProcessCost };

/** Tells the parent. Without one (a program run by hand) it does nothing. */
export function sendToParent(message: ChildMessage): void {
  process.send?.(message);
}

/** What this process cost up to now. */
export function processCost(): ProcessCost {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    rssBytes: process.memoryUsage.rss(),
    rssBytesMax: maxRSS * 1024,
  };
}

/** Runs `clean`, answers with the cost, and exits when the parent says `stop` or is gone. */
export function reportAndExitOnStop(clean: () => void): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => {
    if (message !== "stop") return;
    const cost = processCost();
    clean();
    process.send?.({ type: "stopped", cost } satisfies ChildMessage, undefined, undefined, () => process.exit(0));
  });
}
