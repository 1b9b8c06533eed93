/**
 * `npm run sim:swarm -- --seeds N [--events M] [--from S] [--mix kill,cut] [--twice] [--shrink]`: runs many seeds, one after another,
 * and stops at the first that fails, with its whole story. With `--mix` there are those faults and no others; `--twice` runs each seed
 * twice and demands equal traces; `--shrink` leaves out the faults without which the same invariant breaks.
 */

import { faultMixOf } from "./faults/swarm-options.js";
import { readCommandLine } from "./run/command-line.js";
import { failureStory } from "./run/failure-story.js";
import { runSimulation } from "./run/simulation.js";

const progressEvery = 100;

const args = readCommandLine(process.argv.slice(2));
const seeds = args.number("seeds", 100);
const events = args.number("events", 5000);
const from = args.number("from", 1);
const mix = faultMixOf(args.texts("mix"));
const faults = new Map<string, number>();
let acknowledged = 0;

for (let seed = from; seed < from + seeds; seed += 1) {
  const options = { seed, events, mix };
  const result = await runSimulation(options);
  if (result.violation !== undefined) {
    process.stdout.write(`${await failureStory(result, options, { isShrunk: args.has("shrink") })}\n`);
    process.exitCode = 1;
    break;
  }
  if (args.has("twice") && (await runSimulation(options)).traceHash !== result.traceHash) {
    process.stdout.write(`seed ${seed}: two runs differ\n`);
    process.exitCode = 1;
    break;
  }
  acknowledged += result.acknowledged;
  for (const [type, count] of result.faults) faults.set(type, (faults.get(type) ?? 0) + count);
  const done = seed - from + 1;
  if (done % progressEvery === 0 || done === seeds) {
    const counts = [...faults].sort().map(([type, count]) => `${type} ${count}`);
    process.stdout.write(`${done} seeds, 0 violations; ${acknowledged} records acknowledged; ${counts.join(", ")}\n`);
  }
}
