/**
 * What the runtime of a partition is told to do. Effects are run in order; what they lead to comes back as events.
 */

import type { LeaderEpoch, Offset, SluiceError } from "@sluice/model";

export type PartitionEffect =
  /** Append the batch of that request, stamped with that epoch. Answer with `appendPlaced`, later `logAdvanced`. */
  | { readonly type: "appendToLog"; readonly requestId: number; readonly leaderEpoch: LeaderEpoch }
  /** The batch is as safe as its acks asked for. */
  | {
      readonly type: "acknowledgeProduce";
      readonly requestId: number;
      readonly baseOffset: Offset;
      readonly leaderEpoch: LeaderEpoch;
      /** Replicas that have it, and how many of those count by their flushed offset is for the runtime to say. */
      readonly replicas: number;
      readonly logStartOffset: Offset;
      /** The batch is one that the log had already: `baseOffset` is where. */
      readonly isDuplicate: boolean;
    }
  /** The batch is not acknowledged. Before `appendToLog`: it was not written. After it: the error is INDETERMINATE. */
  | { readonly type: "rejectProduce"; readonly requestId: number; readonly error: SluiceError }
  /**
   * Read whole batches in [fromOffset, upToOffset) and answer the fetch with them. Where they reach `upToOffset` and are less
   * than `minBytes`, post `fetchFellShort` instead.
   */
  | {
      readonly type: "readLog";
      readonly requestId: number;
      readonly fromOffset: Offset;
      readonly upToOffset: Offset;
      readonly leaderEpoch: LeaderEpoch;
      readonly logStartOffset: Offset;
      readonly minBytes: number;
      /** Bytes that were committed in this epoch up to now. */
      readonly committedBytes: number;
    }
  /** Nothing to read yet: hold the fetch, and post `fetchExpired` when its time is over. */
  | { readonly type: "parkFetch"; readonly requestId: number }
  /** Answer the fetch with no records: there was nothing to read, and it does not wait or no longer. */
  | {
      readonly type: "answerFetchEmpty";
      readonly requestId: number;
      readonly highWatermark: Offset;
      readonly leaderEpoch: LeaderEpoch;
      readonly logStartOffset: Offset;
    }
  | { readonly type: "rejectFetch"; readonly requestId: number; readonly error: SluiceError }
  /** Readers may see up to here (exclusive). Never goes back within an epoch. */
  | { readonly type: "highWatermarkAdvanced"; readonly highWatermark: Offset; readonly leaderEpoch: LeaderEpoch };
