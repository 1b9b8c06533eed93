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

/** @param httpPort of the broker's metrics. Undefined: the broker is Kafka, and the client kafkajs. */
export async function runWorkload(
  name: WorkName,
  workload: Workload,
  httpPort: number | undefined,
): Promise<WorkloadResult> {
  const before = httpPort === undefined ? undefined : await processUse(httpPort);
  const program = httpPort === undefined ? `./kafkajs/${name}.js` : `./${name}.js`;
  const child = new Child(new URL(program, import.meta.url), [JSON.stringify(workload)]);
  try {
    const { seconds, records, bytes, latency } = await child.next("measured");
    const client = await child.stop();
    const broker = before === undefined ? undefined : await useSince(before, httpPort as number);
    return { seconds, records, bytes, latency, client, broker };
  } finally {
    child.kill();
  }
}

async function useSince(before: ProcessUse, httpPort: number): Promise<ProcessUse> {
  const after = await processUse(httpPort);
  return { cpuSeconds: after.cpuSeconds - before.cpuSeconds, rssBytes: after.rssBytes };
}
