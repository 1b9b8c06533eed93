/** Makes the plan of a failing run shorter: leaves out faults, halves first, as long as the same invariant still breaks. */

import { runSimulation, type SimulationOptions, type SimulationResult } from "./simulation.js";

export interface ShrinkOptions {
  /** Most runs to spend. */
  readonly runsMax: number;
}

/** The failing run with the fewest faults that was found, and the places of the faults that it leaves out. */
export async function shrinkFaults(
  failing: SimulationResult,
  options: SimulationOptions,
  { runsMax }: ShrinkOptions,
): Promise<{ readonly result: SimulationResult; readonly leftOutFaults: ReadonlySet<number> }> {
  let leftOutFaults: ReadonlySet<number> = options.leftOutFaults ?? new Set();
  let result = failing;
  let runs = 0;
  for (let size = Math.ceil(failing.plan.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < failing.plan.length && runs < runsMax; start += size) {
      const candidate = new Set([...leftOutFaults, ...placesFrom(start, size, failing.plan.length)]);
      if (candidate.size === leftOutFaults.size) continue;
      runs += 1;
      const shorter = await runSimulation({ ...options, leftOutFaults: candidate });
      if (shorter.violation?.invariant !== failing.violation?.invariant) continue;
      leftOutFaults = candidate;
      result = shorter;
    }
  }
  return { result, leftOutFaults };
}

function placesFrom(start: number, size: number, length: number): number[] {
  return Array.from({ length: Math.min(size, length - start) }, (_, index) => start + index);
}
