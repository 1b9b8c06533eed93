/** Checks of this machine: the version of Node, and which brokers a command would ask. Pure but for the file of contexts. */

import type { CommandContext } from "../command-context.js";
import type { ClusterOptions } from "../command-options.js";
import { type ClusterAddress, clusterAddress } from "../contexts/cluster-address.js";
import { describeFailure } from "../describe-failure.js";
import { type Check, fail, ok, warn } from "./check.js";

/** Node's versions that get no updates any more, and when that was decided for. */
const endOfLife: Readonly<Record<number, string>> = { 20: "April 2026", 21: "June 2024", 23: "June 2025" };

/** @param version as `process.versions.node` */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    return fail("node", `Node ${version} is too old.`, "Install Node 24, or at least 20.19.");
  const since = endOfLife[major];
  return since === undefined
    ? ok("node", `Node ${version}`)
    : warn("node", `Node ${version} works, but has had no security updates since ${since}.`, "Move to Node 22 or 24.");
}

/** Where the brokers come from. Without an address there is nothing more to check. */
export async function checkAddress(
  options: ClusterOptions,
  context: CommandContext,
): Promise<{ readonly check: Check; readonly address?: ClusterAddress }> {
  try {
    const address = await clusterAddress(options, context);
    const check = ok("config", `Brokers ${address.brokers}, from ${address.origin}`);
    const named = options.context !== undefined && address.context !== options.context;
    if (!named) return { check, address };
    const ignored = `--context ${options.context} is not used: ${address.origin} counts more.`;
    return { check: warn("config", ignored, "Leave one of them out, or unset SLUICE_BROKERS."), address };
  } catch (error) {
    const [message = "", next = ""] = describeFailure(error).text.split("\n");
    return { check: fail("config", message, next) };
  }
}
