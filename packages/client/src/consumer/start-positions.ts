/**
 * Where to begin in partitions: at what the group has committed, else at what `startFrom` says, unless a place is given.
 */

import { SluiceError, type TopicPartition } from "@sluice/model";
import type { Cancellable } from "../cancellation.js";
import type { ConsumerSettings } from "./consumer-options.js";
import { byPartition, type OffsetCommitter } from "./offset-committer.js";
import { keyOf, type OffsetFinder, type OffsetSpec } from "./offset-spec.js";

/** A partition to read; without a place, where the group is. */
export interface PartitionToRead extends TopicPartition {
  readonly offset?: OffsetSpec | undefined;
}

export interface StartPosition extends TopicPartition {
  readonly offset: number;
  /** What the group has committed; undefined: nothing, or it was not asked. */
  readonly committed: number | undefined;
}

/**
 * @param dependencies.committer undefined: there is no group.
 * @throws SluiceError NO_COMMITTED_OFFSET, UNKNOWN_TOPIC, BROKER_UNREACHABLE, CANCELLED ...
 */
export async function startPositions(
  partitions: readonly PartitionToRead[],
  settings: Pick<ConsumerSettings, "startFrom" | "groupId">,
  dependencies: { readonly finder: OffsetFinder; readonly committer: OffsetCommitter | undefined },
  options: Cancellable,
): Promise<StartPosition[]> {
  const open = partitions.filter(({ offset }) => offset === undefined);
  const committed = byPartition((await dependencies.committer?.fetch(open, options)) ?? []);
  const places = partitions.map((wanted) => {
    const { topic, partition } = wanted;
    return {
      topic,
      partition,
      offset: wanted.offset ?? committed.get(keyOf(wanted))?.offset ?? startOf(wanted, settings),
    };
  });
  const found = await dependencies.finder.find(places, options);
  return found.map(({ topic, partition, offset }) => {
    return { topic, partition, offset, committed: committed.get(keyOf({ topic, partition }))?.offset };
  });
}

function startOf(
  { topic, partition }: TopicPartition,
  { startFrom, groupId }: Pick<ConsumerSettings, "startFrom" | "groupId">,
): "earliest" | "latest" {
  if (startFrom === "fail") throw new SluiceError("NO_COMMITTED_OFFSET", { group: groupId ?? "", topic, partition });
  return startFrom;
}
