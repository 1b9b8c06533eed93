/**
 * The Replicate stream from this broker to one other, and the partitions that are followed on it.
 *
 * It counts as open from the first answer on: then the peer has accepted this broker's registration. One that breaks is opened
 * again, first after 50 ms, then ever more rarely, while the peer is registered; a new registration of either side opens a new one at
 * once. While the stream takes no more, the newest position of each partition waits here, and older ones are dropped.
 */

import type { BrokerRegistration } from "@sluice/cluster";
import {
  type BrokerId,
  type LeaderEpoch,
  leaderEpoch,
  offset,
  randomBelow,
  SluiceError,
  type Timer,
  type TransportConnection,
} from "@sluice/model";
import type { ReplicateRequest, ReplicateResponse } from "@sluice/protocol";
import { HeardPeer } from "./heard-peer.js";
import { keepAliveRequest } from "./keep-alive.js";
import type { PeerStreamsDependencies } from "./peer-streams.js";
import type { FollowedPartition, FollowerIdentity, ReplicaPosition } from "./replica-access.js";
import { ReplicaMap } from "./replica-map.js";
import { type PeerRegistrations, ReplicateCall } from "./replicate-call.js";

export interface PeerStreamOptions {
  /** This broker. */
  readonly brokerId: BrokerId;
  /** The one at the other end. */
  readonly peer: BrokerId;
}

const reopenDelayMsMin = 50;
const reopenDelayMsMax = 1000;

export class PeerStream {
  readonly #brokerId: BrokerId;
  readonly #peer: BrokerId;
  readonly #dependencies: PeerStreamsDependencies;
  readonly #followed = new ReplicaMap<FollowedPartition>();
  /** Positions that wait for room, the newest of each partition. */
  readonly #unsent = new Map<FollowedPartition, ReplicaPosition>();
  readonly #heard: HeardPeer;
  /** Undefined: the peer is not registered, or this broker is not. */
  #registered: PeerRegistrations | undefined;
  #connection: TransportConnection | undefined;
  #call: ReplicateCall | undefined;
  #reopenTimer: Timer | undefined;
  #reopenDelayMs = reopenDelayMsMin;
  #onEnded: (() => void) | undefined;
  #isClosing = false;

  constructor(options: PeerStreamOptions, dependencies: PeerStreamsDependencies) {
    this.#brokerId = options.brokerId;
    this.#peer = options.peer;
    this.#dependencies = dependencies;
    this.#heard = new HeardPeer(options.peer, dependencies);
  }

  /** Whether the stream is open and the peer has answered on it. */
  get isConnected(): boolean {
    return this.#call?.isAnswered ?? false;
  }

  /** The peer is registered like that, and this broker under `ownEpoch`; undefined: not at all. */
  register({ host, port, brokerEpoch: peerEpoch }: BrokerRegistration, ownEpoch: number | undefined): void {
    if (ownEpoch === undefined) {
      this.unregister();
      return;
    }
    const known = this.#registered ?? this.#call?.registrations;
    const isSameAddress = known?.address.host === host && known.address.port === port;
    this.#registered = { address: { host, port }, peerEpoch, ownEpoch };
    if (isSameAddress && known.peerEpoch === peerEpoch && known.ownEpoch === ownEpoch) {
      // It was gone from the store for a moment, and its stream may have broken meanwhile.
      if (this.#call === undefined && this.#reopenTimer === undefined) this.#open();
      return;
    }
    this.#drop(new SluiceError("CLOSED", { subject: "the Replicate stream of an earlier registration" }));
    // A new life is dialled anew: the connection may still be waiting before it tries again to reach the old one.
    this.#connection?.close();
    this.#connection = undefined;
    this.#reopenDelayMs = reopenDelayMsMin;
    this.#open();
  }

  /** One side is not registered any more: what is open stays open, and is not opened again when it breaks. */
  unregister(): void {
    this.#registered = undefined;
    this.#reopenTimer?.cancel();
    this.#reopenTimer = undefined;
  }

  follow(partition: FollowedPartition): void {
    this.#followed.set(partition, partition);
    if (this.isConnected) partition.onLeaderConnected(this.#peer);
  }

  fetch(partition: FollowedPartition, position: ReplicaPosition): void {
    const call = this.#call;
    if (call === undefined || !call.isAnswered) return;
    const waiting = this.#unsent.get(partition);
    if (call.isBlocked) {
      // What the older one asked for is still wanted, from where the replica is now.
      const isRestart = position.isRestart || waiting?.isRestart === true;
      this.#unsent.set(partition, { ...position, isRestart });
      return;
    }
    call.send(positionRequest(call.identity, partition, position));
  }

  forget(partition: FollowedPartition, newEpoch: LeaderEpoch | undefined): void {
    this.#unsent.delete(partition);
    if (this.#followed.delete(partition) === undefined) return;
    const call = this.#call;
    if (call === undefined || !call.isAnswered) return;
    const { topicId, partition: number } = partition;
    // Sent also where there is no room: one a partition.
    call.send({
      ...keepAliveRequest(call.identity),
      topicId,
      partition: number,
      leaderEpoch: newEpoch ?? 0,
      forget: true,
    });
  }

  keepAlive(): void {
    const call = this.#call;
    // A stream that takes no more has enough under way that says the same.
    if (call?.isAnswered === true && !call.isBlocked) call.send(keepAliveRequest(call.identity));
  }

  /** Says that this broker follows nothing any more. Resolves when the peer has taken note, or cannot. */
  end(): Promise<void> {
    this.#isClosing = true;
    this.unregister();
    const call = this.#call;
    if (call === undefined || !call.isAnswered) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEnded = resolve;
      call.end();
    });
  }

  /** Cuts the stream, and forgets all partitions without a word. */
  close(): void {
    this.#isClosing = true;
    this.unregister();
    this.#drop(new SluiceError("CLOSED", { subject: "The Replicate stream" }));
    this.#connection?.close();
    this.#connection = undefined;
  }

  #open(): void {
    this.#reopenTimer?.cancel();
    this.#reopenTimer = undefined;
    const registered = this.#registered;
    if (registered === undefined || this.#isClosing) return;
    this.#connection ??= this.#dependencies.transport.connect(registered.address);
    const call = new ReplicateCall(this.#brokerId, registered);
    this.#call = call;
    call.open(this.#connection, {
      onMessage: (message) => this.#onMessage(call, message),
      onDrain: () => this.#sendUnsent(call),
      onOver: (error) => this.#onOver(call, error),
    });
  }

  #drop(error: SluiceError): void {
    const call = this.#call;
    this.#call = undefined;
    this.#unsent.clear();
    call?.abort(error);
  }

