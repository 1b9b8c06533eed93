/**
 * State of a cluster store in memory: entries, the revision, and the latest changes for those who watch.
 *
 * Pure and synchronous: `transact` decides and applies at once. Memory store and file store share it; what makes a change
 * durable is not its business. Semantics are etcd's: the revision grows by 1 with each transaction that changes something, all
 * its events carry that revision, and a key is put at most once in a transaction and not deleted by the same one.
 */

import { assertNever, invariant } from "@sluice/model";
import type { Compare, KeyValue, Listing, Operation, StoreEvent } from "./cluster-store.js";
import { checkTransaction } from "./transaction-check.js";

/** What one transaction changed: the unit of journal, history and watch. */
export interface StoreChange {
  readonly revision: number;
  /** At least one. At most one event for a key. */
  readonly events: readonly StoreEvent[];
}

/** The whole state at one revision, without its history. */
export interface StoreSnapshot {
  readonly revision: number;
  readonly entries: readonly KeyValue[];
}

export interface TransactionOutcome {
  readonly succeeded: boolean;
  /** Undefined when nothing changed: a compare failed, or no operation had anything to do. */
  readonly change: StoreChange | undefined;
}

const historyEventsMaxDefault = 20_000;

export class StoreState {
  readonly #entries = new Map<string, KeyValue>();
  readonly #historyEventsMax: number;
  #revision: number;
  /** Consecutive revisions up to the current one. */
  #history: StoreChange[] = [];
  #historyEventCount = 0;

  /** `historyEventsMax`: events kept for watches that begin in the past; the newest change is always kept. */
  constructor(options: { readonly historyEventsMax?: number; readonly snapshot?: StoreSnapshot } = {}) {
    this.#historyEventsMax = options.historyEventsMax ?? historyEventsMaxDefault;
    this.#revision = options.snapshot?.revision ?? 0;
    for (const entry of options.snapshot?.entries ?? []) this.#entries.set(entry.key, entry);
  }

  /** Revision of the last change; 0 where there was none. */
  get revision(): number {
    return this.#revision;
  }

  /** The first revision that a watch can begin with. */
  get oldestWatchableRevision(): number {
    return this.#history[0]?.revision ?? this.#revision + 1;
  }

  get(key: string): KeyValue | undefined {
    return this.#entries.get(key);
  }

  list(prefix: string): Listing {
    const entries = [...this.#entries.values()].filter((entry) => entry.key.startsWith(prefix));
    return { revision: this.#revision, entries: entries.sort(byKey) };
  }

  snapshot(): StoreSnapshot {
    return this.list("");
  }

  keysWithLease(holds: (leaseId: string) => boolean): string[] {
    const leased = [...this.#entries.values()].filter((entry) => entry.leaseId !== undefined && holds(entry.leaseId));
    return leased.map((entry) => entry.key).sort();
  }

  /**
   * All operations when all compares hold, else none.
   *
   * @throws SluiceError INVALID_REQUEST over the size limit, for an empty key, and for a key that is changed twice
   */
  transact(compares: readonly Compare[], operations: readonly Operation[]): TransactionOutcome {
    checkTransaction(compares, operations);
    if (!compares.every((compare) => this.#holds(compare))) return { succeeded: false, change: undefined };
    return { succeeded: true, change: this.#change(operations) };
  }

  /** Deletes keys in one change, however many: what the end of a lease does. Undefined where none exists. */
  deleteKeys(keys: readonly string[]): StoreChange | undefined {
    return this.#change(keys.map((key) => ({ type: "delete", key })));
  }

  /** Repeats a change that was decided before: how a journal is replayed. It must be the next one. */
  replay(change: StoreChange): void {
    invariant(change.revision === this.#revision + 1, `change ${change.revision} cannot follow ${this.#revision}`);
    this.#apply(change);
  }

  /** Changes from `fromRevision` on, oldest first, or undefined where some of them are no longer kept. */
  changesFrom(fromRevision: number): readonly StoreChange[] | undefined {
    if (fromRevision > this.#revision) return [];
    const oldest = this.oldestWatchableRevision;
    return fromRevision < oldest ? undefined : this.#history.slice(fromRevision - oldest);
  }

  #holds(compare: Compare): boolean {
    return (this.#entries.get(compare.key)?.[compare.target] ?? 0) === compare.equals;
  }

  #change(operations: readonly Operation[]): StoreChange | undefined {
    const revision = this.#revision + 1;
    const events = new Map<string, StoreEvent>();
    for (const operation of operations) {
      for (const event of this.#eventsOf(operation, revision)) events.set(eventKey(event), event);
    }
    if (events.size === 0) return undefined;
    const change = { revision, events: [...events.values()] };
    this.#apply(change);
    return change;
  }

  #eventsOf(operation: Operation, revision: number): StoreEvent[] {
    switch (operation.type) {
      case "put":
        return [{ type: "put", entry: this.#entryFor(operation, revision) }];
      case "delete":
        return this.#entries.has(operation.key) ? [{ type: "delete", key: operation.key, modRevision: revision }] : [];
      case "deletePrefix": {
        const keys = [...this.#entries.keys()].filter((key) => key.startsWith(operation.prefix)).sort();
        return keys.map((key) => ({ type: "delete", key, modRevision: revision }));
      }
      default:
        return assertNever(operation);
    }
  }

  #entryFor(put: Operation & { readonly type: "put" }, revision: number): KeyValue {
    return {
      key: put.key,
      value: put.value,
      createRevision: this.#entries.get(put.key)?.createRevision ?? revision,
      modRevision: revision,
      leaseId: put.leaseId,
    };
  }

  #apply(change: StoreChange): void {
    for (const event of change.events) {
      if (event.type === "put") this.#entries.set(event.entry.key, event.entry);
      else this.#entries.delete(event.key);
    }
    this.#revision = change.revision;
    this.#history.push(change);
    this.#historyEventCount += change.events.length;
    if (this.#historyEventCount > this.#historyEventsMax) this.#compactHistory();
  }

  /** Down to half the bound, so that the cost is spread over many changes. */
  #compactHistory(): void {
    let dropped = 0;
    while (dropped < this.#history.length - 1 && this.#historyEventCount > this.#historyEventsMax / 2) {
      this.#historyEventCount -= this.#history[dropped]?.events.length ?? 0;
      dropped += 1;
    }
    this.#history = this.#history.slice(dropped);
  }
}

/** The key that an event is about. */
export function eventKey(event: StoreEvent): string {
  return event.type === "put" ? event.entry.key : event.key;
}

function byKey(a: KeyValue, b: KeyValue): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
