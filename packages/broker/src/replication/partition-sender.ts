/**
 * What a leader sends of one partition on the stream of one follower: where it is, how far ahead of the follower's answers, and
 * whether there is anything to send.
 *
 * It reads nothing by itself: the stream asks it to, in its turn. A read that ends after the partition has told the sender to stop,
 * or to begin elsewhere, is thrown away, so that nothing is sent in an epoch that is over.
 */

import { type LeaderEpoch, type Offset, type SluiceError, toSluiceError } from "@sluice/model";
import type { ReplicateResponse } from "@sluice/protocol";
import type { EpochEnd } from "@sluice/replication";
import { keepAliveResponse } from "./keep-alive.js";
import type { FollowerIdentity, ReplicaPosition, ReplicaSender, ReplicatedPartition } from "./replica-access.js";

export type ReplicaTraffic = ReturnType<ReplicatedPartition["trafficOf"]>;

/** The stream that a sender is on. */
export interface SenderStream {
  readonly follower: FollowerIdentity;
  /** Bytes that may be sent of one partition ahead of the follower's answers. */
  readonly aheadBytesMax: number;
  /** The sender has something to send: ask it to in its turn. */
  queue(sender: PartitionSender): void;
  /** Its marks have moved: they are told with its next records, or soon. */
  queueMarks(sender: PartitionSender): void;
  send(sender: PartitionSender, response: ReplicateResponse): void;
  /** So many bytes more, or less, are ahead of the follower's answers. */
  aheadChanged(bytes: number): void;
}

type ReplicaRead = Awaited<ReturnType<ReplicatedPartition["readForReplica"]>>;

/** Where a sender is while it sends. */
interface Sending {
  readonly leaderEpoch: LeaderEpoch;
  nextOffset: Offset;
}

export class PartitionSender implements ReplicaSender {
  readonly partition: ReplicatedPartition;
  readonly #stream: SenderStream;
  /** Undefined: nothing is sent until the follower asks again. Another object after each change. */
  #sending: Sending | undefined;
  /** Epoch that the follower named last. */
  #followerEpoch: LeaderEpoch;
  /** Its log end, as it said last. */
  #followerEnd: Offset | undefined;
  /** What was sent and the follower does not have yet, as far as it said: where each part ends. */
  readonly #ahead: { readonly endOffset: Offset; readonly bytes: number }[] = [];
  #aheadBytes = 0;
  #isQueued = false;
  #isReading = false;
  /** More was placed while a read was under way, which may not have found it. */
  #isReadStale = false;

  constructor(
    options: { readonly followerEpoch: LeaderEpoch },
    dependencies: { readonly partition: ReplicatedPartition; readonly stream: SenderStream },
  ) {
    this.#followerEpoch = options.followerEpoch;
    this.partition = dependencies.partition;
    this.#stream = dependencies.stream;
  }

  get follower(): FollowerIdentity {
    return this.#stream.follower;
  }

  get traffic(): ReplicaTraffic {
    return this.partition.trafficOf(this.follower.replica);
  }

  /** The follower says where it is. */
  onPosition(position: ReplicaPosition): void {
    this.#followerEpoch = position.leaderEpoch;
    this.#followerEnd = position.fetchOffset;
    for (let sent = this.#ahead[0]; sent !== undefined && sent.endOffset <= position.fetchOffset; ) {
      this.#addAhead(-sent.bytes);
      this.#ahead.shift();
      sent = this.#ahead[0];
    }
    this.partition.onReplicaFetched(this, position);
    this.#maybeQueue();
  }

  sendRecords(leaderEpoch: LeaderEpoch, fromOffset: Offset): void {
    this.stop();
    this.#sending = { leaderEpoch, nextOffset: fromOffset };
    this.#maybeQueue();
    // Where the follower has everything, it is the marks that it lacks.
    this.#stream.queueMarks(this);
  }

  sendDivergence(leaderEpoch: LeaderEpoch, epochEnd: EpochEnd): void {
    this.stop();
    this.#stream.send(this, { ...this.#head(leaderEpoch), diverging: epochEnd });
  }

