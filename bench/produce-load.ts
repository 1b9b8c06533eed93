/** The load of benchmark `produce`, on a producer of ours or of kafkajs: the same calls. */

import type { LatencyHistogram } from "./latency-histogram.js";
import { benchValue, type Workload } from "./workload.js";

/** What both producers have. */
export interface LoadedProducer {
  send(record: { topic: string; messages: { value: Buffer }[] }): Promise<unknown>;
}

/** Sends at least `records`, and resolves with how many when all are answered. */
export async function produceLoad(
  target: LoadedProducer,
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
