/**
 * Which other brokers one broker takes for gone or silent, from what it hears of them.
 *
 * *Gone*: a stream ended, and the address then does not accept connections. *Silent*: nothing was heard for the suspect time, while the
 * observer's own loop ran: what it slept through itself counts for nobody's silence. A broker that was suspected and is heard
 * again is suspected more slowly for a while: twice the time each time, at most sixteen times. One that is silent, and that a majority
 * suspects too, counts as gone until it is heard again.
 *
 * Synchronous: an event comes in, effects come out. It reads no clock, and knows nothing of majorities: what is suspected here is one
 * broker's opinion.
 */

import type { BrokerId } from "@sluice/model";

export interface PeerLife {
  readonly broker: BrokerId;
  readonly brokerEpoch: number;
}

export interface Suspicion extends PeerLife {
  /** Its address does not accept connections. False: it accepts, and says nothing. */
  readonly isGone: boolean;
}

/** Times are monotonic, in milliseconds. */
export type DetectorEvent =
  /** Registered brokers other than this one. A life that is new counts as heard from now. */
  | { readonly type: "peersChanged"; readonly peers: readonly PeerLife[]; readonly nowMs: number }
  /** A sign of life; of which life is not always known. */
  | {
      readonly type: "heardFrom";
      readonly peer: BrokerId;
      readonly brokerEpoch: number | undefined;
      readonly nowMs: number;
    }
  | { readonly type: "streamEnded"; readonly peer: BrokerId; readonly nowMs: number }
  /** That life says that it stops: its streams and its listener go next, and then its registration. */
  | { readonly type: "stopping"; readonly peer: BrokerId; readonly brokerEpoch: number }
  /** Answer to `probe`. */
  | {
      readonly type: "probed";
      readonly peer: BrokerId;
      readonly brokerEpoch: number;
      readonly accepts: boolean;
      readonly nowMs: number;
    }
  /** A majority suspects that life. */
  | { readonly type: "convicted"; readonly peer: BrokerId; readonly brokerEpoch: number }
  /** It is `wakeAtMs`, or later. */
  | { readonly type: "ticked"; readonly nowMs: number };

export type DetectorEffect =
  /** Find out whether its address accepts connections. Answer with `probed`. */
  | ({ readonly type: "probe" } & PeerLife)
  /** The process of that life is gone, or says that it stops; or this broker and a majority hear nothing of it. */
  | ({ readonly type: "peerGone" } & PeerLife)
  /** What was taken for gone is there: its streams may never have ended. */
  | ({ readonly type: "peerReturned" } & PeerLife)
  /** All that are suspected now; told when they change, and again with every tick while there are any. */
  | { readonly type: "suspectsTold"; readonly suspects: readonly Suspicion[] };

export interface FailureDetectorOptions {
  /** Without a sign of life for so long, a peer is suspected. */
  readonly suspectMs: number;
}

interface Peer extends PeerLife {
  lastHeardMs: number;
  /**
   * `lost`: a stream ended, and whether its address accepts is asked again and again. `stopping`: it said so, and nothing that ends is
   * evidence of anything; where it stays registered, it is silent in the end.
   */
  state: "heard" | "lost" | "stopping" | "silent" | "gone";
  isProbing: boolean;
  /** It is silent, and a majority agrees: it counts as gone until it is heard again. */
  isConvicted: boolean;
  /** How often the suspect time is doubled for it. */
  doublings: number;
  /** When the last doubling, or the last halving, was. */
  doubledAtMs: number;
}

const tickMs = 250;
/** Between two looks at a peer whose stream ended: a process that dies closes its streams before its listener. */
const lostTickMs = 50;
/** A tick that comes so much later than it should says that this process stood still. */
const stallMs = 100;
const doublingsMax = 4;
/** After so long without a false suspicion, one doubling is taken back. */
const forgivenessMs = 60_000;

