/**
 * Where a reset of committed offsets would go: planned from facts about the partitions, without doing anything.
 *
 * A target always lies in [log start, high watermark]: what points outside is moved to the nearer end.
 */

import { SluiceError } from "@sluice/model";
import { comparePartitions } from "./assigned-partition.js";
import type { AssignedPartition } from "./group-event.js";

export type ResetTarget =
  /** The first record that can be read. */
  | { readonly type: "earliest" }
  /** The high watermark. */
  | { readonly type: "latest" }
  | { readonly type: "offset"; readonly offset: number }
  /** The first record at or after this time; the high watermark where there is none. */
  | { readonly type: "timestamp"; readonly timestampMs: number }
  /** So many records on from what is committed, or back where negative. */
  | { readonly type: "shift"; readonly by: number };

/** What is known of a partition when its reset is planned. */
export interface ResetPartition extends AssignedPartition {
  /** Undefined: nothing is committed. */
  readonly committed: number | undefined;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** Offset of the first record at or after the target's timestamp. Undefined: none, or the target is no timestamp. */
  readonly offsetAtTimestamp: number | undefined;
}

export interface PlannedReset extends AssignedPartition {
  /** Undefined: nothing is committed. */
  readonly current: number | undefined;
  readonly target: number;
  /** High watermark. */
  readonly end: number;
}

/**
 * The plan, by topic and partition.
 *
 * @throws SluiceError INVALID_REQUEST for a number that is none, or a shift of a partition for which nothing is committed
 */
export function planOffsetReset(target: ResetTarget, partitions: readonly ResetPartition[]): PlannedReset[] {
  return [...partitions].sort(comparePartitions).map((partition) => ({
    topic: partition.topic,
    partition: partition.partition,
    current: partition.committed,
    target: clamp(wantedOffset(target, partition), partition),
    end: partition.highWatermark,
  }));
}

function wantedOffset(target: ResetTarget, partition: ResetPartition): number {
  switch (target.type) {
    case "earliest":
      return partition.logStartOffset;
    case "latest":
      return partition.highWatermark;
    case "offset":
      return wholeNumber("offset", target.offset);
    case "timestamp":
      return partition.offsetAtTimestamp ?? partition.highWatermark;
    case "shift": {
      if (partition.committed === undefined) {
        const name = `${partition.topic}-${partition.partition}`;
        throw new SluiceError("INVALID_REQUEST", { reason: `nothing is committed for ${name} that could be shifted` });
      }
      return partition.committed + wholeNumber("shift", target.by);
    }
  }
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new SluiceError("INVALID_REQUEST", { reason: `${name} ${value} is not a whole number` });
}

function clamp(wanted: number, { logStartOffset, highWatermark }: ResetPartition): number {
  return Math.min(Math.max(wanted, logStartOffset), highWatermark);
}
