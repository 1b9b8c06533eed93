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
  /** Partitions that brokers are about to be preferred leaders of, and that the image does not show yet. Default: none. */
  readonly alsoLed?: ReadonlyMap<BrokerId, number> | undefined;
}

/**
 * Replicas of each partition (index = partition number), the preferred leader first.
 *
 * @throws SluiceError INVALID_REPLICATION_FACTOR when there are fewer brokers than replicas
 */
export function placeReplicas(image: ClusterImage, request: PlacementRequest): BrokerId[][] {
  const { partitions, replicationFactor } = request;
  const round = brokersByLoad(image, request.alsoLed);
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
function brokersByLoad(image: ClusterImage, alsoLed: ReadonlyMap<BrokerId, number> = new Map()): BrokerId[] {
  const led = [...image.brokers.keys()].map((id) => {
    return { id, count: (image.preferredLeaders.get(id) ?? 0) + (alsoLed.get(id) ?? 0) };
  });
  return led.sort((a, b) => a.count - b.count || a.id - b.id).map(({ id }) => id);
}
