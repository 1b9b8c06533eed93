/** What an admin takes and answers about groups. Offsets are numbers in answers; where they are given, numeric strings do as well. */

import type { SluiceError } from "@sluice/model";
import type { OffsetSpec } from "../consumer/offset-spec.js";
import type { AnyTopic } from "../topics/topic.js";

/** `empty`: no members. `assigning`: somebody does not work yet on what they shall. `stable`: all do. */
export type GroupState = string;

/** One group of `admin.listGroups`. */
export interface GroupOverview {
  /** Name of the group. */
  readonly groupId: string;
  /** What the group is doing. */
  readonly state: GroupState;
  /** How many. */
  readonly members: number;
  /** Always `consumer`. */
  readonly protocolType: string;
}

/** One member of a group. */
export interface GroupMemberDescription {
  /** Identity of the member. */
  readonly memberId: string;
  /** Name of the program, as `clientId` of its client. */
  readonly clientId: string;
  /** Address from which the member is connected. */
  readonly host: string;
  /** The same as `host`, as in kafkajs. */
  readonly clientHost: string;
  /** Topics that it wants. */
  readonly topics: readonly string[];
  /** What it works on. */
  readonly owned: readonly GroupPartition[];
  /** What it shall work on when the assignment has settled. */
  readonly assigned: readonly GroupPartition[];
}

/** What `admin.describeGroup` answers. */
export interface GroupDescription {
  /** Name of the group. */
  readonly groupId: string;
  /** What the group is doing. */
  readonly state: GroupState;
  /** 0: never had a member. */
  readonly generation: number;
  /** `sticky` or `uniform`; empty without members. */
  readonly assignor: string;
  /** The same as `assignor`, as in kafkajs. */
  readonly protocol: string;
  /** Always `consumer`. */
  readonly protocolType: string;
  /** Always 0, as in kafkajs: a group that cannot be described is an error. */
  readonly errorCode: number;
  /** Its members now. */
  readonly members: readonly GroupMemberDescription[];
  /** What it has committed. */
  readonly offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly metadata: string;
    /** Milliseconds since 1970. */
    readonly committedAtMs: number;
  }[];
}

/** What became of one group of `deleteGroups`. */
export interface DeletedGroup {
  /** Name of the group. */
  readonly groupId: string;
  /** Number of the error; 0: the group is deleted. */
  readonly errorCode: number;
  /** Why the group is not deleted. */
  readonly error?: SluiceError | undefined;
}

/** What `deleteGroups` rejects with: the first error, and what became of each group, in their order. */
export interface DeleteGroupsError extends SluiceError {
  /** What became of each group, in the order of the request. */
  readonly groups: readonly DeletedGroup[];
}

/** A partition that a member has, or shall have. */
export interface GroupPartition {
  /** Name of the topic. */
  readonly topic: string;
  /** Partition, from 0. */
  readonly partition: number;
}

/** Some topics: by name, or with some of their partitions. */
export type TopicSelection =
  | string
  | AnyTopic
  | { readonly topic: string | AnyTopic; readonly partitions?: readonly number[] | undefined };

/** What `admin.fetchOffsets` takes. */
export interface FetchOffsetsRequest {
  /** Name of the group. */
  readonly groupId: string;
  /** Default: all that have something committed. */
  readonly topics?: readonly (string | AnyTopic)[] | undefined;
  /** Give the offsets from which a consumer would read, between the ends of the log: no -1. Default false. */
  readonly resolveOffsets?: boolean | undefined;
}

/** What a group has committed for one topic. */
export interface CommittedTopicOffsets {
  /** Name of the topic. */
  readonly topic: string;
  /** What is committed, by partition. */
  readonly partitions: readonly {
    readonly partition: number;
    /** -1: nothing is committed. */
    readonly offset: number;
    readonly metadata: string;
  }[];
}

/** What `admin.setOffsets` takes. */
export interface SetOffsets {
  /** Name of the group. */
  readonly groupId: string;
  /** Name of the topic. */
  readonly topic: string | AnyTopic;
  /** What to commit, by partition. */
  readonly partitions: readonly {
    readonly partition: number;
    readonly offset: number | string;
    /** Free text, at most 4096 bytes. */
    readonly metadata?: string | undefined;
  }[];
}

/** What `admin.deleteOffsets` takes. */
export interface DeleteOffsets {
  /** Name of the group. */
  readonly groupId: string;
  /** What to forget; of a topic by name, all that is committed. */
  readonly topics: readonly TopicSelection[];
}

/**
 * Where a reset goes, in each partition: an offset, `earliest`, `latest`, `{timestamp}`, or
 * `{shift}`, so many messages on from what is committed, back where negative;
 * `{last}`, so many messages before the end;
 * `{durationMs}`, what was written so long ago or later;
 * `{group}`, what another group has committed.
 */
