/** How large the active segment may grow before the next is begun. */

import type { TopicConfig } from "@sluice/model";

/** A bounded log is cut into so many segments at least. */
const segmentsOfBoundedLog = 4;

/** Bytes. Only closed segments make room: a bounded log has several, however large a segment may be otherwise. */
export function segmentBytesMax(config: Pick<TopicConfig, "segment.bytes" | "bounded.bytes">): number {
  const boundedBytes = config["bounded.bytes"];
  if (boundedBytes < 0) return config["segment.bytes"];
  return Math.min(config["segment.bytes"], Math.max(1, Math.floor(boundedBytes / segmentsOfBoundedLog)));
}

/**
 * Whether the active segment has to be closed without a next append: one that grew before the log was bounded, or that a single
 * large batch filled, may leave no room for any append, and retention takes nothing of it while it is active.
 */
export function hindersBoundedLog(
  activeBytes: number,
  config: Pick<TopicConfig, "segment.bytes" | "bounded.bytes">,
): boolean {
  return config["bounded.bytes"] >= 0 && activeBytes > segmentBytesMax(config);
}
