/** What a partition needs of the rest of the broker to be replicated. */

import type { LeaderEpoch } from "@sluice/model";
import type { LeaderStreams, ReplicaName } from "../replication/replica-access.js";
import type { ReplicaSetsChanges } from "../replication/replica-set-changes.js";

export interface ReplicationPorts {
  readonly leaderStreams: LeaderStreams;
  readonly replicaSetsChanges: ReplicaSetsChanges;
  /**
   * Another broker is in a newer epoch of that partition than is known here: the image is to be read again, linearizably. Not waited
   * for: what is found comes as an image.
   */
  readPartition(name: ReplicaName, leaderEpoch: LeaderEpoch): void;
  /** Whether it is certain that no other broker can have been elected in the place of this one. */
  isWithinDeadline(): boolean;
  /** Whether that broker gave a sign of life within the last second. */
  isHeardFrom(broker: number): boolean;
}
