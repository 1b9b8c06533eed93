/**
 * What can happen to one partition, as its state machine sees it.
 *
 * Record bytes are not here: the machine sees counts, sizes, offsets and epochs. A `requestId` is chosen by the runtime and
 * comes back in the effects that answer the request.
 */

import type { LeaderEpoch, Offset, SluiceError, TopicName } from "@sluice/model";

/** acks=all, leader or none. */
export type RequiredAcks = "all" | "leader" | "none";

export type PartitionEvent =
  /** The cluster store made this broker the leader. The log is open and nothing of it is being written. */
  | {
      readonly type: "becomeLeader";
      readonly leaderEpoch: LeaderEpoch;
      /** Replicas that are confirmed in sync, this broker among them. */
      readonly inSyncReplicas: readonly number[];
      /** min.insync.replicas, at most the replication factor. */
      readonly inSyncReplicasMin: number;
      readonly logStartOffset: Offset;
      readonly logEndOffset: Offset;
      /** Log end, or flushed offset where flush=always: what this replica itself acknowledges. */
      readonly ackedOffset: Offset;
    }
  /** `min.insync.replicas` of the topic has changed: the new one, at most the replication factor. */
  | { readonly type: "inSyncReplicasMinChanged"; readonly inSyncReplicasMin: number }
  /** Another broker leads, or none: this one answers nothing for the partition any more. */
  | { readonly type: "resign"; readonly leaderEpoch: LeaderEpoch; readonly leader: number | undefined }
  /** A producer wants one batch appended. */
  | {
      readonly type: "appendRequested";
      readonly requestId: number;
      readonly acks: RequiredAcks;
      /** Leader epoch that the client knows; undefined: it knows none. */
      readonly clientEpoch: number | undefined;
    }
  /** The log gave the batch of that request its offsets, in the epoch named in `appendToLog`, and has not finished writing. */
  | {
      readonly type: "appendPlaced";
      readonly requestId: number;
      readonly baseOffset: Offset;
      readonly endOffset: Offset;
      /** Of the batch, as the log keeps it. */
      readonly sizeBytes: number;
    }
  /** The batch of that request is one that the log has, placed before: nothing was appended for it. */
  | {
      readonly type: "appendDuplicated";
      readonly requestId: number;
      readonly baseOffset: Offset;
      readonly endOffset: Offset;
    }
  /** The log did not take the batch of that request: nothing of it is anywhere. */
  | { readonly type: "appendRefused"; readonly requestId: number; readonly error: SluiceError }
  /** What was placed in that epoch from an offset on is taken back: it was never written, and nobody can have read it. */
  | {
      readonly type: "appendsTakenBack";
      readonly leaderEpoch: LeaderEpoch;
      readonly fromOffset: Offset;
      readonly error: SluiceError;
    }
  /** The log is written up to here (exclusive), and acknowledged up to `ackedOffset`: flushed too where flush=always. */
  | {
      readonly type: "logAdvanced";
      readonly leaderEpoch: LeaderEpoch;
      readonly logEndOffset: Offset;
      readonly ackedOffset: Offset;
    }
  /** The log cannot be written any more. What is pending has no known outcome. */
  | { readonly type: "logFailed"; readonly reason: string }
  /** A consumer wants to read from an offset on. */
  | {
      readonly type: "fetchRequested";
      readonly requestId: number;
      readonly fetchOffset: number;
      readonly clientEpoch: number | undefined;
      /** Whether it waits when there is nothing to read. */
      readonly mayWait: boolean;
      /** With `mayWait`: it waits for so many bytes. Default 1. */
      readonly minBytes?: number;
    }
  /** What the read of a fetch found up to the high watermark is `missingBytes` less than its `minBytes`. */
  | {
      readonly type: "fetchFellShort";
      readonly requestId: number;
      readonly fetchOffset: Offset;
      readonly minBytes: number;
      readonly missingBytes: number;
      /** Of the `readLog` that it answers. */
      readonly leaderEpoch: LeaderEpoch;
      readonly committedBytes: number;
    }
  /** The wait of a parked fetch is over, or its caller went away. */
  | { readonly type: "fetchExpired"; readonly requestId: number }
  /** Records below this offset are gone. */
  | { readonly type: "logStartMoved"; readonly logStartOffset: Offset };

/** Identity that errors name. Fixed for the life of a machine. */
export interface PartitionIdentity {
  readonly topic: TopicName;
  readonly partition: number;
  /** Id of this broker. */
  readonly broker: number;
}
