/**
 * Leaders that give their leadership to another replica: when they stop, and when a preferred leader is back.
 *
 * The leader itself writes it, when nothing is being appended and the candidate has everything. It stays in sync unless it stops.
 */

import { type BrokerId, invariant, type LeaderEpoch, SluiceError, type TopicId } from "@sluice/model";
import type { ClusterImage, PartitionImage, TopicImage } from "./cluster-image.js";
import { electedRecord } from "./leader-election.js";
import {
  electableStill,
  livesStill,
  type PartitionWrite,
  PartitionWriteBatches,
  type PlannedPartitionWrites,
} from "./partition-writes.js";
import { targetReplicasOf } from "./reassignment-plan.js";
import { inSyncReplicasMinOf } from "./replica-sets.js";

/** A leadership that is ready to be given away. */
export interface Handover {
  readonly topicId: TopicId;
  readonly partition: number;
  /** In which it was made ready. */
  readonly leaderEpoch: LeaderEpoch;
  readonly candidate: BrokerId;
}

export interface HandoverOptions {
  /** The leader of all of them, in its present life. */
  readonly id: BrokerId;
  readonly brokerEpoch: number;
  /** It stops, and leaves the in-sync replicas with the same record. */
  readonly isLeaving: boolean;
}

/** Transactions that give the leaderships away; `refused` are those that the image shows to be over, or whose candidate cannot lead. */
export function planHandover(
  image: ClusterImage,
  handovers: readonly Handover[],
  options: HandoverOptions,
): { readonly transactions: readonly PlannedPartitionWrites[]; readonly refused: readonly Handover[] } {
  const batches = new PartitionWriteBatches({ what: "handing over", compares: [livesStill(options)] });
  const refused: Handover[] = [];
  for (const handover of handovers) {
    const write = writeOf(image, handover, options);
    if (write === undefined) refused.push(handover);
    else batches.add(write);
  }
  return { transactions: batches.finish(), refused };
}

/**
 * Who can take over a partition from its leader now: in sync and unfenced, in the preferred order. Undefined: nobody.
 *
 * @param suspects brokers that do not answer; default: none
 */
export function handoverCandidate(
  image: ClusterImage,
  partition: PartitionImage,
  suspects: ReadonlySet<BrokerId> = new Set(),
): BrokerId | undefined {
  return targetReplicasOf(partition).find((id) => {
    return id !== partition.leader && !suspects.has(id) && isCandidate(image, partition, id);
  });
}

/** A partition whose preferred leader could lead it. */
export interface PreferredLeader {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
  readonly candidate: BrokerId;
}

/** Partitions that this broker leads though another one is preferred, is in sync, may be elected and is not drained. */
export function planPreferredLeaders(image: ClusterImage, leader: BrokerId): PreferredLeader[] {
  const found: PreferredLeader[] = [];
  for (const topic of image.topics.values()) {
    for (const partition of topic.partitions) {
      if (partition.leader !== leader) continue;
      const candidate = preferredLeaderOf(image, partition);
      if (candidate !== undefined && candidate !== leader) found.push({ topic, partition, candidate });
    }
  }
  return found;
}

/** Who should lead it: the first of the replicas, where that one is not drained, else the first that is not. */
export function preferredReplicaOf(image: ClusterImage, partition: PartitionImage): BrokerId | undefined {
  const replicas = targetReplicasOf(partition);
  return replicas.find((id) => !image.drainedBrokers.has(id)) ?? replicas[0];
}

/** Who should lead it, where it could lead now. */
export function preferredLeaderOf(image: ClusterImage, partition: PartitionImage): BrokerId | undefined {
  const preferred = preferredReplicaOf(image, partition);
  return preferred !== undefined && isCandidate(image, partition, preferred) ? preferred : undefined;
}

/**
 * The record under which that broker leads a partition that nobody leads now.
 *
 * @throws SluiceError LEADER_NOT_ELIGIBLE
 */
export function planChosenElection(
  image: ClusterImage,
  found: { readonly topic: TopicImage; readonly partition: PartitionImage },
  candidate: BrokerId,
): PartitionWrite {
  checkCandidate(image, found, candidate);
  const { topic, partition } = found;
  const elected = image.brokers.get(candidate);
  invariant(elected !== undefined, "who can lead is registered");
  const canFollow = (id: BrokerId): boolean => id !== partition.leader && image.brokers.get(id)?.isActive === true;
  const others = partition.inSyncReplicas.filter(canFollow);
  const value = electedRecord(partition, elected, { others, inSyncReplicasMin: inSyncReplicasMinOf(topic, partition) });
  return { partition, value, compares: electableStill(elected) };
}

/** @throws SluiceError LEADER_NOT_ELIGIBLE: it says why that broker cannot lead now */
export function checkCandidate(
  image: ClusterImage,
  { topic, partition }: { readonly topic: TopicImage; readonly partition: PartitionImage },
  candidate: BrokerId,
): void {
  const reason = reasonAgainst(image, partition, candidate);
  if (reason === undefined) return;
  throw new SluiceError("LEADER_NOT_ELIGIBLE", {
    broker: candidate,
    topic: topic.name,
    partition: partition.partition,
    reason,
  });
}

function writeOf(image: ClusterImage, handover: Handover, options: HandoverOptions): PartitionWrite | undefined {
  const topic = image.topicsById.get(handover.topicId);
  const partition = topic?.partitions[handover.partition];
  const registration = image.brokers.get(handover.candidate);
  if (topic === undefined || partition === undefined || registration === undefined) return undefined;
  const isLeader = partition.leader === options.id && partition.leaderBrokerEpoch === options.brokerEpoch;
  if (!isLeader || partition.leaderEpoch !== handover.leaderEpoch || handover.candidate === options.id)
    return undefined;
  if (!isCandidate(image, partition, handover.candidate)) return undefined;
  const others = partition.inSyncReplicas.filter((id) => !(options.isLeaving && id === options.id));
  const inSyncReplicasMin = inSyncReplicasMinOf(topic, partition);
  const value = electedRecord(partition, registration, { others, inSyncReplicasMin });
  return { partition, value, compares: electableStill(registration) };
}

function isCandidate(image: ClusterImage, partition: PartitionImage, id: BrokerId): boolean {
  return reasonAgainst(image, partition, id) === undefined;
}

function reasonAgainst(image: ClusterImage, partition: PartitionImage, id: BrokerId): string | undefined {
  if (!partition.replicas.includes(id)) return "it keeps no replica of it";
  const registration = image.brokers.get(id);
  if (registration === undefined) return "it is not running";
  if (!registration.isActive) return "it has just started, and takes no part yet";
  return partition.inSyncReplicas.includes(id) ? undefined : "it is not in sync";
}
