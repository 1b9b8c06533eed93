/**
 * Leases of a store that lives in this process. One timer each; a lease is over when its timer has run, not before.
 *
 * After a stall of the whole process, keep-alives that were due before the end of the lease run first (timers run in the order
 * in which they are due), so that a local cluster survives the stall of the process that it shares with its store.
 */

import { type Clock, type Random, randomUuid, SluiceError, type Timer } from "@sluice/model";

interface Lease {
  readonly ttlMs: number;
  timer: Timer;
}

export class LeaseTable {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #leases = new Map<string, Lease>();
  readonly #onExpired: (leaseId: string) => void;

  constructor(
    options: { readonly onExpired: (leaseId: string) => void },
    dependencies: { readonly clock: Clock; readonly random: Random },
  ) {
    this.#onExpired = options.onExpired;
    this.#clock = dependencies.clock;
    this.#random = dependencies.random;
  }

  /** @throws SluiceError INVALID_REQUEST unless `ttlMs` is a positive number. */
  grant(ttlMs: number): { readonly leaseId: string; readonly ttlMs: number } {
    if (!(Number.isFinite(ttlMs) && ttlMs > 0)) {
      throw new SluiceError("INVALID_REQUEST", { reason: `a lease cannot last ${ttlMs} ms` });
    }
    const leaseId = randomUuid(this.#random);
    this.#leases.set(leaseId, { ttlMs, timer: this.#startTimer(leaseId, ttlMs) });
    return { leaseId, ttlMs };
  }

  /** @throws SluiceError LEASE_EXPIRED */
  keepAlive(leaseId: string): void {
    const lease = this.#leaseOrThrow(leaseId);
    lease.timer.cancel();
    lease.timer = this.#startTimer(leaseId, lease.ttlMs);
  }

  /** @throws SluiceError LEASE_EXPIRED */
  check(leaseId: string): void {
    this.#leaseOrThrow(leaseId);
  }

  /** Ends a lease without telling `onExpired`. Nothing happens where it is over. */
  revoke(leaseId: string): void {
    this.#leases.get(leaseId)?.timer.cancel();
    this.#leases.delete(leaseId);
  }

  /** Stops all timers; no lease expires any more. */
  close(): void {
    for (const leaseId of [...this.#leases.keys()]) this.revoke(leaseId);
  }

  #startTimer(leaseId: string, ttlMs: number): Timer {
    return this.#clock.setTimer(ttlMs, () => {
      this.#leases.delete(leaseId);
      this.#onExpired(leaseId);
    });
  }

  #leaseOrThrow(leaseId: string): Lease {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) throw new SluiceError("LEASE_EXPIRED", { lease: leaseId });
    return lease;
  }
}
