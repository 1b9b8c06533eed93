/**
 * Tells the observer of signs of life of one peer, of many in short order only the first: a stream that carries data has
 * thousands a second, and one in a hundred milliseconds says as much. A new registration is told at once.
 */

import type { BrokerId, Clock } from "@sluice/model";
import type { PeerObserver } from "./replica-access.js";

const intervalMs = 100;

export class HeardPeer {
  readonly #peer: BrokerId;
  readonly #observer: PeerObserver;
  readonly #clock: Clock;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #toldEpoch: number | undefined;

  constructor(peer: BrokerId, dependencies: { readonly observer: PeerObserver; readonly clock: Clock }) {
    this.#peer = peer;
    this.#observer = dependencies.observer;
    this.#clock = dependencies.clock;
  }

  /** A message of the peer has come, which is registered under `brokerEpoch`. */
  heard(brokerEpoch: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldAtMs < intervalMs && brokerEpoch === this.#toldEpoch) return;
    this.#toldAtMs = nowMs;
    this.#toldEpoch = brokerEpoch;
    this.#observer.heardFrom(this.#peer, brokerEpoch);
  }
}
