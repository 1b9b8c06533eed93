/**
 * The Replicate stream of one follower, at the leader's side: all partitions that it follows here, sent in turns.
 *
 * Its first message says who it is, and which life of this broker it follows; until that is accepted nothing is read. Then each of its messages goes to the partition that
 * it names, which answers through its sender. One that is not open here yet is answered for when it is: a follower whose image is
 * ahead loses no time. Senders with something to send take turns, one read each (sender-turns).
 *
 * Bounds: reads under way, bytes that the follower has not taken (`send` of the stream), and bytes sent ahead of its answers, for
 * each partition and for all together: past the latter a partition waits for the answer to each part that was sent. A follower
 * that asks and does not take the answers is read no more.
 */

import {
  brokerId,
  type LeaderEpoch,
  leaderEpoch,
  type MessageStream,
  offset,
  SluiceError,
  type StreamListener,
  topicId,
  toSluiceError,
} from "@sluice/model";
import type { ReplicateRequest, ReplicateResponse } from "@sluice/protocol";
import { keepAliveResponse } from "./keep-alive.js";
import { PartitionSender, type SenderStream } from "./partition-sender.js";
import type {
  ReplicaName,
  ReplicaPosition,
  ReplicatedPartition,
  ReplicatedPartitions,
  StreamIdentity,
} from "./replica-access.js";
import { ReplicaMap } from "./replica-map.js";
import { SenderTurns, type TrafficBudgets } from "./sender-turns.js";

/** What has its streams here: it knows which registrations there are, and has the timers. */
export interface FollowerStreamOwner {
  /** The stream says who it is: accept it now or later, or abort it. Nothing is read meanwhile. */
  identified(stream: FollowerStream, identity: StreamIdentity): void;
  /** Of an accepted stream: something has come. */
  heardFrom(stream: FollowerStream): void;
  /** `flushMarks` is to be called within 100 ms. */
  marksQueued(): void;
  /** The stream is over, last. `isStopping`: the follower has said that it follows nothing any more. */
  ended(stream: FollowerStream, isStopping: boolean): void;
}

export interface FollowerStreamOptions {
  /** Record bytes of one partition that are sent ahead of the follower's answer. */
  readonly fetchBytesMax: number;
  /** When it was opened, on the monotonic clock. */
  readonly openedAtMs: number;
}

export interface FollowerStreamDependencies {
  readonly stream: MessageStream<ReplicateResponse>;
  readonly owner: FollowerStreamOwner;
  readonly partitions: ReplicatedPartitions;
  readonly budgets: TrafficBudgets;
}

/**
 * Record bytes of one message; one batch is sent however large. What is in sync comes from memory, where joining large batches
 * would cost a copy and save little; what is behind is read from files, where larger reads are worth it.
 */
const messageBytesMax = { inSync: 256 * 1024, catchUp: 1024 * 1024, reassignment: 1024 * 1024 } as const;
/** Record bytes of all partitions that are sent ahead as far as each of them may. */
const streamAheadBytesMax = 32 * 1024 * 1024;
/** Reads under way at one time, and those of them that may be of followers that are behind. */
const readsMax = 16;
const readsBehindMax = 4;
/** Answers without records that wait for room, at which the follower is read no more. */
const answersWaitingMax = 10_000;
/** Partitions that are not open here yet, of which a position is kept; of more the follower is told to ask again. */
const earlyMax = 10_000;

export class FollowerStream implements StreamListener<ReplicateRequest>, SenderStream {
  readonly openedAtMs: number;
  readonly #fetchBytesMax: number;
  readonly #stream: MessageStream<ReplicateResponse>;
  readonly #owner: FollowerStreamOwner;
  readonly #partitions: ReplicatedPartitions;
  readonly #budgets: TrafficBudgets;
  readonly #senders = new ReplicaMap<PartitionSender>();
  /** What was asked of partitions that are not open here yet: the newest of each. */
  readonly #early = new ReplicaMap<ReplicateRequest>();
  readonly #turns: SenderTurns;
  /** Senders whose marks the follower does not have. */
  readonly #marksDue = new Set<PartitionSender>();
  #identity: StreamIdentity | undefined;
  #isAccepted = false;
  #isStopping = false;
  #isOver = false;
  #isBlocked = false;
  #isPumpDue = false;
  #readCount = 0;
  #aheadBytes = 0;
  #answersWaiting = 0;

