/**
 * Records that were read and are gone: a leader says so that is told the epoch of the last of them. One to which it cannot be
 * compared, because its log is empty, says OFFSET_OUT_OF_RANGE, as of an offset that was never there: what was read in an earlier
 * leader epoch, and lies beyond the end of the log of a later one, is gone too.
 */

import { isOffset, SluiceError, type TopicPartition } from "@sluice/model";
import type { FetchResponse } from "@sluice/protocol";

/** A log that ends before what was read of it. */
export interface LogTruncation {
  /** LOG_TRUNCATED. */
  readonly error: SluiceError;
  /** Where what was read may still be in the log, at most; as far as the leader said. */
  readonly endOffset: number;
  /** Leader epoch of the record before `endOffset`; undefined: not known. */
  readonly leaderEpoch: number | undefined;
}

/** Undefined: `refusal` says something else. */
export function truncationOf(
  refusal: SluiceError,
  read: TopicPartition & {
    /** First offset that was not read. */
    readonly fetchOffset: number;
    /** Leader epoch of the record before it; undefined: not known. */
    readonly fetchedEpoch: number | undefined;
    /** Leader epoch of the leader that refused. */
    readonly leaderEpoch: number;
    /** What it said of its log. */
    readonly diverging?: FetchResponse["diverging"];
  },
): LogTruncation | undefined {
  const { topic, partition, fetchOffset: offset, fetchedEpoch, leaderEpoch, diverging } = read;
  if (refusal.code === "LOG_TRUNCATED")
    return { error: refusal, endOffset: diverging?.endOffset ?? offset, leaderEpoch: diverging?.epoch };
  if (refusal.code !== "OFFSET_OUT_OF_RANGE" || fetchedEpoch === undefined || fetchedEpoch >= leaderEpoch)
    return undefined;
  const endOffset = offsetIn(refusal, "highWatermark");
  if (endOffset === undefined || offset <= endOffset) return undefined;
  return {
    error: new SluiceError("LOG_TRUNCATED", { topic, partition, offset, endOffset }, { cause: refusal }),
    endOffset,
    leaderEpoch: undefined,
  };
}

/** Details are text once they have travelled. */
function offsetIn({ details }: SluiceError, name: string): number | undefined {
  const value = Number(details[name]);
  return details[name] !== undefined && isOffset(value) ? value : undefined;
}
