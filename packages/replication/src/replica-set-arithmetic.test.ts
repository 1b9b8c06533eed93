import { describe, expect, it } from "vitest";
import { planElectableReplicas } from "./replica-set-arithmetic.js";

const sets = (
  inSyncReplicas: number[],
  eligibleLeaderReplicas: number[] = [],
  lastEligibleLeaderReplicas: number[] = [],
) => ({
  inSyncReplicas,
  eligibleLeaderReplicas,
  lastEligibleLeaderReplicas,
});

describe("planElectableReplicas", () => {
  it("forgets who leaves while enough stay", () => {
    expect(planElectableReplicas(sets([1, 2, 3]), [1, 2], 2)).toEqual(sets([1, 2]));
  });

  it("keeps who leaves eligible while too few stay, and who was eligible already", () => {
    expect(planElectableReplicas(sets([1, 2]), [1], 2)).toEqual(sets([1], [2]));
    expect(planElectableReplicas(sets([1, 2], [3]), [1], 3)).toEqual(sets([1], [2, 3]));
  });

  it("leaves nobody eligible once there are enough", () => {
    expect(planElectableReplicas(sets([1], [2], [3]), [1, 3], 2)).toEqual(sets([1, 3]));
    expect(planElectableReplicas(sets([1], [2], [3]), [1, 2], 3)).toEqual(sets([1, 2], [], [3]));
  });

  it("empties the eligible when fewer are needed than before, and otherwise changes nothing for nothing", () => {
    expect(planElectableReplicas(sets([1], [2]), [1], 1)).toEqual(sets([1]));
    expect(planElectableReplicas(sets([1], [2]), [1], 2)).toBeUndefined();
    expect(planElectableReplicas(sets([1, 2, 3]), [3, 2, 1], 2)).toBeUndefined();
  });
});