  constructor(options: FollowerStreamOptions, dependencies: FollowerStreamDependencies) {
    this.openedAtMs = options.openedAtMs;
    this.#fetchBytesMax = options.fetchBytesMax;
    this.#stream = dependencies.stream;
    this.#owner = dependencies.owner;
    this.#partitions = dependencies.partitions;
    this.#budgets = dependencies.budgets;
    this.#turns = new SenderTurns({ resume: () => this.#pumpSoon() }, dependencies);
  }

  /** Who follows: only of a stream that has said so. */
  get follower(): StreamIdentity {
    if (this.#identity === undefined) throw new SluiceError("INVALID_REQUEST", { reason: "nobody follows yet" });
    return this.#identity;
  }

  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** A partition of which something is ahead already waits for its answer once all together are far ahead. */
  get aheadBytesMax(): number {
    return this.#aheadBytes < streamAheadBytesMax ? this.#fetchBytesMax : 1;
  }

  /** The follower is who it says: serve it. */
  accept(): void {
    this.#isAccepted = true;
    this.#stream.send(keepAliveResponse);
    this.#stream.resume();
  }

  keepAlive(): void {
    // One that takes no more has enough under way that says the same.
    if (this.#isAccepted && !this.#isBlocked) this.#write(keepAliveResponse);
  }

  /** Tells the marks that have moved and were not told with records. */
  flushMarks(): void {
    for (const sender of this.#marksDue) {
      if (this.#isBlocked) return;
      this.#marksDue.delete(sender);
      sender.sendMarks();
    }
  }

  /** That partition is open here now, or cannot be: what was asked of it before has its answer. */
  opened(name: ReplicaName): void {
    const early = this.#early.delete(name);
    if (early !== undefined) this.#positioned(early);
  }

  /** Breaks the stream. */
  abort(error: SluiceError): void {
    this.#close();
    this.#stream.abort(error);
  }

  /** Ends the stream in good order: this broker stops. */
  end(): void {
    this.#close();
    this.#stream.end();
  }

  onMessage(request: ReplicateRequest): void {
    if (this.#isOver) return;
    if (this.#identity === undefined) {
      this.#identity = identityOf(request);
      this.#stream.pause();
      this.#owner.identified(this, this.#identity);
      return;
    }
    const { replica, brokerEpoch } = this.#identity;
    if (request.brokerId !== replica || request.brokerEpoch !== brokerEpoch) {
      throw new SluiceError("INVALID_REQUEST", { reason: "a Replicate stream is of one registration of one broker" });
    }
    this.#owner.heardFrom(this);
    this.#isStopping ||= request.stopping;
    if (request.topicId === "") return;
    if (request.forget) this.#forget(request);
    else this.#positioned(request);
  }

  onEnd(): void {
    this.#close();
    this.#stream.end();
  }

  onError(): void {
    this.#close();
  }

  onDrain(): void {
    this.#isBlocked = false;
    if (this.#answersWaiting > answersWaitingMax) this.#stream.resume();
    this.#answersWaiting = 0;
    if (this.#marksDue.size > 0) this.#owner.marksQueued();
    this.#pumpSoon();
  }

  queue(sender: PartitionSender): void {
    this.#turns.add(sender);
    this.#pumpSoon();
  }

  queueMarks(sender: PartitionSender): void {
    this.#marksDue.add(sender);
    this.#owner.marksQueued();
  }

  aheadChanged(bytes: number): void {
    this.#aheadBytes += bytes;
  }

  send(sender: PartitionSender, response: ReplicateResponse): void {
    // Every message of a partition has its marks.
    this.#marksDue.delete(sender);
    const { traffic } = sender;
    if (traffic !== "inSync") this.#budgets[traffic].take(response.records.length);
    this.#write(response);
  }

  #write(response: ReplicateResponse): void {
    if (this.#isOver) return;
    if (this.#isBlocked && response.records.length === 0) this.#countWaiting();
    if (!this.#stream.send(response)) this.#isBlocked = true;
  }

  #countWaiting(): void {
    this.#answersWaiting += 1;
    if (this.#answersWaiting === answersWaitingMax + 1) this.#stream.pause();
  }

  #positioned(request: ReplicateRequest): void {
    const position = positionOf(request);
    const sender = this.#senderFor(request, position);
    sender?.onPosition(position);
  }

  /** Undefined: the partition is not to be had here now, and the follower was told, or will be answered when it is. */
  #senderFor(request: ReplicateRequest, position: ReplicaPosition): PartitionSender | undefined {
    const known = this.#senders.get(request.topicId, request.partition);
    let partition: ReplicatedPartition;
    try {
      const name = known?.partition ?? { topicId: topicId(request.topicId), partition: request.partition };
      partition = this.#partitions.replicatedOrThrow(name);
    } catch (error) {
      if (known !== undefined) this.#closeSender(known);
      this.#notToBeHad(request, toSluiceError(error));
      return undefined;
    }
    if (known?.partition === partition) return known;
    // The partition was closed and opened again meanwhile.
    if (known !== undefined) this.#closeSender(known);
    const sender = new PartitionSender({ followerEpoch: position.leaderEpoch }, { partition, stream: this });
    this.#senders.set(partition, sender);
    return sender;
  }

  #notToBeHad(request: ReplicateRequest, error: SluiceError): void {
    const { topicId: id, leaderEpoch: epoch, partition } = request;
    const before = this.#early.delete(request);
    if (error.code === "LEADER_NOT_AVAILABLE" && this.#early.size < earlyMax) {
      // What the older one asked for is still wanted, from where the replica is now.
      const restart = request.restart || before?.restart === true;
      this.#early.set({ topicId: topicId(id), partition }, { ...request, restart });
    } else {
      this.#write({ ...keepAliveResponse, topicId: id, partition, leaderEpoch: epoch, error });
    }
  }

  #forget(request: ReplicateRequest): void {
    const followerEpoch = epochOf(request);
    this.#early.delete(request);
    const sender = this.#senders.get(request.topicId, request.partition);
    if (sender === undefined) return;
    this.#closeSender(sender);
    sender.partition.onSenderClosed(sender, followerEpoch);
  }

  #closeSender(sender: PartitionSender): void {
    sender.stop();
    this.#turns.delete(sender);
    this.#marksDue.delete(sender);
    this.#senders.delete(sender.partition);
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#turns.close();
    this.#marksDue.clear();
    for (const sender of this.#senders.values()) {
      this.#closeSender(sender);
      sender.partition.onSenderClosed(sender);
    }
    this.#owner.ended(this, this.#isStopping);
  }

  /** In the same turn, after what goes on now: what is placed one after the other is then sent in one message. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (!this.#isBlocked && !this.#isOver && this.#readCount < readsMax) {
      const sender = this.#turns.next({ mayBeBehind: this.#readCount < readsBehindMax });
      if (sender === undefined) return;
      const reading = sender.sendNext(messageBytesMax[sender.traffic]);
      if (reading !== undefined) this.#countRead(reading);
    }
  }

  #countRead(reading: Promise<void>): void {
    this.#readCount += 1;
    void reading.then(() => {
      this.#readCount -= 1;
      this.#pumpSoon();
    });
  }
}

function identityOf({ brokerId: replica, brokerEpoch, leaderBrokerEpoch }: ReplicateRequest): StreamIdentity {
  if (replica < 0 || brokerEpoch < 1 || leaderBrokerEpoch < 1)
    throw new SluiceError("INVALID_REQUEST", { reason: "it does not say who follows whom" });
  return { replica: brokerId(replica), brokerEpoch, leaderBrokerEpoch };
}

function positionOf(request: ReplicateRequest): ReplicaPosition {
  const { partition, fetchOffset, flushedOffset, lastFetchedEpoch } = request;
  if (partition < 0 || fetchOffset < 0 || flushedOffset < 0) {
    throw new SluiceError("INVALID_REQUEST", { reason: "a position is below 0" });
  }
  return {
    leaderEpoch: epochOf(request),
    fetchOffset: offset(fetchOffset),
    lastFetchedEpoch: lastFetchedEpoch === undefined ? undefined : leaderEpoch(lastFetchedEpoch),
    flushedOffset: offset(flushedOffset),
    isRestart: request.restart,
    isFull: request.full,
  };
}

function epochOf({ leaderEpoch: epoch }: ReplicateRequest): LeaderEpoch {
  if (epoch < 0) throw new SluiceError("INVALID_REQUEST", { reason: "a leader epoch is below 0" });
  return leaderEpoch(epoch);
}
