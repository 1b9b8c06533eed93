/**
 * ClusterStore port of one simulated process over the simulated etcd.
 *
 * Requests and answers travel over the links of the network. A call whose answer does not come in time fails: a transaction with
 * INDETERMINATE, since it may have been carried out, or may be yet; everything else with STORE_UNAVAILABLE. Watches are told late, in
 * order, and end with an error where their connection breaks.
 */

import type {
  ClusterStore,
  Compare,
  KeyValue,
  Listing,
  Operation,
  TransactionResult,
  Watch,
  WatchListener,
} from "@sluice/coordination";
import { SluiceError, toSluiceError } from "@sluice/model";
import type { Chance } from "../kernel/chance.js";
import type { SimulatedProcess } from "../kernel/simulated-process.js";
import type { Link } from "../network/link.js";
import { EtcdWatch } from "./etcd-watch.js";
import type { SimulatedEtcd } from "./simulated-etcd.js";

export interface EtcdClientOptions {
  /** How long a call may take, in milliseconds. */
  readonly callTimeoutMs: number;
}

export interface EtcdClientDependencies {
  readonly etcd: SimulatedEtcd;
  readonly process: SimulatedProcess;
  readonly chance: Chance;
  readonly toEtcd: Link;
  readonly fromEtcd: Link;
  /** Probability that the answer to a call is lost, as of now. */
  readonly answerLoss: () => number;
}

export class EtcdClient implements ClusterStore {
  readonly #options: EtcdClientOptions;
  readonly #dependencies: EtcdClientDependencies;
  readonly #watches = new Set<EtcdWatch>();
  #isClosed = false;

  constructor(options: EtcdClientOptions, dependencies: EtcdClientDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  get(key: string): Promise<KeyValue | undefined> {
    return this.#call(() => this.#etcd.state.get(key), unavailable);
  }

  list(prefix: string): Promise<Listing> {
    return this.#call(() => this.#etcd.state.list(prefix), unavailable);
  }

  transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    return this.#call(() => {
      const { succeeded } = this.#etcd.transact(compares, operations);
      return { succeeded, revision: this.#etcd.state.revision };
    }, indeterminate);
  }

  watch(prefix: string, fromRevision: number, listener: WatchListener): Watch {
    const watch = new EtcdWatch({ prefix, fromRevision, listener }, this.#dependencies, () =>
      this.#watches.delete(watch),
    );
    this.#watches.add(watch);
    watch.start();
    return watch;
  }

  grantLease(ttlMs: number): Promise<{ readonly leaseId: string; readonly ttlMs: number }> {
    // etcd counts in seconds, and grants no less than was asked for.
    const grantedMs = Math.ceil(ttlMs / 1000) * 1000;
    return this.#call(() => ({ leaseId: this.#etcd.grantLease(grantedMs), ttlMs: grantedMs }), unavailable);
  }

  keepLeaseAlive(leaseId: string): Promise<void> {
    return this.#call(() => this.#etcd.keepLeaseAlive(leaseId), unavailable);
  }

  revokeLease(leaseId: string): Promise<void> {
    return this.#call(() => this.#etcd.revokeLease(leaseId), unavailable);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const watch of [...this.#watches]) watch.end(closed());
  }

  /** The connection of its watches breaks. */
  breakWatches(): void {
    for (const watch of [...this.#watches]) watch.end(unavailable("the connection broke"));
  }

  get #etcd(): SimulatedEtcd {
    return this.#dependencies.etcd;
  }

  #call<Result>(carryOut: () => Result, failure: (reason: string) => SluiceError): Promise<Result> {
    const { process, chance, toEtcd, fromEtcd, answerLoss } = this.#dependencies;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(closed());
      const timeout = process.schedule(this.#options.callTimeoutMs, () => reject(failure("no answer in time")));
      const answer = (settle: () => void): void => {
        if (chance.happens(answerLoss())) return;
        fromEtcd.transmit(() =>
          process.enter(() => {
            timeout.cancel();
            settle();
          }),
        );
      };
      toEtcd.transmit(() =>
        this.#etcd.whenServing(() => {
          try {
            const result = carryOut();
            answer(() => resolve(result));
          } catch (error) {
            answer(() => reject(toSluiceError(error)));
          }
        }),
      );
    });
  }
}

function unavailable(reason: string): SluiceError {
  return new SluiceError("STORE_UNAVAILABLE", { endpoints: "etcd", reason });
}

function indeterminate(reason: string): SluiceError {
  return new SluiceError("INDETERMINATE", { operation: "A transaction of the cluster store", reason });
}

function closed(): SluiceError {
  return new SluiceError("CLOSED", { subject: "the cluster store" });
}
