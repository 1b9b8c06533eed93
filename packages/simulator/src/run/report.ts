/** A run in words: what a person needs to see what went wrong, and to see it again. */

import { faultText } from "../faults/fault.js";
import type { SimulationOptions, SimulationResult } from "./simulation.js";

/** Lines of the timeline before the end that are shown. */
const timelineLines = 200;

/** The command that repeats a run. */
export function rerunLine({ plan }: SimulationResult, { seed, events, mix, leftOutFaults }: SimulationOptions): string {
  const line = `npm run sim -- --seed ${seed} --events ${events}${mix === undefined ? "" : ` --mix ${mix.join()}`}`;
  if (leftOutFaults === undefined || leftOutFaults.size === 0) return line;
  const kept = [...plan.keys()].filter((place) => !leftOutFaults.has(place));
  return `${line} --faults ${kept.join()}`.trimEnd();
}

export function summaryOf(result: SimulationResult): string {
  const { seed, events, simulatedMs, acknowledged, read, traceHash, violation } = result;
  const outcome = violation === undefined ? "ok" : `VIOLATED ${violation.invariant}: ${violation.text}`;
  const seconds = (simulatedMs / 1000).toFixed(1);
  const faults = [...result.faults].map(([type, count]) => `${type} ${count}`).join(", ");
  return [
    `seed ${seed}: ${outcome}`,
    `  ${events} events in ${seconds} simulated seconds; ${acknowledged} records acknowledged, ${read} read; trace ${traceHash}`,
    `  faults: ${faults || "none"}`,
  ].join("\n");
}

/** The whole story of a failed run, or at least the last `lines` lines of it. */
export function failureReport(result: SimulationResult, options: SimulationOptions, lines = timelineLines): string {
  const leftOut = options.leftOutFaults ?? new Set<number>();
  const faults = result.plan
    .map(
      ({ atMs, fault }, place) =>
        `  ${place.toString().padStart(3)} ${atMs.toFixed(1).padStart(10)} ms  ${faultText(fault)}`,
    )
    .filter((_, place) => !leftOut.has(place))
    .slice(0, 40);
  return [
    "faults as planned, counted from the beginning of the workload:",
    ...faults,
    "timeline (the end of it):",
    ...result.timeline.slice(-lines),
    summaryOf(result),
    `again: ${rerunLine(result, options)}`,
  ].join("\n");
}
