/**
 * Creating and deleting topics: requests checked, and turned into transactions.
 *
 * A topic exists when its key does, and that key is written last. What fits is one transaction. A larger topic has its
 * partitions 1, 2, ... written in chunks first; the last transaction writes partition 0 and the topic. Two compares keep it
 * and the removal of leftovers apart: the last transaction needs the first chunk as it was made, the removal needs partition 0
 * to be missing. Whichever comes second fails.
 */

import {
  type BrokerId,
  isInternalTopic,
  leaderEpoch,
  readConfig,
  SluiceError,
  type TopicId,
  type TopicName,
  topicConfigTable,
  topicName,
} from "@sluice/model";
import type { ClusterImage, TopicImage } from "./cluster-image.js";
import { deletedTopicKey, partitionKey, partitionsKeyPrefix, topicKey } from "./cluster-keys.js";
import { formatDeletedTopicValue, formatPartitionValue, formatTopicValue } from "./cluster-values.js";
import type { PlannedOperation, PlannedTransaction } from "./planned-transaction.js";
import { placeReplicas } from "./replica-placement.js";

/** Partitions that a topic may have. */
export const topicPartitionsMax = 10_000;

/** Replicas that a partition may have. */
export const replicationFactorMax = 32;

/** Operations in one transaction of a plan. */
export const chunkOperationsMax = 100;

export interface TopicRequest {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** The last of a key counts. */
  readonly configs: readonly { readonly name: string; readonly value: string }[];
  /** As in `PlacementRequest`. */
  readonly alsoLed?: ReadonlyMap<BrokerId, number> | undefined;
  readonly alsoKept?: ReadonlyMap<BrokerId, number> | undefined;
}

/** A checked creation. Run `chunks` in order, then what `planTopicFinish` gives. */
export interface TopicCreation {
  readonly name: TopicName;
  readonly topicId: TopicId;
  /** Replicas of the partitions that come into being, the preferred leader first. */
  readonly placed: readonly (readonly BrokerId[])[];
  /** Empty where one transaction is enough. */
  readonly chunks: readonly PlannedTransaction[];
  /** Partition 0, or all where one transaction is enough, and the topic. */
  readonly lastOperations: readonly PlannedOperation[];
}

/**
 * Checks a client's request and plans it.
 *
 * @param newTopicId an id that was never used
 * @throws SluiceError INVALID_TOPIC_NAME, INTERNAL_TOPIC, TOPIC_ALREADY_EXISTS, INVALID_PARTITION_COUNT,
 *   INVALID_REPLICATION_FACTOR, UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE
 */
export function planTopicCreation(image: ClusterImage, request: TopicRequest, newTopicId: TopicId): TopicCreation {
  const name = topicName(request.name);
  if (isInternalTopic(name)) throw new SluiceError("INTERNAL_TOPIC", { topic: name });
  return planAnyTopicCreation(image, request, newTopicId);
}

/** As `planTopicCreation`, for the topics that Sluice keeps for itself too. */
export function planAnyTopicCreation(image: ClusterImage, request: TopicRequest, newTopicId: TopicId): TopicCreation {
  const name = topicName(request.name);
  if (image.topics.has(name)) throw new SluiceError("TOPIC_ALREADY_EXISTS", { topic: name });
  const { partitions } = request;
  checkCounts(request);
  const configs = checkedConfigs(request.configs);
  const placed = placeReplicas(image, request);
  const puts = placed.map((replicas, partition) => putPartition(image, { topicId: newTopicId, partition, replicas }));
  const topic = { id: newTopicId, partitions, configs };
  const putTopic: PlannedOperation = { type: "put", key: topicKey(name), value: formatTopicValue(topic) };
  if (puts.length < chunkOperationsMax) {
    return { name, topicId: newTopicId, placed, chunks: [], lastOperations: [...puts, putTopic] };
  }
  const [first, ...rest] = puts as [PlannedOperation, ...PlannedOperation[]];
  const nameIsFree = { key: topicKey(name), target: "createRevision", equals: 0 } as const;
  const chunks = chunked(rest, { purpose: `preparing topic '${name}'`, compares: [nameIsFree] });
  return { name, topicId: newTopicId, placed, chunks, lastOperations: [first, putTopic] };
}

/**
 * The transaction that makes the topic exist. It fails when the name was taken meanwhile, or the chunks were removed.
 *
 * @param firstChunkRevision revision of the transaction of the first chunk; undefined where there are no chunks
 */
