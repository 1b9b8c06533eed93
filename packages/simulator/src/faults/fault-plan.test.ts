import { describe, expect, it } from "vitest";
import { drawFaultPlan } from "./fault-plan.js";
import { drawSwarmOptions, faultTypes } from "./swarm-options.js";

const seeds = Array.from({ length: 200 }, (_, index) => index + 1);

describe("drawFaultPlan", () => {
  it("draws the same from one seed", () => {
    for (const seed of seeds.slice(0, 10)) {
      expect(drawFaultPlan(seed, drawSwarmOptions(seed))).toEqual(drawFaultPlan(seed, drawSwarmOptions(seed)));
    }
  });

  it("draws every kind of fault in some seed, and leaves every kind out in some other", () => {
    const plans = seeds.map(
      (seed) => new Set(drawFaultPlan(seed, drawSwarmOptions(seed)).map(({ fault }) => fault.type)),
    );
    for (const type of faultTypes) {
      expect(plans.some((plan) => plan.has(type))).toBe(true);
      expect(plans.some((plan) => !plan.has(type))).toBe(true);
    }
  });

  it("draws in the order of time", () => {
    for (const seed of seeds.slice(0, 20)) {
      const times = drawFaultPlan(seed, drawSwarmOptions(seed)).map(({ atMs }) => atMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
  });
});
