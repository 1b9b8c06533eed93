/** How far a consumer is behind, in messages and in time. */

import type { TopicPartition } from "@sluice/model";
import type { Cancellable } from "../cancellation.js";
import type { OffsetFinder } from "./offset-spec.js";

/** How far reading is behind in one partition. */
export interface PartitionLag extends TopicPartition {
  /** Offset of the next message to process. */
  readonly offset: number;
  /** End of the log: the offset that the next message will get. */
  readonly endOffset: number;
  /** Offsets from the one to the other: messages, but for those that compaction or deletion has taken. */
  readonly messages: number;
  /** Age of the next message to process, in milliseconds. 0: there is none, or it has no time. */
  readonly ms: number;
}

/** How far a consumer is behind in all that it reads. */
export interface LagReport {
  /** By partition. */
  readonly partitions: readonly PartitionLag[];
  /** Sum of all partitions. */
  readonly messages: number;
  /** The most of all partitions. */
  readonly ms: number;
}

export interface LagDependencies {
  readonly finder: OffsetFinder;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Timestamp of the first message at or after a place, milliseconds since 1970. Undefined: there is none. */
  readonly timestampAt: (place: TopicPartition & { readonly offset: number }) => Promise<number | undefined>;
}

/** @throws SluiceError BROKER_UNREACHABLE, UNKNOWN_TOPIC, CANCELLED ... */
export async function lagOf(
  positions: readonly (TopicPartition & { readonly offset: number })[],
  dependencies: LagDependencies,
  options: Cancellable = {},
): Promise<LagReport> {
  const ends = await dependencies.finder.find(
    positions.map(({ topic, partition }) => ({ topic, partition, offset: "latest" as const })),
    options,
  );
  const partitions = await Promise.all(
    positions.map(async ({ topic, partition, offset }, index): Promise<PartitionLag> => {
      const endOffset = ends[index]?.offset ?? offset;
      const messages = Math.max(0, endOffset - offset);
      const timestamp = messages === 0 ? undefined : await dependencies.timestampAt({ topic, partition, offset });
      const ms = timestamp === undefined || timestamp < 0 ? 0 : Math.max(0, dependencies.nowMs - timestamp);
      return { topic, partition, offset, endOffset, messages, ms };
    }),
  );
  return {
    partitions,
    messages: partitions.reduce((sum, { messages }) => sum + messages, 0),
    ms: partitions.reduce((most, { ms }) => Math.max(most, ms), 0),
  };
}
