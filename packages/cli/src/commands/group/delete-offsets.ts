/** `sluice group delete-offsets`: makes a group forget what it has committed for topics or partitions that none of its members works on. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import {
  type ClusterOptions,
  isForPrograms,
  required,
  withClusterOptions,
  withYesOption,
  type YesOptions,
} from "../../command-options.js";
import { confirm } from "../../confirm.js";
import { collectTopic, type SelectedTopic } from "../../group/topic-selection.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { counted } from "../../quantities.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface DeleteOffsetsOptions extends ClusterOptions, YesOptions {
  readonly topic?: readonly SelectedTopic[];
}

export function configure(command: Command, context: CommandContext): void {
  withYesOption(withClusterOptions(command))
    .argument("<group>")
    .option("--topic <name>", "topic to forget, as orders or orders:0,1; may be repeated", collectTopic)
    .action((group: string, options: DeleteOffsetsOptions) => remove(group, options, context));
}

async function remove(group: string, options: DeleteOffsetsOptions, context: CommandContext): Promise<void> {
  const topics = required("--topic", options.topic);
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    const { offsets } = await admin.describeGroup(group);
    const forgotten = offsets
      .filter(({ topic, partition }) =>
        topics.some((one) => one.topic === topic && (one.partitions?.includes(partition) ?? true)),
      )
      .map(({ topic, partition, offset }) => ({ topic, partition, offset }));
    if (!isForPrograms(options)) await context.stdout.write(table(forgotten));
    if (forgotten.length > 0) {
      await confirm(context, options, `Make group ${group} forget ${counted(forgotten.length, "offset")}`);
      await admin.deleteOffsets({ groupId: group, topics });
    }
    if (isForPrograms(options))
      return printJson(context, { group, deleted: forgotten.length, partitions: forgotten }, options);
    const remark =
      forgotten.length === 0
        ? "Nothing to forget: the group has nothing committed there."
        : `Group ${group} has forgotten ${counted(forgotten.length, "offset")}.`;
    await say(context, options, `${remark}\n`);
  });
}

function table(
  rows: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
): string {
  const right = { align: "right" } as const;
  return formatTable(
    [{ title: "TOPIC" }, { title: "PARTITION", ...right }, { title: "COMMITTED", ...right }],
    rows.map(({ topic, partition, offset }) => [topic, partition, offset]),
  );
}
