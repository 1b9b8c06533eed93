/** `sluice topic list`. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { printAnswer } from "../../print-answer.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface ListOptions extends ClusterOptions {
  readonly internal?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .option("--internal", "topics that Sluice keeps for itself, too")
    .addHelpText("after", "\n-o wide adds ids, and partitions without a leader.")
    .action((options: ListOptions) => list(options, context));
}

async function list(options: ListOptions, context: CommandContext): Promise<void> {
  const { topics } = await withClient(options, context, (client) => client.admin().fetchTopicMetadata());
  const sorted = topics
    .filter(({ isInternal }) => options.internal === true || !isInternal)
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const shown = sorted.map(({ name, partitions }) => ({
    topic: name,
    partitions: partitions.length,
    replicationFactor: partitions[0]?.replicas.length ?? 0,
  }));
  const right = { align: "right" } as const;
  const columns = [{ title: "TOPIC" }, { title: "PARTITIONS", ...right }, { title: "REPLICATION", ...right }];
  const wideColumns = [...columns, { title: "LEADERLESS", ...right }, { title: "INTERNAL" }, { title: "ID" }];
  await printAnswer(context, options, {
    value: { topics: shown },
    text: () =>
      options.output === "wide"
        ? formatTable(
            wideColumns,
            sorted.map(({ name, partitions, isInternal, id }) => {
              const leaderless = partitions.filter(({ leaderId }) => leaderId === undefined).length;
              const replication = partitions[0]?.replicas.length ?? 0;
              return [name, partitions.length, replication, leaderless, isInternal ? "yes" : "no", id];
            }),
          )
        : formatTable(
            columns,
            shown.map((row) => [row.topic, row.partitions, row.replicationFactor]),
          ),
  });
}
