/**
 * `sluice config validate`: says everything that is wrong with the settings of a broker, with where it stands, and starts nothing.
 * Exit code 2 where something is.
 */

import { type ConfigProblem, inspectBrokerConfig } from "@sluice/broker";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { isForPrograms, type OutputOptions, withOutputOption } from "../../command-options.js";
import { readBrokerSources } from "../../config/broker-sources.js";
import { exitCode } from "../../exit-code.js";
import { printJson } from "../../print-json.js";

interface ValidateOptions extends OutputOptions {
  readonly file?: string;
}

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .option("--file <file>", "YAML file with settings; the environment is looked at as well, as 'sluice broker' does")
    .action((options: ValidateOptions) => validate(options, context));
}

async function validate(options: ValidateOptions, context: CommandContext): Promise<void> {
  const sources = await readBrokerSources({ path: options.file, flags: {} }, context);
  const { problems, origins } = inspectBrokerConfig(sources);
  if (problems.length > 0) context.setExitCode(exitCode.usage);
  if (isForPrograms(options)) {
    const shown = problems.map(({ origin, error: { code, message, hint } }) => ({ origin, code, message, hint }));
    return printJson(context, { valid: problems.length === 0, settings: origins.size, problems: shown }, options);
  }
  await context.stdout.write(problems.map(problemText).join(""));
  const set = origins.size === 1 ? "1 setting is" : `${origins.size} settings are`;
  const verdict =
    problems.length === 0 ? `Valid: ${set} set, the others have their defaults.` : countText(problems.length);
  await context.stdout.write(`${verdict}\n`);
}

function problemText({ origin, error }: ConfigProblem): string {
  return `${origin}: ${error.message} (${error.code})\n  ${error.hint}\n`;
}

function countText(count: number): string {
  return count === 1 ? "1 problem." : `${count} problems.`;
}
