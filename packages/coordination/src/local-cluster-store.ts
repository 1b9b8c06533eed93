/**
 * A ClusterStore that lives in this process: state, leases and watches over a journal that makes changes durable.
 *
 * A transaction is decided at once against the newest state, then journaled, and only then answered and shown to watches. Reads
 * take the newest state too and wait until it is durable, so that nobody ever learns of what a crash could take back. A journal
 * that fails ends the store: every call fails from then on, and nothing is retried. While the journal waits for room on its disk,
 * calls that were decided wait with it, and new transactions and reads are refused with DISK_FULL. Leases are not journaled: they
 * are granted and kept alive meanwhile.
 */

import { type Clock, type Random, SluiceError } from "@sluice/model";
import type {
  ClusterStore,
  Compare,
  KeyValue,
  Listing,
  Operation,
  TransactionResult,
  Watch,
  WatchListener,
} from "./cluster-store.js";
import { LeaseTable } from "./lease-table.js";
import type { StoreChange, StoreState } from "./store-state.js";
import { WatchHub } from "./watch-hub.js";

/** Where changes become durable. */
export interface StoreJournal {
  /** Why nothing becomes durable for now: DISK_FULL. Undefined: changes are taken. */
  readonly diskFull: SluiceError<"DISK_FULL"> | undefined;
  /** Resolves when the change, and every one appended before, is durable. The first failure is final. */
  append(change: StoreChange): Promise<void>;
  /** Waits for what was appended, but not for room on a full disk, and lets go of what the journal holds. */
  close(): Promise<void>;
}

/** Changes that may wait for the journal; beyond it a transaction is refused before it is decided. */
const pendingChangesMax = 10_000;

export class LocalClusterStore implements ClusterStore {
  readonly #state: StoreState;
  readonly #journal: StoreJournal;
  readonly #leases: LeaseTable;
  readonly #watches: WatchHub;
  /** Settles when all that was decided so far is durable. */
  #durable: Promise<void> = Promise.resolve();
  #pendingCount = 0;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  protected constructor(
    parts: { readonly state: StoreState; readonly journal: StoreJournal },
    dependencies: { readonly clock: Clock; readonly random: Random },
  ) {
    this.#state = parts.state;
    this.#journal = parts.journal;
    this.#watches = new WatchHub(parts.state);
    this.#leases = new LeaseTable({ onExpired: (leaseId) => this.#endLease(leaseId) }, dependencies);
  }

  /** Why every call fails: CLOSED, or the first error of the journal. Undefined while the store works. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Why transactions and reads are refused for now: DISK_FULL. Undefined: they are taken. */
  get diskFull(): SluiceError<"DISK_FULL"> | undefined {
    return this.#journal.diskFull;
  }

  async get(key: string): Promise<KeyValue | undefined> {
    this.#checkHasRoom();
    const entry = this.#state.get(key);
    await this.#durable;
    return entry;
  }

  async list(prefix: string): Promise<Listing> {
    this.#checkHasRoom();
    const listing = this.#state.list(prefix);
    await this.#durable;
    return listing;
  }

  async transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    this.#checkHasRoom();
    if (this.#pendingCount >= pendingChangesMax) {
      throw new SluiceError("RESOURCE_EXHAUSTED", {
        resource: "the cluster store's journal",
        limit: pendingChangesMax,
      });
    }
    for (const operation of operations) {
      if (operation.type === "put" && operation.leaseId !== undefined) this.#leases.check(operation.leaseId);
    }
    const { succeeded, change } = this.#state.transact(compares, operations);
    const revision = this.#state.revision;
    if (change !== undefined) this.#commit(change);
    // A refusal waits as well: the state that refused may not be durable yet.
    await this.#durable;
    return { succeeded, revision };
  }

  watch(prefix: string, fromRevision: number, listener: WatchListener): Watch {
    const watch = this.#watches.add(prefix, fromRevision, listener);
    const failure = this.#failure;
    if (failure !== undefined) queueMicrotask(() => this.#watches.fail(failure));
    return watch;
  }

  async grantLease(ttlMs: number): Promise<{ readonly leaseId: string; readonly ttlMs: number }> {
    this.#checkUsable();
    return this.#leases.grant(ttlMs);
  }

  async keepLeaseAlive(leaseId: string): Promise<void> {
    this.#checkUsable();
    this.#leases.keepAlive(leaseId);
  }

  async revokeLease(leaseId: string): Promise<void> {
    this.#checkUsable();
    this.#leases.revoke(leaseId);
    this.#endLease(leaseId);
    await this.#durable;
  }

  /** Waits for what was decided, but not for room on a full disk: then that ends with CLOSED. Ends all watches with CLOSED and all leases without deleting their keys. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#leases.close();
    this.#failure ??= closedError();
    try {
      await this.#journal.close();
    } finally {
      this.#watches.fail(closedError());
    }
  }

  #endLease(leaseId: string): void {
    const change = this.#state.deleteKeys(this.#state.keysWithLease((id) => id === leaseId));
    if (change !== undefined) this.#commit(change);
  }

  #commit(change: StoreChange): void {
    this.#pendingCount += 1;
    const durable = this.#journal.append(change).then(() => {
      this.#pendingCount -= 1;
      this.#watches.publish(change.revision);
    });
    durable.catch((error: Error) => this.#fail(error));
    this.#durable = durable;
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#leases.close();
    this.#watches.fail(error);
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** For calls whose answer needs the journal: no more of them are to gather behind a change that waits for room. */
  #checkHasRoom(): void {
    this.#checkUsable();
    if (this.#journal.diskFull !== undefined) throw this.#journal.diskFull;
  }
}

function closedError(): SluiceError<"CLOSED"> {
  return new SluiceError("CLOSED", { subject: "the cluster store" });
}
