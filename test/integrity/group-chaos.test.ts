/**
 * Guarantee: whatever happens to its members and to the cluster, a group processes every acknowledged record at least once
 * (or has it in its dead-letter topic), the records of a key in the order of the log, commits nothing that is not processed and
 * never goes back; what idempotent producers send is in the log once; and everything that was begun ends.
 *
 *     producers -> topics that match a pattern <- members of every kind, in this process and in others -> ledger
 *                         ^ new topics, new partitions, end of all brokers by kill -9 or SIGTERM       ^ join, leave, kill -9, slow, blocked
 *
 * One seed gives one schedule (`SLUICE_TEST_SEED=7 npx vitest run test/integrity/group-chaos.test.ts`); what the machine makes of it
 * differs. `npm run test:long` has more seeds and longer schedules.
 */

import { Sluice } from "@sluice/client";
import { describe, expect, it } from "vitest";
import { GroupChaos } from "../support/group-chaos.js";
import { type GroupHistory, type KnownRecord, violationsOf } from "../support/group-oracle.js";
import { propertyRuns } from "../support/property-runs.js";
import { startStruckCluster } from "../support/struck-cluster.js";

const { SLUICE_TEST_SEED: onlySeed, SLUICE_TEST_LONG: isLong } = process.env;
const seeds = Array.from({ length: propertyRuns({ usual: 1, long: 8 }) }, (_, index) => index + 1);
const steps = propertyRuns({ usual: 6, long: 40 });
const ends = isLong ? (["killed", "stopped"] as const) : (["killed"] as const);
const runs = (onlySeed === undefined ? seeds : [Number(onlySeed)]).flatMap((seed) => {
  return ends.map((how) => [how, seed] as const);
});

it.each(runs)(
  "keeps the promises of groups while the cluster is %s, seed %i",
  { timeout: 600_000 },
  async (how, seed) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    const chaos = await GroupChaos.start(seed, await startStruckCluster(how));
    for (let step = 0; step < steps; step++) await chaos.disturb(step === Math.floor(steps / 2));
    const history = await chaos.end(new Sluice({ brokers: chaos.brokers }));
    process.off("warning", onWarning);
    expect({ violations: violationsOf(history), failures: chaos.failures, warnings }).toEqual({
      violations: [],
      failures: [],
      warnings: [],
    });
    // Otherwise nothing was tried.
    expect(history.acknowledged.length).toBeGreaterThan(100);
  },
);

describe("what is looked for", () => {
  const place = { topic: "t", partition: 0 };
  const log = [0, 1].map((number) => ({ ...place, offset: number, key: "k", number }));
  const work = [0, 1].flatMap((offset) => [
    { type: "begun", atUs: 10 * offset, member: "m", ...place, offset } as const,
    { type: "done", atUs: 10 * offset + 5, member: "m", ...place, offset } as const,
  ]);
  const commits = [1, 2].map((offset) => ({ ...place, offset, atUs: 10 * offset }));
  const good: GroupHistory = { log, acknowledged: log, work, commits, deadLetters: [] };
  const [first, second] = log as [KnownRecord, KnownRecord];

  it.each<[string, Partial<GroupHistory>, string[]]>([
    ["nothing where all is well", {}, []],
    [
      "records that were acknowledged and are not there",
      { acknowledged: [...log, { ...second, offset: 7 }] },
      ["t-0@7 was acknowledged as k number 1, and the log has undefined"],
    ],
    [
      "records that are there twice, or in another order",
      { log: [first, { ...first, offset: 1 }], acknowledged: [] },
      ["k number 0 is in the log at t-0@0 and at t-0@1"],
    ],
    ["records that are not processed", { work: work.slice(0, 3), commits: [] }, ["t-0@1 was never processed"]],
    [
      "records that are begun before the one before them is done",
      { work: work.map((event) => (event.offset === 1 ? { ...event, atUs: event.atUs - 9 } : event)) },
      ["t-0@1 was begun 4 us before t-0@0 was done"],
    ],
    [
      "commits that go back",
      { commits: [...commits, { ...place, offset: 1, atUs: 30 }] },
      ["the commit of t-0 went back from 2 to 1, seen at 30"],
    ],
    [
      "commits of what is not done",
      { commits: [{ ...place, offset: 2, atUs: 12 }] },
      ["t-0 was committed at 2, seen at 12, and t-0@1 was not done"],
    ],
    [
      "dead letters that are not written",
      { work: [...work, { type: "dead", atUs: 20, member: "m", ...place, offset: 1 }] },
      ["t-0@1 is no dead letter"],
    ],
  ])("is %s", (_, changed, violations) => {
    expect(violationsOf({ ...good, ...changed })).toEqual(violations);
  });
});
