/** Benchmark `produce` with kafkajs on Kafka: the same load, by another import and constructor. */

import { reportAndExitOnStop, sendToParent } from "../child-messages.js";
import { LatencyHistogram } from "../latency-histogram.js";
import { produceLoad } from "../produce-load.js";
import { workloadOfArguments } from "../workload.js";
import { benchKafka, gzipOrNone, kafkaAcks } from "./bench-kafka.js";

const workload = workloadOfArguments();
const inner = benchKafka(workload.brokers).producer({ idempotent: false, allowAutoTopicCreation: false });
await inner.connect();
const producer = {
  send: (record: { topic: string; messages: { value: Buffer }[] }) =>
    inner.send({ ...record, acks: kafkaAcks[workload.acks], compression: gzipOrNone(workload.compression) }),
};

await produceLoad(producer, workload, workload.warmUpRecords, new LatencyHistogram());
const latencies = new LatencyHistogram();
const beganMs = performance.now();
const records = await produceLoad(producer, workload, workload.records, latencies);
const seconds = (performance.now() - beganMs) / 1000;
reportAndExitOnStop(() => undefined);
const bytes = records * workload.recordBytes;
sendToParent({ type: "measured", seconds, records, bytes, latency: latencies.summary() });
