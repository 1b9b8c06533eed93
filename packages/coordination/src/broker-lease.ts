/**
 * The lease of one life of a broker: granted, kept alive every third of its time, given back at the end.
 *
 * The broker does not ask the store whether the lease still holds: it keeps a deadline of its own, counted from the moment at
 * which the last successful keep-alive was *sent*, a tenth and 200 ms earlier than the store's (P23). Past it other brokers may
 * have been elected in its place.
 */

import { type Clock, invariant, isSluiceError, type SluiceError, type Timer } from "@sluice/model";
import type { ClusterStore } from "./cluster-store.js";

export interface BrokerLeaseOptions {
  /** Lease time to ask for, in milliseconds. */
  readonly ttlMs: number;
  /** Called at most once: the lease is over, and with it this life of the broker. LEASE_EXPIRED, or CLOSED where the store was. */
  readonly onLost: (error: SluiceError) => void;
  /** A keep-alive failed and is tried again. For the log. */
  readonly onKeepAliveFailed: (error: Error) => void;
}

export interface BrokerLeaseDependencies {
  readonly store: ClusterStore;
  readonly clock: Clock;
}

const deadlineMarginMs = 200;

export class BrokerLease {
  readonly #options: BrokerLeaseOptions;
  readonly #store: ClusterStore;
  readonly #clock: Clock;
  #lease: { readonly leaseId: string; readonly ttlMs: number } | undefined;
  #deadlineMs = 0;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: BrokerLeaseOptions, dependencies: BrokerLeaseDependencies) {
    this.#options = options;
    this.#store = dependencies.store;
    this.#clock = dependencies.clock;
  }

  /** Grants the lease and begins to keep it alive. Called once. */
  async start(): Promise<void> {
    const sentMs = this.#clock.monotonicMs();
    this.#lease = await this.#store.grantLease(this.#options.ttlMs);
    // Closed while it was granted: nobody else would give it back.
    if (this.#isOver) await this.#store.revokeLease(this.#lease.leaseId);
    else this.#renewed(sentMs);
  }

  /** Id to put keys with. Only after `start`. */
  get leaseId(): string {
    return this.#granted().leaseId;
  }

  /** Monotonic time until which nobody can have been elected in this broker's place. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  isWithinDeadline(): boolean {
    return !this.#isOver && this.#clock.monotonicMs() < this.#deadlineMs;
  }

  /** Gives the lease back: its keys go at once. Safe to call twice, and after the lease was lost. */
  async close(): Promise<void> {
    const wasOver = this.#isOver;
    this.#end();
    if (this.#lease === undefined || wasOver) return;
    await this.#store.revokeLease(this.#lease.leaseId);
  }

  #renewed(sentMs: number): void {
    if (this.#isOver) return;
    const { ttlMs } = this.#granted();
    this.#deadlineMs = sentMs + ttlMs * 0.9 - deadlineMarginMs;
    this.#keepAliveAt(sentMs + ttlMs / 3);
  }

  #keepAliveAt(dueMs: number): void {
    const delayMs = Math.max(0, dueMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.setTimer(delayMs, () => void this.#keepAlive());
  }

  /** Never rejects. */
  async #keepAlive(): Promise<void> {
    const { leaseId, ttlMs } = this.#granted();
    const sentMs = this.#clock.monotonicMs();
    try {
      await this.#store.keepLeaseAlive(leaseId);
      this.#renewed(sentMs);
    } catch (error) {
      if (this.#isOver) return;
      if (isSluiceError(error, "LEASE_EXPIRED") || isSluiceError(error, "CLOSED")) {
        this.#end();
        this.#options.onLost(error);
        return;
      }
      this.#options.onKeepAliveFailed(error as Error);
      this.#keepAliveAt(sentMs + ttlMs / 10);
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #granted(): { readonly leaseId: string; readonly ttlMs: number } {
    invariant(this.#lease !== undefined, "the lease was not started");
    return this.#lease;
  }
}
