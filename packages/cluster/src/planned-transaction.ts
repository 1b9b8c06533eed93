/**
 * Planned transactions and stored entries: the cluster store's data types, as far as the pure core needs them.
 *
 * They are structurally those of the `ClusterStore` port, so that a plan is handed to the store as it is and the events of a watch
 * are handed to the image as they are, without either package knowing the other.
 */

/** What must hold for a transaction to succeed. A key that does not exist has revisions 0. */
export interface PlannedCompare {
  readonly key: string;
  readonly target: "createRevision" | "modRevision";
  readonly equals: number;
}

export type PlannedOperation =
  /** With a lease, the key goes when that ends. */
  | { readonly type: "put"; readonly key: string; readonly value: string; readonly leaseId?: string | undefined }
  | { readonly type: "delete"; readonly key: string }
  | { readonly type: "deletePrefix"; readonly prefix: string };

export interface PlannedTransaction {
  /** What it is for, in words, for logs and errors: "electing leaders of 3 partitions". */
  readonly purpose: string;
  readonly compares: readonly PlannedCompare[];
  readonly operations: readonly PlannedOperation[];
}

/** Compares and operations together that a plan puts into one transaction. The store takes 128. */
export const transactionStepsMax = 120;

/** A key and its value in the store. */
export interface StoredEntry {
  readonly key: string;
  readonly value: string;
  /** Revision at which the key came into being. */
  readonly createRevision: number;
  /** Revision of the last put. */
  readonly modRevision: number;
}

/** A change that a watch tells of. */
export type StoredChange =
  | { readonly type: "put"; readonly entry: StoredEntry }
  | { readonly type: "delete"; readonly key: string };
