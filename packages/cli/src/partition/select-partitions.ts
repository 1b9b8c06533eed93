/** Which partitions a command is about: all of a topic, or those that --partition names. */

import type { DescribedPartition, DescribedTopic } from "@sluice/client";
import { SluiceError } from "@sluice/model";

/** A partition with the name of its topic. */
export interface NamedPartition extends DescribedPartition {
  readonly topic: string;
}

/** Partitions of topics, by name and number. */
export function partitionsOf(topics: readonly DescribedTopic[]): readonly NamedPartition[] {
  const sorted = [...topics].sort((left, right) => (left.name < right.name ? -1 : 1));
  return sorted.flatMap(({ name: topic, partitions }) => partitions.map((partition) => ({ ...partition, topic })));
}

/** @throws SluiceError UNKNOWN_PARTITION */
export function selectPartitions(
  topic: DescribedTopic,
  numbers: readonly number[] | undefined,
): readonly NamedPartition[] {
  const all = partitionsOf([topic]);
  if (numbers === undefined) return all;
  return numbers.map((number) => {
    const found = all.find(({ partition }) => partition === number);
    if (found === undefined) throw new SluiceError("UNKNOWN_PARTITION", { topic: topic.name, partition: number });
    return found;
  });
}
