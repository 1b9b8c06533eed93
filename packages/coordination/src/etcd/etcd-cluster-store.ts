/**
 * The cluster store of production: etcd, through the client etcd3.
 *
 * Reads are linearizable. Calls that may be repeated are tried again at other members; a transaction has one outcome even so
 * (`etcd-transactions`). Every watch has a connection of its own and ends at its first interruption (`etcd-watch`). Works with
 * etcd from 3.4 on.
 *
 * Unlike in the port's other stores, a transaction that compares something makes a revision though it changes nothing.
 */

import { type Clock, invariant, type Random, SluiceError } from "@sluice/model";
import type { IKeyValue } from "etcd3";
import type {
  ClusterStore,
  Compare,
  KeyValue,
  Listing,
  Operation,
  TransactionResult,
  Watch,
  WatchListener,
} from "../cluster-store.js";
import { checkTransaction } from "../transaction-check.js";
import { EtcdCodec } from "./etcd-codec.js";
import { isMemberFailure } from "./etcd-errors.js";
import { EtcdLeases } from "./etcd-leases.js";
import { listRange } from "./etcd-listing.js";
import { EtcdMembers, type EtcdMembersOptions } from "./etcd-members.js";
import { EtcdTransactions } from "./etcd-transactions.js";
import { EtcdWatch } from "./etcd-watch.js";
import { marksPrefix, TransactionMarks } from "./transaction-marks.js";

export interface EtcdStoreOptions extends EtcdMembersOptions {
  /** What every key begins with in etcd, so that several clusters can share one. May be empty. */
  readonly prefix: string;
}

export class EtcdClusterStore implements ClusterStore {
  readonly #callTimeoutMs: number;
  readonly #clock: Clock;
  readonly #codec: EtcdCodec;
  readonly #members: EtcdMembers;
  readonly #transactions: EtcdTransactions;
  readonly #leases: EtcdLeases;
  readonly #watches = new Set<EtcdWatch>();
  /** Calls without an answer: closing waits for them. */
  readonly #calls = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(options: EtcdStoreOptions, dependencies: { readonly clock: Clock; readonly random: Random }) {
    const { callTimeoutMs } = options;
    this.#callTimeoutMs = callTimeoutMs;
    this.#clock = dependencies.clock;
    this.#codec = new EtcdCodec(options.prefix);
    this.#members = new EtcdMembers(options, dependencies);
    const marks = new TransactionMarks(this.#members, dependencies);
    this.#transactions = new EtcdTransactions({ members: this.#members, codec: this.#codec, marks });
    this.#leases = new EtcdLeases({ callTimeoutMs }, { members: this.#members, clock: dependencies.clock });
  }

  get(key: string): Promise<KeyValue | undefined> {
    return this.#call(async () => {
      const { kvs } = await this.#members.ask((member) => member.kv.range({ key: this.#codec.key(key) }));
      return kvs[0] === undefined ? undefined : this.#codec.entry(kvs[0]);
    });
  }

  list(prefix: string): Promise<Listing> {
    return this.#call(() => {
      const entry = (stored: IKeyValue): KeyValue | undefined => {
        const shown = this.#codec.entry(stored);
        return shown.key.startsWith(marksPrefix) ? undefined : shown;
      };
      return listRange(this.#codec.range(prefix), { members: this.#members, entry });
    });
  }

  transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    return this.#call(async () => {
      checkTransaction(compares, operations);
      return this.#transactions.run(compares, operations);
    });
  }

  watch(prefix: string, fromRevision: number, listener: WatchListener): Watch {
    invariant(Number.isSafeInteger(fromRevision) && fromRevision >= 1, `not a revision: ${fromRevision}`);
    if (this.#closing !== undefined) return closedWatch(listener);
    const member = this.#members.connectApart();
    const onOver = (error: SluiceError | undefined): void => {
      this.#watches.delete(watch);
      if (error !== undefined && isMemberFailure(error)) this.#members.avoid(member.endpoint);
    };
    const watch = new EtcdWatch(
      { prefix, fromRevision, listener, callTimeoutMs: this.#callTimeoutMs, onOver },
      { member, codec: this.#codec, clock: this.#clock },
    );
    this.#watches.add(watch);
    watch.start();
    return watch;
  }

  grantLease(ttlMs: number): Promise<{ readonly leaseId: string; readonly ttlMs: number }> {
    return this.#call(() => this.#leases.grant(ttlMs));
  }

  keepLeaseAlive(leaseId: string): Promise<void> {
    return this.#call(() => this.#leases.keepAlive(leaseId));
  }

  revokeLease(leaseId: string): Promise<void> {
    return this.#call(() => this.#leases.revoke(leaseId));
  }

  /** Waits for the tries that are under way, makes no more, and ends all watches with CLOSED. Leases run out by themselves. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#members.stopRetrying();
    for (const watch of [...this.#watches]) watch.fail(closedError());
    await Promise.allSettled(this.#calls);
    this.#members.close();
  }

  async #call<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    if (this.#closing !== undefined) throw closedError();
    const call = ask();
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }
}

/** Tells the listener later, as a watch that is open would. */
function closedWatch(listener: WatchListener): Watch {
  let isCancelled = false;
  queueMicrotask(() => {
    if (!isCancelled) listener.onError(closedError());
  });
  return {
    cancel: () => {
      isCancelled = true;
    },
  };
}

function closedError(): SluiceError<"CLOSED"> {
  return new SluiceError("CLOSED", { subject: "the cluster store" });
}
