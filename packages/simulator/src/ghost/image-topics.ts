/**
 * Topics of an image, looked for once. The maps of an image are made for thousands of topics: a run has three, and goes through them
 * after every event.
 */

import { type ClusterImage, changedKeys, type TopicImage } from "@sluice/cluster";
import type { TopicName } from "@sluice/model";

type Topics = ClusterImage["topics"];

const topicLists = new WeakMap<Topics, readonly TopicImage[]>();
const changes = new WeakMap<Topics, { readonly before: Topics; readonly names: readonly TopicName[] }>();

export function topicsOf({ topics }: ClusterImage): readonly TopicImage[] {
  const known = topicLists.get(topics) ?? [...topics.values()];
  topicLists.set(topics, known);
  return known;
}

/** Names of the topics that are not as they were, or that only one of the two images has. */
export function changedTopics({ topics }: ClusterImage, { topics: before }: ClusterImage): readonly TopicName[] {
  const known = changes.get(topics);
  if (known?.before === before) return known.names;
  const names = changedKeys(before, topics);
  changes.set(topics, { before, names });
  return names;
}
