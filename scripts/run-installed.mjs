/** Runs a program of an installed package with this Node, without npm in between. */

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export const root = join(import.meta.dirname, "..");

const require = createRequire(import.meta.url);

/** Waits for its end, and ends this program as it ended where it failed. */
export function runInstalled(packageName, program, args) {
  const path = join(dirname(require.resolve(`${packageName}/package.json`)), program);
  const { status, signal, error } = spawnSync(process.execPath, [path, ...args], { cwd: root, stdio: "inherit" });
  if (error) throw error;
  if (signal) process.kill(process.pid, signal);
  if (status !== 0) process.exit(status ?? 1);
}
