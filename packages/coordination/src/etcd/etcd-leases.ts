/** Leases of etcd. It counts in whole seconds, and grants no less than it needs to elect a leader of its own. */

import { type Clock, isSluiceError, SluiceError } from "@sluice/model";
import type { ILeaseKeepAliveResponse } from "etcd3";
import type { EtcdMember } from "./etcd-member.js";
import type { EtcdMembers } from "./etcd-members.js";

export interface EtcdLeasesOptions {
  /** How long one keep-alive may take, and how long a lease is tried to be given back, in milliseconds. */
  readonly callTimeoutMs: number;
}

export class EtcdLeases {
  readonly #options: EtcdLeasesOptions;
  readonly #members: EtcdMembers;
  readonly #clock: Clock;

  constructor(options: EtcdLeasesOptions, dependencies: { readonly members: EtcdMembers; readonly clock: Clock }) {
    this.#options = options;
    this.#members = dependencies.members;
    this.#clock = dependencies.clock;
  }

  /** @throws SluiceError INVALID_REQUEST, STORE_UNAVAILABLE, STORE_ACCESS_DENIED */
  async grant(ttlMs: number): Promise<{ readonly leaseId: string; readonly ttlMs: number }> {
    if (!(Number.isFinite(ttlMs) && ttlMs > 0)) {
      throw new SluiceError("INVALID_REQUEST", { reason: `a lease cannot last ${ttlMs} ms` });
    }
    // A grant whose answer was lost runs out by itself.
    const granted = await this.#members.ask((member) =>
      member.leaseClient.leaseGrant({ TTL: Math.ceil(ttlMs / 1000) }),
    );
    return { leaseId: granted.ID, ttlMs: Number(granted.TTL) * 1000 };
  }

  /** Asks one member, once: whoever keeps a lease knows better than patience when to try again. @throws SluiceError LEASE_EXPIRED */
  async keepAlive(leaseId: string): Promise<void> {
    checkLeaseId(leaseId);
    const answer = await this.#members.askOnce((member) => this.#sendKeepAlive(member, leaseId));
    if (answer.TTL === "0") throw new SluiceError("LEASE_EXPIRED", { lease: leaseId });
  }

  /** Has less patience than other calls: whoever stops does not wait for an etcd that is away, and the lease runs out by itself. */
  async revoke(leaseId: string): Promise<void> {
    const patienceMs = this.#options.callTimeoutMs;
    try {
      checkLeaseId(leaseId);
      await this.#members.ask((member) => member.leaseClient.leaseRevoke({ ID: leaseId }), { patienceMs });
    } catch (error) {
      // Over already, perhaps by a try whose answer was lost.
      if (!isSluiceError(error, "LEASE_EXPIRED")) throw error;
    }
  }

  async #sendKeepAlive(member: EtcdMember, leaseId: string): Promise<ILeaseKeepAliveResponse> {
    const deadline = this.#clock.nowMs() + this.#options.callTimeoutMs;
    const stream = await member.leaseClient.leaseKeepAlive({ deadline });
    try {
      return await new Promise<ILeaseKeepAliveResponse>((resolve, reject) => {
        stream.on("data", resolve);
        stream.on("error", reject);
        stream.on("end", () => reject(new Error("the stream of keep-alives ended")));
        stream.write({ ID: leaseId });
      });
    } finally {
      stream.end();
    }
  }
}

/** Leases of etcd are numbers; it would not even understand the question. @throws SluiceError LEASE_EXPIRED */
function checkLeaseId(leaseId: string): void {
  if (!/^\d{1,19}$/.test(leaseId)) throw new SluiceError("LEASE_EXPIRED", { lease: leaseId });
}
