/** `sluice context show`: which brokers a command would ask now, and why those; or what a context holds. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type OutputOptions, withOutputOption } from "../../command-options.js";
import { type ClusterAddress, clusterAddress } from "../../contexts/cluster-address.js";
import { contextPath, readContexts } from "../../contexts/context-file.js";
import { contextOrThrow } from "../../contexts/edit-contexts.js";
import { printAnswer } from "../../print-answer.js";

interface ShowOptions extends OutputOptions {
  readonly brokers?: string;
  readonly context?: string;
}

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .argument("[name]", "default: the one that a command would take now")
    .option("--brokers <list>", "as if a command had this option")
    .option("--context <name>", "as if a command had this option")
    .action((name: string | undefined, options: ShowOptions) => show(name, options, context));
}

async function show(name: string | undefined, options: ShowOptions, context: CommandContext): Promise<void> {
  const address = name === undefined ? await clusterAddress(options, context) : await named(name, context);
  await printAnswer(context, options, {
    value: { context: address.context ?? null, brokers: address.brokers, origin: address.origin },
    text: () => `${address.brokers}  (from ${address.origin})\n`,
  });
}

async function named(name: string, context: CommandContext): Promise<ClusterAddress> {
  const { brokers } = contextOrThrow(await readContexts(contextPath(context.env)), name);
  return { brokers, origin: `context '${name}'`, context: name };
}
