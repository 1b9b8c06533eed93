/** The leaderships of this broker, as whoever gives them away sees them. */

import type { ImageWatcher } from "@sluice/coordination";
import type { BrokerId, Clock, TopicId } from "@sluice/model";
import type { Logger } from "../logging.js";
import type { HandedPartition } from "./leader-handover.js";

export interface Leaderships {
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined: this broker does not lead it (yet). */
  led(topicId: TopicId, partition: number): HandedPartition | undefined;
  isReachable(broker: BrokerId): boolean;
  /** Resolves when the candidate is known to lead it. @throws SluiceError why it does not */
  handOver(handed: HandedPartition, candidate: BrokerId): Promise<void>;
}
