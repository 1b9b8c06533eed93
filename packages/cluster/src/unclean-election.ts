/**
 * Leaders for partitions of which nobody is known to have everything: records may be lost by it.
 *
 * It happens by itself only when all in-sync and eligible replicas may have lost records, more than the guarantee covers: then those
 * that could have the most are asked, and the one whose log reaches farthest, by epoch first, leads. Otherwise it takes an operator. Who is
 * elected so is the only one in sync, and nobody else is eligible: its log says what there is.
 */

import { type BrokerId, type LeaderEpoch, type Offset, SluiceError } from "@sluice/model";
import type { BrokerRegistration, ClusterImage, PartitionImage, TopicImage } from "./cluster-image.js";
import { electedRecord } from "./leader-election.js";
import { type PartitionName, partitionOrThrow } from "./partition-name.js";
import { electableStill, type PartitionWrite } from "./partition-writes.js";
import { inSyncReplicasMinOf } from "./replica-sets.js";

/** What a replica has, as its broker says. */
export interface ReplicaReport {
  readonly replica: BrokerId;
  /** The life that says so. */
  readonly brokerEpoch: number;
  /** Epoch of its last batch; undefined: its log is empty. */
  readonly lastEpoch: LeaderEpoch | undefined;
  readonly logEndOffset: Offset;
}

/** Whether nobody can lead it any more without that records may be lost. */
export function needsUncleanRecovery(partition: PartitionImage): boolean {
  const { leader, inSyncReplicas, eligibleLeaderReplicas } = partition;
  return leader === undefined && inSyncReplicas.length === 0 && eligibleLeaderReplicas.length === 0;
}

/**
 * The record that gives such a partition a leader: the replica with the greatest last epoch and, of those, the longest log. Undefined
 * while more is to be waited for: for all replicas or, when the wait is over, for those that were eligible last.
 */
export function planUncleanRecovery(
  image: ClusterImage,
  { topic, partition }: { readonly topic: TopicImage; readonly partition: PartitionImage },
  options: { readonly reports: readonly ReplicaReport[]; readonly isWaitOver: boolean },
): PartitionWrite | undefined {
  if (!needsUncleanRecovery(partition)) return undefined;
  const current = options.reports.filter(({ replica, brokerEpoch }) => {
    const registration = image.brokers.get(replica);
    return registration?.brokerEpoch === brokerEpoch && registration.isActive && partition.replicas.includes(replica);
  });
  const best = longestLog(current);
  const registration = best === undefined ? undefined : image.brokers.get(best.replica);
  const awaited = options.isWaitOver ? partition.lastEligibleLeaderReplicas : partition.replicas;
  const isComplete = awaited.every((id) => current.some(({ replica }) => replica === id));
  if (registration === undefined || !isComplete) return undefined;
  return uncleanWrite(topic, partition, registration);
}

/** The report of the replica that has most; of equals, the first. Undefined: there are none. */
export function longestLog(reports: readonly ReplicaReport[]): ReplicaReport | undefined {
  const rank = (report: ReplicaReport): number => report.lastEpoch ?? -1;
  let best: ReplicaReport | undefined;
  for (const report of reports) {
    const isMore =
      best === undefined ||
      rank(report) > rank(best) ||
      (rank(report) === rank(best) && report.logEndOffset > best.logEndOffset);
    if (isMore) best = report;
  }
  return best;
}

/**
 * The record under which that broker leads because an operator says so. Nothing is lost where it is in sync or eligible.
 *
 * @throws SluiceError INVALID_TOPIC_NAME, UNKNOWN_TOPIC, UNKNOWN_PARTITION, LEADER_NOT_ELIGIBLE where it keeps no replica, or is not
 *   running and unfenced
 */
export function planUncleanElection(image: ClusterImage, name: PartitionName, candidate: BrokerId): PartitionWrite {
  const { topic, partition } = partitionOrThrow(image, name);
  const registration = image.brokers.get(candidate);
  if (partition.replicas.includes(candidate) && registration?.isActive === true) {
    return uncleanWrite(topic, partition, registration);
  }
  const reason = partition.replicas.includes(candidate) ? "it is not running" : "it keeps no replica of it";
  throw new SluiceError("LEADER_NOT_ELIGIBLE", {
    broker: candidate,
    topic: name.topic,
    partition: name.partition,
    reason,
  });
}

function uncleanWrite(topic: TopicImage, partition: PartitionImage, elected: BrokerRegistration): PartitionWrite {
  const { inSyncReplicas, eligibleLeaderReplicas } = partition;
  const isClean = inSyncReplicas.includes(elected.id) || eligibleLeaderReplicas.includes(elected.id);
  const nobody = { inSyncReplicas: [], eligibleLeaderReplicas: [], lastEligibleLeaderReplicas: [] };
  const base = isClean ? partition : { ...partition, ...nobody };
  const inSyncReplicasMin = inSyncReplicasMinOf(topic, partition);
  const elects = electedRecord(base, elected, { others: [], inSyncReplicasMin });
  const value = isClean ? elects : { ...elects, uncleanEpoch: elects.leaderEpoch };
  return { partition, value, compares: electableStill(elected) };
}
