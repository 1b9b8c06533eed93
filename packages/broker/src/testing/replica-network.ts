/**
 * Replicate streams without a transport, for tests of partitions: every message waits until the test delivers it, in order on each
 * link, in any order across links. A link that is cut loses what is on it, and both ends of its stream hear of it.
 */

import {
  type BrokerId,
  brokerId,
  invariant,
  type LeaderEpoch,
  type Offset,
  type SluiceError,
  toSluiceError,
} from "@sluice/model";
import type { EpochEnd } from "@sluice/replication";
import type {
  FollowedPartition,
  FollowerIdentity,
  LeaderStreams,
  ReplicaPosition,
  ReplicaSender,
  ReplicatedPartition,
  ReplicatedPartitions,
} from "../replication/replica-access.js";

/** Most bytes of one message: small, so that a follower gets its records in many. */
const messageBytesMax = 300;

/** A broker, as the network knows it. */
export interface NetworkedBroker {
  readonly id: number;
  readonly brokerEpoch: number;
  readonly partitions: ReplicatedPartitions;
}

export class ReplicaNetwork {
  readonly #messages = new Map<string, (() => void)[]>();
  readonly #brokers = new Map<number, { readonly broker: NetworkedBroker; readonly streams: NetworkStreams }>();
  readonly #cut = new Set<string>();

