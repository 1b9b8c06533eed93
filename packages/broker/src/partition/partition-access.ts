/**
 * What the rest of the broker may do with a partition that this broker leads, and how it learns which ones those are.
 *
 * `PartitionRuntime` implements `LedPartition`, `PartitionRegistry` implements `LedPartitions`. The group coordinator, the
 * record service and the handlers see only these.
 */

import type { LeaderEpoch, Offset, SluiceError, TopicId, TopicName } from "@sluice/model";
import type { EpochEnd, RequiredAcks } from "@sluice/replication";

export interface ProduceResult {
  /** Offset of the first record of the batch. */
  readonly baseOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  /** Replicas that had the batch when it was answered. */
  readonly replicas: number;
  /** How many of them had flushed it. */
  readonly replicasFlushed: number;
  readonly logStartOffset: Offset;
  /** The log had the batch already, by its producer id and sequences: `baseOffset` is where. */
  readonly isDuplicate: boolean;
  /** The timestamp that the records got when they were appended, ms since 1970; 0: they keep their own. */
  readonly logAppendTimeMs: number;
}

export interface FetchResult {
  /** First offset not known to be committed. */
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  /** Whole batches back to back, the first containing the offset asked for; empty when the wait was over. */
  readonly records: Buffer;
}

export type OffsetQuery =
  /** The first offset that can be read. */
  | { readonly type: "earliest" }
  /** The high watermark. */
  | { readonly type: "latest" }
  /** The first record at or after that time; the high watermark when there is none. */
  | { readonly type: "timestamp"; readonly timestampMs: number }
  /** The first of the records with the largest timestamp; the high watermark when there is no record. */
  | { readonly type: "maxTimestamp" };

export interface OffsetAnswer {
  readonly offset: Offset;
  /** Timestamp of the record there; -1 where no timestamp was asked for or no record found. */
  readonly timestampMs: number;
  readonly leaderEpoch: LeaderEpoch;
}

export interface FetchOptions {
  readonly fromOffset: number;
  /** Most bytes to answer with; at least one batch, however large. */
  readonly sizeBytesMax: number;
  /** Longest wait for something to read; 0: none. */
  readonly waitMsMax: number;
  /** It waits for so many bytes, at most `sizeBytesMax`. Default 1. */
  readonly minBytes?: number;
  /** Leader epoch that the caller knows; undefined: any. */
  readonly clientEpoch?: number | undefined;
  /** Leader epoch of the last record that it read before `fromOffset`; undefined: not known. LOG_TRUNCATED where that one is gone. */
  readonly lastFetchedEpoch?: number | undefined;
  readonly signal?: AbortSignal;
}

export interface LedPartition {
  readonly topic: TopicName;
  readonly topicId: TopicId;
  readonly partition: number;
  /** Epoch in which this broker leads; undefined: it does not (any more). */
  readonly leaderEpoch: LeaderEpoch | undefined;
  /** First offset not known to be committed, as of now. */
  readonly highWatermark: Offset;
  /** Why acks=all is refused for now, though this broker leads: DISK_FULL, NOT_ENOUGH_REPLICAS, LEADER_NOT_AVAILABLE. Undefined: it is taken. */
  readonly appendRefusal: SluiceError | undefined;
  /** Why reads are refused for now: BROKER_FENCED. Undefined: no other broker can have committed more. */
  readonly readRefusal: SluiceError | undefined;

  /**
   * Appends one batch (as RecordBatchBuilder builds it, or checked by `checkProducedBatch`). Takes ownership of the buffer.
   * Calls made in one order are appended in that order. `clientEpoch`: refuse unless this broker leads in that epoch.
   * @throws SluiceError NOT_LEADER, LEADER_NOT_AVAILABLE, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, NOT_ENOUGH_REPLICAS,
   *   BROKER_FENCED (acks=all never), PARTITION_OFFLINE, DISK_FULL: nothing was appended; INDETERMINATE: nobody knows
   */
  produce(
    batch: Buffer,
    options: { readonly acks: RequiredAcks; readonly clientEpoch?: number | undefined },
  ): Promise<ProduceResult>;

  /**
   * @throws SluiceError NOT_LEADER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, BROKER_FENCED, OFFSET_OUT_OF_RANGE, LOG_TRUNCATED,
   *   CANCELLED
   */
  fetch(options: FetchOptions): Promise<FetchResult>;

  /** @throws SluiceError NOT_LEADER and what reading throws */
  listOffset(query: OffsetQuery): Promise<OffsetAnswer>;

  /**
   * Everything committed from `fromOffset` (default: the log start) up to the high watermark at the time of the call, in
   * chunks of whole batches (`batchesIn`, `recordsIn`). The first batch may begin before `fromOffset`.
   * @throws SluiceError NOT_LEADER when leadership ends before it is done
   */
  readCommitted(fromOffset?: Offset): AsyncIterable<Buffer>;
}

/** Told synchronously, in order, for each partition. A restart of leadership in a new epoch is `onResigned`, then `onLeading`. */
export interface LeadershipListener {
  /** This broker leads from now on: all that was acknowledged before is below the high watermark. */
  onLeading(partition: LedPartition, leaderEpoch: LeaderEpoch): void;
  /** It does not lead any more: another broker may already. What is pending has been rejected. */
  onResigned(partition: LedPartition): void;
}

export interface LedPartitions {
  /**
   * The partition, which this broker leads now.
   * @throws SluiceError UNKNOWN_TOPIC, UNKNOWN_PARTITION, NOT_LEADER, LEADER_NOT_AVAILABLE, PARTITION_OFFLINE,
   *   PARTITION_QUARANTINED, BROKER_STOPPING
   */
  ledOrThrow(topic: string, partition: number): LedPartition;
  /** Tells of every partition that is led already, then of each change. Returns the way to stop it. */
  watchLeadership(listener: LeadershipListener): () => void;
}

/** Where a produce without a promise is answered: exactly one of the two is called, once. */
export interface ProduceSink {
  onProduced(result: ProduceResult): void;
  /** Nothing was appended, unless the code is INDETERMINATE. */
  onRefused(error: SluiceError): void;
}

/** Where a fetch without a promise is answered: exactly one of `onFetched`, `onFetchRefused` and a held read, once. */
export interface FetchSink {
  /**
   * There is something to read, at most so many bytes of it (a single batch may be larger). Returns how many of them are to be
   * read; 0: none now, the request is forgotten, and the caller makes it again when it has room.
   */
  reserve(sizeBytesMax: number): number;
  /** The room is not needed for now: what was read is less than was asked for, and the request waits for more. */
  release(): void;
  onFetched(result: FetchResult): void;
  /** `diverging`: with LOG_TRUNCATED, what is left of the epoch that was read, or of the largest before it. */
  onFetchRefused(error: SluiceError, diverging?: EpochEnd): void;
}
