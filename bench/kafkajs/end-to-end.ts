/** Benchmark `end-to-end` with kafkajs on Kafka: one record at a time, from the call of `send` until the handler has it. */

import { reportAndExitOnStop, sendToParent } from "../child-messages.js";
import { LatencyHistogram } from "../latency-histogram.js";
import { benchValue, workloadOfArguments } from "../workload.js";
import { benchKafka, kafkaAcks } from "./bench-kafka.js";

const { brokers, topic, recordBytes, records, warmUpRecords, acks } = workloadOfArguments();
const kafka = benchKafka(brokers);
const producer = kafka.producer({ allowAutoTopicCreation: false });
await producer.connect();
const consumer = kafka.consumer({ groupId: `bench-${process.pid}`, maxWaitTimeInMs: 100 });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
let onReceived = (): void => undefined;
await consumer.run({ autoCommit: false, eachMessage: async () => onReceived() });

const value = benchValue(recordBytes);
const latencies = new LatencyHistogram();
let beganMs = performance.now();
for (let i = 0; i < warmUpRecords + records; i++) {
  if (i === warmUpRecords) beganMs = performance.now();
  const received = new Promise<void>((resolve) => {
    onReceived = resolve;
  });
  const sentMs = performance.now();
  const sent = producer.send({ topic, messages: [{ value }], acks: kafkaAcks[acks] });
  await received;
  if (i >= warmUpRecords) latencies.record(performance.now() - sentMs);
  await sent;
}
const seconds = (performance.now() - beganMs) / 1000;
reportAndExitOnStop(() => undefined);
sendToParent({ type: "measured", seconds, records, bytes: records * recordBytes, latency: latencies.summary() });