export class FailureDetector {
  readonly #options: FailureDetectorOptions;
  readonly #peers = new Map<BrokerId, Peer>();
  #wakeAtMs: number;
  #hasToldSuspects = false;

  constructor(options: FailureDetectorOptions, nowMs: number) {
    this.#options = options;
    this.#wakeAtMs = nowMs + tickMs;
  }

  /** When the next `ticked` is wanted. It comes nearer when a stream ends. */
  get wakeAtMs(): number {
    return this.#wakeAtMs;
  }

  /** Who is suspected now. */
  get suspects(): readonly Suspicion[] {
    return [...this.#peers.values()].filter(isSuspected).map(suspicionOf);
  }

  /** Whether it is registered, as far as this broker knows, and nothing speaks against it. */
  isReachable(broker: BrokerId): boolean {
    return this.#peers.get(broker)?.state === "heard";
  }

  /** When the last sign of life of that broker was; undefined where it is not registered. */
  lastHeardMs(broker: BrokerId): number | undefined {
    return this.#peers.get(broker)?.lastHeardMs;
  }

  step(event: DetectorEvent): DetectorEffect[] {
    switch (event.type) {
      case "peersChanged":
        return this.#peersChanged(event.peers, event.nowMs);
      case "heardFrom":
        return this.#heardFrom(event);
      case "streamEnded":
        return this.#streamEnded(event.peer, event.nowMs);
      case "stopping":
        return this.#stopping(event);
      case "probed":
        return this.#probed(event);
      case "convicted":
        return this.#convicted(event);
      case "ticked":
        return this.#ticked(event.nowMs);
    }
  }

  #peersChanged(lives: readonly PeerLife[], nowMs: number): DetectorEffect[] {
    const before = new Map(this.#peers);
    this.#peers.clear();
    for (const { broker, brokerEpoch } of lives) {
      const known = before.get(broker);
      const doublings = known?.doublings ?? 0;
      const fresh = {
        broker,
        brokerEpoch,
        lastHeardMs: nowMs,
        state: "heard",
        isProbing: false,
        isConvicted: false,
      } as const;
      const isSameLife = known?.brokerEpoch === brokerEpoch;
      // What flapped in one life of its broker flaps in the next.
      this.#peers.set(broker, isSameLife ? known : { ...fresh, doublings, doubledAtMs: known?.doubledAtMs ?? nowMs });
    }
    return this.#hasToldSuspects ? this.#tellSuspects() : [];
  }

  #heardFrom(event: Extract<DetectorEvent, { type: "heardFrom" }>): DetectorEffect[] {
    const { nowMs } = event;
    const peer = this.#peers.get(event.peer);
    // Another life than the registered one: the image will say which of them counts.
    if (peer === undefined || (event.brokerEpoch ?? peer.brokerEpoch) !== peer.brokerEpoch) return [];
    peer.lastHeardMs = nowMs;
    const wasSuspected = isSuspected(peer);
    const wasGone = peer.state === "gone" || peer.isConvicted;
    peer.isConvicted = false;
    if (peer.state !== "stopping") peer.state = "heard";
    if (!wasSuspected) return [];
    peer.doublings = Math.min(peer.doublings + 1, doublingsMax);
    peer.doubledAtMs = nowMs;
    const { broker, brokerEpoch } = peer;
    const effects: DetectorEffect[] = wasGone ? [{ type: "peerReturned", broker, brokerEpoch }] : [];
    return [...effects, ...this.#tellSuspects()];
  }

  #streamEnded(broker: BrokerId, nowMs: number): DetectorEffect[] {
    const peer = this.#peers.get(broker);
    if (peer === undefined || peer.state === "gone" || peer.state === "stopping") return [];
    if (peer.state === "heard") peer.state = "lost";
    this.#wakeAtMs = Math.min(this.#wakeAtMs, nowMs + lostTickMs);
    return this.#probe(peer);
  }

