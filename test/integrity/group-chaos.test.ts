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
import { expect, it } from "vitest";
import { GroupChaos } from "../support/group-chaos.js";
import { violationsOf } from "../support/group-oracle.js";
import { propertyRuns } from "../support/property-runs.js";
import { startStruckCluster } from "../support/struck-cluster.js";

const firstSeed = Number(process.env.SLUICE_TEST_SEED ?? 1);
const seeds = Array.from({ length: propertyRuns({ usual: 1, long: 8 }) }, (_, index) => firstSeed + index);
const steps = Number(process.env.SLUICE_CHAOS_STEPS ?? propertyRuns({ usual: 8, long: 40 }));

const runs = seeds.flatMap((seed) => [["killed", seed] as const, ["stopped", seed] as const]);

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
