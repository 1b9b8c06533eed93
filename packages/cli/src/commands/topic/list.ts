/** `sluice topic list`. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { printJson } from "../../print-json.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface ListOptions extends ClusterOptions {
  readonly internal?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .option("--internal", "topics that Sluice keeps for itself, too")
    .action((options: ListOptions) => list(options, context));
}

async function list(options: ListOptions, context: CommandContext): Promise<void> {
  const { topics } = await withClient(options, context, (client) => client.admin().fetchTopicMetadata());
  const shown = topics
    .filter(({ isInternal }) => options.internal === true || !isInternal)
    .map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.length,
      replicationFactor: partitions[0]?.replicas.length ?? 0,
    }))
    .sort((left, right) => (left.topic < right.topic ? -1 : 1));
  if (options.output === "json") return printJson(context, { topics: shown });
  const columns = [
    { title: "TOPIC" },
    { title: "PARTITIONS", align: "right" },
    { title: "REPLICATION", align: "right" },
  ] as const;
  const rows = shown.map(({ topic, partitions, replicationFactor }) => [topic, partitions, replicationFactor]);
  await context.stdout.write(formatTable(columns, rows));
}
