/**
 * The quotas of a broker: what each client has used of its rates.
 *
 * A client is the name that it gives itself, else the address that it calls from; all its streams and connections count together.
 * Bound: the clients seen last, `clientsMax` of them; one that is forgotten begins anew. Other brokers have no quota: what they
 * ask for was counted where a client asked for it, or is the cluster's own.
 */

import type { CallContext, Clock, Timer } from "@sluice/model";
import { TokenBucket } from "./token-bucket.js";

/** What is counted: bytes of records in, bytes of records out, requests. */
export type QuotaKind = "produce" | "fetch" | "request";

export interface QuotaRates {
  /** Bytes, bytes and requests a second; 0: no quota. */
  readonly produce: number;
  readonly fetch: number;
  readonly request: number;
}

/** Milliseconds that clients were made to wait, by what they used too much of. They only grow. */
export interface ThrottledMs {
  produce: number;
  fetch: number;
  request: number;
}

/** Names of this form are those of brokers that call one another. */
const brokerClientId = /^sluice-broker-\d+$/;
/** Clients that are remembered. */
const clientsMax = 10_000;
/** What a client may be ahead of its rate after a rest: little, so that a rate holds over seconds. */
const burstMs = 250;

/** How the client of a broker that calls others names itself. */
export function brokerClientIdOf(brokerId: number): string {
  return `sluice-broker-${brokerId}`;
}

/** Use of its quotas by one client. */
export class ClientQuota {
  readonly #buckets: Readonly<Record<QuotaKind, TokenBucket | undefined>>;
  readonly #quotas: ClientQuotas;
  readonly #clock: Clock;

  constructor(rates: QuotaRates, dependencies: { readonly quotas: ClientQuotas; readonly clock: Clock }) {
    const bucket = (ratePerSec: number): TokenBucket | undefined =>
      ratePerSec === 0 ? undefined : new TokenBucket({ ratePerSec, burstMs });
    this.#buckets = { produce: bucket(rates.produce), fetch: bucket(rates.fetch), request: bucket(rates.request) };
    this.#quotas = dependencies.quotas;
    this.#clock = dependencies.clock;
  }

  take(kind: QuotaKind, units: number): void {
    this.#buckets[kind]?.take(units, this.#clock.monotonicMs());
  }

  /** Gives back what was taken for nothing. */
  giveBack(kind: QuotaKind, units: number): void {
    this.#buckets[kind]?.giveBack(units);
  }

  /** Milliseconds until all of these are within their rates again; 0: they are. */
  waitMs(kinds: readonly QuotaKind[]): number {
    if (this.#quotas.isLifted) return 0;
    const nowMs = this.#clock.monotonicMs();
    let waitMs = 0;
    for (const kind of kinds) waitMs = Math.max(waitMs, this.#buckets[kind]?.waitMs(nowMs) ?? 0);
    return waitMs;
  }

  /** Calls `resume` after a wait, which counts as time throttled by whichever of these made it so long. */
  setTimer(kinds: readonly QuotaKind[], waitMs: number, resume: () => void): Timer {
    const nowMs = this.#clock.monotonicMs();
    const waits = kinds.map((kind) => this.#buckets[kind]?.waitMs(nowMs) ?? 0);
    const cause = kinds[waits.indexOf(Math.max(...waits))];
    if (cause !== undefined) this.#quotas.throttledMs[cause] += waitMs;
    return this.#quotas.setTimer(waitMs, resume);
  }
}

export class ClientQuotas {
  readonly #rates: QuotaRates;
  readonly #clock: Clock;
  /** In the order in which they were asked for last. */
  readonly #clients = new Map<string, ClientQuota>();
  readonly throttledMs: ThrottledMs = { produce: 0, fetch: 0, request: 0 };
  /** Everything that waits for its time now. */
  readonly #waits = new Set<{ readonly timer: Timer; resume(): void }>();
  #isLifted = false;

  constructor(rates: QuotaRates, clock: Clock) {
    this.#rates = rates;
    this.#clock = clock;
  }

  /** There is a quota at all. */
  get isOn(): boolean {
    return this.#rates.produce > 0 || this.#rates.fetch > 0 || this.#rates.request > 0;
  }

  /** No quota counts any more. */
  get isLifted(): boolean {
    return this.#isLifted;
  }

  /** Ends all waits and asks for none from now on: what has begun is to be finished before the broker stops. */
  lift(): void {
    this.#isLifted = true;
    const waits = [...this.#waits];
    this.#waits.clear();
    for (const { timer, resume } of waits) {
      timer.cancel();
      resume();
    }
  }

  /** Calls `resume` after `waitMs`, or when the quotas are lifted. */
  setTimer(waitMs: number, resume: () => void): Timer {
    const timer = this.#clock.setTimer(waitMs, () => {
      this.#waits.delete(wait);
      resume();
    });
    const wait = { timer, resume };
    this.#waits.add(wait);
    return {
      cancel: () => {
        this.#waits.delete(wait);
        timer.cancel();
      },
    };
  }

  /** Clients that are remembered. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** The quota of whoever calls; undefined: it has none. */
  of(caller: Pick<CallContext, "clientId" | "peer">): ClientQuota | undefined {
    if (brokerClientId.test(caller.clientId)) return undefined;
    const identity = identityOf(caller);
    const known = this.#clients.get(identity);
    const quota = known ?? new ClientQuota(this.#rates, { clock: this.#clock, quotas: this });
    this.#clients.delete(identity);
    this.#clients.set(identity, quota);
    if (this.#clients.size > clientsMax) this.#clients.delete(this.#clients.keys().next().value as string);
    return quota;
  }
}

/** A name and an address are never taken for one another. */
function identityOf({ clientId, peer }: Pick<CallContext, "clientId" | "peer">): string {
  return clientId === "" ? `address ${peer.replace(/:\d+$/, "")}` : `name ${clientId}`;
}
