#!/usr/bin/env node
/**
 * `npm test`: builds, then runs every tier that this machine can run, and names those that it cannot, with the reason.
 *
 * Installs nothing. Arguments go to vitest. A tier that needs something from outside is told of it by the environment:
 * SLUICE_TEST_KAFKA_TOOLS is a command that runs a class of Kafka's tools, for example "bin/kafka-run-class.sh";
 * SLUICE_TEST_ETCD_34 is the path of an etcd 3.4, by default where Debian has it.
 */

import { spawnSync } from "node:child_process";
import { runInstalled } from "./run-installed.mjs";

process.env.SLUICE_TEST_ETCD_34 ??= "/usr/bin/etcd";

const tiers = [
  { name: "unit" },
  { name: "sim" },
  { name: "integration" },
  { name: "etcd", missing: noEtcd },
  { name: "etcd-3.4", missing: noOldEtcd },
  { name: "chaos", missing: noEtcd },
  {
    name: "compose",
    missing: () => (isDockerThere() ? undefined : "there is no Docker engine, or no 'docker compose'"),
  },
  {
    name: "interop",
    missing: () =>
      process.env.SLUICE_TEST_KAFKA_TOOLS ? undefined : "SLUICE_TEST_KAFKA_TOOLS does not name Kafka's tools",
  },
];

/** Why tests with a real etcd cannot run here. */
function noEtcd() {
  return isOnPath("etcd", "--version") ? undefined : "there is no etcd on PATH";
}

/** Why they cannot run on an etcd 3.4 as well. */
function noOldEtcd() {
  const path = process.env.SLUICE_TEST_ETCD_34;
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return /^etcd Version: 3\.4\./m.test(stdout ?? "") ? undefined : `${path} is no etcd 3.4`;
}

/** Whether the program can be started, and says its version. */
function isOnPath(program, versionFlag) {
  return spawnSync(program, [versionFlag], { stdio: "ignore" }).status === 0;
}

/** Whether containers can be run here. */
function isDockerThere() {
  const commands = [["info"], ["compose", "version"]];
  return commands.every((args) => spawnSync("docker", args, { stdio: "ignore" }).status === 0);
}

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
