import { describe, expect, it } from "vitest";
import { ResourceBudget } from "./segment-resources.js";

function holders(given: string[], ...names: string[]) {
  return names.map((name) => ({ giveUp: () => void given.push(name) }));
}

describe("ResourceBudget", () => {
  it("has those give up that did not use theirs for the longest time, and only as many as it takes", () => {
    const given: string[] = [];
    const [a, b, c, d] = holders(given, "a", "b", "c", "d") as [never, never, never, never];
    const budget = new ResourceBudget(10);
    budget.use(a, 4);
    budget.use(b, 4);
    budget.use(a, 4);
    budget.use(c, 2);
    expect(given).toEqual([]);
    budget.use(d, 3);
    expect([given, budget.used]).toEqual([["b"], 9]);
    budget.use(c, 7);
    expect([given, budget.used]).toEqual([["b", "a"], 10]);
  });

  it("lets the latest have what is more than all of it, and asks nobody who has released", () => {
    const given: string[] = [];
    const [a, b] = holders(given, "a", "b") as [never, never];
    const budget = new ResourceBudget(1);
    budget.use(a, 1);
    budget.release(a);
    budget.use(b, 5);
    expect([given, budget.used]).toEqual([[], 5]);
    budget.release(b);
    budget.release(b);
    expect(budget.used).toBe(0);
  });
});
