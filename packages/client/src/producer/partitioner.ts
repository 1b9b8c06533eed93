/** Functions of applications that choose partitions: our form, and that of kafkajs. */

import type { TopicMetadata } from "../cluster-metadata.js";
import { legacyPartitioner } from "./legacy-partitioner.js";
import type { OutgoingMessage } from "./outgoing-message.js";

/** Chooses a partition for a message. Undefined: the default, by murmur2 of the key as in Kafka, sticky without a key. */
export type Partitioner = (choice: {
  readonly topic: string;
  readonly partitionCount: number;
  readonly message: OutgoingMessage;
}) => number | undefined;

/** A partition as a partitioner of kafkajs sees it. */
export interface KafkaJsPartitionMetadata {
  /** Always 0. */
  readonly partitionErrorCode: number;
  /** Partition, from 0. */
  readonly partitionId: number;
  /** -1: none at present. */
  readonly leader: number;
  /** Ids of the brokers that keep it. */
  readonly replicas: number[];
  /** Ids of the brokers that are in sync. */
  readonly isr: number[];
  /** Ids of the brokers that keep it and are not there. */
  readonly offlineReplicas: number[];
}

/** A partitioner of kafkajs. */
export type KafkaJsPartitioner = (choice: {
  topic: string;
  partitionMetadata: KafkaJsPartitionMetadata[];
  message: OutgoingMessage;
}) => number;

/**
 * What the name says in kafkajs. `DefaultPartitioner` and `JavaCompatiblePartitioner` choose as Kafka's own client does, which is the
 * default here; `LegacyPartitioner` as kafkajs did before 2.0.
 */
export const Partitioners = {
  DefaultPartitioner: byDefault,
  JavaCompatiblePartitioner: byDefault,
  LegacyPartitioner: legacyPartitioner,
} as const;

/** Marks the default, for `usesDefault`. */
function byDefault(): KafkaJsPartitioner {
  return chooseByDefault;
}

/** Never called with a message: whoever gets it chooses by default. */
function chooseByDefault(): number {
  return -1;
}

/** Calls a partitioner of kafkajs as kafkajs does. The metadata of a topic is made once for every change of it. */
export function adaptKafkaJsPartitioner(
  partitioner: KafkaJsPartitioner,
  metadataOf: (topic: string) => TopicMetadata | undefined,
): Partitioner | undefined {
  if (partitioner === chooseByDefault) return undefined;
  let from: TopicMetadata | undefined;
  let partitionMetadata: KafkaJsPartitionMetadata[] = [];
  return ({ topic, message }) => {
    const metadata = metadataOf(topic);
    if (metadata !== from) partitionMetadata = (metadata?.partitions ?? []).map(kafkaJsMetadata);
    from = metadata;
    return partitioner({ topic, partitionMetadata, message });
  };
}

function kafkaJsMetadata(partition: TopicMetadata["partitions"][number]): KafkaJsPartitionMetadata {
  return {
    partitionErrorCode: 0,
    partitionId: partition.partition,
    leader: partition.leaderId ?? -1,
    replicas: [...partition.replicas],
    isr: [...partition.inSyncReplicas],
    offlineReplicas: [],
  };
}
