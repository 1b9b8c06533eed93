import { describe, expect, it } from "vitest";
import { InSyncReplicas } from "./in-sync-replicas.js";
import { replicaSets } from "./testing/partition-events.js";

const led = (sets: Parameters<typeof replicaSets>[0], membersMin = 2): InSyncReplicas =>
  new InSyncReplicas({ leader: 1, replicaSets: replicaSets(sets), membersMin });

/** From version 1: replica 3 joins 1 and 2. */
const joining = {
  version: 1,
  inSyncReplicas: [1, 2, 3],
  eligibleLeaderReplicas: [],
  lastEligibleLeaderReplicas: [],
  added: [{ replica: 3, brokerEpoch: 30 }],
};

describe("InSyncReplicas", () => {
  it("counts a member-to-be from the moment in which it is proposed", () => {
    const replicas = led({ inSyncReplicas: [1, 2] });
    replicas.propose(joining);
    expect(replicas.confirmed.inSyncReplicas).toEqual([1, 2]);
    expect(replicas.maximal).toEqual([1, 2, 3]);
  });

  it("counts a member that is to leave until the store has taken it", () => {
    const replicas = led({});
    replicas.propose({ ...joining, inSyncReplicas: [1, 2], added: [] });
    expect(replicas.maximal).toEqual([1, 2, 3]);
    replicas.taken(replicaSets({ version: 2, inSyncReplicas: [1, 2] }));
    expect(replicas.maximal).toEqual([1, 2]);
  });

  it("keeps what it proposed while others change the sets, until its own outcome is known", () => {
    const replicas = led({ inSyncReplicas: [1, 2] });
    replicas.propose(joining);
    replicas.changed(replicaSets({ version: 5, inSyncReplicas: [1] }));
    expect(replicas.maximal).toEqual([1, 3]);
    expect(replicas.mayPropose).toBe(false);
    replicas.refused(1);
    expect(replicas.maximal).toEqual([1]);
    expect(replicas.mayPropose).toBe(true);
  });

  it("asks for nothing from a version that was refused, before something newer is heard of or a while has passed", () => {
    const replicas = led({ inSyncReplicas: [1, 2] });
    replicas.propose(joining);
    replicas.refused(1);
    expect(replicas.mayPropose).toBe(false);
    replicas.changed(replicaSets({ version: 2 }));
    expect(replicas.mayPropose).toBe(true);
    replicas.propose({ ...joining, version: 2 });
    // However long the store takes: it may have taken it.
    replicas.forgetRefusal();
    expect(replicas.mayPropose).toBe(false);
    expect(replicas.maximal).toEqual([1, 2, 3]);
    replicas.refused(2);
    replicas.forgetRefusal();
    expect(replicas.mayPropose).toBe(true);
  });

  it("ignores the refusal of another proposal, and sets older than those it knows", () => {
    const replicas = led({ version: 4, inSyncReplicas: [1, 2] });
    replicas.propose({ ...joining, version: 4 });
    replicas.refused(3);
    replicas.changed(replicaSets({ version: 3, inSyncReplicas: [1] }));
    expect(replicas.maximal).toEqual([1, 2, 3]);
    expect(replicas.confirmed.version).toBe(4);
  });

  it("lets nothing be committed by members that are not confirmed", () => {
    const replicas = led({ inSyncReplicas: [1] });
    replicas.propose({ ...joining, inSyncReplicas: [1, 3] });
    expect(replicas.hasEnough).toBe(false);
    expect(replicas.mayCommit).toBe(false);
    replicas.taken(replicaSets({ version: 2, inSyncReplicas: [1, 3] }));
    expect(replicas.mayCommit).toBe(true);
  });

  it("takes acks=all and commits nothing while somebody else is eligible", () => {
    const replicas = led({ inSyncReplicas: [1], eligibleLeaderReplicas: [2] });
    replicas.setMembersMin(1);
    expect(replicas.hasEnough).toBe(true);
    expect(replicas.mayCommit).toBe(false);
    replicas.changed(replicaSets({ version: 2, inSyncReplicas: [1] }));
    expect(replicas.mayCommit).toBe(true);
  });

  it("has one change under way, planned from what is confirmed, and a leader that is in sync", () => {
    const replicas = led({ inSyncReplicas: [1, 2] });
    expect(() => replicas.propose({ ...joining, version: 7 })).toThrow("from other replica sets");
    replicas.propose(joining);
    expect(() => replicas.propose(joining)).toThrow("under way");
    expect(() => led({ inSyncReplicas: [2, 3] })).toThrow("leader 1");
  });
});
