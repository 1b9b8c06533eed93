import { describe, expect, it } from "vitest";
import { interleave, ratiosOf, spreadOf } from "./statistics.js";

describe("spreadOf", () => {
  it("finds the middle of numbers, not of their texts", () => {
    expect(spreadOf([100, 9, 20])).toEqual({ median: 20, lowest: 9, highest: 100 });
  });

  it("takes the upper of two in the middle", () => {
    expect(spreadOf([4, 1, 3, 2]).median).toBe(3);
  });

  it("refuses to say anything of no values", () => {
    expect(() => spreadOf([])).toThrow(RangeError);
  });
});

describe("ratiosOf", () => {
  it("compares within a round, not medians with each other", () => {
    const rounds = [
      { ours: 1, plain: 2 },
      { ours: 10, plain: 10 },
      { ours: 300, plain: 100 },
    ];
    expect(ratiosOf(rounds)).toEqual({ median: 1, lowest: 0.5, highest: 3 });
  });
});

describe("interleave", () => {
  it("lets each half be first in turn, keeps their rates apart and drops the first round", async () => {
    const order: string[] = [];
    const half = (name: string, rate: number) => (round: number) => {
      order.push(`${name}${round}`);
      return Promise.resolve(rate + round);
    };
    const rounds = await interleave(2, half("ours", 10), half("plain", 20));
    expect(order).toEqual(["ours0", "plain0", "plain1", "ours1", "ours2", "plain2"]);
    expect(rounds).toEqual([
      { ours: 11, plain: 21 },
      { ours: 12, plain: 22 },
    ]);
  });
});
