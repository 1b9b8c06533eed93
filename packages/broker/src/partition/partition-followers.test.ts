import type { PartitionLog } from "@sluice/log";
import { brokerId, leaderEpoch, offset } from "@sluice/model";
import type { PartitionEvent } from "@sluice/replication";
import { describe, expect, it } from "vitest";
import type { ReplicaPosition, ReplicaSender } from "../replication/replica-access.js";
import { replicaName } from "../testing/replica-fakes.js";
import { PartitionFollowers } from "./partition-followers.js";
import { RecentBytesBudget } from "./recent-batches.js";

const sender = { follower: { replica: brokerId(2), brokerEpoch: 20 } } as Partial<ReplicaSender> as ReplicaSender;
const position: ReplicaPosition = {
  leaderEpoch: leaderEpoch(3),
  fetchOffset: offset(4),
  lastFetchedEpoch: undefined,
  flushedOffset: offset(4),
  isRestart: true,
};

describe("the followers of a partition", () => {
  it("are reported with what compaction has dropped, also in the middle of being sent records", () => {
    const events: PartitionEvent[] = [];
    const log = { config: { flush: "os" }, tombstonesDroppedTo: -1 };
    const followers = new PartitionFollowers(replicaName(1), {
      log: log as unknown as PartitionLog,
      recentBytes: new RecentBytesBudget(0),
      post: (event) => events.push(event),
      standingOf: () => "catchUp",
      pendingEpoch: () => undefined,
      highWatermark: () => offset(0),
    });
    followers.onReplicaFetched(sender, position);
    log.tombstonesDroppedTo = 6;
    followers.onReplicaFetched(sender, { ...position, isRestart: false });
    expect(events).toMatchObject([{ isRestart: true }, { isRestart: false, droppedTombstonesEnd: 7 }]);
    expect(events[0]).not.toHaveProperty("droppedTombstonesEnd");
  });
});
