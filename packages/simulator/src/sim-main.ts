/** `npm run sim -- --seed N [--events M] [--mix kill,cut] [--faults a,b,c] [--shrink] [--messages] [--timeline]`: one run, and its whole story where it fails. */

import { drawFaultPlan } from "./faults/fault-plan.js";
import { drawSwarmOptions, faultMixOf } from "./faults/swarm-options.js";
import { readCommandLine } from "./run/command-line.js";
import { failureStory } from "./run/failure-story.js";
import { summaryOf } from "./run/report.js";
import { runSimulation } from "./run/simulation.js";

const args = readCommandLine(process.argv.slice(2));
const seed = args.number("seed", 1);
const kept = new Set(args.numbers("faults"));
const mix = faultMixOf(args.texts("mix"));
const places = drawFaultPlan(seed, drawSwarmOptions(seed, mix)).keys();
const options = {
  seed,
  mix,
  events: args.number("events", 5000),
  leftOutFaults: new Set(args.has("faults") ? [...places].filter((place) => !kept.has(place)) : []),
  showsMessages: args.has("messages"),
};
const result = await runSimulation(options);
if (result.violation === undefined) {
  if (args.has("timeline")) process.stdout.write(`${result.timeline.join("\n")}\n`);
  process.stdout.write(`${summaryOf(result)}\n`);
} else {
  const lines = args.has("timeline") ? { timelineLines: Number.POSITIVE_INFINITY } : {};
  process.stdout.write(`${await failureStory(result, options, { isShrunk: args.has("shrink"), ...lines })}\n`);
  process.exitCode = 1;
}
