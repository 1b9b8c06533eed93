/** Partitions that differ between two images of the cluster. */

import type { ClusterImage, PartitionImage, TopicImage } from "@sluice/cluster";
import type { TopicId } from "@sluice/model";
import { changedTopics, topicsOf } from "../ghost/image-topics.js";
import type { PartitionKey } from "../ghost/replica-logs.js";

export interface ChangedPartition {
  readonly now: PartitionImage;
  /** Undefined: it is new. */
  readonly before: PartitionImage | undefined;
  readonly topic: TopicImage;
}

export function* changedPartitions(image: ClusterImage, previous: ClusterImage): Iterable<ChangedPartition> {
  for (const name of changedTopics(image, previous)) {
    const topic = image.topics.get(name);
    if (topic === undefined) continue;
    const known = previous.topics.get(name);
    for (const now of topic.partitions) {
      const before = known?.id === topic.id ? known.partitions[now.partition] : undefined;
      if (now !== before) yield { now, before, topic };
    }
  }
}

/** Partitions of topics of which anything has changed, the settings too. */
export function* partitionsOfChangedTopics(
  image: ClusterImage,
  previous: ClusterImage,
): Iterable<Omit<ChangedPartition, "before">> {
  for (const name of changedTopics(image, previous)) {
    const topic = image.topics.get(name);
    for (const now of topic?.partitions ?? []) yield { now, topic: topic as TopicImage };
  }
}

/** All partitions of an image. */
export function* allPartitions(image: ClusterImage): Iterable<PartitionImage> {
  for (const topic of topicsOf(image)) yield* topic.partitions;
}

/** The partition of that key; undefined: there is none now. */
export function partitionByKey(image: ClusterImage, key: PartitionKey): PartitionImage | undefined {
  const dash = key.lastIndexOf("-");
  const topic = image.topicsById.get(key.slice(0, dash) as TopicId);
  return topic?.partitions[Number(key.slice(dash + 1))];
}
