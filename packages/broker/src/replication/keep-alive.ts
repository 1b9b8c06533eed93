/** Keep-alives of Replicate streams: what each side says where it has nothing to say. */

import type { ReplicateRequest, ReplicateResponse } from "@sluice/protocol";
import type { StreamIdentity } from "./replica-access.js";

/** How often each side of a stream says something. */
export const keepAliveIntervalMs = 500;

const noRecords: Buffer = Buffer.alloc(0);

/** The first message of a stream, and every keep-alive after it. */
export function keepAliveRequest({ replica, brokerEpoch, leaderBrokerEpoch }: StreamIdentity): ReplicateRequest {
  return {
    brokerId: replica,
    brokerEpoch,
    topicId: "",
    partition: 0,
    leaderEpoch: 0,
    fetchOffset: 0,
    lastFetchedEpoch: undefined,
    flushedOffset: 0,
    forget: false,
    restart: false,
    leaderBrokerEpoch,
    stopping: false,
    full: false,
  };
}

/** The first message of the leader, by which the follower knows that it is served, and every keep-alive after it. */
export const keepAliveResponse: ReplicateResponse = {
  topicId: "",
  partition: 0,
  leaderEpoch: 0,
  fetchOffset: 0,
  nextOffset: 0,
  highWatermark: 0,
  logStartOffset: 0,
  diverging: undefined,
  error: undefined,
  records: noRecords,
};
