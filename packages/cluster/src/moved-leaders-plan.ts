/**
 * Leaders that a move takes away. They hand over to one that stays, as soon as everyone who is to stay is in sync; only then does the move
 * end. So an election is never what a move costs its producers.
 */

import type { BrokerId } from "@sluice/model";
import type { ClusterImage, PartitionImage } from "./cluster-image.js";
import { isReadyToEnd, targetReplicasOf } from "./reassignment-plan.js";
import { topicsToLookAt } from "./topics-to-look-at.js";

/**
 * Partitions that this broker leads and that a move takes away from it, where only the leader keeps the move from its end.
 *
 * @param settled an earlier image for which there were none. Undefined: all topics are looked at.
 */
export function planMovedLeaders(
  image: ClusterImage,
  leader: BrokerId,
  settled: ClusterImage | undefined,
): PartitionImage[] {
  const found: PartitionImage[] = [];
  for (const topic of topicsToLookAt(image, settled)) {
    for (const partition of topic.partitions) {
      if (partition.leader !== leader || !isReadyToEnd(partition)) continue;
      if (!targetReplicasOf(partition).includes(leader)) found.push(partition);
    }
  }
  return found;
}
