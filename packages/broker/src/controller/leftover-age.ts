/**
 * How long partitions that belong to no topic have lain unchanged, as one controller saw it by its own clock.
 *
 * Whoever creates a topic, or adds partitions, goes on within moments. What has not changed for `leftoverAgeMs` is abandoned: its
 * maker died, or lost its way to the store. If it was only that slow, it is refused at the end and does everything anew.
 */

import { type ClusterImage, lastChangeOf } from "@sluice/cluster";
import type { TopicId } from "@sluice/model";

/** Milliseconds without a change after which leftovers are removed. */
export const leftoverAgeMs = 60_000;

interface Sighting {
  /** Revision of the last change of any of them. */
  readonly lastChange: number;
  /** On the monotonic clock: when they were first seen as they are. */
  readonly sinceMs: number;
}

export class LeftoverAge {
  #sightings = new Map<TopicId, Sighting>();

  /**
   * Takes note of what the image shows.
   *
   * @returns topic ids whose leftovers are abandoned, and when the next ones will be, on the monotonic clock (undefined: there are
   *   none)
   */
  observe(
    image: ClusterImage,
    nowMs: number,
  ): { readonly abandoned: ReadonlySet<TopicId>; readonly nextAtMs: number | undefined } {
    const sightings = new Map<TopicId, Sighting>();
    const abandoned = new Set<TopicId>();
    let nextAtMs: number | undefined;
    for (const [topicId, partitions] of image.unlistedPartitions) {
      const lastChange = lastChangeOf(partitions);
      const known = this.#sightings.get(topicId);
      const sighting = known?.lastChange === lastChange ? known : { lastChange, sinceMs: nowMs };
      sightings.set(topicId, sighting);
      const dueMs = sighting.sinceMs + leftoverAgeMs;
      if (nowMs >= dueMs) abandoned.add(topicId);
      else nextAtMs = Math.min(nextAtMs ?? dueMs, dueMs);
    }
    this.#sightings = sightings;
    return { abandoned, nextAtMs };
  }
}
