/**
 * Knows which partitions are newer than the group: those that were added to a topic after the group had begun with it.
 *
 * Every commit of a partition carries, as its text, how many partitions the topic had when the group began (`partitions=6`):
 * partition 6 without a commit is newer. Where no commit has that text, because tools or applications committed with a text
 * of their own, a partition without a commit is newer when all partitions below it have one.
 */

import type { TopicPartition } from "@sluice/model";
import type { CommittedOffset } from "@sluice/protocol";
import { keyOf } from "./offset-spec.js";

/** True: the partition, which has no commit, was added after the group began. */
export function isNewer(
  { topic, partition }: TopicPartition,
  committed: ReadonlyMap<string, CommittedOffset>,
  beganWith: number | undefined,
): boolean {
  if (beganWith !== undefined) return partition >= beganWith;
  for (let below = 0; below < partition; below++) if (!committed.has(keyOf({ topic, partition: below }))) return false;
  return partition > 0;
}

const text = /^partitions=(\d{1,9})$/;

/** The text of a commit. Undefined: nothing is known. */
export function commitTextOf(partitionCount: number | undefined): string {
  return partitionCount === undefined ? "" : `partitions=${partitionCount}`;
}

/** The least that any commit of the topic says: that of the first member. */
export function groupBeganWith(topic: string, committed: ReadonlyMap<string, CommittedOffset>): number | undefined {
  let least: number | undefined;
  for (const commit of committed.values()) {
    const count = commit.topic === topic ? text.exec(commit.metadata)?.[1] : undefined;
    if (count !== undefined) least = Math.min(least ?? Number.POSITIVE_INFINITY, Number(count));
  }
  return least;
}
