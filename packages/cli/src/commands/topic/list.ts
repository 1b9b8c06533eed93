/** `sluice topic list`. */

import type { TopicMetadata } from "@sluice/client";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { isUnderReplicated } from "../../partition/partition-place.js";
import { printAnswer } from "../../print-answer.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface ListOptions extends ClusterOptions {
  readonly internal?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .option("--internal", "topics that Sluice keeps for itself, too")
    .addHelpText(
      "after",
      "\n-o wide adds ids, partitions without a leader, and those of which not all replicas are in sync.",
    )
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
    replicationFactor: replicationFactorOf(partitions),
    leaderless: partitions.filter(({ leaderId }) => leaderId === undefined).length,
    underReplicated: partitions.filter(isUnderReplicated).length,
    offlineReplicas: partitions.reduce((sum, { offlineReplicas }) => sum + offlineReplicas.length, 0),
  }));
  const right = { align: "right" } as const;
  const columns = [{ title: "TOPIC" }, { title: "PARTITIONS", ...right }, { title: "REPLICATION", ...right }];
  const wideColumns = [
    ...columns,
    { title: "LEADERLESS", ...right },
    { title: "UNDER-REPLICATED", ...right },
    { title: "INTERNAL" },
    { title: "ID" },
  ];
  await printAnswer(context, options, {
    value: { topics: shown },
    text: () =>
      options.output === "wide"
        ? formatTable(
            wideColumns,
            shown.map((row, index) => {
              const { isInternal = false, id = "" } = sorted[index] ?? {};
              const counts = [row.partitions, row.replicationFactor, row.leaderless, row.underReplicated];
              return [row.topic, ...counts, isInternal ? "yes" : "no", id];
            }),
          )
        : formatTable(
            columns,
            shown.map((row) => [row.topic, row.partitions, row.replicationFactor]),
          ),
  });
}

/** What a new partition would get: as many replicas as the first one has, or will have when its move ends. */
function replicationFactorOf([first]: TopicMetadata["partitions"]): number {
  return first === undefined ? 0 : first.replicas.length - first.removingReplicas.length;
}
