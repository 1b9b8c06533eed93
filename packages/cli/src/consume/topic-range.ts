/** Which offsets of each partition `sluice consume` prints, fixed when it begins. */

import type { Admin } from "@sluice/client";
import type { Position } from "../position.js";

/** Offsets by partition of one topic. */
export type PartitionOffsets = ReadonlyMap<number, number>;

/** The offset that a position is in each partition of a topic. A plain offset is the same in all. */
export async function offsetsAt(admin: Admin, topic: string, position: Position): Promise<PartitionOffsets> {
  if (typeof position === "object" && "timestamp" in position) {
    const found = await admin.fetchTopicOffsetsByTimestamp(topic, position.timestamp);
    return new Map(found.map(({ partition, offset }) => [partition, Number(offset)]));
  }
  const ends = await admin.fetchTopicOffsets(topic);
  return new Map(
    ends.map(({ partition, low, high }) => [partition, offsetIn({ low: Number(low), high: Number(high) }, position)]),
  );
}

function offsetIn(
  log: { readonly low: number; readonly high: number },
  position: Exclude<Position, { readonly timestamp: number }>,
): number {
  if (position === "earliest") return log.low;
  if (position === "latest") return log.high;
  return typeof position === "number" ? position : Math.max(log.low, log.high - position.last);
}

/**
 * First offset of each partition that is not printed any more: the position, and without `follow` never past the end of the log as it
 * is now. Infinity: there is no end.
 */
export async function endOffsets(
  admin: Admin,
  topic: string,
  options: { readonly to?: Position | undefined; readonly follow?: boolean | undefined },
): Promise<PartitionOffsets> {
  const log = await offsetsAt(admin, topic, "latest");
  if (options.to === undefined)
    return new Map([...log].map(([partition, end]) => [partition, options.follow ? Number.POSITIVE_INFINITY : end]));
  const wanted = await offsetsAt(admin, topic, options.to);
  if (options.follow) return wanted;
  return new Map([...log].map(([partition, end]) => [partition, Math.min(end, wanted.get(partition) ?? end)]));
}
