/**
 * `npm run sim:swarm -- --seeds N [--events M] [--from S] [--twice] [--shrink]`: runs many seeds, one after another, and stops at the
 * first that fails, with its whole story. `--twice` runs each seed twice and demands equal traces; `--shrink` leaves out the faults
 * without which the same invariant breaks.
 */

import { readCommandLine } from "./run/command-line.js";
import { failureStory } from "./run/failure-story.js";
import { runSimulation } from "./run/simulation.js";

const progressEvery = 100;

const args = readCommandLine(process.argv.slice(2));
const seeds = args.number("seeds", 100);
const events = args.number("events", 5000);
const from = args.number("from", 1);
const faults = new Map<string, number>();
let acknowledged = 0;

for (let seed = from; seed < from + seeds; seed += 1) {
  const result = await runSimulation({ seed, events });
  if (result.violation !== undefined) {
    process.stdout.write(`${await failureStory(result, { seed, events }, { isShrunk: args.has("shrink") })}\n`);
    process.exitCode = 1;
    break;
  }
  if (args.has("twice") && (await runSimulation({ seed, events })).traceHash !== result.traceHash) {
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
