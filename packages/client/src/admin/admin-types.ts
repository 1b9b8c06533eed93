/** What an admin takes and answers. */

import type { OffsetSpec } from "../consumer/offset-spec.js";
import type { TopicMetadata } from "../metadata-cache.js";

export interface NewTopic {
  readonly topic: string;
  /** Default: the broker's. */
  readonly numPartitions?: number | undefined;
  /** Default: the broker's. */
  readonly replicationFactor?: number | undefined;
  /** Settings that differ from the default; docs/configuration.md lists them. */
  readonly configEntries?: readonly { readonly name: string; readonly value: string | number | boolean }[] | undefined;
}

export interface TopicDescription extends TopicMetadata {
  readonly configs: readonly { readonly name: string; readonly value: string; readonly isDefault: boolean }[];
}

export interface TopicOffset {
  readonly partition: number;
  /** Offset of the next message: the same as `high`. */
  readonly offset: number;
  /** First offset that can be read. */
  readonly low: number;
  /** Offset of the next message. */
  readonly high: number;
}

export interface ClusterDescription {
  readonly clusterId: string;
  /** Undefined: none at present. */
  readonly controller: number | undefined;
  readonly brokers: readonly {
    readonly nodeId: number;
    readonly host: string;
    readonly port: number;
    /** Empty when not set. */
    readonly rack: string;
  }[];
}

/** `empty`, `assigning` or `stable`. */
export type GroupState = string;

export interface GroupOverview {
  readonly groupId: string;
  readonly state: GroupState;
  /** How many. */
  readonly members: number;
}

export interface GroupDescription {
  readonly groupId: string;
  readonly state: GroupState;
  /** 0: never had a member. */
  readonly generation: number;
  /** `sticky` or `uniform`; empty without members. */
  readonly assignor: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly clientId: string;
    readonly host: string;
    /** What it works on. */
    readonly owned: readonly { readonly topic: string; readonly partition: number }[];
    /** What it shall work on when the assignment has settled. */
    readonly assigned: readonly { readonly topic: string; readonly partition: number }[];
  }[];
  readonly offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly metadata: string;
    /** Milliseconds since 1970. */
    readonly committedAtMs: number;
  }[];
}

export interface CommittedTopicOffsets {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    /** -1: nothing is committed. */
    readonly offset: number;
    readonly metadata: string;
  }[];
}

export interface SetOffsets {
  readonly groupId: string;
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: number }[];
}

export interface ResetOffsets {
  readonly groupId: string;
  readonly topic: string;
  /** Default: all. */
  readonly partitions?: readonly number[] | undefined;
  /** Where to; `{shift}`: so many messages on from what is committed, back where negative. */
  readonly to: OffsetSpec | { readonly shift: number };
  /** Change nothing. Default false. */
  readonly dryRun?: boolean | undefined;
}

export interface PlannedOffsetReset {
  readonly topic: string;
  readonly partition: number;
  /** Committed before; undefined: nothing. */
  readonly current: number | undefined;
  /** Committed afterwards. */
  readonly target: number;
  /** Offset of the next message of the partition. */
  readonly end: number;
}
