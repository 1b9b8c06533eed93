#!/usr/bin/env node
/**
 * `npm start`: builds where the sources are newer than what was built, then runs `sluice dev` in this process. Arguments go to
 * `sluice dev`: npm start -- --port 19092.
 *
 * A stamp says when the last build began, because `tsc -b` leaves files alone that would not change.
 */

import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, runInstalled } from "./run-installed.mjs";

const packages = join(root, "packages");
const stamp = join(root, ".cache", "built");

/** Newest change below a directory, in milliseconds since 1970. */
function newestMs(directory) {
  let newest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) newest = Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return newest;
}

function isBuilt() {
  if (!existsSync(stamp)) return false;
  const builtMs = statSync(stamp).mtimeMs;
  return readdirSync(packages).every((name) => {
    const directory = join(packages, name);
    return (
      existsSync(join(directory, "dist", "index.js")) &&
      newestMs(join(directory, "src")) < builtMs &&
      statSync(join(directory, "tsconfig.json")).mtimeMs < builtMs
    );
  });
}

if (!isBuilt()) {
  console.error("Building ...");
  const startedMs = Date.now();
  runInstalled("typescript", "bin/tsc", ["-b"]);
  mkdirSync(join(root, ".cache"), { recursive: true });
  writeFileSync(stamp, "");
  utimesSync(stamp, startedMs / 1000, startedMs / 1000);
}

process.argv.splice(2, 0, "dev");
await import("../packages/cli/bin/sluice.js");
