/**
 * Replicate streams from this broker to the others: one to each that is registered, open always, whether anything is followed
 * there or not, so that who lives is known without asking.
 *
 * Partitions say which leader they follow, and are told when its stream is open. A peer whose registration ends keeps its stream
 * until it breaks: a leader that only the cluster store has lost is followed until another one is elected. No timer a stream but
 * that of a stream that is being reopened.
 */

import type { BrokerRegistration, ClusterImage } from "@sluice/cluster";
import {
  type BrokerId,
  type Clock,
  type LeaderEpoch,
  type Random,
  sleep,
  type Timer,
  type Transport,
} from "@sluice/model";
import type { Logger } from "../logging.js";
import { keepAliveIntervalMs } from "./keep-alive.js";
import { PeerStream } from "./peer-stream.js";
import type { FollowedPartition, LeaderStreams, PeerObserver, ReplicaPosition } from "./replica-access.js";

export interface PeerStreamsDependencies {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: PeerObserver;
  readonly logger: Logger;
}

/** Time for peers to take note that this broker stops. */
const closeWaitMsMax = 500;

export class PeerStreams implements LeaderStreams {
  readonly #brokerId: BrokerId;
  readonly #dependencies: PeerStreamsDependencies;
  readonly #peers = new Map<BrokerId, PeerStream>();
  /** Which peer each partition follows. */
  readonly #leaders = new Map<FollowedPartition, PeerStream>();
  #registrations: ClusterImage["brokers"] | undefined;
  #brokerEpoch: number | undefined;
  #keepAliveTimer: Timer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: PeerStreamsDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
  }

  /**
   * Opens and reopens streams as the registrations are now.
   * @param brokerEpoch registration of this broker, under which it follows; undefined: it has none, and nothing is opened
   */
  apply(image: ClusterImage, brokerEpoch: number | undefined): void {
    if (this.#closing !== undefined) return;
    if (image.brokers === this.#registrations && brokerEpoch === this.#brokerEpoch) return;
    this.#registrations = image.brokers;
    this.#brokerEpoch = brokerEpoch;
    for (const registration of image.brokers.values()) this.#register(registration);
    for (const [id, peer] of this.#peers) if (!image.brokers.has(id)) peer.unregister();
    if (brokerEpoch !== undefined) this.#keepAliveTimer ??= this.#startKeepAlive();
  }

  follow(partition: FollowedPartition, leader: BrokerId, leaderEpoch?: LeaderEpoch): void {
    if (this.#closing !== undefined) return;
    const peer = this.#peerOf(leader);
    const before = this.#leaders.get(partition);
    if (before !== peer) before?.forget(partition, leaderEpoch);
    this.#leaders.set(partition, peer);
    peer.follow(partition);
  }

  fetch(partition: FollowedPartition, position: ReplicaPosition): void {
    this.#leaders.get(partition)?.fetch(partition, position);
  }

  forget(partition: FollowedPartition, leaderEpoch?: LeaderEpoch): void {
    this.#leaders.get(partition)?.forget(partition, leaderEpoch);
    this.#leaders.delete(partition);
  }

  /** Whether a stream to that broker is open now, and answered. */
  isConnected(peer: BrokerId): boolean {
    return this.#peers.get(peer)?.isConnected ?? false;
  }

  /** Tells all peers that this broker follows nothing any more, waits a moment for them to take note, and cuts what is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#keepAliveTimer?.cancel();
    this.#leaders.clear();
    const peers = [...this.#peers.values()];
    const allEnded = new AbortController();
    const ending = Promise.all(peers.map((peer) => peer.end())).then(() => allEnded.abort());
    // Broken off as soon as all have ended: that is the end of the wait, not an error.
    const timeout = sleep(this.#dependencies.clock, closeWaitMsMax, allEnded.signal).catch(() => undefined);
    await Promise.race([ending, timeout]);
    for (const peer of peers) peer.close();
  }

  #register(registration: BrokerRegistration): void {
    if (registration.id !== this.#brokerId) this.#peerOf(registration.id).register(registration, this.#brokerEpoch);
  }

  #peerOf(id: BrokerId): PeerStream {
    let peer = this.#peers.get(id);
    if (peer === undefined) {
      peer = new PeerStream({ brokerId: this.#brokerId, peer: id }, this.#dependencies);
      this.#peers.set(id, peer);
    }
    return peer;
  }

  #startKeepAlive(): Timer {
    return this.#dependencies.clock.setTimer(keepAliveIntervalMs, () => {
      this.#keepAliveTimer = this.#startKeepAlive();
      for (const peer of this.#peers.values()) peer.keepAlive();
    });
  }
}
