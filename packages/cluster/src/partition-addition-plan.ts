/**
 * More partitions for a topic that exists: the request checked, and turned into transactions.
 *
 * The topic's own value says how many partitions there are; keys of partitions beyond that are nothing to anybody. What fits is
 * one transaction, which writes the new partitions and the new count. A larger addition writes its partitions in chunks
 * first, and the count in a last transaction. Everything compares the version of the topic: a topic that was changed or deleted
 * meanwhile refuses. The last transaction needs the first chunk as this addition wrote it, so neither another addition nor the
 * removal of leftovers can have come between. Where an addition died, the next one writes over what it left.
 */

import { type BrokerId, isInternalTopic, SluiceError, topicName } from "@sluice/model";
import type { ClusterImage, TopicImage } from "./cluster-image.js";
import { partitionKey, topicKey } from "./cluster-keys.js";
import { formatTopicValue } from "./cluster-values.js";
import type { PlannedCompare, PlannedOperation, PlannedTransaction } from "./planned-transaction.js";
import { replicationFactorOf } from "./reassignment-plan.js";
import { placeReplicas } from "./replica-placement.js";
import { chunked, chunkOperationsMax, putPartition, topicPartitionsMax } from "./topic-plan.js";

export interface PartitionAdditionRequest {
  readonly name: string;
  /** How many the topic is to have: more than it has. */
  readonly partitions: number;
  /** As in `PlacementRequest`. */
  readonly alsoLed?: ReadonlyMap<BrokerId, number> | undefined;
  readonly alsoKept?: ReadonlyMap<BrokerId, number> | undefined;
}

/** A checked addition. Run `chunks` in order, then what `planPartitionAdditionFinish` gives. */
export interface PartitionAddition {
  /** As it was when this was planned. */
  readonly topic: TopicImage;
  readonly partitions: number;
  /** Replicas of the partitions that come into being, the preferred leader first. */
  readonly placed: readonly (readonly BrokerId[])[];
  /** Empty where one transaction is enough. */
  readonly chunks: readonly PlannedTransaction[];
  /** The topic with its new count, after all new partitions where one transaction is enough. */
  readonly lastOperations: readonly PlannedOperation[];
}

/**
 * Checks a client's request and plans it.
 *
 * @throws SluiceError INVALID_TOPIC_NAME, INTERNAL_TOPIC, UNKNOWN_TOPIC, INVALID_PARTITION_COUNT, INVALID_REPLICATION_FACTOR
 *   when too few brokers are running
 */
export function planPartitionAddition(image: ClusterImage, request: PartitionAdditionRequest): PartitionAddition {
  const name = topicName(request.name);
  if (isInternalTopic(name)) throw new SluiceError("INTERNAL_TOPIC", { topic: name });
  const topic = image.topics.get(name);
  if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: name });
  const { partitions } = request;
  checkCount(topic, partitions);
  const count = topic.partitions.length;
  const replicationFactor = replicationFactorOf(topic);
  const placed = placeReplicas(image, { ...request, partitions: partitions - count, replicationFactor });
  const puts = placed.map((brokers, index) => {
    return putPartition(image, { topicId: topic.id, partition: count + index, replicas: brokers });
  });
  const { id, configOverrides: configs } = topic;
  const value = formatTopicValue({ id, partitions, configs });
  const putTopic: PlannedOperation = { type: "put", key: topicKey(name), value };
  if (puts.length < chunkOperationsMax)
    return { topic, partitions, placed, chunks: [], lastOperations: [...puts, putTopic] };
  const purpose = `preparing more partitions of topic '${name}'`;
  const chunks = chunked(puts, { purpose, compares: [unchanged(topic)] });
  return { topic, partitions, placed, chunks, lastOperations: [putTopic] };
}

/**
 * The transaction that makes the new partitions exist. It fails when the topic was changed meanwhile, or the chunks were
 * written over or removed.
 *
 * @param firstChunkRevision revision of the transaction of the first chunk; undefined where there are no chunks
 */
export function planPartitionAdditionFinish(
  addition: PartitionAddition,
  firstChunkRevision: number | undefined,
): PlannedTransaction {
  const { topic, partitions, lastOperations: operations } = addition;
  const compares = [unchanged(topic)];
  if (firstChunkRevision !== undefined) {
    const key = partitionKey(topic.id, topic.partitions.length);
    compares.push({ key, target: "modRevision", equals: firstChunkRevision });
  }
  return { purpose: `giving topic '${topic.name}' ${partitions} partitions`, compares, operations };
}

function checkCount(topic: TopicImage, partitions: number): void {
  const count = topic.partitions.length;
  const bounds = { partitionsMin: Math.min(count + 1, topicPartitionsMax), partitionsMax: topicPartitionsMax };
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > topicPartitionsMax) {
    const reason = "it takes a whole number within bounds";
    throw new SluiceError("INVALID_PARTITION_COUNT", { partitions, reason, ...bounds });
  }
  if (partitions > count) return;
  const reason = `'${topic.name}' has ${count} already, and partitions are added, never removed`;
  throw new SluiceError("INVALID_PARTITION_COUNT", { partitions, reason, ...bounds });
}

function unchanged(topic: TopicImage): PlannedCompare {
  return { key: topicKey(topic.name), target: "modRevision", equals: topic.version };
}
