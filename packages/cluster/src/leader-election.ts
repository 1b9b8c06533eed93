/**
 * Who leads a partition next.
 *
 * Rules of the record: every change of leader, to none and to itself included, raises the leader epoch by 1; a broker never leads
 * under another brokerEpoch than the one it was elected with, so a leader that came back as a new life is elected anew even
 * if nobody missed it. Only in-sync replicas are elected and, where none of them can be, eligible ones: both have all that was
 * committed. Who is elected is registered and unfenced. The deposed leader, and everybody who cannot follow now, leaves the
 * in-sync replicas with the same record.
 */

import { type BrokerId, leaderEpoch } from "@sluice/model";
import type { BrokerRegistration, PartitionImage } from "./cluster-image.js";
import type { PartitionValue } from "./cluster-values.js";
import { candidatesWith, storedValueOf } from "./replica-sets.js";

/** Lives that are over or do not answer, though their registrations stand: the brokerEpoch of each. */
export type SuspectedBrokers = ReadonlyMap<BrokerId, number>;

export interface ElectionOptions {
  /** As `inSyncReplicasMinOf` tells it. */
  readonly inSyncReplicasMin: number;
  /** They lose what they lead, and are not elected. Default: none. */
  readonly suspects?: SuspectedBrokers | undefined;
}

const nobody: SuspectedBrokers = new Map();

/**
 * The record that the partition shall have, or undefined where its leader lives and nothing is to be done, or where there is
 * none and none can be had. A leader that is only suspected keeps its place while nobody else can have it.
 */
export function planElection(
  partition: PartitionImage,
  brokers: ReadonlyMap<BrokerId, BrokerRegistration>,
  { inSyncReplicasMin, suspects = nobody }: ElectionOptions,
): PartitionValue | undefined {
  const isRegistered = hasLivingLeader(partition, brokers);
  if (isRegistered && !isSuspected(partition.leader, partition.leaderBrokerEpoch, suspects)) return undefined;
  const isElectable = (id: BrokerId): boolean => {
    const registration = brokers.get(id);
    return registration?.isActive === true && !isSuspected(id, registration.brokerEpoch, suspects);
  };
  const elected = firstElectable(partition, isElectable);
  const registration = elected === undefined ? undefined : brokers.get(elected);
  if (registration !== undefined) {
    const others = partition.inSyncReplicas.filter((id) => id !== partition.leader && isElectable(id));
    return electedRecord(partition, registration, { others, inSyncReplicasMin });
  }
  return isRegistered || partition.leader === undefined ? undefined : withoutLeader(partition);
}

/** Whether the leader is registered, in the life in which it was elected. */
export function hasLivingLeader(
  partition: PartitionImage,
  brokers: ReadonlyMap<BrokerId, BrokerRegistration>,
): boolean {
  if (partition.leader === undefined) return false;
  return brokers.get(partition.leader)?.brokerEpoch === partition.leaderBrokerEpoch;
}

/**
 * The record under which that life leads, as a change of leader.
 *
 * @param options.others who is in sync besides
 */
export function electedRecord(
  partition: PartitionImage,
  elected: BrokerRegistration,
  options: { readonly others: readonly BrokerId[]; readonly inSyncReplicasMin: number },
): PartitionValue {
  const isInSync = new Set([elected.id, ...options.others]);
  // In the order in which they were; who comes from the eligible ones is the last.
  const inSyncReplicas = [...new Set([...partition.inSyncReplicas, elected.id])].filter((id) => isInSync.has(id));
  return {
    ...storedValueOf(partition),
    ...candidatesWith(partition, inSyncReplicas, options.inSyncReplicasMin),
    leader: elected.id,
    leaderBrokerEpoch: elected.brokerEpoch,
    leaderEpoch: leaderEpoch(partition.leaderEpoch + 1),
  };
}

/** The in-sync and the eligible replicas stay as they are: one of them, once it is back, has everything. */
export function withoutLeader(partition: PartitionImage): PartitionValue {
  return {
    ...storedValueOf(partition),
    leader: undefined,
    leaderBrokerEpoch: 0,
    leaderEpoch: leaderEpoch(partition.leaderEpoch + 1),
  };
}

/** In the preferred order: of the in-sync replicas, else of the eligible ones. */
function firstElectable(partition: PartitionImage, isElectable: (id: BrokerId) => boolean): BrokerId | undefined {
  const candidates = partition.replicas.filter(isElectable);
  return (
    candidates.find((id) => partition.inSyncReplicas.includes(id)) ??
    candidates.find((id) => partition.eligibleLeaderReplicas.includes(id))
  );
}

function isSuspected(id: BrokerId | undefined, brokerEpoch: number, suspects: SuspectedBrokers): boolean {
  return id !== undefined && suspects.get(id) === brokerEpoch;
}
