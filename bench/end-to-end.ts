/** Benchmark `end-to-end`: one record at a time; latency is from the call of `send` until a consumer has the record in hand. */

import { Sluice } from "@sluice/client";
import { reportAndExitOnStop, sendToParent } from "./child-messages.js";
import { LatencyHistogram } from "./latency-histogram.js";
import { benchValue, workloadOfArguments } from "./workload.js";

const { brokers, topic, recordBytes, records, warmUpRecords, acks, compression } = workloadOfArguments();
const client = new Sluice({ brokers });
const producer = client.producer({ acks, compression });
const consumer = client.consumer();
const partitions = await client.admin().fetchTopicOffsets(topic);
await consumer.assign(partitions.map(({ partition, high }) => ({ topic, partition, offset: high })));
const messages = consumer[Symbol.asyncIterator]();

const value = benchValue(recordBytes);
const latencies = new LatencyHistogram();
let beganMs = performance.now();
for (let i = 0; i < warmUpRecords + records; i++) {
  if (i === warmUpRecords) beganMs = performance.now();
  const received = messages.next();
  const sentMs = performance.now();
  const sent = producer.send({ topic, messages: [{ value }] });
  await received;
  if (i >= warmUpRecords) latencies.record(performance.now() - sentMs);
  await sent;
}
const seconds = (performance.now() - beganMs) / 1000;
reportAndExitOnStop(() => undefined);
sendToParent({ type: "measured", seconds, records, bytes: records * recordBytes, latency: latencies.summary() });
