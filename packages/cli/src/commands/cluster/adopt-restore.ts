/** `sluice cluster adopt-restore`: has the cluster take up its work again after its store was restored from a backup. It asks first. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import {
  type ClusterOptions,
  isForPrograms,
  withClusterOptions,
  withYesOption,
  type YesOptions,
} from "../../command-options.js";
import { confirm } from "../../confirm.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { counted } from "../../quantities.js";
import { withClient } from "../../with-client.js";

interface AdoptOptions extends ClusterOptions, YesOptions {}

export function configure(command: Command, context: CommandContext): void {
  withYesOption(withClusterOptions(command))
    .addHelpText(
      "after",
      "\nAll brokers must be running. Topics and settings are those of the backup; of each partition the log that reaches furthest counts.",
    )
    .action((options: AdoptOptions) => adoptRestore(options, context));
}

async function adoptRestore(options: AdoptOptions, context: CommandContext): Promise<void> {
  await confirm(context, options, "Go on with a cluster store that was restored from a backup");
  const { partitions } = await withClient(options, context, (client) => client.admin().adoptRestore());
  if (isForPrograms(options)) return printJson(context, { executed: true, partitions }, options);
  await say(
    context,
    options,
    `${counted(partitions, "partition")} were set anew. 'sluice cluster health' says how the cluster is.\n`,
  );
}
