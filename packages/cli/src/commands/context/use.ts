/** `sluice context use`: makes a context the current one. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type OutputOptions, withOutputOption } from "../../command-options.js";
import { contextPath, readContexts, writeContexts } from "../../contexts/context-file.js";
import { contextOrThrow } from "../../contexts/edit-contexts.js";
import { printAnswer, say } from "../../print-answer.js";

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .argument("<name>")
    .action((name: string, options: OutputOptions) => use(name, options, context));
}

async function use(name: string, options: OutputOptions, context: CommandContext): Promise<void> {
  const path = contextPath(context.env);
  const file = await readContexts(path);
  const { brokers } = contextOrThrow(file, name);
  await writeContexts(path, { ...file, current: name });
  await printAnswer(context, options, {
    value: { context: name, brokers, current: true },
    text: () => `Context ${name} is the current one: ${brokers}\n`,
  });
  const stronger = ["SLUICE_BROKERS", "SLUICE_CONTEXT"].find((variable) => context.env[variable]);
  if (stronger !== undefined)
    await say(context, options, `${stronger} is set, and counts more than the current context.\n`);
}