  #stopping({ peer: broker, brokerEpoch }: Extract<DetectorEvent, { type: "stopping" }>): DetectorEffect[] {
    const peer = this.#peers.get(broker);
    if (peer?.brokerEpoch !== brokerEpoch) return [];
    if (!isSuspected(peer)) peer.state = "stopping";
    return [{ type: "peerGone", broker, brokerEpoch }];
  }

  #probed(event: Extract<DetectorEvent, { type: "probed" }>): DetectorEffect[] {
    const peer = this.#peers.get(event.peer);
    if (peer?.brokerEpoch !== event.brokerEpoch) return [];
    peer.isProbing = false;
    // Heard since: whatever the address said, the process lives.
    if (event.accepts || (peer.state !== "lost" && peer.state !== "silent")) return [];
    peer.state = "gone";
    const { broker, brokerEpoch } = peer;
    return [{ type: "peerGone", broker, brokerEpoch }, ...this.#tellSuspects()];
  }

  /** Whom this broker hears, the others only believe to be silent. */
  #convicted({ peer: broker, brokerEpoch }: Extract<DetectorEvent, { type: "convicted" }>): DetectorEffect[] {
    const peer = this.#peers.get(broker);
    if (peer?.brokerEpoch !== brokerEpoch || peer.state !== "silent" || peer.isConvicted) return [];
    peer.isConvicted = true;
    return [{ type: "peerGone", broker, brokerEpoch }];
  }

  #ticked(nowMs: number): DetectorEffect[] {
    this.#forgiveOwnStall(nowMs);
    const effects: DetectorEffect[] = [];
    let isAnyLost = false;
    let isChanged = false;
    for (const peer of this.#peers.values()) {
      maybeForgive(peer, nowMs);
      if (peer.state === "gone") continue;
      if (peer.state !== "silent" && nowMs - peer.lastHeardMs >= this.#suspectMsOf(peer)) {
        peer.state = "silent";
        isChanged = true;
      }
      if (peer.state === "heard" || peer.state === "stopping") continue;
      isAnyLost ||= peer.state === "lost";
      effects.push(...this.#probe(peer));
    }
    this.#wakeAtMs = nowMs + (isAnyLost ? lostTickMs : tickMs);
    const isToTell = isChanged || this.#hasToldSuspects;
    return isToTell ? [...effects, ...this.#tellSuspects()] : effects;
  }

  /** Nothing could be heard while this process itself stood still. */
  #forgiveOwnStall(nowMs: number): void {
    const sleptMs = nowMs - this.#wakeAtMs;
    if (sleptMs < stallMs) return;
    for (const peer of this.#peers.values()) peer.lastHeardMs = Math.min(nowMs, peer.lastHeardMs + sleptMs);
  }

  #suspectMsOf(peer: Peer): number {
    return this.#options.suspectMs * 2 ** peer.doublings;
  }

  #probe(peer: Peer): DetectorEffect[] {
    if (peer.isProbing) return [];
    peer.isProbing = true;
    const { broker, brokerEpoch } = peer;
    return [{ type: "probe", broker, brokerEpoch }];
  }

  #tellSuspects(): DetectorEffect[] {
    const { suspects } = this;
    // The last word, after which there is nothing to tell, is that there are none.
    this.#hasToldSuspects = suspects.length > 0;
    return [{ type: "suspectsTold", suspects }];
  }
}

function isSuspected(peer: Peer): boolean {
  return peer.state === "silent" || peer.state === "gone";
}

function suspicionOf({ broker, brokerEpoch, state }: Peer): Suspicion {
  return { broker, brokerEpoch, isGone: state === "gone" };
}

function maybeForgive(peer: Peer, nowMs: number): void {
  if (peer.doublings === 0 || nowMs - peer.doubledAtMs < forgivenessMs) return;
  peer.doublings -= 1;
  peer.doubledAtMs = nowMs;
}