export type ResetTo =
  | OffsetSpec
  | string
  | { readonly shift: number }
  | { readonly last: number }
  | { readonly durationMs: number }
  | { readonly group: string };

/** What `admin.resetOffsets` takes. */
export interface ResetOffsets {
  /** Name of the group. */
  readonly groupId: string;
  /** One topic. Without `topic` and `topics`: all topics for which the group has something committed. */
  readonly topic?: string | AnyTopic | undefined;
  /** Several topics, of each all partitions or some. */
  readonly topics?: readonly TopicSelection[] | undefined;
  /** Partitions of `topic`. Default: all. */
  readonly partitions?: readonly number[] | undefined;
  /** Where to. */
  readonly to?: ResetTo | undefined;
  /** As in kafkajs, instead of `to`: true for the first message, else the end. */
  readonly earliest?: boolean | undefined;
  /** Change nothing. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** The move of one partition, as it is planned or was made. */
export interface PlannedOffsetReset {
  /** Name of the topic. */
  readonly topic: string;
  /** Partition, from 0. */
  readonly partition: number;
  /** Committed before; undefined: nothing. */
  readonly current: number | undefined;
  /** Committed afterwards. */
  readonly target: number;
  /** First offset that can be read. */
  readonly low: number;
  /** Offset of the next message of the partition. */
  readonly end: number;
  /** Where the reset pointed. It differs from `target` where it was outside the log, whose nearer end is taken. */
  readonly wanted: number;
  /** Messages that were processed and will be again; none of those that the log no longer has. */
  readonly replayed: number;
  /** Messages that were not processed and never will be. */
  readonly skipped: number;
  /** Messages from `target` to `end`. */
  readonly remaining: number;
}

/** A plan to be made exactly as it was shown. */
export interface ExecuteReset {
  /** Name of the group. */
  readonly groupId: string;
  /** What `resetOffsets` or `importOffsets` with `dryRun` answered, or some of it. */
  readonly plan: readonly Pick<PlannedOffsetReset, "topic" | "partition" | "current" | "target">[];
}

/** `csv`: lines of topic,partition,offset, as of kafka-consumer-groups. `json`: see `exportOffsets`. */
export type OffsetsFormat = "csv" | "json";

/** What `admin.exportOffsets` takes. */
export interface ExportOffsets {
  /** Name of the group. */
  readonly groupId: string;
  /** Default: all that have something committed. */
  readonly topics?: readonly TopicSelection[] | undefined;
  /** Default `csv`. */
  readonly format?: OffsetsFormat | undefined;
}

/** One offset to import. */
export interface OffsetToImport extends GroupPartition {
  /** What to commit: the offset of the next message to process. */
  readonly offset: number | string;
}

/** What `admin.importOffsets` takes. */
export interface ImportOffsets {
  /** Name of the group. */
  readonly groupId: string;
  /** What `exportOffsets` gave, in either format. */
  readonly text?: string | undefined;
  /** Instead of `text`. */
  readonly offsets?: readonly OffsetToImport[] | undefined;
  /** Default: JSON where the text begins with a brace, else CSV. */
  readonly format?: OffsetsFormat | undefined;
  /** Change nothing. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** What `admin.fetchLag` takes. */
export interface FetchLag {
  /** Name of the group. */
  readonly groupId: string;
  /** Default: all topics for which the group has something committed or a member that works on them. */
  readonly topics?: readonly (string | AnyTopic)[] | undefined;
  /** Whether to find out `timeLagMs`, for which one batch of each partition with a lag is read. Default true. */
  readonly withTime?: boolean | undefined;
}

/** How far a group is behind in one partition. */
export interface GroupPartitionLag extends GroupPartition {
  /** Offset of the next message to process; undefined: nothing is committed. */
  readonly committed: number | undefined;
  /** First offset that can be read. */
  readonly low: number;
  /** Offset of the next message of the partition. */
  readonly end: number;
  /** Messages from `committed`, or from `low` where that is higher, to `end`. Undefined: nothing is committed. */
  readonly lag: number | undefined;
  /**
   * Milliseconds since the next message to process was written. 0: there is none. Undefined: not asked for, not known, or
   * nothing is committed.
   */
  readonly timeLagMs: number | undefined;
  /** Member that works on it; undefined: none. */
  readonly memberId: string | undefined;
}

/** How far behind a group is. */
export interface GroupLag {
  /** Name of the group. */
  readonly groupId: string;
  /** Over all partitions for which it is known. */
  readonly lag: number;
  /** Largest of the partitions for which it is known; undefined: of none. */
  readonly timeLagMs: number | undefined;
  /** By topic and partition. */
  readonly partitions: readonly GroupPartitionLag[];
}
