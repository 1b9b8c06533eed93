/**
 * What can happen to one consumer group, as its state machine sees it.
 *
 * The machine reads no clock: `nowMs` is the time of a monotonic clock, for every timeout; `wallMs` is milliseconds since 1970, for
 * what is written down and must hold over restarts. A `requestId` is chosen by the runtime and comes back in the effects that
 * answer the request.
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

/** A committed offset to be set, and what was committed when that was planned (undefined: nothing). */
export interface ResetToMake extends AssignedPartition {
  readonly offset: number;
  readonly current: number | undefined;
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
      /** How long the member may take to acknowledge an assignment. */
      readonly rebalanceTimeoutMs: number;
      readonly assignor: AssignorName;
    }
  /** The member wants other topics than before: the whole of them. */
  | {
      readonly type: "resubscribeRequested";
      readonly nowMs: number;
      readonly memberId: string;
      readonly topics: readonly string[];
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
  | { readonly type: "leaveRequested"; readonly nowMs: number; readonly wallMs: number; readonly memberId: string }
  /** Time has passed: members go whose session is over, or who owe an acknowledgement for too long. */
  | { readonly type: "timePassed"; readonly nowMs: number; readonly wallMs: number }
  /** Time to see whether the group has been idle for so long that it is forgotten. */
  | {
      readonly type: "idleChecked";
      readonly nowMs: number;
      readonly wallMs: number;
      /** How long an idle group is kept. */
      readonly retentionMs: number;
    }
  /**
   * Topics that the group uses came, went or grew: every topic that exists. What is committed for others, or for other ids, is
   * taken back.
   */
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
      /**
       * The targets are a plan that was made before: refused unless the `current` of each is committed still, or its `offset`
       * already is. Then the group need not exist.
       */
      readonly isPlan: boolean;
      readonly targets: readonly ResetToMake[];
    }
  /** Forgets committed offsets of partitions that no member has or shall have, all or none. */
  | {
      readonly type: "deleteOffsetsRequested";
      readonly requestId: number;
      readonly nowMs: number;
      readonly partitions: readonly AssignedPartition[];
    }
  | { readonly type: "deleteRequested"; readonly requestId: number; readonly nowMs: number }
  /** The records of an `appendRecords` effect are committed in the offsets topic. */
  | { readonly type: "recordsAppended"; readonly appendId: number; readonly nowMs: number }
  /**
   * They are not, or nobody knows: everything that waits is answered, and the machine takes nothing any more. The runtime drops it
   * and loads a new one from the log.
   */
  | { readonly type: "appendFailed"; readonly appendId: number; readonly reason: string };

/** The event of that type. */
export type EventOf<Type extends GroupEvent["type"]> = Extract<GroupEvent, { readonly type: Type }>;

/** A record of the offsets topic, in the order of the log, while a coordinator loads. */
export interface GroupReplay {
  readonly record: GroupRecord;
  readonly nowMs: number;
}
