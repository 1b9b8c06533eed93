/**
 * What the runtime of a group is told to do. Effects are run in order.
 *
 * Nothing is said to a member or a caller before the records that make it true are in the log: the machine emits
 * `appendRecords` first, and the answers only at `recordsAppended`.
 */

import type { SluiceError } from "@sluice/model";
import type { AssignedPartition } from "./group-event.js";
import type { GroupRecord } from "./group-record.js";

export type GroupEffect =
  /** Append these to the group's partition of the offsets topic with acks=all; answer `recordsAppended` or `appendFailed`. */
  | { readonly type: "appendRecords"; readonly appendId: number; readonly records: readonly GroupRecord[] }
  /** Answer a join: the session of that request now belongs to `memberId`. */
  | {
      readonly type: "acceptJoin";
      readonly requestId: number;
      readonly memberId: string;
      readonly heartbeatIntervalMs: number;
    }
  /** Tell a member what it may work on. */
  | {
      readonly type: "sendAssignment";
      readonly memberId: string;
      readonly generation: number;
      readonly partitions: readonly AssignedPartition[];
    }
  /** The member is out: end its session stream with the error, or with none where it left by itself. */
  | { readonly type: "endSession"; readonly memberId: string; readonly error: SluiceError | undefined }
  /** The group was idle for as long as groups are kept, and is forgotten, with so many committed offsets. */
  | { readonly type: "groupExpired"; readonly idleSinceMs: number; readonly offsets: number }
  /** Answer a commit, reset or delete: done and durable. */
  | { readonly type: "acceptRequest"; readonly requestId: number }
  /** Answer a join, commit, reset or delete: refused. */
  | { readonly type: "rejectRequest"; readonly requestId: number; readonly error: SluiceError };
