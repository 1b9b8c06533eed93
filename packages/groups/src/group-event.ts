/**
 * What can happen to one consumer group, as its state machine sees it.
 *
 * Times are those of a monotonic clock, given with each event: the machine reads no clock. A `requestId` is chosen by the
 * runtime and comes back in the effects that answer the request.
 */

import type { GroupRecord } from "./group-record.js";

export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
}

export type AssignorName = "uniform" | "sticky";

/** What a group needs to know of a topic. */
export interface TopicShape {
  /** Tells a topic from an earlier one of the same name: offsets of that mean nothing here. */
  readonly topicId: string;
  readonly partitions: number;
}

/** By topic name. */
export type TopicShapes = ReadonlyMap<string, TopicShape>;

export interface OffsetToCommit extends AssignedPartition {
  /** Offset of the next record to process. */
  readonly offset: number;
  /** Leader epoch of the last record that was processed; undefined: not known. */
  readonly leaderEpoch: number | undefined;
  readonly metadata: string;
}

export type GroupEvent =
  /** A member opened a session stream. `memberId` is undefined on its first join; the runtime then offers `newMemberId`. */
  | {
      readonly type: "joinRequested";
      readonly requestId: number;
      readonly nowMs: number;
      readonly memberId: string | undefined;
      readonly newMemberId: string;
      readonly clientId: string;
      readonly host: string;
      readonly topics: readonly string[];
      readonly sessionTimeoutMs: number;
      readonly assignor: AssignorName;
    }
  | { readonly type: "heartbeatReceived"; readonly nowMs: number; readonly memberId: string }
  /** The member works on exactly `owned` from now on. */
  | {
      readonly type: "assignmentAcknowledged";
      readonly nowMs: number;
      readonly memberId: string;
      readonly generation: number;
      readonly owned: readonly AssignedPartition[];
    }
  | { readonly type: "leaveRequested"; readonly nowMs: number; readonly memberId: string }
  /** Time has passed: members whose session is over go. */
  | { readonly type: "timePassed"; readonly nowMs: number }
  /** Topics came, went or grew: every topic that exists. What is committed for others, or for other ids, is taken back. */
  | { readonly type: "topicsChanged"; readonly nowMs: number; readonly topics: TopicShapes }
  | {
      readonly type: "commitRequested";
      readonly requestId: number;
      readonly nowMs: number;
      /** Wall time, stored with the offsets. */
      readonly committedAtMs: number;
      /** Undefined: a commit from outside, taken only while the group is empty. */
      readonly memberId: string | undefined;
      readonly generation: number | undefined;
      readonly offsets: readonly OffsetToCommit[];
    }
  /** Sets committed offsets of an empty group, all or none. */
  | {
      readonly type: "resetRequested";
      readonly requestId: number;
      readonly nowMs: number;
      readonly committedAtMs: number;
      readonly targets: readonly (AssignedPartition & { readonly offset: number })[];
    }
  | { readonly type: "deleteRequested"; readonly requestId: number; readonly nowMs: number }
  /** The records of an `appendRecords` effect are committed in the offsets topic. */
  | { readonly type: "recordsAppended"; readonly appendId: number; readonly nowMs: number }
  /**
   * They are not, or nobody knows: everything that waits is answered, and the machine takes nothing any more. The runtime drops it
   * and loads a new one from the log.
   */
  | { readonly type: "appendFailed"; readonly appendId: number; readonly reason: string };

/** A record of the offsets topic, in the order of the log, while a coordinator loads. */
export interface GroupReplay {
  readonly record: GroupRecord;
  readonly nowMs: number;
}
