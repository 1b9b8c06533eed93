/** `sluice group delete`: says what would be lost, asks, and deletes. A group with members is refused. */

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
import { withClient } from "../../with-client.js";

interface DeleteOptions extends ClusterOptions, YesOptions {}

export function configure(command: Command, context: CommandContext): void {
  withYesOption(withClusterOptions(command))
    .argument("<group>")
    .action((group: string, options: DeleteOptions) => remove(group, options, context));
}

async function remove(group: string, options: DeleteOptions, context: CommandContext): Promise<void> {
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    const { members, offsets } = await admin.describeGroup(group);
    // With members it is refused, which is said without a question.
    if (members.length === 0)
      await confirm(
        context,
        options,
        `Delete group ${group} and what it has committed for ${offsets.length} partitions`,
      );
    await admin.deleteGroups([group]);
  });
  if (isForPrograms(options)) return printJson(context, { group, deleted: true }, options);
  await say(context, options, `Group ${group} and its committed offsets are deleted.\n`);
}
