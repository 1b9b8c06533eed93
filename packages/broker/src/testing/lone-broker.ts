/** Replication as a broker has it that is alone: nobody follows, nothing is followed, and nothing is asked of the store. */

import type { ReplicationPorts } from "../partition/replication-ports.js";

export const loneBroker: ReplicationPorts = {
  leaderStreams: { follow: () => undefined, fetch: () => undefined, forget: () => undefined },
  replicaSetsChanges: { propose: () => undefined },
  readPartition: () => undefined,
  isWithinDeadline: () => true,
  isHeardFrom: () => false,
};