  refuse(leaderEpoch: LeaderEpoch | undefined, error: SluiceError, copyStartOffset?: Offset): void {
    this.stop();
    // Who leads nothing has no epoch to name: the follower is to take the answer for one to what it asked.
    const head = this.#head(leaderEpoch ?? this.#followerEpoch);
    this.#stream.send(this, { ...head, error, logStartOffset: copyStartOffset ?? head.logStartOffset });
  }

  recordsPlaced(): void {
    if (this.#isReading) this.#isReadStale = true;
    // A follower that has come in sync while this waited for a budget waits for that no longer.
    else if (this.#isQueued) this.#stream.queue(this);
    else this.#maybeQueue();
  }

  marksMoved(): void {
    if (this.#sending !== undefined) this.#stream.queueMarks(this);
  }

  stop(): void {
    this.#sending = undefined;
    this.#ahead.length = 0;
    this.#addAhead(-this.#aheadBytes);
  }

  /**
   * Reads and sends at most so many bytes, or one batch. Called by the stream when it is this sender's turn.
   * @returns when it is done; undefined: it is done, without waiting. Never rejects.
   */
  sendNext(sizeBytesMax: number): Promise<void> | undefined {
    this.#isQueued = false;
    this.#isReadStale = false;
    const sending = this.#sending;
    // Far enough ahead by now, of all partitions together: it asks again when the follower has answered.
    if (sending === undefined || this.#isFarAhead) return undefined;
    let read: ReplicaRead | Promise<ReplicaRead>;
    try {
      read = this.partition.readForReplica(sending.nextOffset, sizeBytesMax);
    } catch (error) {
      this.#failed(sending, error);
      return undefined;
    }
    if (!(read instanceof Promise)) {
      this.#sendRead(sending, read);
      return undefined;
    }
    this.#isReading = true;
    return read.then(
      (found) => {
        this.#isReading = false;
        this.#sendRead(sending, found);
      },
      (error: unknown) => {
        this.#isReading = false;
        this.#failed(sending, error);
      },
    );
  }

  /** Tells the marks alone. */
  sendMarks(): void {
    const sending = this.#sending;
    if (sending === undefined) return;
    const { leaderEpoch, nextOffset } = sending;
    this.#stream.send(this, { ...this.#head(leaderEpoch), fetchOffset: nextOffset, nextOffset });
  }

  get #isFarAhead(): boolean {
    return this.#aheadBytes >= this.#stream.aheadBytesMax;
  }

  #sendRead(sending: Sending, { records, nextOffset }: ReplicaRead): void {
    if (sending !== this.#sending) {
      // It was told to begin elsewhere while this was being read.
      this.#maybeQueue();
      return;
    }
    const fetchOffset = sending.nextOffset;
    if (nextOffset === fetchOffset) {
      if (this.#isReadStale) this.#maybeQueue();
      return;
    }
    sending.nextOffset = nextOffset;
    this.#countAhead(nextOffset, records.length);
    this.#stream.send(this, { ...this.#head(sending.leaderEpoch), fetchOffset, nextOffset, records });
    this.#maybeQueue();
  }

  #failed(sending: Sending, error: unknown): void {
    if (sending !== this.#sending) this.#maybeQueue();
    else this.refuse(sending.leaderEpoch, toSluiceError(error));
  }

  #maybeQueue(): void {
    if (this.#sending === undefined || this.#isQueued || this.#isReading || this.#isFarAhead) return;
    this.#isQueued = true;
    this.#stream.queue(this);
  }

  #countAhead(endOffset: Offset, bytes: number): void {
    // What it has by now, having asked anew while it was under way, it will not answer again.
    if (this.#followerEnd !== undefined && endOffset <= this.#followerEnd) return;
    this.#ahead.push({ endOffset, bytes });
    this.#addAhead(bytes);
  }

  #addAhead(bytes: number): void {
    this.#aheadBytes += bytes;
    this.#stream.aheadChanged(bytes);
  }

  #head(leaderEpoch: LeaderEpoch): ReplicateResponse {
    const { topicId, partition, marks } = this.partition;
    return { ...keepAliveResponse, topicId, partition, leaderEpoch, ...marks };
  }
}
