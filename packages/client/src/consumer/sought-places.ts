/** Where partitions were sought before they were had: they begin there when they come, each once. */

import type { TopicPartition } from "@sluice/model";
import { keyOf, type OffsetSpec } from "./offset-spec.js";

export class SoughtPlaces {
  readonly #partitions = new Map<string, { readonly topic: string; readonly offset: OffsetSpec }>();
  readonly #topics = new Map<string, { readonly offset: OffsetSpec; readonly taken: Set<string> }>();

  /** Without a partition: all of the topic, as they come. */
  seek(target: { readonly topic: string; readonly partition?: number | undefined }, offset: OffsetSpec): void {
    const { topic, partition } = target;
    if (partition !== undefined) {
      this.#partitions.set(keyOf({ topic, partition }), { topic, offset });
      return;
    }
    // Said later, so it counts for all.
    for (const [key, sought] of [...this.#partitions]) if (sought.topic === topic) this.#partitions.delete(key);
    this.#topics.set(topic, { offset, taken: new Set() });
  }

  /** Undefined: it was not sought. */
  placeOf(partition: TopicPartition): OffsetSpec | undefined {
    const key = keyOf(partition);
    const own = this.#partitions.get(key);
    if (own !== undefined) return own.offset;
    const topic = this.#topics.get(partition.topic);
    return topic?.taken.has(key) === true ? undefined : topic?.offset;
  }

  /** The partition has begun there. */
  taken(partition: TopicPartition): void {
    const key = keyOf(partition);
    this.#partitions.delete(key);
    this.#topics.get(partition.topic)?.taken.add(key);
  }
}
