#!/usr/bin/env node
/**
 * `npm test`: builds, then runs every tier that this machine can run, and names those that it cannot, with the reason.
 *
 * Installs nothing. Arguments go to vitest. A tier that needs something from outside is told of it by the environment:
 * SLUICE_TEST_KAFKA_TOOLS is a command that runs a class of Kafka's tools, for example "bin/kafka-run-class.sh".
 */

import { runInstalled } from "./run-installed.mjs";

const tiers = [
  { name: "unit" },
  { name: "integration" },
  {
    name: "interop",
    missing: () =>
      process.env.SLUICE_TEST_KAFKA_TOOLS ? undefined : "SLUICE_TEST_KAFKA_TOOLS does not name Kafka's tools",
  },
];

const skipped = tiers.flatMap(({ name, missing }) => {
  const reason = missing?.();
  return reason === undefined ? [] : [{ name, reason }];
});
const projects = tiers
  .filter(({ name }) => !skipped.some((each) => each.name === name))
  .flatMap(({ name }) => ["--project", name]);

runInstalled("typescript", "bin/tsc", ["-b"]);
runInstalled("vitest", "vitest.mjs", ["run", ...projects, ...process.argv.slice(2)]);
for (const { name, reason } of skipped) console.log(`skipped tier ${name}: ${reason}`);
