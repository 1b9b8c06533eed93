/** `sluice group import`: gives a group the offsets of a text that `group export` has written, or kafka-consumer-groups. */

import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions, withYesOption, type YesOptions } from "../../command-options.js";
import { importPlan } from "../../group/import-plan.js";
import { carryOut } from "../../group/reset-plan.js";
import { untilAborted } from "../../until-aborted.js";
import { withClient } from "../../with-client.js";

interface ImportOptions extends ClusterOptions, YesOptions {
  readonly file: string;
  readonly execute?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withYesOption(withClusterOptions(command))
    .argument("<group>")
    .option("--file <path>", "CSV lines topic,partition,offset, or JSON; - is standard input", "-")
    .option("--execute", "move the offsets; without it, only show the plan. --yes says the same")
    .action((group: string, options: ImportOptions) => importOffsets(group, options, context));
}

async function importOffsets(group: string, options: ImportOptions, context: CommandContext): Promise<void> {
  const text = options.file === "-" ? await inputText(context) : await readFile(options.file, "utf8");
  const execute = options.execute === true || options.yes === true;
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    const plan = await importPlan(admin, group, text);
    await carryOut(admin, plan, { group, execute }, { options, context });
  });
}

async function inputText(context: CommandContext): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of untilAborted(context.stdin, context.signal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
