/** Runs one benchmark against one broker: the work in a process of its own, the cost of both beside it. */

import { Child } from "./child.js";
import type { Measurement, ProcessCost } from "./child-messages.js";
import { type ProcessUse, processUse } from "./sluice-process.js";
import type { Workload, WorkName } from "./workload.js";

export interface WorkloadResult extends Measurement {
  readonly client: ProcessCost;
  /** What the broker used for it; memory is that at its end. */
  readonly broker: ProcessUse;
}

export async function runWorkload(name: WorkName, workload: Workload, httpPort: number): Promise<WorkloadResult> {
  const before = await processUse(httpPort);
  const child = new Child(new URL(`./${name}.js`, import.meta.url), [JSON.stringify(workload)]);
  try {
    const { seconds, records, bytes, latency } = await child.next("measured");
    const client = await child.stop();
    const after = await processUse(httpPort);
    const broker = { cpuSeconds: after.cpuSeconds - before.cpuSeconds, rssBytes: after.rssBytes };
    return { seconds, records, bytes, latency, client, broker };
  } finally {
    child.kill();
  }
}
