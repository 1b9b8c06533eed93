/** Topics for which there may be work that there was not before. */

import type { ClusterImage, TopicImage } from "./cluster-image.js";
import { changedKeys } from "./shared-map.js";

/**
 * What becomes of partitions hangs on themselves and on the brokers: where neither changed, nothing is to be done that was not before.
 *
 * @param settled an earlier image for which there was nothing to do. Undefined: all topics are looked at.
 */
export function topicsToLookAt(image: ClusterImage, settled: ClusterImage | undefined): Iterable<TopicImage> {
  if (settled?.brokers !== image.brokers) return image.topics.values();
  return changedKeys(settled.topics, image.topics).flatMap((name) => image.topics.get(name) ?? []);
}
