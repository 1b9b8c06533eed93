/**
 * Store for tests of plans: keeps keys with revisions, runs planned transactions as the real stores do, and tells what changed.
 * It has no leases, no watches and no time.
 */

import { invariant } from "@sluice/model";
import type { PlannedTransaction, StoredChange, StoredEntry } from "../planned-transaction.js";

export class PlannedStore {
  readonly entries = new Map<string, StoredEntry>();
  /** Changes by revision, oldest first. */
  readonly history: { readonly revision: number; readonly changes: readonly StoredChange[] }[] = [];
  revision = 0;

  /** Runs it if all compares hold; returns whether. Refuses what no store would take. */
  run(transaction: Pick<PlannedTransaction, "compares" | "operations">): boolean {
    const { compares, operations } = transaction;
    invariant(compares.length + operations.length <= 128, "a transaction is over the limit");
    if (!compares.every((compare) => (this.entries.get(compare.key)?.[compare.target] ?? 0) === compare.equals))
      return false;
    const revision = this.revision + 1;
    const changes: StoredChange[] = [];
    for (const operation of operations) {
      if (operation.type === "put") {
        const { key, value } = operation;
        const createRevision = this.entries.get(key)?.createRevision ?? revision;
        const entry: StoredEntry = { key, value, createRevision, modRevision: revision };
        this.entries.set(key, entry);
        changes.push({ type: "put", entry });
      } else {
        for (const key of [...this.entries.keys()]) {
          const isMeant = operation.type === "delete" ? key === operation.key : key.startsWith(operation.prefix);
          if (!isMeant) continue;
          this.entries.delete(key);
          changes.push({ type: "delete", key });
        }
      }
    }
    if (changes.length === 0) return true;
    this.revision = revision;
    this.history.push({ revision, changes });
    return true;
  }

  put(key: string, value: string): void {
    this.run({ compares: [], operations: [{ type: "put", key, value }] });
  }

  delete(key: string): void {
    this.run({ compares: [], operations: [{ type: "delete", key }] });
  }

  list(): StoredEntry[] {
    return [...this.entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}
