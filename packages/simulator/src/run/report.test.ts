import { describe, expect, it } from "vitest";
import { rerunLine } from "./report.js";
import type { SimulationResult } from "./simulation.js";

const result: SimulationResult = {
  seed: 7,
  violation: undefined,
  traceHash: "",
  events: 100,
  simulatedMs: 1,
  acknowledged: 0,
  read: 0,
  faults: new Map(),
  plan: [1, 2, 3].map((atMs) => ({ atMs, fault: { type: "compaction" } })),
  timeline: [],
};

describe("rerunLine", () => {
  it("names the mix of faults, and those that are left where some were left out", () => {
    const options = { seed: 7, events: 100 };
    expect(rerunLine(result, options)).toBe("npm run sim -- --seed 7 --events 100");
    const mixed = { ...options, mix: ["kill", "cut"] as const };
    expect(rerunLine(result, mixed)).toBe("npm run sim -- --seed 7 --events 100 --mix kill,cut");
    const shrunk = { ...options, leftOutFaults: new Set([0, 2]) };
    expect(rerunLine(result, shrunk)).toBe("npm run sim -- --seed 7 --events 100 --faults 1");
    const without = { ...options, leftOutFaults: new Set([0, 1, 2]) };
    expect(rerunLine(result, without)).toBe("npm run sim -- --seed 7 --events 100 --faults");
  });
});
