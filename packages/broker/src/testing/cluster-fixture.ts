/**
 * Brokers of one cluster without data and without network: lease, registration, image, controller and topic administration, over
 * one store and a virtual clock. `kill` is a process that stops in the middle of whatever it does.
 */

import type { ClusterImage } from "@sluice/cluster";
import {
  BrokerLease,
  type ClusterStore,
  type Compare,
  ImageWatcher,
  type KeyValue,
  type Listing,
  type Operation,
  type TransactionResult,
  type Watch,
  type WatchListener,
} from "@sluice/coordination";
import { brokerId } from "@sluice/model";
import { SeededRandom, type VirtualClock } from "@sluice/model/testing";
import { lastBrokerEpochOf, registerBroker, unfenceBroker } from "../cluster/broker-registration.js";
import { TopicAdmin } from "../cluster/topic-admin.js";
import type { CodecCheck } from "../cluster/topic-codec.js";
import { Controller, type ControllerDependencies } from "../controller/controller.js";
import { type Logger, silentLogger } from "../logging.js";

/** The store as one process sees it: transactions can be counted, made to fail, and the process can die before one. */
export class ProcessStore implements ClusterStore {
  readonly #store: ClusterStore;
  readonly #watches = new Set<Watch>();
  #isDead = false;
  #hold: { transactionsLeft: number; readonly until: Promise<void>; onHeld(): void } | undefined;
  /** Operations of every transaction that succeeded. */
  readonly written: (readonly Operation[])[] = [];
  /** Transactions that were asked for. */
  transactionCount = 0;
  /** Thrown by the next transactions, one each, before anything is done. */
  readonly failures: Error[] = [];
  /** The process dies instead of sending the transaction after so many more. */
  transactionsUntilDeath = Number.POSITIVE_INFINITY;
  /** Called when it dies by that. */
  onDeath: () => void = () => undefined;

  constructor(store: ClusterStore) {
    this.#store = store;
  }

  /** Transactions wait, once so many more were sent. `held` resolves with the first that waits. */
  holdAfter(transactions: number): { readonly held: Promise<void>; resume(): void } {
    let resume = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const held = new Promise<void>((onHeld) => {
      this.#hold = { transactionsLeft: transactions, until, onHeld };
    });
    return { held, resume: () => resume() };
  }

  /** From now on nothing is sent, nothing answered and nothing told. */
  kill(): void {
    this.#isDead = true;
    this.cutWatches();
    this.onDeath();
  }

  /** The process hears of no more changes, and does not know it. */
  cutWatches(): void {
    for (const watch of this.#watches) watch.cancel();
  }

  get(key: string): Promise<KeyValue | undefined> {
    return this.#unlessDead(() => this.#store.get(key));
  }

  list(prefix: string): Promise<Listing> {
    return this.#unlessDead(() => this.#store.list(prefix));
  }

  async transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    if (this.transactionsUntilDeath === 0 && !this.#isDead) this.kill();
    this.transactionsUntilDeath -= 1;
    this.transactionCount += 1;
    if (this.#hold !== undefined) {
      this.#hold.transactionsLeft -= 1;
      if (this.#hold.transactionsLeft < 0) {
        this.#hold.onHeld();
        await this.#hold.until;
      }
    }
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const result = await this.#unlessDead(() => this.#store.transact(compares, operations));
    if (result.succeeded) this.written.push(operations);
    return result;
  }

  watch(prefix: string, fromRevision: number, listener: WatchListener): Watch {
    const watch = this.#store.watch(prefix, fromRevision, listener);
    this.#watches.add(watch);
    return watch;
  }

  grantLease(ttlMs: number): Promise<{ readonly leaseId: string; readonly ttlMs: number }> {
    return this.#unlessDead(() => this.#store.grantLease(ttlMs));
  }

  keepLeaseAlive(leaseId: string): Promise<void> {
    return this.#unlessDead(() => this.#store.keepLeaseAlive(leaseId));
  }

  revokeLease(leaseId: string): Promise<void> {
    return this.#unlessDead(() => this.#store.revokeLease(leaseId));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #unlessDead<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#isDead) return new Promise<Result>(() => undefined);
    const result = await call();
    return this.#isDead ? new Promise<Result>(() => undefined) : result;
  }
}

export interface ClusterBrokerOptions {
  readonly id: number;
  readonly leaseTtlMs?: number;
  readonly groupOffsetsPartitions?: number;
  readonly groupOffsetsBrokersMin?: number;
  readonly logger?: Logger;
  /** Whether it acts on suspicions of the controller. Default: never. */
  readonly standsIn?: () => boolean;
  /** What brokers say that they have. Default: nobody answers. */
  readonly inquire?: ControllerDependencies["inquire"];
  /** Default: what is installed. */
  readonly checkCodec?: CodecCheck;
}

/** One life of a broker. */
export interface ClusterBroker {
  readonly id: number;
  readonly brokerEpoch: number;
  readonly store: ProcessStore;
  readonly images: ImageWatcher;
  readonly controller: Controller;
  readonly topicAdmin: TopicAdmin;
  readonly image: ClusterImage;
  kill(): void;
  close(): Promise<void>;
}

let livesStarted = 0;

/** Starts a broker in the order in which a real one starts. */
export async function startClusterBroker(
  options: ClusterBrokerOptions,
  dependencies: { readonly store: ClusterStore; readonly clock: VirtualClock },
): Promise<ClusterBroker> {
  livesStarted += 1;
  const { clock } = dependencies;
  const random = new SeededRandom(livesStarted);
  const logger = options.logger ?? silentLogger;
  const store = new ProcessStore(dependencies.store);
  const ignore = (): void => undefined;
  const images = new ImageWatcher({ onError: (error) => logger.warn({ err: error }, "image") }, { store, clock });
  await images.start();
  const id = brokerId(options.id);
  const leaseOptions = { ttlMs: options.leaseTtlMs ?? 9000, onLost: ignore, onKeepAliveFailed: ignore };
  const lease = new BrokerLease({ brokerId: id, ...leaseOptions }, { store, images, clock });
  await lease.start();
  const { leaseId } = lease;
  const address = { host: "127.0.0.1", port: 9092 + options.id, rack: "", listeners: {} };
  const lastBrokerEpoch = await lastBrokerEpochOf(id, { store });
  const registration = { id, incarnation: `life-${livesStarted}`, ...address, leaseId, lastBrokerEpoch };
  const brokerEpoch = await registerBroker(registration, { store });
  await unfenceBroker({ id, brokerEpoch, leaseId }, { store });
  const controllerOptions = {
    brokerId: registration.id,
    brokerEpoch,
    leaseId,
    groupOffsetsPartitions: options.groupOffsetsPartitions ?? 3,
    groupOffsetsBrokersMin: options.groupOffsetsBrokersMin ?? Number.POSITIVE_INFINITY,
    defaultReplicationFactor: 1,
    uncleanRecoveryWaitMs: 30_000,
  };
  const { standsIn = () => false, inquire = async () => [] } = options;
  const controller = new Controller(controllerOptions, { store, images, clock, random, logger, standsIn, inquire });
  controller.start();
  const topicAdmin = new TopicAdmin(
    { partitionsDefault: 6, replicationFactorDefault: 1, waitMsMax: 1000 },
    { store, images, clock, random, ...(options.checkCodec && { checkCodec: options.checkCodec }) },
  );
  return {
    id: options.id,
    brokerEpoch,
    store,
    images,
    controller,
    topicAdmin,
    get image() {
      return images.image;
    },
    kill: () => store.kill(),
    close: async () => {
      await controller.close();
      await lease.close();
      images.close();
    },
  };
}
