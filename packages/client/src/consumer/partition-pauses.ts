/** Which partitions are paused. A pause belongs to the consumer, not to an assignment: it is kept when the partition moves. */

import type { TopicPartition } from "@sluice/model";
import { keyOf } from "./offset-spec.js";

/** A topic and partitions of it, as in kafkajs. */
export interface TopicPartitions {
  /** Name of the topic. */
  readonly topic: string;
  /** Partitions, from 0. */
  readonly partitions: number[];
}

/** What to pause or resume; without `partitions`, all of the topic that are read. */
export interface TopicSelection {
  /** Name of the topic. */
  readonly topic: string;
  /** Which partitions. Default: all. */
  readonly partitions?: readonly number[];
}

export class PartitionPauses {
  readonly #paused = new Map<string, TopicPartition>();

  has(partition: TopicPartition): boolean {
    return this.#paused.has(keyOf(partition));
  }

  /** @param topics undefined: all of `assignment`. */
  pause(topics: readonly TopicSelection[] | undefined, assignment: readonly TopicPartition[]): void {
    for (const partition of selected(topics, assignment)) this.#paused.set(keyOf(partition), partition);
  }

  /** @param topics undefined: all that are paused. */
  resume(topics: readonly TopicSelection[] | undefined, assignment: readonly TopicPartition[]): void {
    if (topics === undefined) this.#paused.clear();
    const known = [...assignment, ...this.#paused.values()];
    for (const partition of selected(topics, known)) this.#paused.delete(keyOf(partition));
  }

  /** By topic. */
  list(): TopicPartitions[] {
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of this.#paused.values())
      topics.set(
        topic,
        [...(topics.get(topic) ?? []), partition].sort((left, right) => left - right),
      );
    return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
  }
}

function selected(
  topics: readonly TopicSelection[] | undefined,
  known: readonly TopicPartition[],
): readonly TopicPartition[] {
  if (topics === undefined) return known;
  return topics.flatMap(({ topic, partitions }) => {
    if (partitions === undefined) return known.filter((one) => one.topic === topic);
    return partitions.map((partition) => ({ topic, partition }));
  });
}
