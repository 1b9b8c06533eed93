/** Benchmark `produce`: sends of so many bytes, so many in flight; latency is that of a send, from call to answer. */

import { Sluice } from "@sluice/client";
import { reportAndExitOnStop, sendToParent } from "./child-messages.js";
import { LatencyHistogram } from "./latency-histogram.js";
import { produceLoad } from "./produce-load.js";
import { workloadOfArguments } from "./workload.js";

const workload = workloadOfArguments();
const client = new Sluice({ brokers: workload.brokers });
const producer = client.producer({ acks: workload.acks, compression: workload.compression });

await produceLoad(producer, workload, workload.warmUpRecords, new LatencyHistogram());
const latencies = new LatencyHistogram();
const beganMs = performance.now();
const records = await produceLoad(producer, workload, workload.records, latencies);
const seconds = (performance.now() - beganMs) / 1000;
reportAndExitOnStop(() => undefined);
const bytes = records * workload.recordBytes;
sendToParent({ type: "measured", seconds, records, bytes, latency: latencies.summary() });
