/**
 * Whether the store is the one that the cluster has worked with: not after a restore of an older state, until the cluster has adopted it.
 *
 * A backup that says the same of all partitions takes nothing back, and brokers may well go on without noticing; where one of them does
 * notice, it is to be adopted as well.
 */

import type { ClusterImage, PartitionImage } from "@sluice/cluster";
import { topicsOf } from "./image-topics.js";

export class StoreTrust {
  /** The newest history that there ever was. */
  #newestHistory = 0;
  #isTrusted = true;

  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  onImage({ history }: ClusterImage): void {
    if (history.isRestored) {
      this.#isTrusted = false;
    } else if (history.number > this.#newestHistory) {
      this.#newestHistory = history.number;
      this.#isTrusted = true;
    }
  }

  onRestored(image: ClusterImage, previous: ClusterImage): void {
    const isSame = image.history.number === previous.history.number && statesOf(image) === statesOf(previous);
    if (!isSame) this.#isTrusted = false;
  }
}

function statesOf(image: ClusterImage): string {
  const states = topicsOf(image).flatMap(({ id, partitions }) => partitions.map((each) => stateOf(id, each)));
  return states.join(";");
}

function stateOf(topicId: string, partition: PartitionImage): string {
  const { leader, leaderEpoch, leaderBrokerEpoch, inSyncReplicas, eligibleLeaderReplicas, replicas } = partition;
  const sets = [inSyncReplicas, eligibleLeaderReplicas, replicas].map((set) => set.join());
  return [topicId, partition.partition, leader, leaderEpoch, leaderBrokerEpoch, ...sets].join(" ");
}
