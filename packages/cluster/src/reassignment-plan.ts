/**
 * Moving replicas of a partition: a move is begun, and ended or cancelled later, by one transaction each.
 *
 * While it lasts, the partition has the replicas that it had and those that it is to have, the wanted ones first and in their
 * order. It ends when all wanted ones are in sync and one of them leads; whoever is not wanted goes with that same record, from the
 * in-sync replicas too. A leader that a move takes away hands over before that (`moved-leaders-plan`); one that is gone is replaced as in any
 * election. Taking a move back does not wait for a handover: whoever asks for that has one made before, where it can be.
 */

import { type BrokerId, SluiceError } from "@sluice/model";
import type { ClusterImage, PartitionImage, TopicImage } from "./cluster-image.js";
import type { PartitionValue } from "./cluster-values.js";
import { electedRecord, hasLivingLeader } from "./leader-election.js";
import { type PartitionName, partitionOrThrow } from "./partition-name.js";
import {
  electableStill,
  type PartitionWrite,
  PartitionWriteBatches,
  type PlannedPartitionWrites,
  termStands,
} from "./partition-writes.js";
import { candidatesWith, inSyncReplicasMinOf, type LeaderCandidates, storedValueOf } from "./replica-sets.js";
import { topicsToLookAt } from "./topics-to-look-at.js";

/** What a partition is to have. */
export interface ReassignmentRequest extends PartitionName {
  /** The preferred leader first. */
  readonly replicas: readonly BrokerId[];
}

/**
 * The record that begins a move, or undefined where the partition has just these replicas, in this order. Where nothing is to be
 * copied and nobody to be taken away, only the order changes.
 *
 * @throws SluiceError INVALID_TOPIC_NAME, UNKNOWN_TOPIC, UNKNOWN_PARTITION, INVALID_ASSIGNMENT, REASSIGNMENT_IN_PROGRESS
 */
export function planReassignment(image: ClusterImage, request: ReassignmentRequest): PartitionWrite | undefined {
  const { partition } = partitionOrThrow(image, request);
  if (isBeingMoved(partition)) {
    throw new SluiceError("REASSIGNMENT_IN_PROGRESS", { topic: request.topic, partition: request.partition });
  }
  checkAssignment(image, request, partition);
  const wanted = request.replicas;
  if (wanted.length === partition.replicas.length && wanted.every((id, i) => id === partition.replicas[i])) {
    return undefined;
  }
  const removingReplicas = partition.replicas.filter((id) => !wanted.includes(id));
  const value: PartitionValue = {
    ...storedValueOf(partition),
    replicas: [...wanted, ...removingReplicas],
    addingReplicas: wanted.filter((id) => !partition.replicas.includes(id)),
    removingReplicas,
  };
  return { partition, value, compares: [] };
}

/**
 * The record that takes a move back: those that it added go again. Undefined where none is under way.
 *
 * @throws SluiceError INVALID_TOPIC_NAME, UNKNOWN_TOPIC, UNKNOWN_PARTITION, and INVALID_ASSIGNMENT where nobody that was there before
 *   is in sync any more
 */
export function planReassignmentCancel(image: ClusterImage, name: PartitionName): PartitionWrite | undefined {
  const { topic, partition } = partitionOrThrow(image, name);
  if (!isBeingMoved(partition)) return undefined;
  const { removingReplicas } = partition;
  const kept = keptByCancel(partition);
  const write = planReplicas(image, { topic, partition, replicas: kept });
  if (write !== undefined && !leavesTooFew(partition, write.value, inSyncReplicasMinOf(topic, partition))) return write;
  const reason = `of those that it had before (${kept.join(", ")}), too few are in sync; let the move end`;
  const replicas = [...kept, ...removingReplicas].join(", ");
  throw new SluiceError("INVALID_ASSIGNMENT", { topic: name.topic, partition: name.partition, replicas, reason });
}

export interface ReassignmentFinishOptions {
  /** Term of the controller that acts. */
  readonly controllerEpoch: number;
  /** An earlier image for which there was nothing to do. */
  readonly settled?: ClusterImage | undefined;
}

/** Transactions that end every move whose wanted replicas are all in sync and one of which leads. */
export function planReassignmentFinishes(
  image: ClusterImage,
  { controllerEpoch, settled }: ReassignmentFinishOptions,
): PlannedPartitionWrites[] {
  const finishes = new PartitionWriteBatches({ what: "ending moves of", compares: [termStands(controllerEpoch)] });
  for (const topic of topicsToLookAt(image, settled)) {
    for (const partition of topic.partitions) {
      const { leader } = partition;
      if (leader === undefined || !isReadyToEnd(partition) || !hasLivingLeader(partition, image.brokers)) continue;
      const replicas = targetReplicasOf(partition);
      if (!replicas.includes(leader)) continue;
      const write = planReplicas(image, { topic, partition, replicas });
      if (write !== undefined) finishes.add(write);
    }
  }
  return finishes.finish();
}

