/** What the cluster image says of the roles of one broker. Pure. */

import { type ClusterImage, hasLivingLeader, type PartitionImage, placeableBrokers } from "@sluice/cluster";
import { type BrokerId, groupOffsetsTopic } from "@sluice/model";

export interface BrokerRolesOptions {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: number;
  /** Brokers that must take part before the topic of group offsets is made. */
  readonly groupOffsetsBrokersMin: number;
}

/** Whether this life of the broker has all the roles that it is going to have, as long as nothing else happens in the cluster. */
export function hasAllRoles(image: ClusterImage, options: BrokerRolesOptions): boolean {
  const { brokerId, brokerEpoch, groupOffsetsBrokersMin } = options;
  const registration = image.brokers.get(brokerId);
  if (registration?.brokerEpoch !== brokerEpoch || !registration.isActive) return false;
  const isComplete = placeableBrokers(image).length >= groupOffsetsBrokersMin;
  if (isComplete && !image.topics.has(groupOffsetsTopic)) return false;
  return everyReplica(image, brokerId, (partition) => {
    return hasLivingLeader(partition, image.brokers) || !canHaveLeader(partition, image);
  });
}

/** Whether the broker is in sync wherever somebody leads what it keeps. */
export function isInSyncEverywhere(image: ClusterImage, broker: BrokerId): boolean {
  return everyReplica(image, broker, (partition) => {
    return !hasLivingLeader(partition, image.brokers) || partition.inSyncReplicas.includes(broker);
  });
}

/** Partitions that the broker leads and whose replicas are not all in sync, those aside that a move is still copying. */
export function underReplicatedCount(image: ClusterImage, leader: BrokerId): number {
  let count = 0;
  for (const topic of image.topics.values()) {
    for (const partition of topic.partitions) {
      if (partition.leader === leader && isUnderReplicated(partition)) count += 1;
    }
  }
  return count;
}

function isUnderReplicated({ replicas, inSyncReplicas, addingReplicas }: PartitionImage): boolean {
  return replicas.some((id) => !inSyncReplicas.includes(id) && !addingReplicas.includes(id));
}

/** Whether a broker that may lead it takes part now: else it waits for one. */
function canHaveLeader({ inSyncReplicas, eligibleLeaderReplicas }: PartitionImage, image: ClusterImage): boolean {
  return [...inSyncReplicas, ...eligibleLeaderReplicas].some((id) => image.brokers.get(id)?.isActive === true);
}

function everyReplica(
  image: ClusterImage,
  broker: BrokerId,
  condition: (partition: PartitionImage) => boolean,
): boolean {
  for (const topic of image.topics.values()) {
    for (const partition of topic.partitions) {
      if (partition.replicas.includes(broker) && !condition(partition)) return false;
    }
  }
  return true;
}
