#!/usr/bin/env node
/**
 * `npm test`: builds, then runs every tier that this machine can run, and names those that it cannot, with the reason.
 *
 * Installs nothing. Arguments go to vitest. A tier that needs something from outside is told of it by the environment:
 * SLUICE_TEST_KAFKA_TOOLS is a command that runs a class of Kafka's tools, for example "bin/kafka-run-class.sh".
 */

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const require = createRequire(import.meta.url);

const tiers = [
  { name: "unit" },
  { name: "integration" },
  {
    name: "interop",
    missing: () =>
      process.env.SLUICE_TEST_KAFKA_TOOLS ? undefined : "SLUICE_TEST_KAFKA_TOOLS does not name Kafka's tools",
  },
];

function run(command, args) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) throw error;
  if (signal) process.kill(process.pid, signal);
  if (status !== 0) process.exit(status ?? 1);
}

const skipped = tiers.flatMap(({ name, missing }) => {
  const reason = missing?.();
  return reason === undefined ? [] : [{ name, reason }];
});
const projects = tiers
  .filter(({ name }) => !skipped.some((each) => each.name === name))
  .flatMap(({ name }) => ["--project", name]);

run(process.execPath, [require.resolve("typescript/package.json").replace(/package\.json$/, "bin/tsc"), "-b"]);
run(process.execPath, [
  join(dirname(require.resolve("vitest/package.json")), "vitest.mjs"),
  "run",
  ...projects,
  ...process.argv.slice(2),
]);
for (const { name, reason } of skipped) console.log(`skipped tier ${name}: ${reason}`);