/** Whether its replicas are being moved. */
export function isBeingMoved({ addingReplicas, removingReplicas }: PartitionImage): boolean {
  return addingReplicas.length > 0 || removingReplicas.length > 0;
}

/** Whether its replicas are being moved, and all that it is to have are in sync. */
export function isReadyToEnd(partition: PartitionImage): boolean {
  const isInSync = (id: BrokerId): boolean => partition.inSyncReplicas.includes(id);
  return isBeingMoved(partition) && targetReplicasOf(partition).every(isInSync);
}

/**
 * Who can lead where the move that is under way is taken back, and its leader is among those that go. Undefined: the leader stays, or nobody
 * that stays can lead now.
 */
export function leaderAfterCancel(image: ClusterImage, partition: PartitionImage): BrokerId | undefined {
  const { leader, addingReplicas } = partition;
  if (leader === undefined || !addingReplicas.includes(leader)) return undefined;
  return firstToLead(image, partition, keptByCancel(partition));
}

/** The replicas that it has, or will have when the move that is under way ends. */
export function targetReplicasOf({ replicas, removingReplicas }: PartitionImage): readonly BrokerId[] {
  return removingReplicas.length === 0 ? replicas : replicas.filter((id) => !removingReplicas.includes(id));
}

/** Replicas that a new partition of this topic gets: as many as its first one has, or will have when its move ends. */
export function replicationFactorOf({ partitions: [first] }: TopicImage): number {
  return first === undefined ? 1 : targetReplicasOf(first).length;
}

/** Whether fewer than enough would be known to have everything, where more are now. */
function leavesTooFew(before: LeaderCandidates, after: LeaderCandidates, inSyncReplicasMin: number): boolean {
  const count = (sets: LeaderCandidates): number => sets.inSyncReplicas.length + sets.eligibleLeaderReplicas.length;
  return count(after) < inSyncReplicasMin && count(after) < count(before);
}

/**
 * The record of a partition that has these replicas, and no move. Undefined where no leader can be had among those of them that
 * are in sync.
 */
function planReplicas(
  image: ClusterImage,
  { topic, partition, replicas }: { topic: TopicImage; partition: PartitionImage; replicas: readonly BrokerId[] },
): PartitionWrite | undefined {
  const isKept = (id: BrokerId): boolean => replicas.includes(id);
  const kept: PartitionImage = {
    ...partition,
    replicas,
    addingReplicas: [],
    removingReplicas: [],
    inSyncReplicas: partition.inSyncReplicas.filter(isKept),
    eligibleLeaderReplicas: partition.eligibleLeaderReplicas.filter(isKept),
    lastEligibleLeaderReplicas: partition.lastEligibleLeaderReplicas.filter(isKept),
  };
  const inSyncReplicasMin = inSyncReplicasMinOf(topic, kept);
  if (partition.leader !== undefined && isKept(partition.leader)) {
    const value = { ...storedValueOf(kept), ...candidatesWith(kept, kept.inSyncReplicas, inSyncReplicasMin) };
    return { partition, value, compares: [] };
  }
  const elected = firstToLead(image, kept, replicas);
  const registration = elected === undefined ? undefined : image.brokers.get(elected);
  if (registration === undefined) return undefined;
  const value = electedRecord(kept, registration, { others: kept.inSyncReplicas, inSyncReplicasMin });
  return { partition, value, compares: electableStill(registration) };
}

function keptByCancel({ replicas, addingReplicas }: PartitionImage): readonly BrokerId[] {
  return replicas.filter((id) => !addingReplicas.includes(id));
}

function firstToLead(
  image: ClusterImage,
  { inSyncReplicas }: PartitionImage,
  replicas: readonly BrokerId[],
): BrokerId | undefined {
  return replicas.find((id) => inSyncReplicas.includes(id) && image.brokers.get(id)?.isActive === true);
}

function checkAssignment(image: ClusterImage, request: ReassignmentRequest, partition: PartitionImage): void {
  const reason = reasonAgainst(image, request.replicas, partition);
  if (reason === undefined) return;
  const replicas = request.replicas.join(", ");
  throw new SluiceError("INVALID_ASSIGNMENT", { topic: request.topic, partition: request.partition, replicas, reason });
}

function reasonAgainst(
  image: ClusterImage,
  replicas: readonly BrokerId[],
  partition: PartitionImage,
): string | undefined {
  if (replicas.length === 0) return "it needs one replica at least";
  if (new Set(replicas).size < replicas.length) return "a broker is named twice";
  for (const id of replicas.filter((wanted) => !partition.replicas.includes(wanted))) {
    if (image.brokers.get(id)?.isActive !== true) return `broker ${id} is not running`;
    if (image.drainedBrokers.has(id)) return `broker ${id} is drained`;
  }
  return undefined;
}
