/** `sluice config list`: every setting that a broker has, with its default and what it is for. */

import { brokerConfigTable, environmentName } from "@sluice/broker";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { isForPrograms, type OutputOptions, withOutputOption } from "../../command-options.js";
import { printJson } from "../../print-json.js";
import { formatTable } from "../../table.js";

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command).action((options: OutputOptions) => list(options, context));
}

async function list(options: OutputOptions, context: CommandContext): Promise<void> {
  const settings = Object.entries(brokerConfigTable).map(([key, { default: value, unit, takes, doc }]) => {
    return { key, environment: environmentName(key), default: String(value), unit, takes, doc };
  });
  if (isForPrograms(options)) return printJson(context, { settings }, options);
  const table = formatTable(
    [{ title: "KEY" }, { title: "DEFAULT" }, { title: "UNIT" }, { title: "ENVIRONMENT" }, { title: "WHAT IT DOES" }],
    settings.map(({ key, default: value, unit, environment, doc }) => [key, value || null, unit, environment, doc]),
  );
  await context.stdout.write(table);
}
