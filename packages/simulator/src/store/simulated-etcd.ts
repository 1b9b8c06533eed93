/**
 * etcd as the simulation has it: one strongly consistent state with revisions and compares, leases on a clock of its own, and
 * watches. It is reached through `EtcdClient`, which is where answers get lost.
 *
 * Its faults: no quorum (it answers nobody), a restart (leases get their whole time again), a compaction (watches that are behind
 * end), and a restore from a backup (revisions go back, and leases that had ended are there again).
 */

import type { Compare, Operation, StoreEvent } from "@sluice/coordination";
import { type StoreChange, type StoreSnapshot, StoreState, type TransactionOutcome } from "@sluice/coordination";
import { SluiceError } from "@sluice/model";
import type { Chance } from "../kernel/chance.js";
import type { ScheduledEvent, Scheduler } from "../kernel/scheduler.js";

interface Lease {
  readonly ttlMs: number;
  expiry: ScheduledEvent;
}

/** What is kept of it for a restore: the state, and its leases by id with their times in milliseconds. */
export interface EtcdBackup {
  readonly snapshot: StoreSnapshot;
  readonly leases: ReadonlyMap<string, number>;
}

/** Told of every change, in order, at the moment at which it is decided. */
export type StoreObserver = (change: StoreChange) => void;

/** What hangs on the server for one watch of one client. */
export interface WatchSink {
  /** Changes from the revision on that the watch wants next. */
  changed(): void;
  /** The server ends the watch. */
  ended(error: SluiceError): void;
}

/** etcd ends a lease up to so much later than it was promised, in milliseconds. */
const expiryLateMsMax = 500;
/** Revisions that a watch can go back to; small, so that compaction happens. */
const historyEventsMax = 400;

export class SimulatedEtcd {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #observers = new Set<StoreObserver>();
  readonly #leases = new Map<string, Lease>();
  readonly #watches = new Set<WatchSink>();
  #state = new StoreState({ historyEventsMax });
  #nextLeaseId = 1;
  #hasQuorum = true;
  /** Calls that wait for a quorum. */
  #waiting: (() => void)[] = [];

  constructor(dependencies: { readonly scheduler: Scheduler; readonly chance: Chance }) {
    this.#scheduler = dependencies.scheduler;
    this.#chance = dependencies.chance;
  }

  get hasQuorum(): boolean {
    return this.#hasQuorum;
  }

  get state(): StoreState {
    return this.#state;
  }

  observe(observer: StoreObserver): void {
    this.#observers.add(observer);
  }

  /** Runs a request as soon as there is a quorum: now, or later than its caller waits. */
  whenServing(request: () => void): void {
    if (this.#hasQuorum) request();
    else this.#waiting.push(request);
  }

  /** @throws SluiceError INVALID_REQUEST, LEASE_EXPIRED */
  transact(compares: readonly Compare[], operations: readonly Operation[]): TransactionOutcome {
    for (const operation of operations) {
      if (operation.type === "put" && operation.leaseId !== undefined) this.#leaseOrThrow(operation.leaseId);
    }
    const outcome = this.#state.transact(compares, operations);
    if (outcome.change !== undefined) this.#changed(outcome.change);
    return outcome;
  }

  grantLease(ttlMs: number): string {
    const leaseId = String(this.#nextLeaseId++);
    this.#leases.set(leaseId, { ttlMs, expiry: this.#expiryOf(leaseId, ttlMs) });
    return leaseId;
  }

  /** @throws SluiceError LEASE_EXPIRED */
  keepLeaseAlive(leaseId: string): void {
    const lease = this.#leaseOrThrow(leaseId);
    lease.expiry.cancel();
    lease.expiry = this.#expiryOf(leaseId, lease.ttlMs);
  }

  revokeLease(leaseId: string): void {
    this.#leases.get(leaseId)?.expiry.cancel();
    this.#endLease(leaseId);
  }

  addWatch(sink: WatchSink): void {
    this.#watches.add(sink);
  }

  removeWatch(sink: WatchSink): void {
    this.#watches.delete(sink);
  }

  /** A majority of the members is gone: nothing is answered, and no lease ends. */
  loseQuorum(): void {
    this.#hasQuorum = false;
    for (const lease of this.#leases.values()) lease.expiry.cancel();
  }

  /** It is back: leases have their whole time again (P28), and what waited is served. */
  regainQuorum(): void {
    if (this.#hasQuorum) return;
    this.#hasQuorum = true;
    for (const [leaseId, lease] of this.#leases) lease.expiry = this.#expiryOf(leaseId, lease.ttlMs);
    for (const waiting of this.#waiting.splice(0)) waiting();
    for (const watch of this.#watches) watch.changed();
  }

  /** Forgets the past: watches that are behind end. */
  compact(): void {
    this.#state = new StoreState({ historyEventsMax, snapshot: this.#state.snapshot() });
    for (const watch of [...this.#watches]) watch.changed();
  }

  backup(): EtcdBackup {
    const leases = new Map([...this.#leases].map(([leaseId, { ttlMs }]) => [leaseId, ttlMs]));
    return { snapshot: this.#state.snapshot(), leases };
  }

  /** An operator restores a backup: what came after it never was, and the leases of then have their whole time again. */
  restore({ snapshot, leases }: EtcdBackup): void {
    for (const { expiry } of this.#leases.values()) expiry.cancel();
    this.#leases.clear();
    this.#state = new StoreState({ historyEventsMax, snapshot });
    for (const [leaseId, ttlMs] of leases) this.#leases.set(leaseId, { ttlMs, expiry: this.#expiryOf(leaseId, ttlMs) });
    const error = new SluiceError("STORE_UNAVAILABLE", { endpoints: "etcd", reason: "it was restarted" });
    for (const watch of [...this.#watches]) watch.ended(error);
    this.#watches.clear();
  }

  #leaseOrThrow(leaseId: string): Lease {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) throw new SluiceError("LEASE_EXPIRED", { lease: leaseId });
    return lease;
  }

  #expiryOf(leaseId: string, ttlMs: number): ScheduledEvent {
    return this.#scheduler.schedule(ttlMs + this.#chance.between(0, expiryLateMsMax), () => this.#endLease(leaseId));
  }

  #endLease(leaseId: string): void {
    this.#leases.delete(leaseId);
    const change = this.#state.deleteKeys(this.#state.keysWithLease((id) => id === leaseId));
    if (change !== undefined) this.#changed(change);
  }

  #changed(change: StoreChange): void {
    for (const observer of this.#observers) observer(change);
    for (const watch of [...this.#watches]) watch.changed();
  }
}

/** The events under a prefix. */
export function eventsUnder(prefix: string, change: StoreChange): StoreEvent[] {
  return change.events.filter((event) => (event.type === "put" ? event.entry.key : event.key).startsWith(prefix));
}
