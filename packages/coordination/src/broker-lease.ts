/**
 * The lease of one life of a broker: granted, kept alive every third of its time, given back at the end.
 *
 * The broker does not ask the store whether the lease still holds: it keeps a deadline of its own, a tenth and 200 ms earlier than
 * the store's (P23). Past it other brokers may have been elected in its place. The deadline counts from the older of two proofs,
 * each from the moment at which it was *sent*:
 *
 * - the last keep-alive that was answered;
 * - the last *tick*: every third of its time the broker puts a key of its own and waits until its own image has that revision. That
 *   proves at once that the store took a write, that the watch lives, and that every earlier change is in the image.
 *
 * Keep-alives come from the event loop that they vouch for: a stall of up to two thirds of the lease time costs nothing. A thread of
 * its own, stopped when the loop stalls for a third of the time, would keep the registration of a broker that stands still for up to
 * four thirds; its peers have suspected it long before, and it would have nothing to do with the time.
 */

import { brokerTickKey } from "@sluice/cluster";
import { type BrokerId, type Clock, invariant, isSluiceError, type SluiceError } from "@sluice/model";
import type { ClusterStore } from "./cluster-store.js";
import type { ImageWatcher } from "./image-watcher.js";
import { Renewal } from "./renewal.js";

export interface BrokerLeaseOptions {
  readonly brokerId: BrokerId;
  /** Lease time to ask for, in milliseconds. */
  readonly ttlMs: number;
  /** Called at most once: the lease is over, and with it this life of the broker. LEASE_EXPIRED, or CLOSED where the store was. */
  readonly onLost: (error: SluiceError) => void;
  /** A keep-alive or a tick failed and is tried again. For the log. */
  readonly onKeepAliveFailed: (error: Error) => void;
}

export interface BrokerLeaseDependencies {
  readonly store: ClusterStore;
  /** Started. */
  readonly images: ImageWatcher;
  readonly clock: Clock;
}

interface GrantedLease {
  readonly leaseId: string;
  readonly ttlMs: number;
  readonly keepAlives: Renewal;
  readonly ticks: Renewal;
}

const deadlineMarginMs = 200;

export class BrokerLease {
  readonly #options: BrokerLeaseOptions;
  readonly #store: ClusterStore;
  readonly #images: ImageWatcher;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  #lease: GrantedLease | undefined;
  #tickCount = 0;

  constructor(options: BrokerLeaseOptions, dependencies: BrokerLeaseDependencies) {
    this.#options = options;
    this.#store = dependencies.store;
    this.#images = dependencies.images;
    this.#clock = dependencies.clock;
  }

  /**
   * Grants the lease, waits for the first tick, and begins to keep both going. Called once.
   *
   * @throws what granting and putting throw; the lease runs out by itself then
   */
  async start(): Promise<void> {
    const grantSentMs = this.#clock.monotonicMs();
    const granted = await this.#store.grantLease(this.#options.ttlMs);
    try {
      const tickSentMs = this.#clock.monotonicMs();
      await this.#tick(granted);
      this.#keepUp(granted, { grantSentMs, tickSentMs });
    } catch (error) {
      if (!this.#isOver) throw error;
      // Closed while it was granted: nobody else would give it back.
      await this.#store.revokeLease(granted.leaseId);
    }
  }

  /** Id to put keys with. Only after `start`. */
  get leaseId(): string {
    invariant(this.#lease !== undefined, "the lease was not started");
    return this.#lease.leaseId;
  }

  /** Monotonic time until which nobody can have been elected in this broker's place. 0 before `start`. */
  get deadlineMs(): number {
    if (this.#lease === undefined) return 0;
    const { ttlMs, keepAlives, ticks } = this.#lease;
    return Math.min(keepAlives.renewedMs, ticks.renewedMs) + ttlMs * 0.9 - deadlineMarginMs;
  }

  isWithinDeadline(): boolean {
    return !this.#isOver && this.#clock.monotonicMs() < this.deadlineMs;
  }

  /** Gives the lease back: its keys go at once. Safe to call twice, and after the lease was lost. */
  async close(): Promise<void> {
    const wasOver = this.#isOver;
    this.#end();
    if (this.#lease === undefined || wasOver) return;
    await this.#store.revokeLease(this.#lease.leaseId);
  }

  get #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  #keepUp(
    granted: { readonly leaseId: string; readonly ttlMs: number },
    sent: { readonly grantSentMs: number; readonly tickSentMs: number },
  ): void {
    this.#ending.signal.throwIfAborted();
    const { leaseId, ttlMs } = granted;
    const onFailed = (error: Error): void => this.#renewalFailed(error);
    const options = { intervalMs: ttlMs / 3, retryDelayMs: ttlMs / 10, onFailed };
    const dependencies = { clock: this.#clock };
    const keepAlives = new Renewal(
      { ...options, renewedMs: sent.grantSentMs, renew: () => this.#store.keepLeaseAlive(leaseId) },
      dependencies,
    );
    const ticks = new Renewal(
      { ...options, renewedMs: sent.tickSentMs, renew: () => this.#tick(granted) },
      dependencies,
    );
    this.#lease = { leaseId, ttlMs, keepAlives, ticks };
    keepAlives.start();
    ticks.start();
  }

  /** Resolves when the image has a write of this broker. */
  async #tick({ leaseId, ttlMs }: { readonly leaseId: string; readonly ttlMs: number }): Promise<void> {
    const { signal } = this.#ending;
    signal.throwIfAborted();
    this.#tickCount += 1;
    const key = brokerTickKey(this.#options.brokerId);
    const { revision } = await this.#store.transact([], [{ type: "put", key, value: `${this.#tickCount}`, leaseId }]);
    // A watch that is silent for so long may have died without a word.
    const doubt = this.#clock.setTimer(ttlMs / 3, () => this.#images.reconcile());
    try {
      await this.#images.waitFor((image) => image.revision >= revision, signal);
    } finally {
      doubt.cancel();
    }
  }

  #renewalFailed(error: Error): void {
    if (isSluiceError(error, "LEASE_EXPIRED") || isSluiceError(error, "CLOSED")) {
      this.#end();
      this.#options.onLost(error);
    } else {
      this.#options.onKeepAliveFailed(error);
    }
  }

  #end(): void {
    this.#lease?.keepAlives.stop();
    this.#lease?.ticks.stop();
    this.#ending.abort();
  }
}
