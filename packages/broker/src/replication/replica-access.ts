/**
 * Where partitions and the streams that replicate them meet.
 *
 * A partition (`PartitionRuntime`) decides what is fetched, sent, refused and appended. A stream (`LeaderStreams` on the side of
 * the follower, `FollowerStreams` on the side of the leader) carries it, one for each ordered pair of brokers, and knows nothing
 * of roles. Everything here is synchronous; calls for one partition on one stream keep their order.
 */

import type { BrokerId, LeaderEpoch, Offset, SluiceError, TopicId } from "@sluice/model";
import type { EpochEnd } from "@sluice/replication";

export interface ReplicaName {
  readonly topicId: TopicId;
  readonly partition: number;
}

/** Where a follower is. */
export interface ReplicaPosition {
  readonly leaderEpoch: LeaderEpoch;
  /** Its log end. */
  readonly fetchOffset: Offset;
  /** Epoch of its last batch; undefined: its log is empty. */
  readonly lastFetchedEpoch: LeaderEpoch | undefined;
  /** What survives a power loss there, exclusive. */
  readonly flushedOffset: Offset;
  /** Records are wanted from `fetchOffset` on, whatever was sent before. */
  readonly isRestart: boolean;
  /** There is no room for what was sent, and nothing is taken until the follower asks anew. Default false. */
  readonly isFull?: boolean;
}

/** What a leader sends of one partition. */
export interface ReplicatedRecords {
  readonly leaderEpoch: LeaderEpoch;
  readonly fetchOffset: Offset;
  /** Where the records end; offsets that no batch has were compacted away. Equal to `fetchOffset`: only marks have moved. */
  readonly nextOffset: Offset;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  /** Whole batches, not checked. A view of the message: it belongs to whoever is told. */
  readonly records: Buffer;
}

// The follower's side.

/** A partition that this broker follows. Implemented by the partition; called by the stream. */
export interface FollowedPartition extends ReplicaName {
  /** The stream to that leader is open (again), and knows nothing of this replica. */
  onLeaderConnected(leader: BrokerId): void;
  onRecords(leader: BrokerId, records: ReplicatedRecords): void;
  onDiverged(leader: BrokerId, leaderEpoch: LeaderEpoch, epochEnd: EpochEnd): void;
  onRefused(leader: BrokerId, leaderEpoch: LeaderEpoch, error: SluiceError, logStartOffset: Offset): void;
}

/** Streams to the brokers that lead what this one follows. Implemented by `PeerStreams`; called by partitions. */
export interface LeaderStreams {
  /**
   * From now on this partition is followed at that leader, and no longer at another one. Where the stream is open,
   * `onLeaderConnected` is called before this returns.
   * @param leaderEpoch in which that leader leads: the leader before it, if another, is told of it
   */
  follow(partition: FollowedPartition, leader: BrokerId, leaderEpoch?: LeaderEpoch): void;
  /** Says where the replica is. Nothing happens while the stream is not open: it is asked again when it is. */
  fetch(partition: FollowedPartition, position: ReplicaPosition): void;
  /**
   * The partition is not followed any more.
   * @param leaderEpoch in which it is not: the leader that it had is told of it
   */
  forget(partition: FollowedPartition, leaderEpoch?: LeaderEpoch): void;
}

// The leader's side.

/** Who asks. */
export interface FollowerIdentity {
  readonly replica: BrokerId;
  readonly brokerEpoch: number;
}

/** Who asks whom: the lives of both brokers between which a stream is. */
export interface StreamIdentity extends FollowerIdentity {
  /** Registration of the broker that is followed, as the follower knows it. */
  readonly leaderBrokerEpoch: number;
}

