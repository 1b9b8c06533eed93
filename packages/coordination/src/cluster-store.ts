/**
 * ClusterStore port: a small, strongly consistent map with revisions, transactions, leases and watches: what etcd offers.
 *
 * Implementations: `etcd/etcd-cluster-store` (production), `file-cluster-store` (journaled, one process), `memory-cluster-store`
 * (tests). All pass `cluster-store.compliance`. Keys and values are text. The revision is one number for the whole store and
 * grows by 1 with every transaction that changes something. Reads are linearizable: they show every transaction that was answered
 * before they were asked, of any client.
 */

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** Revision at which the key came into being; it changes when the key is deleted and made again. */
  readonly createRevision: number;
  /** Revision of the last put. */
  readonly modRevision: number;
  /** The key goes when this lease ends. */
  readonly leaseId: string | undefined;
}

export interface Listing {
  /** Revision at which the entries were all true. */
  readonly revision: number;
  /** By key. */
  readonly entries: readonly KeyValue[];
}

/** What must hold for a transaction to succeed. A key that does not exist has revisions 0. */
export interface Compare {
  readonly key: string;
  readonly target: "createRevision" | "modRevision";
  readonly equals: number;
}

export type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: string; readonly leaseId?: string | undefined }
  | { readonly type: "delete"; readonly key: string }
  | { readonly type: "deletePrefix"; readonly prefix: string };

export interface TransactionResult {
  /** Whether all compares held. Nothing was changed where not. */
  readonly succeeded: boolean;
  /** Revision after the transaction. */
  readonly revision: number;
}

export type StoreEvent =
  | { readonly type: "put"; readonly entry: KeyValue }
  | { readonly type: "delete"; readonly key: string; readonly modRevision: number };

export interface WatchListener {
  /** All changes of one revision, in the order of revisions, without gaps. */
  onChange(revision: number, events: readonly StoreEvent[]): void;
  /**
   * The watch has ended and may have missed something: list again and watch from there. REVISION_COMPACTED, CLOSED, or the error of
   * the connection: STORE_UNAVAILABLE, STORE_ACCESS_DENIED. The first interruption ends a watch; none goes on by itself.
   */
  onError(error: Error): void;
}

export interface Watch {
  /** No call of the listener after this. */
  cancel(): void;
}

/**
 * Every call fails with CLOSED once the store is closed, and with the first error of its disk that is final. Transactions and reads
 * fail with DISK_FULL while its disk is full; any call of a store over a network with STORE_UNAVAILABLE when no member has answered for a
 * while, and with STORE_ACCESS_DENIED.
 */
export interface ClusterStore {
  get(key: string): Promise<KeyValue | undefined>;
  list(prefix: string): Promise<Listing>;
  /**
   * All or nothing. At most 128 operations and compares together, and a key is put at most once and not deleted by the same
   * transaction, as in etcd.
   *
   * An answer is the truth of this very transaction: where it has to be sent several times until one answer arrives, it is carried out
   * once, its success is not mistaken for another writer's, and after a refusal no earlier try is carried out any more. One
   * without compares may be carried out several times.
   *
   * @throws SluiceError INVALID_REQUEST where the rules are broken or a key is empty, LEASE_EXPIRED; DISK_FULL, RESOURCE_EXHAUSTED,
   *   STORE_UNAVAILABLE: nothing was done, and it can be tried again; INDETERMINATE: it may have been carried out, or may be yet.
   *   Whoever must know sends the same compares again, or reads what they are about once they no longer hold
   */
  transact(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult>;
  /** Tells every change of keys under `prefix` from `fromRevision` (inclusive, at least 1) on, never before it returns. */
  watch(prefix: string, fromRevision: number, listener: WatchListener): Watch;
  /** The answer holds the lease time that was granted, which may be longer than asked for. */
  grantLease(ttlMs: number): Promise<{ readonly leaseId: string; readonly ttlMs: number }>;
  /** @throws SluiceError LEASE_EXPIRED */
  keepLeaseAlive(leaseId: string): Promise<void>;
  /** Ends the lease: its keys go at once. Nothing happens when it is over already. */
  revokeLease(leaseId: string): Promise<void>;
  close(): Promise<void>;
}
