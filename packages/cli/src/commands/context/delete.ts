/** `sluice context delete`: forgets a name. The cluster itself is not touched. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type OutputOptions, withOutputOption } from "../../command-options.js";
import { contextPath, readContexts, writeContexts } from "../../contexts/context-file.js";
import { withoutContext } from "../../contexts/edit-contexts.js";
import { printAnswer, say } from "../../print-answer.js";

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .argument("<name>")
    .action((name: string, options: OutputOptions) => remove(name, options, context));
}

async function remove(name: string, options: OutputOptions, context: CommandContext): Promise<void> {
  const path = contextPath(context.env);
  const before = await readContexts(path);
  await writeContexts(path, withoutContext(before, name));
  await printAnswer(context, options, {
    value: { context: name, deleted: true },
    text: () => `Context ${name} is deleted.\n`,
  });
  if (before.current === name && Object.keys(before.contexts).length > 1)
    await say(context, options, "No context is current now: 'sluice context use NAME' makes one so.\n");
}
