/** Benchmark `consume` with kafkajs on Kafka: batch by batch, every value touched, all partitions at once. */

import { reportAndExitOnStop, sendToParent } from "../child-messages.js";
import { workloadOfArguments } from "../workload.js";
import { benchKafka } from "./bench-kafka.js";

const { brokers, topic, records: wanted } = workloadOfArguments();
const kafka = benchKafka(brokers);
const admin = kafka.admin();
await admin.connect();
const ends = (await admin.fetchTopicOffsets(topic)).filter(({ low, high }) => low !== high);
await admin.disconnect();
const consumer = kafka.consumer({ groupId: `bench-${process.pid}`, maxBytes: 10 * 1024 * 1024, maxWaitTimeInMs: 100 });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });

let records = 0;
let bytes = 0;
let open = ends.length;
const lastOf = new Map(ends.map(({ partition, high }) => [partition, String(Number(high) - 1)]));
// Counted from the first batch on: how long joining a group takes is not what is measured.
let beganMs = 0;
await new Promise<void>((resolve, reject) => {
  consumer
    .run({
      autoCommit: false,
      partitionsConsumedConcurrently: ends.length,
      eachBatch: async ({ batch }) => {
        if (beganMs === 0) beganMs = performance.now();
        for (const { value } of batch.messages) bytes += value?.length ?? 0;
        records += batch.messages.length;
        if (batch.messages.at(-1)?.offset === lastOf.get(batch.partition) && --open === 0) resolve();
      },
    })
    .catch(reject);
});
const seconds = (performance.now() - beganMs) / 1000;
if (records < wanted) throw new Error(`${records} records came back of ${wanted}`);
reportAndExitOnStop(() => undefined);
sendToParent({ type: "measured", seconds, records, bytes, latency: null });
