/** Runs one benchmark against one broker: the work in a process of its own, the cost of both beside it. */

import { Child } from "./child.js";
import type { Measurement, ProcessCost } from "./child-messages.js";
import { type ProcessUse, processUse } from "./sluice-process.js";
import type { Workload, WorkName } from "./workload.js";

export interface WorkloadResult extends Measurement {
  readonly client: ProcessCost;
  /** What the broker used for it; memory is that at its end. Undefined where the broker does not tell. */
  readonly broker: ProcessUse | undefined;
}

/** Whose client does the work, and how what its brokers use is asked. */
export interface MeasuredSystem {
  readonly system: "sluice" | "kafkajs";
  /** Undefined: its brokers do not tell. */
  readonly use?: () => Promise<ProcessUse>;
}

/** The broker whose metrics are at that port. */
export function sluiceBroker(httpPort: number): MeasuredSystem {
  return { system: "sluice", use: () => processUse(httpPort) };
}

export async function runWorkload(
  name: WorkName,
  workload: Workload,
  { system, use }: MeasuredSystem,
): Promise<WorkloadResult> {
  const before = await use?.();
  const program = system === "kafkajs" ? `./kafkajs/${name}.js` : `./${name}.js`;
  const child = new Child(new URL(program, import.meta.url), [JSON.stringify(workload)]);
  try {
    const { seconds, records, bytes, latency } = await child.next("measured");
    const client = await child.stop();
    return { seconds, records, bytes, latency, client, broker: useSince(before, await use?.()) };
  } finally {
    child.kill();
  }
}

function useSince(before: ProcessUse | undefined, after: ProcessUse | undefined): ProcessUse | undefined {
  if (before === undefined || after === undefined) return undefined;
  return { cpuSeconds: after.cpuSeconds - before.cpuSeconds, rssBytes: after.rssBytes };
}
