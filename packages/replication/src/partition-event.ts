/**
 * What can happen to one partition, as its state machine sees it.
 *
 * Record bytes are not here: the machine sees counts, sizes, offsets and epochs. A `requestId` is chosen by the runtime and
 * comes back in the effects that answer the request.
 */

import type { LeaderEpoch, Offset, SluiceError, TopicName } from "@sluice/model";

/** acks=all, leader or none. */
export type RequiredAcks = "all" | "leader" | "none";

/** What the cluster store holds of a partition's replicas at one version. `PartitionImage` of package cluster has this shape. */
export interface ReplicaSets {
  /** Revision of the last change: what the next compare-and-set compares. */
  readonly version: number;
  readonly inSyncReplicas: readonly number[];
  /** Not in sync, and known to have all that was acknowledged. */
  readonly eligibleLeaderReplicas: readonly number[];
  /** Lost their place among the eligible because they may have lost records. */
  readonly lastEligibleLeaderReplicas: readonly number[];
  readonly replicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
}

/** The largest leader epoch of a log up to one that was asked for, and where it ends (exclusive). */
export interface EpochEnd {
  readonly epoch: LeaderEpoch;
  readonly endOffset: Offset;
}

export type PartitionEvent =
  /** The cluster store made this broker the leader. The log is open and nothing of it is being written. */
  | {
      readonly type: "becomeLeader";
      readonly leaderEpoch: LeaderEpoch;
      /** This broker is among the in-sync ones. */
      readonly replicaSets: ReplicaSets;
      /** min.insync.replicas, at most the replication factor. */
      readonly inSyncReplicasMin: number;
      readonly logStartOffset: Offset;
      readonly logEndOffset: Offset;
      /** Log end, or flushed offset where flush=always: what this replica itself acknowledges. */
      readonly ackedOffset: Offset;
      /** Lower bound of the high watermark, as it was checkpointed or heard of as a follower. */
      readonly highWatermark: Offset;
      /** A follower that has not caught up for so long leaves the in-sync replicas. */
      readonly replicaLagMsMax: number;
      /** Monotonic. */
      readonly nowMs: number;
    }
  /** The cluster store made that broker the leader, and this one follows it. Nothing of the log is being written. */
  | {
      readonly type: "becomeFollower";
      readonly leaderEpoch: LeaderEpoch;
      readonly leader: number;
      readonly logStartOffset: Offset;
      readonly logEndOffset: Offset;
      /** Epoch of the last batch; undefined: the log is empty. */
      readonly lastEpoch: LeaderEpoch | undefined;
      readonly ackedOffset: Offset;
      /** Lower bound of the high watermark, as it was checkpointed. A log is never cut below it in a clean election. */
      readonly highWatermark: Offset;
      /** Newest leader epoch that began with an unclean election. Undefined: there never was one. */
      readonly uncleanEpoch: LeaderEpoch | undefined;
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
  /**
   * What was placed in that epoch, by its leader, from an offset on is taken back: it was never written, and nobody can have
   * read it. A follower hears `logSettled` instead.
   */
  | {
      readonly type: "appendsTakenBack";
      readonly leaderEpoch: LeaderEpoch;
      readonly fromOffset: Offset;
      readonly error: SluiceError;
    }
  /** The log is written up to here (exclusive), and acknowledged up to `ackedOffset`: flushed too where flush=always. */
  | {
      readonly type: "logAdvanced";
      /** Of the role in which it was written: `roleEpoch` of the machine then. */
      readonly leaderEpoch: LeaderEpoch;
      readonly logEndOffset: Offset;
      readonly ackedOffset: Offset;
    }
  /** The log cannot be written any more. What is pending has no known outcome. */
  | { readonly type: "logFailed"; readonly reason: string }
  // Of a leader: its followers, and the store.
  /** The cluster store holds other replica sets, in the same leader epoch. */
  | { readonly type: "replicaSetsChanged"; readonly leaderEpoch: LeaderEpoch; readonly replicaSets: ReplicaSets }
  /** The store took the change of `changeReplicaSets`. */
  | { readonly type: "replicaSetsTaken"; readonly leaderEpoch: LeaderEpoch; readonly replicaSets: ReplicaSets }
  /** The store definitely refused the change that was planned from that version, and will never take it. */
  | { readonly type: "replicaSetsRefused"; readonly leaderEpoch: LeaderEpoch; readonly version: number }
  /**
   * A follower says where it is: with `isRestart` in its first message of an epoch and of a stream, and after any append or flush.
   * Those of one life of a replica come in order: what comes on a stream that was replaced is not posted.
   */
  | {
      readonly type: "replicaFetched";
      readonly replica: number;
      readonly brokerEpoch: number;
      /** Epoch that the follower is in. */
      readonly leaderEpoch: LeaderEpoch;
      /** End of what it has written; with `isRestart`, its log end. */
      readonly fetchOffset: Offset;
      /** Epoch of its last batch; undefined: its log has none. */
      readonly lastFetchedEpoch: LeaderEpoch | undefined;
      /**
       * The largest epoch of this broker's own log up to `lastFetchedEpoch`, and where it ends. Undefined: the log has no batch, or
       * no epoch was named. Looked at with `isRestart` only.
       */
      readonly epochEnd: EpochEnd | undefined;
      /** Its flushed offset where flush=always, else `fetchOffset`. */
      readonly ackedOffset: Offset;
      /** It wants to be sent records from `fetchOffset` on, whatever was sent before. */
      readonly isRestart: boolean;
      /** It has no room for what it was sent, and takes nothing until it asks anew. Default false. */
      readonly isFull?: boolean;
      /**
       * Where a copy of this broker's log begins: at the base of its oldest segment, since batches are copied whole. At most the log
       * start, which is what counts where it is not given.
       */
      readonly copyStartOffset?: Offset;
      /** End of the last tombstone that compaction has dropped from this broker's log. Undefined: none. */
      readonly droppedTombstonesEnd?: Offset;
    }
  /** Another broker is in that epoch, whatever it does there. */
  | { readonly type: "epochHeard"; readonly leaderEpoch: LeaderEpoch }
  /** That life of that replica is over, or about to be: its process is gone, its lease is lost, or it says that it stops. */
  | { readonly type: "replicaGone"; readonly replica: number; readonly brokerEpoch: number }
  /**
   * Time has passed, on a leader and on a follower: followers that lag too long leave the in-sync replicas, and what was refused
   * is tried again. To be posted every few hundred milliseconds: a leader that hears of it later than after a second counts no more than
   * that, since it stood still itself. Monotonic.
   */
  | { readonly type: "lagChecked"; readonly nowMs: number }
  /** Leadership shall go to that in-sync replica: take no appends until `handoverEnded`, and say when it has everything. */
  | { readonly type: "handoverStarted"; readonly candidate: number }
  /** The handover was given up: go on leading. */
  | { readonly type: "handoverEnded" }
  // Of a follower: its leader, and its log.
  /** The stream to the leader is open (again): say where this replica is. */
  | { readonly type: "leaderConnected"; readonly leader: number }
  /** The leader sent whole, checked batches for [fetchOffset, nextOffset); equal where there are none and only marks moved. */
  | {
      readonly type: "leaderRecordsReceived";
      /** Names the bytes in the effects that follow. */
      readonly receiptId: number;
      readonly leader: number;
      readonly leaderEpoch: LeaderEpoch;
      readonly fetchOffset: Offset;
      readonly nextOffset: Offset;
      /** Epochs of the first and the last batch of them, between which none is older than the one before; undefined: no batch. */
      readonly epochs: { readonly first: LeaderEpoch; readonly last: LeaderEpoch } | undefined;
      readonly highWatermark: Offset;
      readonly logStartOffset: Offset;
    }
  /** The leader says that the logs differ. `ownEnd`: the largest epoch of this broker's own log up to that of `epochEnd`. */
  | {
      readonly type: "leaderDiverged";
      readonly leader: number;
      readonly leaderEpoch: LeaderEpoch;
      readonly epochEnd: EpochEnd;
      readonly ownEnd: EpochEnd | undefined;
    }
  /**
   * The leader does not serve this replica: FENCED_LEADER_EPOCH, OFFSET_OUT_OF_RANGE, NOT_LEADER ...; or what it sent was damaged and
   * was thrown away.
   */
  | {
      readonly type: "leaderRefused";
      readonly leader: number;
      /** Newest epoch that the broker that refused knows; undefined: it does not know the partition. */
      readonly leaderEpoch: LeaderEpoch | undefined;
      /** An OFFSET_OUT_OF_RANGE names in its details the position that was refused: one that was left since is no reason to begin again. */
      readonly error: SluiceError;
      /** With OFFSET_OUT_OF_RANGE: where a copy of the leader's log begins. */
      readonly copyStartOffset: Offset;
    }
  /**
   * `truncateLog` or `restartLog` is done, or nothing (more) of what was appended for the leader was written, for want of room: the
   * log ends here, and nothing of it is being written.
   */
  | {
      readonly type: "logSettled";
      /** Of the effect that it answers, or of the role. */
      readonly leaderEpoch: LeaderEpoch;
      readonly logStartOffset: Offset;
      readonly logEndOffset: Offset;
      readonly lastEpoch: LeaderEpoch | undefined;
      readonly ackedOffset: Offset;
    }
  // Of a leader: its readers.
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
      /** Epoch of the last record that it has read before; undefined: not known. */
      readonly lastFetchedEpoch?: number | undefined;
      /**
       * The largest epoch of this broker's own log up to `lastFetchedEpoch`, and where it ends. Undefined: the log has no batch, or
       * what was read is known to be in it.
       */
      readonly epochEnd?: EpochEnd | undefined;
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
