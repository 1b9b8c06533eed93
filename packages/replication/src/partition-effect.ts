/**
 * What the runtime of a partition is told to do. Effects are run in order; what they lead to comes back as events.
 */

import type { LeaderEpoch, Offset, SluiceError } from "@sluice/model";
import type { EpochEnd } from "./partition-event.js";

export type PartitionEffect =
  /** Append the batch of that request, stamped with that epoch. Answer with `appendPlaced`, later `logAdvanced`. */
  | { readonly type: "appendToLog"; readonly requestId: number; readonly leaderEpoch: LeaderEpoch }
  /** The batch is as safe as its acks asked for. */
  | {
      readonly type: "acknowledgeProduce";
      readonly requestId: number;
      readonly baseOffset: Offset;
      readonly leaderEpoch: LeaderEpoch;
      /** In-sync replicas that have it (acks=leader: 1; none: 0); where flush=always, on their disks. */
      readonly replicas: number;
      readonly logStartOffset: Offset;
      /** The batch is one that the log had already: `baseOffset` is where. */
      readonly isDuplicate: boolean;
    }
  /** The batch is not acknowledged. Before `appendToLog`: it was not written. After it: the error is INDETERMINATE. */
  | { readonly type: "rejectProduce"; readonly requestId: number; readonly error: SluiceError }
  /**
   * Read whole batches in [fromOffset, upToOffset) and answer the fetch with them. Where they reach `upToOffset` and are less
   * than `minBytes`, post `fetchFellShort` instead.
   */
  | {
      readonly type: "readLog";
      readonly requestId: number;
      readonly fromOffset: Offset;
      readonly upToOffset: Offset;
      readonly leaderEpoch: LeaderEpoch;
      readonly logStartOffset: Offset;
      readonly minBytes: number;
      /** Bytes that were committed in this epoch up to now. */
      readonly committedBytes: number;
    }
  /** Nothing to read yet: hold the fetch, and post `fetchExpired` when its time is over. */
  | { readonly type: "parkFetch"; readonly requestId: number }
  /** Answer the fetch with no records: there was nothing to read, and it does not wait or no longer. */
  | {
      readonly type: "answerFetchEmpty";
      readonly requestId: number;
      readonly highWatermark: Offset;
      readonly leaderEpoch: LeaderEpoch;
      readonly logStartOffset: Offset;
    }
  | {
      readonly type: "rejectFetch";
      readonly requestId: number;
      readonly error: SluiceError;
      /** With LOG_TRUNCATED: what is left of the epoch that the reader named, or of the largest before it. */
      readonly diverging?: EpochEnd;
    }
  // Of a leader: its followers, and the store.
  /**
   * Compare-and-set of the partition: at `version`, in this leader epoch, with this broker's registration and those of `added`.
   * Answer with `replicaSetsTaken` or `replicaSetsRefused`; while the outcome is not known, send the same again.
   */
  | {
      readonly type: "changeReplicaSets";
      readonly leaderEpoch: LeaderEpoch;
      readonly version: number;
      readonly inSyncReplicas: readonly number[];
      readonly eligibleLeaderReplicas: readonly number[];
      readonly lastEligibleLeaderReplicas: readonly number[];
      /** Registrations under which members that are new showed that they have everything. */
      readonly added: readonly { readonly replica: number; readonly brokerEpoch: number }[];
    }
  /**
   * Send that follower records from here on, until told otherwise, as soon as they are *written* here, flushed or not. Not before:
   * what is placed may be taken back for want of room, and then its offsets hold other records in the same epoch.
   */
  | {
      readonly type: "sendRecords";
      readonly replica: number;
      readonly leaderEpoch: LeaderEpoch;
      readonly fromOffset: Offset;
    }
  /** Tell that follower that its log differs, and send it nothing until it asks again. */
  | {
      readonly type: "sendDivergence";
      readonly replica: number;
      readonly leaderEpoch: LeaderEpoch;
      readonly epochEnd: EpochEnd;
    }
  /** Tell that follower why it is not served, and send it nothing until it asks again. */
  | {
      readonly type: "refuseReplica";
      readonly replica: number;
      /** Newest epoch that is known here; undefined: none. */
      readonly leaderEpoch: LeaderEpoch | undefined;
      readonly error: SluiceError;
      /** With OFFSET_OUT_OF_RANGE: where it is to begin again. */
      readonly copyStartOffset: Offset | undefined;
    }
  /**
   * That follower is in an epoch that this broker has only heard of: keep what it said, and post it again, looked up in the log anew,
   * after the next change of role.
   */
  | { readonly type: "holdReplica"; readonly replica: number }
  /** A newer leader epoch than ours is in use: read the partition's key, linearizably. What this broker was has ended. */
  | { readonly type: "readPartition"; readonly leaderEpoch: LeaderEpoch }
  /** The candidate of the handover has everything, and nothing is being appended: elect it now. */
  | { readonly type: "handoverReady"; readonly candidate: number; readonly leaderEpoch: LeaderEpoch }
  // Of a follower.
  /** Tell that broker, which led the partition, that this newer epoch has begun. It is not waited for. */
  | { readonly type: "announceEpoch"; readonly broker: number; readonly leaderEpoch: LeaderEpoch }
  /** Say to the leader where this replica is; with `isRestart`, ask for records from there on. */
  | {
      readonly type: "fetchFromLeader";
      readonly leader: number;
      readonly leaderEpoch: LeaderEpoch;
      /** End of what is written; with `isRestart`, the log end. */
      readonly fetchOffset: Offset;
      readonly lastFetchedEpoch: LeaderEpoch | undefined;
      /** What this replica acknowledges, as its own settings say. The leader goes by what is told with it: the flushed offset. */
      readonly ackedOffset: Offset;
      readonly isRestart: boolean;
      /** There is no room here for what was sent: the leader is not to wait for this replica until it asks anew. */
      readonly isFull?: boolean;
    }
  /**
   * Append what was received under that id, as it is. Answer with `logAdvanced` when it is written, and when it is flushed; with
   * `logSettled` where there is no room for it.
   */
  | { readonly type: "appendReplicated"; readonly receiptId: number; readonly leaderEpoch: LeaderEpoch }
  /** Forget what was received under that id. */
  | {
      readonly type: "dropReplicated";
      readonly receiptId: number;
      /** The leader sent what cannot be right: why. Undefined: it only came too late, or at a wrong moment. */
      readonly reason: string | undefined;
    }
  /** Cut the log to end there. Answer with `logSettled`. */
  | { readonly type: "truncateLog"; readonly leaderEpoch: LeaderEpoch; readonly endOffset: Offset }
  /**
   * Throw all records away and begin again there, which may be below the log start. Answer with `logSettled`. A crash leaves the log
   * as it was or as it is to be, and nothing between: the replica may be in sync.
   */
  | { readonly type: "restartLog"; readonly leaderEpoch: LeaderEpoch; readonly logStartOffset: Offset }
  /** The leader has deleted what lies below: so does this replica. */
  | { readonly type: "deleteRecordsBefore"; readonly logStartOffset: Offset }
  /** This replica cannot follow without losing what was committed: it is left as it is, and an operator is told. */
  | { readonly type: "quarantineReplica"; readonly reason: string }
  /**
   * All is committed up to here (exclusive), as far as the log goes. Of a leader: its readers may see it. Never goes back within an
   * epoch.
   */
  | { readonly type: "highWatermarkAdvanced"; readonly highWatermark: Offset; readonly leaderEpoch: LeaderEpoch };
