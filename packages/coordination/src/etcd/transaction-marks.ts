/**
 * Marks by which a transaction whose answer was lost is recognised (`etcd-transactions`): one key each, never used twice.
 *
 * They lie beside the keys of the store, which shows them to nobody, under a lease that is never kept alive: a mark is gone a minute
 * after it was made at the latest, and nobody has to clear up after a broker that was killed. A mark that is handed out lives
 * for half of that time at least.
 */

import { type Clock, type Random, randomUuid } from "@sluice/model";
import type { EtcdMembers } from "./etcd-members.js";

export interface TransactionMark {
  readonly key: string;
  readonly leaseId: string;
}

const leaseSeconds = 60;

/** All marks of all brokers begin with this. */
export const marksPrefix = "/sluice-marks/";

export class TransactionMarks {
  readonly #members: Pick<EtcdMembers, "ask">;
  readonly #clock: Clock;
  readonly #prefix: string;
  #lease: Promise<string> | undefined;
  /** Monotonic time from which the lease is too old to put a mark under. */
  #leaseEndMs = 0;
  #count = 0;

  constructor(members: Pick<EtcdMembers, "ask">, dependencies: { readonly clock: Clock; readonly random: Random }) {
    this.#members = members;
    this.#clock = dependencies.clock;
    this.#prefix = `${marksPrefix}${randomUuid(dependencies.random)}/`;
  }

  /** A mark that nobody has used. @throws what asking etcd throws; nothing was done then */
  async next(): Promise<TransactionMark> {
    if (this.#clock.monotonicMs() >= this.#leaseEndMs) this.#lease = undefined;
    this.#lease ??= this.#grant();
    const leaseId = await this.#lease;
    this.#count += 1;
    return { key: `${this.#prefix}${this.#count}`, leaseId };
  }

  /** The lease is gone before its time, as after a long pause of this process: the next mark gets a new one. */
  forgetLease(): void {
    this.#lease = undefined;
  }

  #grant(): Promise<string> {
    this.#leaseEndMs = this.#clock.monotonicMs() + (leaseSeconds * 1000) / 2;
    const granting = this.#members.ask((member) => member.leaseClient.leaseGrant({ TTL: leaseSeconds }));
    const leaseId = granting.then(({ ID }) => ID);
    leaseId.catch(() => {
      if (this.#lease === leaseId) this.#lease = undefined;
    });
    return leaseId;
  }
}
