/** The story of a failed run, cut down first to the faults that it takes where that is wanted. */

import { failureReport } from "./report.js";
import { shrinkFaults } from "./shrink.js";
import type { SimulationOptions, SimulationResult } from "./simulation.js";

export interface FailureStoryOptions {
  readonly isShrunk: boolean;
  /** Lines of the timeline before the end that are shown. Default: what a screen or two can hold. */
  readonly timelineLines?: number;
}

const shrinkRunsMax = 100;

export async function failureStory(
  result: SimulationResult,
  options: SimulationOptions,
  { isShrunk, timelineLines }: FailureStoryOptions,
): Promise<string> {
  if (!isShrunk) return failureReport(result, options, timelineLines);
  const { leftOutFaults, result: shorter } = await shrinkFaults(result, options, { runsMax: shrinkRunsMax });
  const faults = [...shorter.faults.values()].reduce((sum, count) => sum + count, 0);
  return `${failureReport(shorter, { ...options, leftOutFaults }, timelineLines)}\nshrunk to ${faults} faults`;
}