/** One partition on one follower's stream. Implemented by the stream; called by the partition. */
export interface ReplicaSender {
  readonly follower: FollowerIdentity;
  /** Send records from there on as they come: the sender pulls them with `readForReplica`, and is woken by `recordsPlaced`. */
  sendRecords(leaderEpoch: LeaderEpoch, fromOffset: Offset): void;
  sendDivergence(leaderEpoch: LeaderEpoch, epochEnd: EpochEnd): void;
  /**
   * @param leaderEpoch newest that is known here; undefined: none
   * @param copyStartOffset with OFFSET_OUT_OF_RANGE, where the follower is to begin again; undefined: at the log start
   */
  refuse(leaderEpoch: LeaderEpoch | undefined, error: SluiceError, copyStartOffset?: Offset): void;
  /** There is more to read than before. Cheap; called after every append. */
  recordsPlaced(): void;
  /** The high watermark or the log start moved: told with the next records, or within 100 ms. */
  marksMoved(): void;
  /** Nothing is sent of that partition any more until it is asked for again. */
  stop(): void;
}

/** A partition as followers find it. Implemented by the partition; called by the stream. */
export interface ReplicatedPartition extends ReplicaName {
  /** In sync, being added by a reassignment, or behind: which budget its records are sent from. */
  trafficOf(replica: BrokerId): "inSync" | "reassignment" | "catchUp";
  onReplicaFetched(sender: ReplicaSender, position: ReplicaPosition): void;
  /**
   * The stream of that sender has ended, or the follower has forgotten the partition.
   * @param leaderEpoch epoch that the follower is in, where it said so: a newer one ends the leadership here
   */
  onSenderClosed(sender: ReplicaSender, leaderEpoch?: LeaderEpoch): void;
  /** Marks to send with records. */
  readonly marks: { readonly highWatermark: Offset; readonly logStartOffset: Offset };
  /**
   * Whole batches from `fromOffset` on, for a follower: of what was appended last from memory, else from the files. Empty where
   * there is nothing (yet). Offsets up to `nextOffset` are covered.
   * @throws SluiceError OFFSET_OUT_OF_RANGE below the log start; what reading throws
   */
  readForReplica(
    fromOffset: Offset,
    sizeBytesMax: number,
  ):
    | { readonly records: Buffer; readonly nextOffset: Offset }
    | Promise<{ readonly records: Buffer; readonly nextOffset: Offset }>;
}

/** Partitions by name, whether this broker leads them or not. Implemented by the registry. */
export interface ReplicatedPartitions {
  /**
   * @throws SluiceError what the follower is told: UNKNOWN_TOPIC, NOT_LEADER, BROKER_STOPPING; LEADER_NOT_AVAILABLE where the partition is
   *   not open here yet, as `watchOpened` tells when it is
   */
  replicatedOrThrow(name: ReplicaName): ReplicatedPartition;
  /** Tells of every partition that is opened from now on, or cannot be. */
  watchOpened(listener: (name: ReplicaName) => void): void;
}

/** What a replica has, whatever its role. */
export interface ReplicaDescription extends ReplicaName {
  /** Epoch of its last batch; undefined: its log is empty. */
  readonly lastEpoch: LeaderEpoch | undefined;
  readonly logEndOffset: Offset;
  readonly logStartOffset: Offset;
  /** As far as the replica knows it. */
  readonly highWatermark: Offset;
  /** Bytes of its segments. */
  readonly sizeBytes: number;
}

/** Replicas that are open here. Implemented by the registry. */
export interface DescribedReplicas {
  describeReplicas(): Iterable<ReplicaDescription>;
  /** Undefined: it is not open here. */
  describeReplica(name: ReplicaName): ReplicaDescription | undefined;
}

/** Told of every sign of life on any stream to or from another broker. Implemented by the failure detector. */
export interface PeerObserver {
  heardFrom(peer: BrokerId, brokerEpoch: number | undefined): void;
  /** A stream to or from it ended without being told to. */
  streamEnded(peer: BrokerId): void;
  /** It says that it stops: it follows nothing any more, and every leader takes it out of the in-sync replicas at once. */
  stopping(peer: BrokerId, brokerEpoch: number): void;
}
