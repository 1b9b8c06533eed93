/**
 * The simulator over some dozens of seeds: half a minute in which a cluster of production code lives through crashes, power losses, cut
 * networks and lost disks, and keeps its promises. `npm run sim:swarm` runs more.
 */

import { describe, expect, it } from "vitest";
import { runSimulation } from "../../packages/simulator/src/index.js";
import { failureReport } from "../../packages/simulator/src/run/report.js";

const seeds = process.env.SLUICE_TEST_LONG ? 1000 : 60;
const events = 2500;
const seedsATest = 10;

describe("a simulated cluster", () => {
  const starts = Array.from({ length: Math.ceil(seeds / seedsATest) }, (_, index) => 1 + index * seedsATest);
  it.each(starts)("keeps every invariant from seed %i on", async (start) => {
    for (let seed = start; seed < start + seedsATest; seed += 1) {
      const result = await runSimulation({ seed, events });
      expect(result.violation, failureReport(result, { seed, events })).toBeUndefined();
      expect(result.acknowledged).toBeGreaterThan(0);
    }
  });

  it("does the same twice from one seed", async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const [first, second] = [await runSimulation({ seed, events }), await runSimulation({ seed, events })];
      expect(second.traceHash).toBe(first.traceHash);
      expect(second.events).toBe(first.events);
    }
  });

  it("does something else from another seed", async () => {
    const [one, other] = [await runSimulation({ seed: 1, events }), await runSimulation({ seed: 2, events })];
    expect(other.traceHash).not.toBe(one.traceHash);
  });
});
