/** Benchmark `consume`: one consumer reads a topic from its start to its end, batch by batch, and touches every value. */

import { Sluice } from "@sluice/client";
import { reportAndExitOnStop, sendToParent } from "./child-messages.js";
import { workloadOfArguments } from "./workload.js";

const { brokers, topic, records: wanted } = workloadOfArguments();
const client = new Sluice({ brokers });
const ends = (await client.admin().fetchTopicOffsets(topic)).filter(({ low, high }) => low < high);
const consumer = client.consumer();
await consumer.assign(ends.map(({ partition, low }) => ({ topic, partition, offset: low })));

let records = 0;
let bytes = 0;
let open = ends.length;
const endOf = new Map(ends.map(({ partition, high }) => [partition, high]));
const beganMs = performance.now();
for await (const batch of consumer.batches()) {
  for (const { value } of batch) bytes += value?.length ?? 0;
  records += batch.messages.length;
  if (batch.lastOffset() + 1 === endOf.get(batch.partition) && --open === 0) break;
}
const seconds = (performance.now() - beganMs) / 1000;
if (records < wanted) throw new Error(`${records} records came back of ${wanted}`);
reportAndExitOnStop(() => undefined);
sendToParent({ type: "measured", seconds, records, bytes, latency: null });
