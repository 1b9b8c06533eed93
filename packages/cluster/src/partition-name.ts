/** Partitions as clients name them. */

import { SluiceError, topicName } from "@sluice/model";
import type { ClusterImage, PartitionImage, TopicImage } from "./cluster-image.js";

export interface PartitionName {
  /** Name of the topic. */
  readonly topic: string;
  /** From 0. */
  readonly partition: number;
}

/** @throws SluiceError INVALID_TOPIC_NAME, UNKNOWN_TOPIC, UNKNOWN_PARTITION */
export function partitionOrThrow(
  image: ClusterImage,
  name: PartitionName,
): { readonly topic: TopicImage; readonly partition: PartitionImage } {
  const topic = image.topics.get(topicName(name.topic));
  if (topic === undefined) throw new SluiceError("UNKNOWN_TOPIC", { topic: name.topic });
  const partition = topic.partitions[name.partition];
  if (partition !== undefined) return { topic, partition };
  throw new SluiceError("UNKNOWN_PARTITION", { topic: name.topic, partition: name.partition });
}
