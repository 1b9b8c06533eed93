/** kafkajs as the benchmarks use it. */

import { CompressionTypes, Kafka, logLevel } from "kafkajs";

/** @param brokers addresses with commas between them */
export function benchKafka(brokers: string): Kafka {
  return new Kafka({ brokers: brokers.split(","), clientId: "sluice-bench", logLevel: logLevel.ERROR });
}

export const kafkaAcks = { all: -1, leader: 1, none: 0 } as const;

export function gzipOrNone(compression: "none" | "gzip"): CompressionTypes {
  return compression === "gzip" ? CompressionTypes.GZIP : CompressionTypes.None;
}

/** Makes the topic anew, so that every run begins with an empty log. */
export async function createKafkaTopic(
  brokers: string,
  topic: string,
  partitions: number,
  replicationFactor = 1,
): Promise<void> {
  const admin = benchKafka(brokers).admin();
  await admin.connect();
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor }] });
  } finally {
    await admin.disconnect();
  }
}

export async function deleteKafkaTopic(brokers: string, topic: string): Promise<void> {
  const admin = benchKafka(brokers).admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: [topic] });
  } finally {
    await admin.disconnect();
  }
}
