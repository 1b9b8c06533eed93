/** Benchmark `produce`: sends of so many bytes, so many in flight; latency is that of a send, from call to answer. */

import { type Producer, Sluice } from "@sluice/client";
import { reportAndExitOnStop, sendToParent } from "./child-messages.js";
import { LatencyHistogram } from "./latency-histogram.js";
import { benchValue, type Workload, workloadOfArguments } from "./workload.js";

const workload = workloadOfArguments();
const client = new Sluice({ brokers: workload.brokers });
const producer = client.producer({ acks: workload.acks, compression: workload.compression });

await produce(producer, workload, workload.warmUpRecords, new LatencyHistogram());
const latencies = new LatencyHistogram();
const beganMs = performance.now();
const records = await produce(producer, workload, workload.records, latencies);
const seconds = (performance.now() - beganMs) / 1000;
reportAndExitOnStop(() => undefined);
const bytes = records * workload.recordBytes;
sendToParent({ type: "measured", seconds, records, bytes, latency: latencies.summary() });

/** Sends at least `records`, and resolves with how many when all are answered. */
async function produce(
  target: Producer,
  { topic, recordBytes, sendBytes, inFlight }: Workload,
  records: number,
  histogram: LatencyHistogram,
): Promise<number> {
  const value = benchValue(recordBytes);
  const perSend = Math.max(1, Math.floor(sendBytes / recordBytes));
  const messages = Array.from({ length: perSend }, () => ({ value }));
  let left = Math.ceil(records / perSend);
  const sends = left;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left--;
      const sentMs = performance.now();
      await target.send({ topic, messages });
      histogram.record(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return sends * perSend;
}
