/**
 * The internal topic of group offsets: made by the controller when the first brokers are there, and replicated more often as others
 * join, so that it matters to nobody which broker of a new cluster starts first.
 */

import { groupOffsetsTopic, type TopicId } from "@sluice/model";
import type { ClusterImage, PartitionImage } from "./cluster-image.js";
import { PartitionWriteBatches, type PlannedPartitionWrites, termStands } from "./partition-writes.js";
import { PlacementLoad } from "./placement-load.js";
import { isBeingMoved, planReassignment } from "./reassignment-plan.js";
import { defaultReplicationFactor, placeableBrokers } from "./replica-placement.js";
import { planAnyTopicCreation, type TopicCreation } from "./topic-plan.js";

/** Small, because a segment is compacted only when the next is begun; as Kafka's. */
const offsetsSegmentBytes = 104_857_600;

export interface GroupOffsetsTopicOptions {
  readonly groupOffsetsPartitions: number;
  /** Brokers that must take replicas before it is made, so that it is spread over more than the first to start. */
  readonly brokersMin: number;
  /** Replicas of its partitions. 0: `defaultReplicationFactor`. Fewer where fewer brokers take some. */
  readonly replicationFactor: number;
  /** An id that was never used. */
  readonly newTopicId: TopicId;
}

export interface GroupOffsetsReplicationOptions extends Pick<GroupOffsetsTopicOptions, "replicationFactor"> {
  /** Term of the controller that acts. */
  readonly controllerEpoch: number;
}

/** Creation of `__consumer_offsets`, or undefined where it exists or too few brokers are there yet. */
export function planGroupOffsetsTopic(
  image: ClusterImage,
  options: GroupOffsetsTopicOptions,
): TopicCreation | undefined {
  const isTooEarly = placeableBrokers(image).length < Math.max(1, options.brokersMin);
  if (image.topics.has(groupOffsetsTopic) || isTooEarly) return undefined;
  const request = {
    name: groupOffsetsTopic,
    partitions: options.groupOffsetsPartitions,
    replicationFactor: replicationFactorNow(image, options.replicationFactor),
    // A commit that was acknowledged survives a power loss and a lost disk; of each group and partition the newest one counts.
    configs: [
      { name: "flush", value: "always" },
      { name: "min.insync.replicas", value: "2" },
      { name: "cleanup.policy", value: "compact" },
      { name: "segment.bytes", value: String(offsetsSegmentBytes) },
    ],
  };
  return planAnyTopicCreation(image, request, options.newTopicId);
}

/**
 * Transactions that begin to add a replica to every partition of `__consumer_offsets` that has fewer than it would get today. Those
 * that are being moved get theirs after that. Nothing is ever taken away.
 */
export function planGroupOffsetsReplication(
  image: ClusterImage,
  { replicationFactor, controllerEpoch }: GroupOffsetsReplicationOptions,
): PlannedPartitionWrites[] {
  const wanted = replicationFactorNow(image, replicationFactor);
  const isShort = (partition: PartitionImage): boolean => {
    return partition.replicas.length < wanted && !isBeingMoved(partition);
  };
  const short = image.topics.get(groupOffsetsTopic)?.partitions.filter(isShort) ?? [];
  if (short.length === 0) return [];
  const load = new PlacementLoad(image, placeableBrokers(image));
  const additions = new PartitionWriteBatches({ what: "adding replicas to", compares: [termStands(controllerEpoch)] });
  for (const { replicas: before, partition } of short) {
    const added = load.newReplica(before, () => true);
    if (added === undefined) continue;
    load.count(before, -1);
    const all = [...before, added];
    // Who led all of them alone gives some away.
    const replicas = [...new Set([load.leastLeading(all) ?? added, ...all])];
    load.count(replicas, 1);
    const write = planReassignment(image, { topic: groupOffsetsTopic, partition, replicas });
    if (write !== undefined) additions.add(write);
  }
  return additions.finish();
}

function replicationFactorNow(image: ClusterImage, replicationFactor: number): number {
  return Math.min(replicationFactor || defaultReplicationFactor(image), placeableBrokers(image).length);
}
