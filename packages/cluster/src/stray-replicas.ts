/**
 * Replicas on a broker's disk that the image does not give to it: those of topics that were deleted, and of partitions that were moved, now
 * or while the broker was away.
 *
 * A store that was restored from a backup, or emptied, has forgotten topics and moves that are real, and what it has forgotten must never
 * cost records. Not every such store is known for one: where no election came after the backup, nothing in it contradicts what brokers
 * have acted upon. So it is not enough that the image lacks something. Of a topic the store itself says that it was deleted: a key that no
 * backup from before the deletion has, and that stays true, as no topic gets that id again. Of a partition that was moved, this
 * broker has acted upon no later epoch than the image shows, and all replicas that it has now are in sync: where the store has
 * forgotten a move in the same epoch, the leader of that epoch leads before and after it, and has all that was acknowledged.
 */

import type { BrokerId, TopicId } from "@sluice/model";
import type { ClusterImage, PartitionImage } from "./cluster-image.js";
import { hasLivingLeader } from "./leader-election.js";
import { isBeingMoved } from "./reassignment-plan.js";
import type { KnownLeaderEpoch } from "./store-history.js";

export interface JudgedReplica {
  readonly topicId: TopicId;
  readonly partition: number;
  /** The newest epoch of it that the broker acted upon in the present history of the store; undefined: none. */
  readonly known: KnownLeaderEpoch | undefined;
}

/** What is to become of a replica on disk. `reason`: a sentence without its full stop. */
export type ReplicaVerdict =
  /** The image gives it to this broker. */
  | { readonly type: "kept" }
  /** It is of no more use to anybody. */
  | { readonly type: "stray"; readonly reason: string }
  /** A later image will tell. */
  | { readonly type: "undecided"; readonly reason: string }
  /** Nothing proves that it is of no use: only a person can tell. */
  | { readonly type: "unknown"; readonly reason: string };

/**
 * @param image at least as new as every image that `self` has made anything of
 */
export function judgeReplica(image: ClusterImage, replica: JudgedReplica, self: BrokerId): ReplicaVerdict {
  const { topicId, partition: number } = replica;
  const partition = image.topicsById.get(topicId)?.partitions[number];
  if (partition?.replicas.includes(self)) return { type: "kept" };
  if (image.history.isRestored) return { type: "undecided", reason: "the store was restored from a backup" };
  if (!image.topicsById.has(topicId)) return judgeTopicless(image, topicId, self);
  if (partition === undefined) return { type: "undecided", reason: "its topic has no such partition (yet)" };
  return judgeMoved(image, partition, replica.known);
}

function judgeTopicless(image: ClusterImage, topicId: TopicId, self: BrokerId): ReplicaVerdict {
  if (image.deletedTopics.get(topicId)?.has(self)) return { type: "stray", reason: "its topic was deleted" };
  if (image.unlistedPartitions.has(topicId)) return { type: "undecided", reason: "its topic is being created" };
  return { type: "unknown", reason: "no topic has its id, and nothing says that one had, and was deleted" };
}

function judgeMoved(
  image: ClusterImage,
  partition: PartitionImage,
  known: KnownLeaderEpoch | undefined,
): ReplicaVerdict {
  const { replicas, inSyncReplicas, leaderEpoch, leaderBrokerEpoch } = partition;
  if (known === undefined)
    return { type: "unknown", reason: "it was never this broker's in the present history of the cluster store" };
  const isOlder = leaderEpoch < known.leaderEpoch;
  if (isOlder || (leaderEpoch === known.leaderEpoch && leaderBrokerEpoch !== known.leaderBrokerEpoch))
    return {
      type: "unknown",
      reason: `leader epoch ${known.leaderEpoch} was acted upon, which the store does not know`,
    };
  if (isBeingMoved(partition)) return { type: "undecided", reason: "its partition is being moved" };
  if (!hasLivingLeader(partition, image.brokers) || inSyncReplicas.length < replicas.length)
    return { type: "undecided", reason: "not all replicas of its partition are in sync" };
  return { type: "stray", reason: `its partition was moved to brokers ${replicas.join(", ")}` };
}
