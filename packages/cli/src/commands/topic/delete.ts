/** `sluice topic delete`: says what would be lost, asks, and deletes. */

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

interface DeleteOptions extends ClusterOptions, YesOptions {}

export function configure(command: Command, context: CommandContext): void {
  withYesOption(withClusterOptions(command))
    .argument("<name>")
    .action((name: string, options: DeleteOptions) => remove(name, options, context));
}

async function remove(name: string, options: DeleteOptions, context: CommandContext): Promise<void> {
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    // What cannot be deleted is said before anybody is asked.
    const { partitions, isInternal } = await admin.describeTopic(name);
    if (!isInternal && options.yes !== true) {
      const hasLeaders = partitions.every(({ leaderId }) => leaderId !== undefined);
      const offsets = hasLeaders ? await admin.fetchTopicOffsets(name) : [];
      const records = offsets.reduce((sum, { low, high }) => sum + high - low, 0);
      const what = hasLeaders ? `its ${counted(records, "record")}` : "its records";
      await confirm(
        context,
        options,
        `Delete topic ${name} with ${counted(partitions.length, "partition")} and ${what}`,
      );
    }
    await admin.deleteTopics({ topics: [name] });
  });
  if (isForPrograms(options)) return printJson(context, { topic: name, deleted: true }, options);
  await say(context, options, `Topic ${name} and its records are deleted.\n`);
}
