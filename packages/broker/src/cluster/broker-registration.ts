/**
 * Registers one life of a broker in the cluster store, under its lease.
 *
 * The key is written once in a life: its createRevision is the brokerEpoch, which all that is decided about this broker compares.
 * A registration of another process is never taken over (P33): it goes with its lease. Our own, whose answer was lost, is
 * adopted.
 */

import { brokerKey, formatBrokerValue, parseBrokerValue } from "@sluice/cluster";
import type { ClusterStore } from "@sluice/coordination";
import { type BrokerId, SluiceError } from "@sluice/model";

export interface BrokerRegistrationOptions {
  readonly id: BrokerId;
  /** UUID of this process life. */
  readonly incarnation: string;
  /** Host and port that clients and other brokers dial. */
  readonly host: string;
  readonly port: number;
  /** Empty: none. */
  readonly rack: string;
  readonly leaseId: string;
}

/**
 * Registers and returns the brokerEpoch.
 *
 * @throws SluiceError BROKER_ID_TAKEN while another process is registered under the id, LEASE_EXPIRED
 */
export async function registerBroker(
  options: BrokerRegistrationOptions,
  dependencies: { readonly store: ClusterStore },
): Promise<number> {
  const { store } = dependencies;
  const { id, leaseId, ...value } = options;
  const key = brokerKey(id);
  for (;;) {
    const { succeeded, revision } = await store.transact(
      [{ key, target: "createRevision", equals: 0 }],
      [{ type: "put", key, value: formatBrokerValue(value), leaseId }],
    );
    if (succeeded) return revision;
    const holder = await store.get(key);
    // Gone between the two calls: the id is free now.
    if (holder === undefined) continue;
    if (parseBrokerValue(key, holder.value).incarnation !== options.incarnation) {
      throw new SluiceError("BROKER_ID_TAKEN", { broker: id });
    }
    if (holder.leaseId === leaseId) return holder.createRevision;
    // Ours, under a lease that this process has given up: that life is over, and a new one begins.
    await store.transact([{ key, target: "createRevision", equals: holder.createRevision }], [{ type: "delete", key }]);
  }
}