  #onMessage(call: ReplicateCall, message: ReplicateResponse): void {
    if (call !== this.#call) return;
    this.#heard.heard(call.registrations.peerEpoch);
    if (!call.isAnswered) this.#onAnswered(call);
    if (message.topicId === "") return;
    const partition = this.#followed.get(message.topicId, message.partition);
    // One that was forgotten while this was under way.
    if (partition !== undefined) deliver(partition, this.#peer, message);
  }

  #onAnswered(call: ReplicateCall): void {
    call.isAnswered = true;
    this.#reopenDelayMs = reopenDelayMsMin;
    const { peerEpoch } = call.registrations;
    this.#dependencies.logger.debug({ peer: this.#peer, peerEpoch }, "Replicate stream open");
    for (const partition of this.#followed.values()) partition.onLeaderConnected(this.#peer);
  }

  #onOver(call: ReplicateCall, error: SluiceError | undefined): void {
    if (call !== this.#call) return;
    this.#call = undefined;
    this.#unsent.clear();
    this.#onEnded?.();
    if (this.#isClosing) return;
    this.#dependencies.logger.debug({ peer: this.#peer, err: error }, "Replicate stream ended");
    if (call.isAnswered) this.#dependencies.observer.streamEnded(this.#peer);
    if (this.#registered !== undefined) this.#reopenLater();
  }

  #reopenLater(): void {
    const { clock, random } = this.#dependencies;
    // Not all followers of a leader that comes back at the same moment.
    const delayMs = this.#reopenDelayMs + randomBelow(random, this.#reopenDelayMs);
    this.#reopenDelayMs = Math.min(this.#reopenDelayMs * 2, reopenDelayMsMax);
    this.#reopenTimer?.cancel();
    this.#reopenTimer = clock.setTimer(delayMs, () => this.#open());
  }

  #sendUnsent(call: ReplicateCall): void {
    if (call !== this.#call) return;
    for (const [partition, position] of this.#unsent) {
      if (call.isBlocked) return;
      this.#unsent.delete(partition);
      call.send(positionRequest(call.identity, partition, position));
    }
  }
}

function positionRequest(
  { replica, brokerEpoch }: FollowerIdentity,
  { topicId, partition }: FollowedPartition,
  position: ReplicaPosition,
): ReplicateRequest {
  return {
    brokerId: replica,
    brokerEpoch,
    topicId,
    partition,
    leaderEpoch: position.leaderEpoch,
    fetchOffset: position.fetchOffset,
    lastFetchedEpoch: position.lastFetchedEpoch,
    flushedOffset: position.flushedOffset,
    forget: false,
    restart: position.isRestart,
    leaderBrokerEpoch: 0,
    stopping: false,
    full: position.isFull ?? false,
  };
}

function deliver(partition: FollowedPartition, leader: BrokerId, message: ReplicateResponse): void {
  const epoch = leaderEpoch(message.leaderEpoch);
  const { diverging, error } = message;
  if (error !== undefined) {
    partition.onRefused(leader, epoch, error, offset(message.logStartOffset));
  } else if (diverging !== undefined) {
    const epochEnd = { epoch: leaderEpoch(diverging.epoch), endOffset: offset(diverging.endOffset) };
    partition.onDiverged(leader, epoch, epochEnd);
  } else {
    partition.onRecords(leader, {
      leaderEpoch: epoch,
      fetchOffset: offset(message.fetchOffset),
      nextOffset: offset(message.nextOffset),
      highWatermark: offset(message.highWatermark),
      logStartOffset: offset(message.logStartOffset),
      records: message.records,
    });
  }
}
