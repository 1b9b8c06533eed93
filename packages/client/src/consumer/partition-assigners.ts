/** kafkajs's names of assignors, for `partitionAssigners` of a consumer. */

import type { AssignorName } from "./consumer-options.js";

/** What kafkajs exports under this name: its round robin stands for the nearest of ours. */
export const PartitionAssigners = { roundRobin: "roundrobin" } as const satisfies Record<string, AssignorName>;
