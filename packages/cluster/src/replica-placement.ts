/**
 * Which brokers keep the replicas of a new topic.
 *
 * Leaders go round the brokers, those that lead least first, so that a topic is spread evenly (counts differ by at most 1)
 * and what does not divide evenly falls to the least loaded. The other replicas of a partition are on the brokers that follow its
 * leader in the round. The same image gives the same placement.
 */

import { type BrokerId, SluiceError } from "@sluice/model";
import type { ClusterImage } from "./cluster-image.js";

export interface PlacementRequest {
  readonly partitions: number;
  readonly replicationFactor: number;
}

/**
 * Replicas of each partition (index = partition number), the preferred leader first.
 *
 * @throws SluiceError INVALID_REPLICATION_FACTOR when there are fewer brokers than replicas
 */
export function placeReplicas(image: ClusterImage, request: PlacementRequest): BrokerId[][] {
  const { partitions, replicationFactor } = request;
  const round = brokersByLoad(image);
  if (replicationFactor > round.length || round.length === 0) {
    throw new SluiceError("INVALID_REPLICATION_FACTOR", {
      replicationFactor,
      replicationFactorMax: round.length,
      reason: `${round.length} brokers are running`,
    });
  }
  return Array.from({ length: partitions }, (_, partition) =>
    Array.from({ length: replicationFactor }, (_, replica) => {
      return round[(partition + replica) % round.length] as BrokerId;
    }),
  );
}

/** Registered brokers, those that are preferred leader of the fewest partitions first, then by id. */
function brokersByLoad(image: ClusterImage): BrokerId[] {
  const led = new Map<BrokerId, number>();
  for (const id of image.brokers.keys()) led.set(id, 0);
  for (const topic of image.topics.values()) {
    for (const { replicas } of topic.partitions) {
      const preferred = replicas[0];
      const count = preferred === undefined ? undefined : led.get(preferred);
      if (preferred !== undefined && count !== undefined) led.set(preferred, count + 1);
    }
  }
  return [...led].sort(([idA, countA], [idB, countB]) => countA - countB || idA - idB).map(([id]) => id);
}
