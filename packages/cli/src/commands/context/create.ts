/** `sluice context create`: gives a cluster a name. The first one becomes the current one. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { UsageError } from "../../command-context.js";
import { type OutputOptions, required, withOutputOption } from "../../command-options.js";
import { contextPath, readContexts, writeContexts } from "../../contexts/context-file.js";
import { withContext } from "../../contexts/edit-contexts.js";
import { printAnswer } from "../../print-answer.js";

interface CreateOptions extends OutputOptions {
  readonly brokers?: string;
  readonly use?: true;
  readonly force?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .argument("<name>")
    .option("--brokers <list>", "brokers of the cluster, as host1:9092,host2:9092")
    .option("--use", "make it the current one")
    .option("--force", "replace the one of that name")
    .action((name: string, options: CreateOptions) => create(name, options, context));
}

async function create(name: string, options: CreateOptions, context: CommandContext): Promise<void> {
  const brokers = required("--brokers", options.brokers);
  // What is not an address is said now, and not when the context is first used.
  const { Sluice } = await import("@sluice/client");
  await new Sluice({ brokers }).close();
  const path = contextPath(context.env);
  const before = await readContexts(path);
  if (Object.hasOwn(before.contexts, name) && options.force !== true)
    throw new UsageError(`There is a context '${name}' already.`, "Add --force to replace it, or choose another name.");
  const after = withContext(before, name, { brokers }, { use: options.use === true });
  await writeContexts(path, after);
  const isCurrent = after.current === name;
  await printAnswer(context, options, {
    value: { context: name, brokers, current: isCurrent },
    text: () =>
      `Context ${name}: ${brokers}${isCurrent ? " (current)" : `. 'sluice context use ${name}' makes it the current one`}\n`,
  });
}
