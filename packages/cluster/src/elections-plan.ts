/** Elections of a whole cluster: every partition whose leader is gone, as few transactions. */

import type { ClusterImage } from "./cluster-image.js";
import { planElection, type SuspectedBrokers } from "./leader-election.js";
import { electableStill, PartitionWriteBatches, type PlannedPartitionWrites, termStands } from "./partition-writes.js";
import { inSyncReplicasMinOf } from "./replica-sets.js";
import { topicsToLookAt } from "./topics-to-look-at.js";

export interface ElectionsOptions {
  /** The term of the controller that acts. Undefined: not the controller, and nothing of it is compared. */
  readonly controllerEpoch?: number | undefined;
  /** Brokers that lose what they lead though they are registered. Default: none. */
  readonly suspects?: SuspectedBrokers | undefined;
  /** An earlier image for which there was nothing to elect, so that only what changed since is looked at. */
  readonly settled?: ClusterImage | undefined;
}

/** Transactions that elect a leader for each partition that has lost its own. */
export function planElections(image: ClusterImage, options: ElectionsOptions): PlannedPartitionWrites[] {
  const { controllerEpoch, suspects } = options;
  const compares = controllerEpoch === undefined ? [] : [termStands(controllerEpoch)];
  const elections = new PartitionWriteBatches({ what: "electing leaders of", compares });
  const isAnySuspected = suspects !== undefined && suspects.size > 0;
  for (const topic of topicsToLookAt(image, isAnySuspected ? undefined : options.settled)) {
    for (const partition of topic.partitions) {
      const inSyncReplicasMin = inSyncReplicasMinOf(topic, partition);
      const value = planElection(partition, image.brokers, { inSyncReplicasMin, suspects });
      if (value === undefined) continue;
      const elected = value.leader === undefined ? undefined : image.brokers.get(value.leader);
      elections.add({ partition, value, compares: elected === undefined ? [] : electableStill(elected) });
    }
  }
  return elections.finish();
}
