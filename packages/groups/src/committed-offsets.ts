/**
 * Committed offsets of one group: what readers may see, and what is on its way to the log.
 *
 * A change is *decided* when its record is handed to the log, and *shown* when the log has it for good. Readers see only what is
 * shown: an offset that a failed append takes back was never read. Decisions (which tombstones a delete needs)
 * look at what is decided.
 */

import { comparePartitions, partitionId } from "./assigned-partition.js";
import type { AssignedPartition, TopicShapes } from "./group-event.js";
import { type CommittedOffset, formatGroupRecordKey, formatOffsetValue, type GroupRecord } from "./group-record.js";

/** An offset and the partition that it is for. */
export interface PartitionOffset extends AssignedPartition, CommittedOffset {}

/** A change of one partition's offset; `committed` undefined: it goes. */
export interface OffsetChange extends AssignedPartition {
  readonly committed: CommittedOffset | undefined;
}

export class CommittedOffsets {
  readonly #group: string;
  readonly #decided = new Map<string, PartitionOffset>();
  readonly #shown = new Map<string, PartitionOffset>();

  constructor(group: string) {
    this.#group = group;
  }

  /** Whether nothing is committed and nothing is on its way. */
  get isEmpty(): boolean {
    return this.#decided.size === 0 && this.#shown.size === 0;
  }

  /** Whether anything is decided for the topic. */
  hasTopic(topic: string): boolean {
    for (const offset of this.#decided.values()) if (offset.topic === topic) return true;
    return false;
  }

  /** What is decided, whether it is in the log yet or not. */
  decided(partition: AssignedPartition): CommittedOffset | undefined {
    return this.#decided.get(partitionId(partition));
  }

  /** Wall time of the newest commit that is decided. Undefined: there is none. */
  get lastCommitMs(): number | undefined {
    let last: number | undefined;
    for (const { committedAtMs } of this.#decided.values())
      if (last === undefined || committedAtMs > last) last = committedAtMs;
    return last;
  }

  get(partition: AssignedPartition): CommittedOffset | undefined {
    return this.#shown.get(partitionId(partition));
  }

  /** By topic and partition. */
  list(): PartitionOffset[] {
    return [...this.#shown.values()].sort(comparePartitions);
  }

  /** Decides a change; returns its record. Call `show` with the same change once that is in the log. */
  decide(change: OffsetChange): GroupRecord {
    const { topic, partition, committed } = change;
    apply(this.#decided, change);
    return {
      key: formatGroupRecordKey({ type: "offset", group: this.#group, topic, partition }),
      value: committed === undefined ? null : formatOffsetValue(committed),
    };
  }

  show(change: OffsetChange): void {
    apply(this.#shown, change);
  }

  /** Takes a change that the log already had. */
  replay(change: OffsetChange): void {
    apply(this.#decided, change);
    apply(this.#shown, change);
  }

  /** Removal of what is decided for these partitions. */
  planRemovalOf(partitions: readonly AssignedPartition[]): OffsetChange[] {
    const found = partitions.flatMap((partition) => this.#decided.get(partitionId(partition)) ?? []);
    return [...new Set(found)].sort(comparePartitions).map(removal);
  }

  /** Removal of everything that is decided. */
  planRemovalOfAll(): OffsetChange[] {
    return [...this.#decided.values()].sort(comparePartitions).map(removal);
  }

  /** Removal of the offsets of topics that do not exist, or are others than the ones committed for. */
  planRemovalOfDeleted(topics: TopicShapes): OffsetChange[] {
    return [...this.#decided.values()]
      .filter((offset) => topics.get(offset.topic)?.topicId !== offset.topicId)
      .sort(comparePartitions)
      .map(removal);
  }
}

function removal({ topic, partition }: AssignedPartition): OffsetChange {
  return { topic, partition, committed: undefined };
}

function apply(offsets: Map<string, PartitionOffset>, change: OffsetChange): void {
  const { topic, partition, committed } = change;
  if (committed === undefined) offsets.delete(partitionId(change));
  else offsets.set(partitionId(change), { topic, partition, ...committed });
}
