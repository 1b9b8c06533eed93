/**
 * The simulator over some dozens of seeds: half a minute in which a cluster of production code lives through crashes, power losses, cut
 * networks and lost disks, and keeps its promises. `npm run sim:swarm` runs more.
 */

import { describe, expect, it } from "vitest";
import type { FaultType } from "../../packages/simulator/src/faults/fault.js";
import { runSimulation } from "../../packages/simulator/src/index.js";
import { failureReport } from "../../packages/simulator/src/run/report.js";

const seeds = process.env.SLUICE_TEST_LONG ? 1000 : 60;
const events = 2500;
const seedsATest = 10;

/** Runs that broke an invariant before the code was mended, of longer runs with those faults alone. */
const mended: readonly { readonly rule: string; readonly seed: number; readonly mix: readonly FaultType[] }[] = [
  {
    rule: "a broker whose last registration the restored store has forgotten begins anew",
    seed: 14,
    mix: ["storeRestore", "kill", "watchBreak"],
  },
  {
    rule: "a broker begins anew where a second restore brings another last registration of it",
    seed: 34,
    mix: ["storeRestore", "kill", "answerLoss"],
  },
];

describe("a simulated cluster", () => {
  const starts = Array.from({ length: Math.ceil(seeds / seedsATest) }, (_, index) => 1 + index * seedsATest);
  it.each(starts)("keeps every invariant from seed %i on", async (start) => {
    for (let seed = start; seed < start + seedsATest; seed += 1) {
      const result = await runSimulation({ seed, events });
      expect(result.violation, failureReport(result, { seed, events })).toBeUndefined();
      expect(result.acknowledged).toBeGreaterThan(0);
    }
  });

  it.each(mended)("keeps to it that $rule", async ({ seed, mix }) => {
    const options = { seed, events: 5000, mix };
    const result = await runSimulation(options);
    expect(result.violation, failureReport(result, options)).toBeUndefined();
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
