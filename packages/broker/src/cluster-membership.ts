/**
 * This broker as a member of its cluster: one registered life after another.
 *
 * A life begins with a lease and a registration under it, whose revision is the brokerEpoch. It is fenced until this broker's image
 * shows the registration, and until every replica here that may have lost records has left the in-sync and the eligible ones; then it
 * is unfenced, takes its roles, and runs a controller of its own. It ends when the lease is lost: the broker leads and follows nothing
 * from that moment, and registers again until it succeeds. While there is no life, `brokerEpoch` is undefined.
 */

import { type BrokerEndpoint, type LossyReplica, planExclusions, type SuspectedBrokers } from "@sluice/cluster";
import { BrokerLease, type ClusterStore, type ImageWatcher } from "@sluice/coordination";
import { type BrokerId, type Clock, isSluiceError, type Random, randomUuid, SluiceError, sleep } from "@sluice/model";
import { endsWithin } from "./bounded-wait.js";
import { registerBroker, unfenceBroker } from "./cluster/broker-registration.js";
import { Controller, type ControllerDependencies } from "./controller/controller.js";
import type { Logger } from "./logging.js";

export interface ClusterMembershipOptions {
  readonly brokerId: BrokerId;
  /** What other brokers dial, and clients too where no listener has a name. */
  readonly host: string;
  readonly port: number;
  /** By listener name, what clients dial. */
  readonly listeners: Readonly<Record<string, BrokerEndpoint>>;
  readonly rack: string;
  readonly leaseMs: number;
  /** How long a start waits for the registration of an earlier process to go with its lease. */
  readonly idWaitMsMax: number;
  readonly groupOffsetsPartitions: number;
  readonly groupOffsetsBrokersMin: number;
  /** Replicas of a partition whose creator does not say how many; 0: three, or as many as there are brokers. */
  readonly defaultReplicationFactor: number;
  /** How long partitions all of whose replicas may have lost records wait for all of them. */
  readonly uncleanRecoveryWaitMs: number;
  /** The last registration under this id when the data directory was opened; undefined: there was none. */
  readonly lastBrokerEpoch: number | undefined;
}

export interface ClusterMembershipDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Records that life where the partitions are kept, before anything of it is written there. */
  recordLife(life: { readonly brokerEpoch: number; readonly incarnation: string }): Promise<void>;
  /** Replicas here that may have lost records, and that the cluster may still count on. */
  lossyReplicas(): Promise<readonly LossyReplica[]>;
  /** The cluster counts on none of them any more. */
  onExcluded(lossy: readonly LossyReplica[]): Promise<void>;
  /** Resolves when this broker may take roles: a store that was restored from a backup is to be adopted first. */
  whenTrusted(signal: AbortSignal): Promise<void>;
  /** The store has forgotten a registration of this broker: it was restored from a backup. Registering goes on to fail. */
  onStoreRestored(error: SluiceError): void;
  /** A life takes part from now on or, undefined, is over. */
  onBrokerEpoch(brokerEpoch: number | undefined): void;
  /** Whether this broker is to act on suspicions where the controller is suspected itself. */
  standsIn(): boolean;
  /** What each of these brokers has of the replicas that it is asked for. Who does not answer is left out. */
  inquire: ControllerDependencies["inquire"];
}

interface Life {
  readonly brokerEpoch: number;
  readonly lease: BrokerLease;
  readonly controller: Controller;
}

/** Wait after a failed registration, in milliseconds. */
const retryDelayMs = 1000;
/** How long a stop waits for the store to take something back. */
const giveBackMsMax = 1000;
/** Between two looks at a registration of an earlier process. */
const idCheckDelayMs = 250;

export class ClusterMembership {
  readonly #options: ClusterMembershipOptions;
  readonly #dependencies: ClusterMembershipDependencies;
  /** Names this process to the store: a registration of another process is never taken over. */
  readonly #incarnation: string;
  readonly #closing = new AbortController();
  /** Ends what a life waits for before it takes part. */
  #ending = new AbortController();
  #life: Life | undefined;
  /** It takes part: it is unfenced. */
  #isActive = false;
  #lastBrokerEpoch: number | undefined;
  #suspects: SuspectedBrokers = new Map();
  #rejoining: Promise<void> | undefined;

