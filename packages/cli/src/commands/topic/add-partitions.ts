/** `sluice topic add-partitions`: gives a topic more partitions. It cannot be undone, and keys go to other partitions from then on. */

import type { Command } from "commander";
import { type CommandContext, UsageError } from "../../command-context.js";
import { type ClusterOptions, integerBetween, isForPrograms, withClusterOptions } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { withClient } from "../../with-client.js";

interface AddOptions extends ClusterOptions {
  readonly to?: number;
  readonly add?: number;
  readonly dryRun?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<topic>")
    .option("--to <count>", "how many there are to be", integerBetween(1, 1_000_000))
    .option("--add <count>", "how many more there are to be", integerBetween(1, 1_000_000))
    .option("--dry-run", "check everything and change nothing (exit code 3 where it would)")
    .addHelpText(
      "after",
      "\nRecords stay where they are. A key may belong to another partition afterwards: its order holds from then on.",
    )
    .action((topic: string, options: AddOptions) => add(topic, options, context));
}

async function add(topic: string, options: AddOptions, context: CommandContext): Promise<void> {
  const { to, add: more, dryRun = false } = options;
  if ((to === undefined) === (more === undefined))
    throw new UsageError("It takes either --to or --add.", "--to 12 for twelve in all, --add 3 for three more.");
  const { before, after } = await withClient(options, context, async (client) => {
    const admin = client.admin();
    const { partitions } = await admin.describeTopic(topic);
    const count = to ?? partitions.length + (more ?? 0);
    await admin.createPartitions({ topicPartitions: [{ topic, count }], validateOnly: dryRun });
    return { before: partitions.length, after: count };
  });
  if (dryRun) context.setExitCode(exitCode.unhealthy);
  if (isForPrograms(options)) return printJson(context, { topic, executed: !dryRun, before, after }, options);
  const done = dryRun
    ? `would have ${after} partitions instead of ${before}; nothing is changed`
    : `has ${after} partitions; it had ${before}`;
  await say(context, options, `Topic ${topic} ${done}.\n`);
}
