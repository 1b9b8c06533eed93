/**
 * Changes of replica sets, as a leader asks the cluster store for them.
 *
 * The port between partitions, which decide, and the writer, which puts changes of many partitions into few transactions and
 * resolves unknown outcomes by sending the same compare again.
 */

import type { LeaderEpoch, TopicId } from "@sluice/model";
import type { PartitionEffect, ReplicaSets } from "@sluice/replication";

export interface ReplicaSetsChange extends Omit<Extract<PartitionEffect, { type: "changeReplicaSets" }>, "type"> {
  readonly topicId: TopicId;
  readonly partition: number;
}

export interface ReplicaSetsChangeListener {
  /**
   * The store holds this now, in that leader epoch: the change, or what somebody else wrote instead, after which the change can
   * never be taken any more.
   */
  onTaken(leaderEpoch: LeaderEpoch, replicaSets: ReplicaSets): void;
  /** The store did not take it, and never will: this broker does not lead any more, or a member that was to be added is gone. */
  onRefused(leaderEpoch: LeaderEpoch, version: number): void;
}

export interface ReplicaSetsChanges {
  /** Exactly one of the listener's methods is called, once, unless the broker stops first. */
  propose(change: ReplicaSetsChange, listener: ReplicaSetsChangeListener): void;
}
