/**
 * What a move of committed offsets would do to one partition, worked out from facts, without doing anything.
 *
 * A target always lies in [low, end]: what points outside is moved to the nearer end, and the plan shows both.
 */

import type { GroupPartition, PlannedOffsetReset } from "./group-admin-types.js";

/** What is known of a partition when its move is planned. */
export interface ResetFacts extends GroupPartition {
  /** Undefined: nothing is committed. */
  readonly current: number | undefined;
  /** First offset that can be read. */
  readonly low: number;
  /** Offset of the next message. */
  readonly end: number;
}

/** The move of a partition to `wanted`, any whole number. */
export function planPartitionReset(facts: ResetFacts, wanted: number): PlannedOffsetReset {
  const { topic, partition, current, low, end } = facts;
  const target = Math.min(Math.max(wanted, low), end);
  // What the log has of [target, current) is read again; what it has of [current, target) never is.
  const replayed = current === undefined ? 0 : Math.max(0, Math.min(current, end) - target);
  const skipped = current === undefined ? 0 : Math.max(0, target - Math.max(current, low));
  return { topic, partition, current, target, low, end, wanted, replayed, skipped, remaining: end - target };
}