export function planTopicFinish(creation: TopicCreation, firstChunkRevision: number | undefined): PlannedTransaction {
  const nameIsFree = { key: topicKey(creation.name), target: "createRevision", equals: 0 } as const;
  const chunksAreThere =
    firstChunkRevision === undefined
      ? []
      : [{ key: partitionKey(creation.topicId, 1), target: "createRevision", equals: firstChunkRevision } as const];
  return {
    purpose: `creating topic '${creation.name}'`,
    compares: [nameIsFree, ...chunksAreThere],
    operations: creation.lastOperations,
  };
}

/**
 * Deletes a topic with its partitions, as the image shows it. Every broker that ever was finds a key that says so, until it says that it has
 * no replicas of it: one that is away now, or kept some before they were moved, learns of it when it is back, and nobody takes a topic
 * that a restored store has forgotten for a deleted one.
 *
 * @throws SluiceError INVALID_TOPIC_NAME, UNKNOWN_TOPIC, INTERNAL_TOPIC
 */
export function planTopicDeletion(
  image: ClusterImage,
  name: string,
): PlannedTransaction & { readonly topic: TopicImage } {
  const checked = topicName(name);
  if (isInternalTopic(checked)) throw new SluiceError("INTERNAL_TOPIC", { topic: checked });
  const topic = image.topics.get(checked);
  if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: checked });
  return {
    topic,
    purpose: `deleting topic '${checked}'`,
    compares: [{ key: topicKey(checked), target: "modRevision", equals: topic.version }],
    operations: [
      { type: "delete", key: topicKey(checked) },
      { type: "deletePrefix", prefix: partitionsKeyPrefix(topic.id) },
      ...brokersToTell(image, topic).map((id): PlannedOperation => {
        return { type: "put", key: deletedTopicKey(topic.id, id), value: formatDeletedTopicValue() };
      }),
    ],
  };
}

/** As many as one transaction can tell, those that keep replicas now first. Who is not told keeps what it has on its disk, and says so. */
function brokersToTell(image: ClusterImage, { partitions }: TopicImage): BrokerId[] {
  const keeping = partitions.flatMap(({ replicas }) => replicas);
  return [...new Set([...keeping, ...image.lastRegistrations.keys()])].slice(0, chunkOperationsMax);
}

function checkCounts({ partitions, replicationFactor }: TopicRequest): void {
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > topicPartitionsMax) {
    const reason = "it takes a whole number within bounds";
    const bounds = { partitionsMin: 1, partitionsMax: topicPartitionsMax };
    throw new SluiceError("INVALID_PARTITION_COUNT", { partitions, reason, ...bounds });
  }
  if (!Number.isInteger(replicationFactor) || replicationFactor < 1 || replicationFactor > replicationFactorMax) {
    const reason = `it is a whole number from 1 to ${replicationFactorMax}`;
    throw new SluiceError("INVALID_REPLICATION_FACTOR", { replicationFactor, replicationFactorMax, reason });
  }
}

/**
 * The settings as they are stored: known keys only, in the form in which they read back.
 *
 * @throws SluiceError UNKNOWN_CONFIG_KEY, INVALID_CONFIG_VALUE
 */
export function checkedConfigs(configs: TopicRequest["configs"]): Record<string, string> {
  const entries = configs.map(({ name, value }) => ({ key: name, raw: value }));
  const values: Readonly<Record<string, unknown>> = readConfig(topicConfigTable, "topic", entries);
  return Object.fromEntries(entries.map(({ key }) => [key, String(values[key])]));
}

/** Partition of a topic that comes into being, led by the first of its replicas in the life that the image shows. */
export function putPartition(
  image: ClusterImage,
  placed: { topicId: TopicId; partition: number; replicas: readonly BrokerId[] },
): PlannedOperation {
  const { topicId, partition, replicas } = placed;
  const leader = replicas[0];
  const value = formatPartitionValue({
    leader,
    leaderBrokerEpoch: leader === undefined ? 0 : (image.brokers.get(leader)?.brokerEpoch ?? 0),
    leaderEpoch: leaderEpoch(0),
    inSyncReplicas: replicas,
    eligibleLeaderReplicas: [],
    lastEligibleLeaderReplicas: [],
    replicas,
    addingReplicas: [],
    removingReplicas: [],
  });
  return { type: "put", key: partitionKey(topicId, partition), value };
}

/** As many transactions as the puts take, each with these compares. */
export function chunked(
  puts: readonly PlannedOperation[],
  shared: Pick<PlannedTransaction, "purpose" | "compares">,
): PlannedTransaction[] {
  const chunks: PlannedTransaction[] = [];
  for (let from = 0; from < puts.length; from += chunkOperationsMax) {
    chunks.push({ ...shared, operations: puts.slice(from, from + chunkOperationsMax) });
  }
  return chunks;
}