  constructor(options: ClusterMembershipOptions, dependencies: ClusterMembershipDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#incarnation = randomUuid(dependencies.random);
    this.#lastBrokerEpoch = options.lastBrokerEpoch;
  }

  /** Registration of the present life; undefined between lives. */
  get brokerEpoch(): number | undefined {
    return this.#life?.brokerEpoch;
  }

  /** Registered, and nobody can have been elected in this broker's place because its lease ran out. */
  get isRegistered(): boolean {
    return this.#life?.lease.isWithinDeadline() ?? false;
  }

  /** The present life is unfenced. */
  get isActive(): boolean {
    return this.#life !== undefined && this.#isActive;
  }

  /**
   * Begins the first life. Resolves when it takes part.
   * @throws SluiceError BROKER_ID_TAKEN, STORE_RESTORED after `onStoreRestored`, and what the store throws
   */
  async start(): Promise<void> {
    const { clock, logger } = this.#dependencies;
    const untilMs = clock.monotonicMs() + this.#options.idWaitMsMax;
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await this.#beginLife();
      } catch (error) {
        // An earlier process may be registered until its lease is over; our own lease may be over before the life has begun.
        const isPassing = isSluiceError(error, "BROKER_ID_TAKEN") || isSluiceError(error, "LEASE_EXPIRED");
        if (!isPassing || clock.monotonicMs() >= untilMs) throw error;
        if (isFirst) logger.info({ reason: error.message }, "not registered yet: tried again");
      }
      await sleep(clock, idCheckDelayMs, this.#closing.signal);
    }
  }

  /** Brokers that a majority suspects, from now on. */
  suspect(suspects: SuspectedBrokers): void {
    this.#suspects = suspects;
    this.#life?.controller.suspect(suspects);
  }

  /** Stops acting for the cluster; the registration stays until `close`. Never rejects. */
  async stopController(): Promise<void> {
    const controller = this.#life?.controller;
    if (controller !== undefined) await this.#giveBack("controller key", controller.close());
  }

  /** Ends the life: the registration goes at once or, where the store does not answer, with its lease. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#giveBack("a registration under way", this.#rejoining ?? Promise.resolve());
    const life = this.#life;
    this.#life = undefined;
    if (life === undefined) return;
    await this.#giveBack("controller key", life.controller.close());
    await this.#giveBack("registration", life.lease.close());
  }

  /** A store that is down must not keep a broker from stopping. */
  async #giveBack(what: string, work: Promise<void>): Promise<void> {
    const { clock, logger } = this.#dependencies;
    try {
      if (await endsWithin(work, giveBackMsMax, clock)) return;
      logger.warn({ what }, "not given back in time: it goes with the lease");
    } catch (error) {
      logger.warn({ err: error, what }, "not given back: it goes with the lease");
    }
  }

  async #beginLife(): Promise<void> {
    const { store, images, clock, logger } = this.#dependencies;
    const { brokerId, leaseMs } = this.#options;
    const lease = new BrokerLease(
      {
        brokerId,
        ttlMs: leaseMs,
        onLost: (error) => this.#lost(error),
        onKeepAliveFailed: (error) => logger.warn({ err: error }, "lease could not be renewed yet"),
      },
      { store, images, clock },
    );
    await lease.start();
    try {
      this.#closing.signal.throwIfAborted();
      const brokerEpoch = await this.#register(lease.leaseId);
      this.#lastBrokerEpoch = brokerEpoch;
      await this.#dependencies.recordLife({ brokerEpoch, incarnation: this.#incarnation });
      this.#isActive = false;
      this.#ending = new AbortController();
      this.#life = { brokerEpoch, lease, controller: this.#newController(brokerEpoch, lease.leaseId) };
      const waits = AbortSignal.any([this.#closing.signal, this.#ending.signal]);
      await images.waitFor((image) => image.revision >= brokerEpoch, waits);
      await this.#dependencies.whenTrusted(waits);
      await this.#excludeLossy(brokerEpoch);
      await unfenceBroker({ id: brokerId, brokerEpoch, leaseId: lease.leaseId }, { store });
      this.#takePart({ brokerEpoch, lease });
    } catch (error) {
      this.#life = undefined;
      await lease.close();
      throw error;
    }
  }

  async #register(leaseId: string): Promise<number> {
    const { brokerId: id, host, port, listeners, rack } = this.#options;
    const address = { host, port, listeners, rack };
    const { store, onStoreRestored } = this.#dependencies;
    const brokerEpoch = await registerBroker(
      { id, incarnation: this.#incarnation, ...address, leaseId, lastBrokerEpoch: this.#lastBrokerEpoch },
      { store },
    ).catch((error: unknown) => {
      if (isSluiceError(error, "STORE_RESTORED")) onStoreRestored(error);
      throw error;
    });
    this.#dependencies.logger.info({ brokerEpoch, host, port, listeners }, "registered");
    return brokerEpoch;
  }

  /** Resolves when the image shows that nothing counts on a replica here that may have lost records. */
  async #excludeLossy(brokerEpoch: number): Promise<void> {
    const { store, images, logger } = this.#dependencies;
    const lossy = await this.#dependencies.lossyReplicas();
    for (;;) {
      const { image } = images;
      const plans = planExclusions(image, { id: this.#options.brokerId, brokerEpoch }, lossy);
      if (plans.length === 0) break;
      for (const { compares, operations, purpose } of plans) {
        const { succeeded, revision } = await store.transact(compares, operations);
        if (succeeded) logger.warn({ purpose, revision }, "replicas that may have lost records are out of sync");
        const isNewer = succeeded ? revision : image.revision + 1;
        await images.waitFor((next) => next.revision >= isNewer, this.#closing.signal);
      }
    }
    await this.#dependencies.onExcluded(lossy);
  }

  /** @throws SluiceError LEASE_EXPIRED where the life has ended before it began */
  #takePart({ brokerEpoch, lease }: { readonly brokerEpoch: number; readonly lease: BrokerLease }): void {
    const life = this.#life;
    if (life?.lease !== lease) throw new SluiceError("LEASE_EXPIRED", { lease: lease.leaseId });
    this.#isActive = true;
    this.#dependencies.logger.info({ brokerEpoch }, "taking part");
    this.#dependencies.onBrokerEpoch(brokerEpoch);
    life.controller.suspect(this.#suspects);
    life.controller.start();
  }

  #newController(brokerEpoch: number, leaseId: string): Controller {
    const logger = this.#dependencies.logger.child({ component: "controller" });
    return new Controller({ ...this.#options, brokerEpoch, leaseId }, { ...this.#dependencies, logger });
  }

  #lost(error: SluiceError): void {
    const life = this.#life;
    if (life === undefined || this.#closing.signal.aborted) return;
    this.#life = undefined;
    // One that had not begun fails, and whoever began it tries again.
    this.#ending.abort(error);
    if (!this.#isActive) return;
    // Before anything else: others may lead already what this life led.
    this.#dependencies.onBrokerEpoch(undefined);
    this.#dependencies.logger.warn({ err: error, brokerEpoch: life.brokerEpoch }, "lease lost: registering again");
    this.#rejoining ??= this.#rejoin(life.controller).finally(() => {
      this.#rejoining = undefined;
    });
  }

  /** Never rejects. */
  async #rejoin(endedController: Controller): Promise<void> {
    await endedController.close();
    while (!this.#closing.signal.aborted) {
      try {
        return await this.#beginLife();
      } catch (error) {
        this.#dependencies.logger.warn({ err: error }, "registering again failed and is tried again");
      }
      // Closing ends the wait; the loop sees why.
      await sleep(this.#dependencies.clock, retryDelayMs, this.#closing.signal).catch(() => undefined);
    }
  }
}
