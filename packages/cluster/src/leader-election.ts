/**
 * Who leads a partition next.
 *
 * Rules of the record: every change of leader, to none and to itself included, raises the leader epoch by 1; a broker never leads
 * under another brokerEpoch than the one it was elected with, so a leader that came back as a new life is elected anew even
 * if nobody missed it; only in-sync replicas are elected, because only they have all that was committed.
 */

import { type BrokerId, leaderEpoch } from "@sluice/model";
import type { BrokerRegistration, PartitionImage } from "./cluster-image.js";
import type { PartitionValue } from "./cluster-values.js";

/**
 * The record that the partition shall have, or undefined where its leader lives and nothing is to be done, or where there is
 * none and none can be had.
 */
export function planElection(
  partition: PartitionImage,
  brokers: ReadonlyMap<BrokerId, BrokerRegistration>,
): PartitionValue | undefined {
  if (hasLivingLeader(partition, brokers)) return undefined;
  const elected = partition.replicas.find((id) => partition.inSyncReplicas.includes(id) && brokers.has(id));
  if (elected === undefined) return partition.leader === undefined ? undefined : withoutLeader(partition);
  return {
    leader: elected,
    leaderBrokerEpoch: brokers.get(elected)?.brokerEpoch ?? 0,
    leaderEpoch: leaderEpoch(partition.leaderEpoch + 1),
    inSyncReplicas: partition.inSyncReplicas.filter(
      (id) => id === elected || (brokers.has(id) && id !== partition.leader),
    ),
    replicas: partition.replicas,
  };
}

/** Whether the leader is registered, in the life in which it was elected. */
export function hasLivingLeader(
  partition: PartitionImage,
  brokers: ReadonlyMap<BrokerId, BrokerRegistration>,
): boolean {
  if (partition.leader === undefined) return false;
  return brokers.get(partition.leader)?.brokerEpoch === partition.leaderBrokerEpoch;
}

/** The in-sync replicas stay as they are: one of them, once it is back, has everything. */
function withoutLeader(partition: PartitionImage): PartitionValue {
  return {
    leader: undefined,
    leaderBrokerEpoch: 0,
    leaderEpoch: leaderEpoch(partition.leaderEpoch + 1),
    inSyncReplicas: partition.inSyncReplicas,
    replicas: partition.replicas,
  };
}
