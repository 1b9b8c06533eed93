/** Sets of partitions: keyed by text, because two objects that name one partition are not equal, and always in one order. */

import type { AssignedPartition } from "./group-event.js";

/** Partitions by `partitionId`. */
export type PartitionMap = ReadonlyMap<string, AssignedPartition>;

/** One text for one partition. Topic names hold no `/`. */
export function partitionId(partition: AssignedPartition): string {
  return `${partition.topic}/${partition.partition}`;
}

/** By topic, then number. */
export function comparePartitions(a: AssignedPartition, b: AssignedPartition): number {
  return a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition;
}

/** A set of the partitions, in order, each once. */
export function partitionMap(partitions: Iterable<AssignedPartition>): PartitionMap {
  const sorted = [...partitions].sort(comparePartitions);
  return new Map(sorted.map(({ topic, partition }) => [partitionId({ topic, partition }), { topic, partition }]));
}

export function isSamePartitions(a: PartitionMap, b: PartitionMap): boolean {
  if (a.size !== b.size) return false;
  for (const id of a.keys()) if (!b.has(id)) return false;
  return true;
}
