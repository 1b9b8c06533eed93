/**
 * This broker as a member of its cluster: one registered life after another.
 *
 * A life begins with a lease and a registration under it, whose revision is the brokerEpoch, and runs a controller of its own. It
 * ends when the lease is lost: the broker leads nothing from that moment, and registers again until it succeeds. While there
 * is no life, `brokerEpoch` is undefined.
 */

import { BrokerLease, type ClusterStore, type ImageWatcher } from "@sluice/coordination";
import { type BrokerId, type Clock, type Random, randomUuid, type SluiceError, sleep } from "@sluice/model";
import { registerBroker } from "./cluster/broker-registration.js";
import { Controller } from "./controller/controller.js";
import type { Logger } from "./logging.js";

export interface ClusterMembershipOptions {
  readonly brokerId: BrokerId;
  /** What clients and other brokers dial. */
  readonly host: string;
  readonly port: number;
  readonly rack: string;
  readonly leaseMs: number;
  readonly groupOffsetsPartitions: number;
  readonly groupOffsetsBrokersMin: number;
}

export interface ClusterMembershipDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Records that life where the partitions are kept, before anything of it is written there. */
  recordLife(life: { readonly brokerEpoch: number; readonly incarnation: string }): Promise<void>;
  /** A life began or, undefined, ended. */
  onBrokerEpoch(brokerEpoch: number | undefined): void;
}

interface Life {
  readonly brokerEpoch: number;
  readonly lease: BrokerLease;
  readonly controller: Controller;
}

/** Wait after a failed registration, in milliseconds. */
const retryDelayMs = 1000;

export class ClusterMembership {
  readonly #options: ClusterMembershipOptions;
  readonly #dependencies: ClusterMembershipDependencies;
  /** Names this process to the store: a registration of another process is never taken over. */
  readonly #incarnation: string;
  readonly #closing = new AbortController();
  #life: Life | undefined;
  #rejoining: Promise<void> | undefined;

  constructor(options: ClusterMembershipOptions, dependencies: ClusterMembershipDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#incarnation = randomUuid(dependencies.random);
  }

  /** Registration of the present life; undefined between lives. */
  get brokerEpoch(): number | undefined {
    return this.#life?.brokerEpoch;
  }

  /** Registered, and nobody can have been elected in this broker's place. */
  get isRegistered(): boolean {
    return this.#life?.lease.isWithinDeadline() ?? false;
  }

  /** Begins the first life. @throws SluiceError BROKER_ID_TAKEN, and what the store throws */
  async start(): Promise<void> {
    await this.#beginLife();
  }

  /** Stops acting for the cluster; the registration stays until `close`. */
  async stopController(): Promise<void> {
    await this.#life?.controller.close();
  }

  /** Ends the life: the registration goes at once. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#rejoining;
    const life = this.#life;
    this.#life = undefined;
    await life?.controller.close();
    await life?.lease.close();
  }

  async #beginLife(): Promise<void> {
    const { store, images, clock, random, logger } = this.#dependencies;
    const { brokerId, host, port, rack, leaseMs, groupOffsetsPartitions, groupOffsetsBrokersMin } = this.#options;
    const lease = new BrokerLease(
      {
        ttlMs: leaseMs,
        onLost: (error) => this.#lost(error),
        onKeepAliveFailed: (error) => logger.warn({ err: error }, "lease could not be renewed yet"),
      },
      { store, clock },
    );
    await lease.start();
    const { leaseId } = lease;
    let brokerEpoch: number;
    try {
      const registration = { id: brokerId, incarnation: this.#incarnation, host, port, rack, leaseId };
      brokerEpoch = await registerBroker(registration, { store });
      await this.#dependencies.recordLife({ brokerEpoch, incarnation: this.#incarnation });
    } catch (error) {
      await lease.close();
      throw error;
    }
    const controller = new Controller(
      { brokerId, brokerEpoch, leaseId, groupOffsetsPartitions, groupOffsetsBrokersMin },
      { store, images, clock, random, logger: logger.child({ component: "controller" }) },
    );
    this.#life = { brokerEpoch, lease, controller };
    logger.info({ brokerEpoch, host, port }, "registered");
    this.#dependencies.onBrokerEpoch(brokerEpoch);
    controller.start();
  }

  #lost(error: SluiceError): void {
    const life = this.#life;
    if (life === undefined || this.#closing.signal.aborted) return;
    this.#life = undefined;
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
