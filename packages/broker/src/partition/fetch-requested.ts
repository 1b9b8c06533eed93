/** A waiting fetch as the state machine of its partition is asked for it: at first, and again in another epoch. */

import type { PartitionLog } from "@sluice/log";
import type { PartitionEvent } from "@sluice/replication";
import { readEpochEnd } from "./epoch-end.js";
import type { FetchWaiter } from "./fetch-waiters.js";

/** Looks at the log as it is now: it is to be posted in the same step. */
export function fetchRequested(log: PartitionLog, requestId: number, waiter: FetchWaiter): PartitionEvent {
  const { fromOffset, clientEpoch, deadlineMs, minBytes, lastFetchedEpoch } = waiter;
  return {
    type: "fetchRequested",
    requestId,
    fetchOffset: fromOffset,
    clientEpoch,
    mayWait: deadlineMs !== undefined,
    minBytes,
    lastFetchedEpoch,
    epochEnd: readEpochEnd(log, lastFetchedEpoch, fromOffset),
  };
}
