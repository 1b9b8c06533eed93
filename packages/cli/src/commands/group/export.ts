/** `sluice group export`: what a group has committed, as CSV or JSON that `group import` reads. */

import { type Command, Option } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { collectTopic, type SelectedTopic } from "../../group/topic-selection.js";
import { printAnswer } from "../../print-answer.js";
import { withClient } from "../../with-client.js";

interface ExportOptions extends ClusterOptions {
  readonly topic?: readonly SelectedTopic[];
  readonly format: "csv" | "json";
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<group>")
    .option("--topic <name>", "only of this topic, as orders or orders:0,1; may be repeated", collectTopic)
    .addOption(
      new Option("--format <format>", "csv: lines topic,partition,offset, as kafka-consumer-groups has them")
        .choices(["csv", "json"])
        .default("csv"),
    )
    .action((group: string, options: ExportOptions) => exportOffsets(group, options, context));
}

async function exportOffsets(group: string, options: ExportOptions, context: CommandContext): Promise<void> {
  const { topic: topics, format, output } = options;
  const isData = output === "json" || output === "yaml";
  const text = await withClient(options, context, (client) =>
    client.admin().exportOffsets({ groupId: group, topics, format: isData ? "json" : format }),
  );
  if (!isData) return context.stdout.write(text);
  await printAnswer(context, options, { value: JSON.parse(text) as object, text: () => text });
}
