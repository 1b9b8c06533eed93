/** Where epochs of a log end, as a leader compares them with what followers and readers have. */

import type { PartitionLog } from "@sluice/log";
import { type LeaderEpoch, leaderEpoch } from "@sluice/model";
import type { EpochEnd } from "@sluice/replication";

/** The largest epoch of the log that is not above `epoch`, and where it ends. Undefined: the log has no batch. */
export function epochEndUpTo(log: PartitionLog, epoch: LeaderEpoch): EpochEnd | undefined {
  const { latestEpoch } = log;
  if (latestEpoch === undefined) return undefined;
  return log.endOffsetOfEpoch(leaderEpoch(Math.min(epoch, latestEpoch)));
}

/**
 * What a reader is compared with that has read up to `fromOffset`, last a record of that epoch. Undefined: there is nothing to
 * compare, or the log goes on in that epoch, as it does for nearly every fetch.
 */
export function readEpochEnd(log: PartitionLog, read: number | undefined, fromOffset: number): EpochEnd | undefined {
  if (read === undefined || read < 0 || (read === log.latestEpoch && fromOffset <= log.logEndOffset)) return undefined;
  const found = epochEndUpTo(log, read as LeaderEpoch);
  const isCompacted = log.config["cleanup.policy"] !== "delete";
  // Compaction may have taken all records of an epoch, and a copy of the log does not know it then: only its end counts.
  return found !== undefined && isCompacted ? { epoch: read as LeaderEpoch, endOffset: found.endOffset } : found;
}
