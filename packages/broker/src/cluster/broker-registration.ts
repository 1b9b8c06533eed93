/**
 * Registers one life of a broker in the cluster store, under its lease, and unfences it.
 *
 * The key is written once in a life: its createRevision is the brokerEpoch, which all that is decided about this broker compares.
 * A registration of another process is never taken over (P33): it goes with its lease. Our own, whose answer was lost, is
 * adopted. The same transaction compares and replaces what is kept of the last registration, so that what was concluded from it, above
 * all whether this disk has what that life wrote, is still true.
 */

import {
  type BrokerEndpoint,
  brokerKey,
  lastRegistrationKey,
  parseBrokerValue,
  parseLastRegistrationValue,
  planRegistration,
  planUnfence,
} from "@sluice/cluster";
import type { ClusterStore, KeyValue } from "@sluice/coordination";
import { type BrokerId, SluiceError } from "@sluice/model";

export interface BrokerRegistrationOptions {
  readonly id: BrokerId;
  /** UUID of this process life. */
  readonly incarnation: string;
  /** Host and port that other brokers dial, and clients too where no listener has a name. */
  readonly host: string;
  readonly port: number;
  /** By listener name, what clients dial. */
  readonly listeners: Readonly<Record<string, BrokerEndpoint>>;
  /** Empty: none. */
  readonly rack: string;
  readonly leaseId: string;
  /** The last registration that this broker knows of; undefined: none. Where there is a newer one, it does not register. */
  readonly lastBrokerEpoch: number | undefined;
}

/** Epoch of the last registration under that id; undefined: there never was one. @throws SluiceError CORRUPT_CLUSTER_KEY */
export async function lastBrokerEpochOf(
  id: BrokerId,
  { store }: { readonly store: ClusterStore },
): Promise<number | undefined> {
  const last = await store.get(lastRegistrationKey(id));
  return last === undefined ? undefined : epochOf(last);
}

/**
 * Registers, fenced, and returns the brokerEpoch.
 *
 * @throws SluiceError BROKER_ID_TAKEN while another process is registered under the id, or where one was since `lastBrokerEpoch`;
 *   LEASE_EXPIRED; STORE_RESTORED where the store went back to before it
 */
export async function registerBroker(
  options: BrokerRegistrationOptions,
  { store }: { readonly store: ClusterStore },
): Promise<number> {
  const { lastBrokerEpoch, ...registration } = options;
  const { id, leaseId, incarnation } = registration;
  const key = brokerKey(id);
  let expectedEpoch = lastBrokerEpoch;
  for (;;) {
    const last = await store.get(lastRegistrationKey(id));
    const lastEpoch = last === undefined ? undefined : epochOf(last);
    const isOwn = last !== undefined && incarnationOf(last) === incarnation;
    // Our own, whose answer was lost and whose lease is over: that life was over before it wrote anything.
    const isAsExpected = lastEpoch === expectedEpoch || isOwn;
    if ((lastEpoch ?? 0) < (expectedEpoch ?? 0)) {
      const reason = `it does not know of registration ${expectedEpoch} of broker ${id}, which there was`;
      throw new SluiceError("STORE_RESTORED", { reason });
    }
    if (isAsExpected) {
      const plan = planRegistration({ ...registration, lastVersion: last?.modRevision ?? 0 });
      const { succeeded, revision } = await store.transact(plan.compares, plan.operations);
      if (succeeded) return revision;
    }
    const holder = await store.get(key);
    // Gone between the two calls: the id is free now.
    if (holder === undefined && isAsExpected) continue;
    if (holder === undefined || parseBrokerValue(key, holder.value).incarnation !== incarnation) {
      throw new SluiceError("BROKER_ID_TAKEN", { broker: id });
    }
    if (holder.leaseId === leaseId) return holder.createRevision;
    // Ours, under a lease that this process has given up: that life is over, and a new one begins.
    await store.transact([{ key, target: "createRevision", equals: holder.createRevision }], [{ type: "delete", key }]);
    expectedEpoch = holder.createRevision;
  }
}

/**
 * Says that this life takes part from now on, and returns the revision that says so. Nothing happens where the store says so already.
 * @throws SluiceError LEASE_EXPIRED where that life is over
 */
export async function unfenceBroker(
  life: { readonly id: BrokerId; readonly brokerEpoch: number; readonly leaseId: string },
  { store }: { readonly store: ClusterStore },
): Promise<number> {
  const plan = planUnfence(life);
  const { succeeded, revision } = await store.transact(plan.compares, plan.operations);
  if (succeeded) return revision;
  const last = await store.get(lastRegistrationKey(life.id));
  // An earlier try, whose answer was lost.
  const isDone = last !== undefined && last.modRevision > life.brokerEpoch && epochOf(last) === life.brokerEpoch;
  if (isDone) return last.modRevision;
  throw new SluiceError("LEASE_EXPIRED", { lease: life.leaseId });
}

/** Undefined where the registration was unfenced since. */
function incarnationOf(last: KeyValue): string | undefined {
  const value = parseLastRegistrationValue(last.key, last.value);
  return value.state === "fenced" ? value.incarnation : undefined;
}

function epochOf(last: KeyValue): number {
  const value = parseLastRegistrationValue(last.key, last.value);
  // Fenced, it was written with the registration.
  return value.state === "active" ? value.brokerEpoch : last.modRevision;
}
