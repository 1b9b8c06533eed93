/**
 * The lowest `min.insync.replicas` that each topic has ever had. A leader goes by the settings of its newest image, which may be older
 * than the newest replica sets: what it does is judged by the least that was ever asked of it.
 */

import { type ClusterImage, replicationFactorOf, type TopicImage } from "@sluice/cluster";
import { topicsOf } from "./image-topics.js";

export class InSyncFloors {
  readonly #floors = new Map<string, number>();

  onImage(image: ClusterImage, previous: ClusterImage): void {
    if (image.topics === previous.topics) return;
    for (const topic of topicsOf(image)) this.#floors.set(topic.id, this.of(topic));
  }

  /** At most as many as the topic has replicas. */
  of(topic: TopicImage): number {
    const { id, config } = topic;
    const lowest = this.#floors.get(id) ?? Number.POSITIVE_INFINITY;
    return Math.min(config["min.insync.replicas"], replicationFactorOf(topic), lowest);
  }
}
