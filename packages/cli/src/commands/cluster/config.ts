/** `sluice cluster config`: the settings of each broker in force, and where each value came from. */

import type { Command } from "commander";
import { lookAtBrokers } from "../../cluster-look.js";
import { type CommandContext, UsageError } from "../../command-context.js";
import { type ClusterOptions, integerBetween, withClusterOptions } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { printAnswer } from "../../print-answer.js";
import { formatTable } from "../../table.js";

interface ConfigOptions extends ClusterOptions {
  readonly broker?: number;
  readonly changed?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .option("--broker <id>", "only of this broker", integerBetween(0, 0x7fff_ffff))
    .option("--changed", "only what is not the default")
    .action((options: ConfigOptions) => config(options, context));
}

async function config(options: ConfigOptions, context: CommandContext): Promise<void> {
  const { brokers } = await lookAtBrokers(options, context);
  const wanted = brokers.filter(({ id }) => options.broker === undefined || options.broker === id);
  if (wanted.length === 0)
    throw new UsageError(`There is no broker ${options.broker}.`, "'sluice cluster brokers' lists them.");
  const silent = wanted.filter(({ description }) => description === undefined);
  if (silent.length > 0) context.setExitCode(exitCode.unhealthy);
  const shown = wanted.flatMap(({ id, description }) =>
    description === undefined
      ? []
      : [{ id, configs: description.configs.filter(({ origin }) => options.changed !== true || origin !== "default") }],
  );
  await printAnswer(context, options, {
    value: { brokers: shown },
    text: () =>
      formatTable(
        [{ title: "BROKER", align: "right" }, { title: "SETTING" }, { title: "VALUE" }, { title: "ORIGIN" }],
        shown.flatMap(({ id, configs }) => configs.map(({ key, value, origin }) => [id, key, value, origin])),
      ),
  });
  for (const { id, error } of silent)
    await context.stderr.write(`Broker ${id} does not answer: ${error?.message ?? ""}\n`);
}
