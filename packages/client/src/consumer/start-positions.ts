/**
 * Where to begin in partitions: at what the group has committed, else at what `startFrom` says, unless a place is given.
 *
 * A partition that was added to a topic after the group had begun with it begins at its first message: `latest` would lose
 * what was written between its creation and its assignment.
 */

import { SluiceError, type TopicPartition } from "@sluice/model";
import type { CommittedOffset } from "@sluice/protocol";
import type { Cancellable } from "../cancellation.js";
import type { StartFrom } from "./consumer-options.js";
import { groupBeganWith, isNewer } from "./group-beginning.js";
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
  /** Leader epoch of the record before `offset`, where the group has committed it; undefined: not known. */
  readonly leaderEpoch: number | undefined;
  /** How many partitions the topic had when the group began with it; undefined: not known. */
  readonly groupBeganWith: number | undefined;
  /** The place is that of `startFrom`, and would be another one later: it is to be committed at once. */
  readonly isMomentary: boolean;
}

export interface StartPositionsDependencies {
  readonly finder: OffsetFinder;
  /** Undefined: there is no group. */
  readonly committer: OffsetCommitter | undefined;
  /** How many partitions a topic has, as far as is known. */
  readonly partitionCount: (topic: string) => number | undefined;
  /** Where to begin in a topic. */
  readonly startFrom: (topic: string) => StartFrom;
  readonly groupId: string | undefined;
}

/** @throws SluiceError NO_COMMITTED_OFFSET, UNKNOWN_TOPIC, BROKER_UNREACHABLE, CANCELLED ... */
export async function startPositions(
  partitions: readonly PartitionToRead[],
  dependencies: StartPositionsDependencies,
  options: Cancellable,
): Promise<StartPosition[]> {
  const { committer, finder } = dependencies;
  const open = partitions.filter(({ offset }) => offset === undefined);
  const committed = byPartition((await committer?.fetch(siblings(open, dependencies), options)) ?? []);
  const plans = partitions.map((wanted) => planOf(wanted, committed, dependencies));
  const found = await finder.find(
    plans.map(({ topic, partition, place }) => ({ topic, partition, offset: place })),
    options,
  );
  return plans.map(({ topic, partition, place: _place, ...rest }, index) => {
    return { topic, partition, ...rest, offset: found[index]?.offset as number };
  });
}

/** All partitions of the topics: those that are committed tell which are newer. */
function siblings(
  open: readonly TopicPartition[],
  { partitionCount }: StartPositionsDependencies,
): readonly TopicPartition[] {
  const all = new Map(open.map(({ topic, partition }) => [keyOf({ topic, partition }), { topic, partition }]));
  for (const topic of new Set(open.map((one) => one.topic)))
    for (let partition = 0; partition < (partitionCount(topic) ?? 0); partition++)
      all.set(keyOf({ topic, partition }), { topic, partition });
  return [...all.values()];
}

function planOf(
  { topic, partition, offset }: PartitionToRead,
  committed: ReadonlyMap<string, CommittedOffset>,
  dependencies: StartPositionsDependencies,
) {
  const { partitionCount, startFrom, groupId } = dependencies;
  const own = committed.get(keyOf({ topic, partition }));
  const beganWith = groupBeganWith(topic, committed);
  const common = {
    topic,
    partition,
    committed: own?.offset,
    leaderEpoch: undefined,
    groupBeganWith: beganWith ?? partitionCount(topic),
  };
  if (offset !== undefined) return { ...common, place: offset, isMomentary: false };
  if (own !== undefined) {
    const leaderEpoch = own.leaderEpochPlusOne === 0 ? undefined : own.leaderEpochPlusOne - 1;
    return { ...common, place: own.offset, leaderEpoch, isMomentary: false };
  }
  const start = startFrom(topic);
  if (start === "fail") throw new SluiceError("NO_COMMITTED_OFFSET", { group: groupId ?? "", topic, partition });
  const place = isNewer({ topic, partition }, committed, beganWith) ? "earliest" : start;
  return { ...common, place, isMomentary: place !== "earliest" };
}
