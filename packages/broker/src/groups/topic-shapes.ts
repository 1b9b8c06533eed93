/** What groups need to know of the topics of the cluster, made from image to image at the cost of what changed. */

import { type ClusterImage, changedKeys, SharedMap } from "@sluice/cluster";
import type { TopicShape } from "@sluice/groups";

/** The topics of one image. */
export interface ShownTopics {
  readonly image: ClusterImage;
  readonly shapes: SharedMap<string, TopicShape>;
}

/** The topics of an image, from nothing. */
export function shownTopics(image: ClusterImage): ShownTopics {
  const shapes = [...image.topics.values()].map(({ id, name, partitions }) => {
    return [name, { topicId: id, partitions: partitions.length }] as const;
  });
  return { image, shapes: SharedMap.from<string, TopicShape>(new Map(shapes)) };
}

/**
 * The topics of a newer image; those that were given stay as they are.
 * @returns also the names of the topics that came, went, grew, or are others under the same name
 */
export function nextShownTopics(
  before: ShownTopics,
  image: ClusterImage,
): ShownTopics & { readonly changed: readonly string[] } {
  const draft = before.shapes.edit();
  const changed = changedKeys(before.image.topics, image.topics).filter((name) => {
    const topic = image.topics.get(name);
    const known = before.shapes.get(name);
    // Only a partition got another leader, or a setting another value.
    if (known?.topicId === topic?.id && known?.partitions === topic?.partitions.length) return false;
    if (topic === undefined) draft.delete(name);
    else draft.set(name, { topicId: topic.id, partitions: topic.partitions.length });
    return true;
  });
  return { image, shapes: changed.length === 0 ? before.shapes : draft.finish(), changed };
}
