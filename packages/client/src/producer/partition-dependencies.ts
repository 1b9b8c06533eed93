/** What the partitions of one producer share. */

import type { ClientDependencies } from "../client-dependencies.js";
import type { BatchMemory } from "./batch-memory.js";
import type { ProduceStreams } from "./produce-streams.js";
import type { ProducerIds } from "./producer-ids.js";

/** What the partitions of a producer share. */
export interface PartitionProducerDependencies extends ClientDependencies {
  readonly streams: ProduceStreams;
  readonly ids: ProducerIds;
  readonly memory: BatchMemory;
  /** So many more bytes are buffered; negative: fewer. */
  readonly onBuffered: (bytes: number) => void;
}
