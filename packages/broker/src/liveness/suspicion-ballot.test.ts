import { brokerId } from "@sluice/model";
import { describe, expect, it } from "vitest";
import { SuspicionBallot, voteMsMax } from "./suspicion-ballot.js";

const registered = (...ids: number[]) => new Map(ids.map((id) => [brokerId(id), id * 10]));
const suspect = (id: number, isGone = false) => ({ broker: brokerId(id), brokerEpoch: id * 10, isGone });

describe("SuspicionBallot", () => {
  function agreedOf(brokers: ReturnType<typeof registered>, votes: Record<number, number[]>, isGone = false): number[] {
    const ballot = new SuspicionBallot();
    for (const [reporter, suspects] of Object.entries(votes)) {
      const life = { broker: brokerId(Number(reporter)), brokerEpoch: Number(reporter) * 10 };
      ballot.report({ reporter: life, suspects: suspects.map((id) => suspect(id, isGone)) }, 0);
    }
    return ballot.agreed(brokers, 0).map(({ broker }) => broker);
  }

  it("takes both others of three, and not one of them", () => {
    expect(agreedOf(registered(1, 2, 3), { 1: [3] }, true)).toEqual([]);
    expect(agreedOf(registered(1, 2, 3), { 1: [3], 2: [3] })).toEqual([3]);
  });

  it("counts the suspect among the brokers: of four, three must agree", () => {
    expect(agreedOf(registered(1, 2, 3, 4), { 1: [4], 2: [4] })).toEqual([]);
    expect(agreedOf(registered(1, 2, 3, 4), { 1: [4], 2: [4], 3: [4] })).toEqual([4]);
    expect(agreedOf(registered(1, 2, 3, 4, 5), { 1: [4, 5], 2: [4, 5], 3: [4, 5] })).toEqual([4, 5]);
  });

  it("lets a broker that is cut off from all others depose nobody", () => {
    expect(agreedOf(registered(1, 2, 3), { 1: [2, 3], 2: [1], 3: [1] })).toEqual([1]);
  });

  it("takes one word for it in a cluster of two, where the other is gone and not only silent", () => {
    expect(agreedOf(registered(1, 2), { 1: [2] })).toEqual([]);
    expect(agreedOf(registered(1, 2), { 1: [2] }, true)).toEqual([2]);
    expect(agreedOf(registered(1), {}, true)).toEqual([]);
  });

  it("counts only registered lives, of those that vote and of those that are suspected", () => {
    expect(agreedOf(registered(1, 2, 3), { 1: [3], 9: [3] })).toEqual([]);
    const ballot = new SuspicionBallot();
    ballot.report({ reporter: { broker: brokerId(1), brokerEpoch: 9 }, suspects: [suspect(3)] }, 0);
    ballot.report({ reporter: { broker: brokerId(2), brokerEpoch: 20 }, suspects: [suspect(3)] }, 0);
    expect(ballot.agreed(registered(1, 2, 3), 0)).toEqual([]);
    ballot.report({ reporter: { broker: brokerId(1), brokerEpoch: 10 }, suspects: [suspect(3)] }, 0);
    expect(ballot.agreed(new Map([...registered(1, 2), [brokerId(3), 31]]), 0)).toEqual([]);
    expect(ballot.agreed(registered(1, 2, 3), 0)).toEqual([{ broker: 3, brokerEpoch: 30 }]);
  });

  it("forgets what was taken back, and what is old", () => {
    const ballot = new SuspicionBallot();
    const one = { broker: brokerId(1), brokerEpoch: 10 };
    const two = { broker: brokerId(2), brokerEpoch: 20 };
    ballot.report({ reporter: one, suspects: [suspect(3)] }, 0);
    ballot.report({ reporter: two, suspects: [suspect(3)] }, voteMsMax);
    expect(ballot.agreed(registered(1, 2, 3), voteMsMax)).toHaveLength(1);
    expect(ballot.agreed(registered(1, 2, 3), voteMsMax + 1)).toEqual([]);
    ballot.report({ reporter: one, suspects: [suspect(3)] }, voteMsMax + 1);
    expect(ballot.agreed(registered(1, 2, 3), voteMsMax + 1)).toHaveLength(1);
    ballot.report({ reporter: one, suspects: [] }, voteMsMax + 1);
    expect(ballot.agreed(registered(1, 2, 3), voteMsMax + 1)).toEqual([]);
  });
});
