/**
 * How a broker becomes a member of its cluster: it registers, fenced, and unfences itself when it has caught up with the cluster's state.
 *
 * One transaction writes the registration, which goes with its lease, and what outlives it: that the last registration of this
 * broker is this one, fenced. The revision of that transaction is the brokerEpoch. Both compare what was there, so no registration is
 * taken over while it stands, and none is made on what is no longer true.
 */

import type { BrokerId } from "@sluice/model";
import { brokerKey, lastRegistrationKey } from "./cluster-keys.js";
import { type BrokerValue, formatBrokerValue, formatLastRegistrationValue } from "./cluster-values.js";
import { livesStill } from "./partition-writes.js";
import type { PlannedTransaction } from "./planned-transaction.js";

export interface RegistrationRequest extends BrokerValue {
  readonly id: BrokerId;
  readonly leaseId: string;
  /** Revision of the last registration as the store holds it; 0: there is none. */
  readonly lastVersion: number;
}

/** Registers a life of a broker, fenced. The revision of the transaction is its brokerEpoch. */
export function planRegistration(request: RegistrationRequest): PlannedTransaction {
  const { id, leaseId, lastVersion, ...value } = request;
  const { incarnation } = value;
  const key = brokerKey(id);
  const lastKey = lastRegistrationKey(id);
  return {
    purpose: `registering broker ${id}`,
    compares: [
      { key, target: "createRevision", equals: 0 },
      { key: lastKey, target: "modRevision", equals: lastVersion },
    ],
    operations: [
      { type: "put", key, value: formatBrokerValue(value), leaseId },
      { type: "put", key: lastKey, value: formatLastRegistrationValue({ state: "fenced", incarnation }) },
    ],
  };
}

/**
 * Unfences a registered life: from then on it may be elected. Refused where that life is over, or is unfenced already, which the
 * image then shows.
 */
export function planUnfence(life: { readonly id: BrokerId; readonly brokerEpoch: number }): PlannedTransaction {
  const { id, brokerEpoch } = life;
  const key = lastRegistrationKey(id);
  return {
    purpose: `unfencing broker ${id}`,
    // The registration wrote it last, in the transaction whose revision is the brokerEpoch.
    compares: [livesStill(life), { key, target: "modRevision", equals: brokerEpoch }],
    operations: [{ type: "put", key, value: formatLastRegistrationValue({ state: "active", brokerEpoch }) }],
  };
}
