/**
 * Removal of partitions that belong to no topic: what a creation, or an addition of partitions, left when it died.
 *
 * Nothing that is finished can be lost by it, whenever it runs. Partitions of a topic that does not exist go while partition 0
 * is missing, and the end of a creation, which writes partition 0, needs the first chunk as it was made. Partitions beyond the count
 * of a topic go while the topic is unchanged and they are as they were seen, the first of them first, and the end of an
 * addition needs that first one as it wrote it. Whichever comes second fails.
 */

import type { TopicId } from "@sluice/model";
import type { ClusterImage, PartitionImage, TopicImage } from "./cluster-image.js";
import { partitionKey, partitionsKeyPrefix, topicKey } from "./cluster-keys.js";
import {
  type PlannedCompare,
  type PlannedOperation,
  type PlannedTransaction,
  transactionStepsMax,
} from "./planned-transaction.js";

/** Removes partitions of a topic that was not finished: after a failed creation, or what a crash left over. */
export function planLeftoverRemoval(topicId: TopicId): PlannedTransaction {
  return {
    purpose: `removing leftovers of topic id ${topicId}`,
    compares: [{ key: partitionKey(topicId, 0), target: "createRevision", equals: 0 }],
    operations: [{ type: "deletePrefix", prefix: partitionsKeyPrefix(topicId) }],
  };
}

/**
 * Removes all that the image shows of this topic id and that belongs to no topic.
 *
 * @param alsoCompares what must hold besides, for each transaction; at most a few
 */
export function planLeftovers(
  image: ClusterImage,
  topicId: TopicId,
  alsoCompares: readonly PlannedCompare[] = [],
): PlannedTransaction[] {
  const partitions = image.unlistedPartitions.get(topicId);
  if (partitions === undefined) return [];
  const topic = image.topicsById.get(topicId);
  if (topic !== undefined) return planSurplusRemoval(topic, partitions, alsoCompares);
  const removal = planLeftoverRemoval(topicId);
  return [{ ...removal, compares: [...removal.compares, ...alsoCompares] }];
}

/** Revision of the last change of any of them: they are as old as the youngest. */
export function lastChangeOf(partitions: ReadonlyMap<number, PartitionImage>): number {
  let last = 0;
  for (const { version } of partitions.values()) last = Math.max(last, version);
  return last;
}

function planSurplusRemoval(
  topic: TopicImage,
  partitions: ReadonlyMap<number, PartitionImage>,
  alsoCompares: readonly PlannedCompare[],
): PlannedTransaction[] {
  const sorted = [...partitions.values()].sort((left, right) => left.partition - right.partition);
  const unchanged: PlannedCompare = { key: topicKey(topic.name), target: "modRevision", equals: topic.version };
  const firstIsGone: PlannedCompare = {
    key: partitionKey(topic.id, topic.partitions.length),
    target: "createRevision",
    equals: 0,
  };
  // A compare and a delete for each partition, beside what all of a transaction share.
  const chunkSize = Math.floor((transactionStepsMax - alsoCompares.length - 2) / 2);
  const plans: PlannedTransaction[] = [];
  for (let from = 0; from < sorted.length; from += chunkSize) {
    const chunk = sorted.slice(from, from + chunkSize);
    const compares = [...alsoCompares, unchanged, ...chunk.map(asSeen)];
    if (chunk[0]?.partition !== topic.partitions.length) compares.push(firstIsGone);
    const operations = chunk.map((partition): PlannedOperation => ({ type: "delete", key: keyOf(partition) }));
    plans.push({ purpose: `removing leftovers of topic '${topic.name}'`, compares, operations });
  }
  return plans;
}

function asSeen(partition: PartitionImage): PlannedCompare {
  return { key: keyOf(partition), target: "modRevision", equals: partition.version };
}

function keyOf({ topicId, partition }: PartitionImage): string {
  return partitionKey(topicId, partition);
}