  /** Links with something on them. */
  get busyLinks(): string[] {
    return [...this.#messages].flatMap(([link, messages]) => (messages.length > 0 ? [link] : []));
  }

  /** Streams of a broker that is about to start. */
  newStreams(id: number): NetworkStreams {
    return new NetworkStreams(id, this);
  }

  /** The broker can be reached from now on, and reaches the others. */
  join(broker: NetworkedBroker, streams: NetworkStreams): void {
    this.#brokers.set(broker.id, { broker, streams });
    for (const id of this.#brokers.keys()) this.#connect(broker.id, id);
  }

  /** The process is gone, and all its streams with it. */
  leave(id: number): void {
    for (const other of this.#brokers.keys()) if (other !== id) this.#disconnect(id, other);
    this.#brokers.get(id)?.streams.close();
    this.#brokers.delete(id);
  }

  isOpen(a: number, b: number): boolean {
    return this.#brokers.has(a) && this.#brokers.has(b) && !this.#cut.has(pairOf(a, b));
  }

  /** Registration of a broker that can be reached. */
  brokerEpochOf(id: number): number {
    const found = this.#brokers.get(id);
    invariant(found !== undefined, `broker ${id} is there`);
    return found.broker.brokerEpoch;
  }

  cut(a: number, b: number): void {
    if (!this.isOpen(a, b)) return;
    this.#disconnect(a, b);
    this.#cut.add(pairOf(a, b));
  }

  heal(a: number, b: number): void {
    if (this.#cut.delete(pairOf(a, b))) this.#connect(a, b);
  }

  send(from: number, to: number, deliver: (receiver: NetworkStreams, broker: NetworkedBroker) => void): void {
    if (!this.isOpen(from, to)) return;
    const link = `${from}>${to}`;
    const queue = this.#messages.get(link) ?? [];
    this.#messages.set(link, queue);
    queue.push(() => {
      const receiver = this.#brokers.get(to);
      if (receiver !== undefined) deliver(receiver.streams, receiver.broker);
    });
  }

  /** Delivers the first message of that link. */
  deliver(link: string): void {
    this.#messages.get(link)?.shift()?.();
  }

  #connect(a: number, b: number): void {
    if (a === b || !this.isOpen(a, b)) return;
    this.#brokers.get(a)?.streams.connected(b);
    this.#brokers.get(b)?.streams.connected(a);
  }

  #disconnect(a: number, b: number): void {
    this.#messages.delete(`${a}>${b}`);
    this.#messages.delete(`${b}>${a}`);
    this.#brokers.get(a)?.streams.disconnected(b);
    this.#brokers.get(b)?.streams.disconnected(a);
  }
}

function pairOf(a: number, b: number): string {
  return `${Math.min(a, b)}-${Math.max(a, b)}`;
}

/** Both ends of the streams of one broker. Tests have one partition. */
export class NetworkStreams implements LeaderStreams {
  readonly #id: number;
  readonly #network: ReplicaNetwork;
  #followed: { readonly partition: FollowedPartition; readonly leader: number } | undefined;
  readonly #senders = new Map<number, NetworkSender>();
  #isClosed = false;

  constructor(id: number, network: ReplicaNetwork) {
    this.#id = id;
    this.#network = network;
  }

  /** What this process still says reaches nobody. */
  close(): void {
    this.#isClosed = true;
  }

  follow(partition: FollowedPartition, leader: BrokerId, leaderEpoch?: LeaderEpoch): void {
    if (this.#followed !== undefined && this.#followed.leader !== leader) this.forget(partition, leaderEpoch);
    this.#followed = { partition, leader };
    if (!this.#isClosed && this.#network.isOpen(this.#id, leader)) partition.onLeaderConnected(leader);
  }

  fetch({ topicId, partition }: FollowedPartition, position: ReplicaPosition): void {
    if (this.#followed === undefined) return;
    this.#send(this.#followed.leader, (streams, { partitions }) => {
      streams.onPosition(this.#id, position, () => partitions.replicatedOrThrow({ topicId, partition }));
    });
  }

  forget(_partition: FollowedPartition, leaderEpoch?: LeaderEpoch): void {
    if (this.#followed === undefined) return;
    const { leader } = this.#followed;
    this.#followed = undefined;
    this.#send(leader, (streams) => streams.onForgotten(this.#id, leaderEpoch));
  }

  connected(peer: number): void {
    if (this.#followed?.leader === peer) this.#followed.partition.onLeaderConnected(brokerId(peer));
  }

  disconnected(peer: number): void {
    this.onForgotten(peer, undefined);
  }

  onPosition(follower: number, position: ReplicaPosition, find: () => ReplicatedPartition): void {
    let partition: ReplicatedPartition;
    try {
      partition = find();
    } catch (error) {
      const refusal = toSluiceError(error);
      this.tell(follower, (followed, leader) => {
        followed.onRefused(leader, position.leaderEpoch, refusal, position.fetchOffset);
      });
      return;
    }
    let sender = this.#senders.get(follower);
    if (sender?.partition !== partition) {
      sender = new NetworkSender(follower, this.#network, { partition, streams: this });
      this.#senders.set(follower, sender);
    }
    sender.followerEpoch = position.leaderEpoch;
    partition.onReplicaFetched(sender, position);
  }

  onForgotten(follower: number, leaderEpoch: LeaderEpoch | undefined): void {
    const sender = this.#senders.get(follower);
    this.#senders.delete(follower);
    sender?.stop();
    sender?.partition.onSenderClosed(sender, leaderEpoch);
  }

  /** Sends something of the partition to a follower. */
  tell(follower: number, say: (followed: FollowedPartition, leader: BrokerId) => void): void {
    this.#send(follower, (streams) => {
      if (streams.#followed?.leader === this.#id) say(streams.#followed.partition, brokerId(this.#id));
    });
  }

  #send(to: number, deliver: (receiver: NetworkStreams, broker: NetworkedBroker) => void): void {
    if (!this.#isClosed) this.#network.send(this.#id, to, deliver);
  }
}

class NetworkSender implements ReplicaSender {
  readonly follower: FollowerIdentity;
  readonly partition: ReplicatedPartition;
  readonly #streams: NetworkStreams;
  followerEpoch: LeaderEpoch | undefined;
  #sending: { readonly leaderEpoch: LeaderEpoch; nextOffset: Offset } | undefined;
  #isReading = false;
  /** More was placed since the last read began. */
  #isStale = false;

  constructor(
    follower: number,
    network: ReplicaNetwork,
    dependencies: { readonly partition: ReplicatedPartition; readonly streams: NetworkStreams },
  ) {
    this.follower = { replica: brokerId(follower), brokerEpoch: network.brokerEpochOf(follower) };
    this.partition = dependencies.partition;
    this.#streams = dependencies.streams;
  }

  sendRecords(leaderEpoch: LeaderEpoch, fromOffset: Offset): void {
    this.#sending = { leaderEpoch, nextOffset: fromOffset };
    this.marksMoved();
    this.recordsPlaced();
  }

  sendDivergence(leaderEpoch: LeaderEpoch, epochEnd: EpochEnd): void {
    this.stop();
    this.#tell((followed, leader) => followed.onDiverged(leader, leaderEpoch, epochEnd));
  }

  refuse(leaderEpoch: LeaderEpoch | undefined, error: SluiceError, copyStartOffset?: Offset): void {
    this.stop();
    const { logStartOffset } = this.partition.marks;
    const epoch = leaderEpoch ?? (this.followerEpoch as LeaderEpoch);
    this.#tell((followed, leader) => followed.onRefused(leader, epoch, error, copyStartOffset ?? logStartOffset));
  }

  recordsPlaced(): void {
    this.#isStale = true;
    if (!this.#isReading) void this.#sendAll();
  }

  marksMoved(): void {
    if (this.#sending !== undefined) this.#sendRecords(this.#sending, this.#sending.nextOffset, Buffer.alloc(0));
  }

  stop(): void {
    this.#sending = undefined;
  }

  /** Never rejects. */
  async #sendAll(): Promise<void> {
    this.#isReading = true;
    for (let sending = this.#sending; sending !== undefined; sending = this.#sending) {
      this.#isStale = false;
      try {
        const { records, nextOffset } = await this.partition.readForReplica(sending.nextOffset, messageBytesMax);
        if (sending !== this.#sending) continue;
        if (nextOffset === sending.nextOffset && this.#isStale) continue;
        if (nextOffset === sending.nextOffset) break;
        this.#sendRecords(sending, nextOffset, records);
        sending.nextOffset = nextOffset;
      } catch (error) {
        if (sending === this.#sending) this.refuse(sending.leaderEpoch, toSluiceError(error));
      }
    }
    this.#isReading = false;
  }

  #sendRecords(
    { leaderEpoch, nextOffset: fetchOffset }: { leaderEpoch: LeaderEpoch; nextOffset: Offset },
    nextOffset: Offset,
    records: Buffer,
  ): void {
    const { marks } = this.partition;
    // As it would come from a socket: bytes of its own.
    const copy = Buffer.from(records);
    this.#tell((followed, leader) => {
      followed.onRecords(leader, { leaderEpoch, fetchOffset, nextOffset, ...marks, records: copy });
    });
  }

  #tell(say: (followed: FollowedPartition, leader: BrokerId) => void): void {
    this.#streams.tell(this.follower.replica, say);
  }
}
