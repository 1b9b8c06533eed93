/**
 * Failure detection of one broker: what it hears of the others, the probes of their addresses, and the votes that brokers give one
 * another.
 *
 * Opinions are formed by the `FailureDetector` and counted by the `SuspicionBallot`, both pure; here are the timer, the probes and the
 * calls. Every broker reports to the elector as it sees it: the controller, or, where that is suspected, the lowest id that is not.
 * Whoever is reported to counts, and tells when a majority agrees, or no longer does; who reports is answered whom it agrees on, so that
 * every leader stops waiting for a follower that is silent. Nothing here is a matter of safety: an election that was not needed costs a
 * moment.
 */

import type { SuspectedBrokers } from "@sluice/cluster";
import type { ImageWatcher } from "@sluice/coordination";
import type { BrokerId, Clock, Timer, Transport } from "@sluice/model";
import type { InternalClient } from "../internal-client.js";
import type { Logger } from "../logging.js";
import type { PeerObserver } from "../replication/replica-access.js";
import { type DetectorEffect, type DetectorEvent, FailureDetector, type PeerLife } from "./failure-detector.js";
import { SuspicionBallot, type SuspicionReport } from "./suspicion-ballot.js";

export interface FailureDetectionOptions {
  readonly brokerId: BrokerId;
  /** Without a sign of life for so long, a peer is suspected. */
  readonly suspectMs: number;
}

export interface FailureDetectionDependencies {
  readonly images: ImageWatcher;
  readonly transport: Transport;
  readonly internalClient: Pick<InternalClient, "reportSuspects">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Registration of this broker; undefined while it has none. */
  brokerEpoch(): number | undefined;
  /** That process is gone, as far as this broker can see, or says that it stops; or this broker and a majority hear nothing of it. */
  onPeerGone(life: PeerLife): void;
  /** What was taken for gone is heard from: its streams may never have ended. */
  onPeerReturned(life: PeerLife): void;
  /** Whom a majority suspects, as far as it was told here, is another set than before. */
  onAgreed(suspects: SuspectedBrokers): void;
}

/** Time for an address to accept a connection. */
const probeTimeoutMs = 200;
const nobody: SuspectedBrokers = new Map();

export class FailureDetection implements PeerObserver {
  readonly #options: FailureDetectionOptions;
  readonly #dependencies: FailureDetectionDependencies;
  readonly #detector: FailureDetector;
  readonly #ballot = new SuspicionBallot();
  #unsubscribe: (() => void) | undefined;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  /** As it was told last. */
  #agreed: SuspectedBrokers = new Map();
  #isClosed = false;

  constructor(options: FailureDetectionOptions, dependencies: FailureDetectionDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#detector = new FailureDetector(options, dependencies.clock.monotonicMs());
  }

