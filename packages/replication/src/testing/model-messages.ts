/** What the brokers of a test say to one another about their partition. */

import type { LeaderEpoch, Offset, SluiceError } from "@sluice/model";
import type { EpochEnd } from "../partition-event.js";
import type { ModelRecord } from "./model-log.js";

export interface PositionMessage {
  readonly type: "position";
  readonly brokerEpoch: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly fetchOffset: Offset;
  readonly lastFetchedEpoch: LeaderEpoch | undefined;
  readonly flushedOffset: Offset;
  readonly isRestart: boolean;
  readonly isFull: boolean;
}

/** What a follower tells a leader. */
export type UpMessage = PositionMessage | { readonly type: "epoch"; readonly leaderEpoch: LeaderEpoch };

/** What a leader tells a follower. */
export type DownMessage =
  | {
      readonly type: "records";
      readonly leaderEpoch: LeaderEpoch;
      readonly fetchOffset: Offset;
      readonly records: readonly ModelRecord[];
      readonly highWatermark: Offset;
      readonly logStartOffset: Offset;
    }
  | { readonly type: "diverged"; readonly leaderEpoch: LeaderEpoch; readonly epochEnd: EpochEnd }
  | {
      readonly type: "refused";
      readonly leaderEpoch: LeaderEpoch | undefined;
      readonly error: SluiceError;
      readonly copyStartOffset: Offset;
    };
