/** How old the first record of the active segment may be before the next segment is begun. */

import type { TopicConfig } from "@sluice/model";

/** Milliseconds. Only closed segments are compacted, so max.compaction.lag.ms bounds it too. */
export function segmentAgeMsMax(
  config: Pick<TopicConfig, "segment.ms" | "cleanup.policy" | "max.compaction.lag.ms">,
): number {
  if (config["cleanup.policy"] === "delete") return config["segment.ms"];
  return Math.min(config["segment.ms"], config["max.compaction.lag.ms"]);
}