  /** Begins with the present image. Called once. */
  start(): void {
    const { images } = this.#dependencies;
    this.#unsubscribe = images.subscribe((image, previous) => {
      if (image.brokers !== previous.brokers) this.#tellPeers();
    });
    this.#tellPeers();
    this.#arm();
  }

  /** No probe, no report and no call from now on. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe?.();
    this.#timer?.cancel();
  }

  heardFrom(peer: BrokerId, brokerEpoch: number | undefined): void {
    this.#post({ type: "heardFrom", peer, brokerEpoch, nowMs: this.#nowMs });
  }

  streamEnded(peer: BrokerId): void {
    this.#post({ type: "streamEnded", peer, nowMs: this.#nowMs });
  }

  stopping(peer: BrokerId, brokerEpoch: number): void {
    this.#post({ type: "stopping", peer, brokerEpoch });
  }

  /** Whether nothing that this broker knows speaks against that one. */
  isReachable(broker: BrokerId): boolean {
    return broker === this.#options.brokerId || this.#detector.isReachable(broker);
  }

  /** Whether that broker gave a sign of life within that time. */
  wasHeardWithin(broker: BrokerId, ms: number): boolean {
    const lastHeardMs = this.#detector.lastHeardMs(broker);
    return lastHeardMs !== undefined && this.#nowMs - lastHeardMs <= ms;
  }

  /** Counts what a broker suspects, this one included. Returns those that a majority suspects now. */
  reported(report: SuspicionReport): SuspectedBrokers {
    const { broker, brokerEpoch } = report.reporter;
    // Whoever is not registered has no vote; one whose registration shows later reports again.
    if (this.#isClosed || this.#registered().get(broker) !== brokerEpoch) return nobody;
    this.#ballot.report(report, this.#nowMs);
    this.#count();
    return this.#agreed;
  }

  /** Whether this broker is the one that acts on suspicions, as it sees the others. */
  get isElector(): boolean {
    return this.#elector() === this.#options.brokerId;
  }

  get #nowMs(): number {
    return this.#dependencies.clock.monotonicMs();
  }

  #registered(): Map<BrokerId, number> {
    const { brokers } = this.#dependencies.images.image;
    return new Map([...brokers.values()].map(({ id, brokerEpoch }) => [id, brokerEpoch]));
  }

  #count(): void {
    const agreed = new Map(
      this.#ballot.agreed(this.#registered(), this.#nowMs).map(({ broker, brokerEpoch }) => [broker, brokerEpoch]),
    );
    if (isSame(agreed, this.#agreed)) return;
    this.#agreed = agreed;
    this.#convict(agreed);
    this.#dependencies.logger.warn({ suspects: [...agreed.keys()] }, "a majority suspects other brokers than before");
    this.#dependencies.onAgreed(agreed);
  }

  /** Who agrees waits for them no longer. */
  #convict(agreed: SuspectedBrokers): void {
    for (const [peer, brokerEpoch] of agreed) this.#post({ type: "convicted", peer, brokerEpoch });
  }

  #tellPeers(): void {
    const peers: PeerLife[] = [];
    for (const [broker, brokerEpoch] of this.#registered()) {
      if (broker !== this.#options.brokerId) peers.push({ broker, brokerEpoch });
    }
    this.#post({ type: "peersChanged", peers, nowMs: this.#nowMs });
  }

  #post(event: DetectorEvent): void {
    if (this.#isClosed) return;
    for (const effect of this.#detector.step(event)) this.#run(effect);
    this.#arm();
  }

  /** One timer, set anew where the detector wants to be woken earlier. */
  #arm(): void {
    const atMs = this.#detector.wakeAtMs;
    if (this.#isClosed || (this.#timer !== undefined && this.#timerAtMs <= atMs)) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#dependencies.clock.setTimer(Math.max(0, atMs - this.#nowMs), () => {
      this.#timer = undefined;
      this.#post({ type: "ticked", nowMs: this.#nowMs });
      // Votes grow old.
      if (this.#agreed.size > 0) this.#count();
    });
  }

  #run(effect: DetectorEffect): void {
    switch (effect.type) {
      case "probe":
        void this.#probe(effect);
        return;
      case "peerGone": {
        const { broker: peer, brokerEpoch } = effect;
        this.#dependencies.logger.info({ peer, brokerEpoch }, "broker is gone, or stops");
        this.#dependencies.onPeerGone({ broker: peer, brokerEpoch });
        return;
      }
      case "peerReturned":
        this.#dependencies.onPeerReturned({ broker: effect.broker, brokerEpoch: effect.brokerEpoch });
        return;
      case "suspectsTold":
        this.#report(effect.suspects);
        return;
    }
  }

  /** Never rejects. */
  async #probe({ broker, brokerEpoch }: PeerLife): Promise<void> {
    const { images, transport } = this.#dependencies;
    const registration = images.image.brokers.get(broker);
    if (registration?.brokerEpoch !== brokerEpoch) return;
    const { host, port } = registration;
    const accepts = await transport.accepts({ host, port }, probeTimeoutMs);
    this.#post({ type: "probed", peer: broker, brokerEpoch, accepts, nowMs: this.#nowMs });
  }

  #report(suspects: SuspicionReport["suspects"]): void {
    const brokerEpoch = this.#dependencies.brokerEpoch();
    // Whoever is not registered has no vote.
    if (brokerEpoch === undefined) return;
    const { brokerId } = this.#options;
    const report: SuspicionReport = { reporter: { broker: brokerId, brokerEpoch }, suspects };
    const elector = this.#elector();
    if (elector === brokerId) {
      this.#convict(this.reported(report));
      return;
    }
    const { internalClient, logger } = this.#dependencies;
    internalClient.reportSuspects(elector, report).then(
      (agreed) => this.#convict(agreed),
      (error: unknown) => logger.debug({ err: error, elector }, "suspects could not be reported"),
    );
  }

  /** Who counts the votes, as this broker sees it. */
  #elector(): BrokerId {
    const { controller, brokers } = this.#dependencies.images.image;
    if (controller !== undefined && this.isReachable(controller.broker)) return controller.broker;
    const reachable = [...brokers.keys()].filter((id) => this.isReachable(id));
    return reachable.reduce((lowest, id) => (id < lowest ? id : lowest), this.#options.brokerId);
  }
}

function isSame(before: SuspectedBrokers, after: SuspectedBrokers): boolean {
  return before.size === after.size && [...before].every(([broker, brokerEpoch]) => after.get(broker) === brokerEpoch);
}
