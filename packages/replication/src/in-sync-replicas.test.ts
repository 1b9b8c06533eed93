import { offset } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { HighWatermark } from "./high-watermark.js";
import { InSyncReplicas } from "./in-sync-replicas.js";

const threeOf = (membersMin: number): InSyncReplicas =>
  new InSyncReplicas({ leader: 1, members: [1, 2, 3], membersMin });

describe("InSyncReplicas", () => {
  it("knows no common offset while a member has not reported in this epoch", () => {
    const replicas = threeOf(2);
    replicas.acknowledged(1, offset(9));
    replicas.acknowledged(2, offset(5));
    expect(replicas.ackedByAll).toBeUndefined();
    replicas.acknowledged(3, offset(0));
    expect(replicas.ackedByAll).toBe(0);
  });

  it("takes the minimum over all members", () => {
    const replicas = threeOf(2);
    for (const [replica, acked] of [
      [1, 9],
      [2, 5],
      [3, 7],
    ] as const)
      replicas.acknowledged(replica, offset(acked));
    expect(replicas.ackedByAll).toBe(5);
  });

  it("ignores a report that goes back, and replicas outside the set", () => {
    const replicas = new InSyncReplicas({ leader: 1, members: [1], membersMin: 1 });
    replicas.acknowledged(1, offset(9));
    replicas.acknowledged(1, offset(4));
    replicas.acknowledged(2, offset(1));
    expect(replicas.ackedByAll).toBe(9);
    expect(replicas.size).toBe(1);
  });

  it("refuses a set without the leader", () => {
    expect(() => new InSyncReplicas({ leader: 4, members: [1, 2], membersMin: 1 })).toThrow("leader 4");
  });
});

describe("HighWatermark", () => {
  it("moves with the slowest member and never back", () => {
    const replicas = threeOf(2);
    const highWatermark = new HighWatermark(offset(0), offset(4));
    replicas.acknowledged(1, offset(9));
    replicas.acknowledged(2, offset(6));
    expect(highWatermark.maybeAdvance(replicas)).toBe(false);
    replicas.acknowledged(3, offset(3));
    expect(highWatermark.maybeAdvance(replicas)).toBe(true);
    expect(highWatermark.value).toBe(3);
    expect(highWatermark.isExact).toBe(false);
    replicas.acknowledged(3, offset(6));
    highWatermark.maybeAdvance(replicas);
    expect(highWatermark.value).toBe(6);
    expect(highWatermark.isExact).toBe(true);
    expect(highWatermark.maybeAdvance(replicas)).toBe(false);
  });

  it("stands still while there are fewer members than needed", () => {
    const replicas = new InSyncReplicas({ leader: 1, members: [1], membersMin: 2 });
    const highWatermark = new HighWatermark(offset(0), offset(4));
    replicas.acknowledged(1, offset(4));
    expect(highWatermark.maybeAdvance(replicas)).toBe(false);
    expect(highWatermark.value).toBe(0);
  });
});
