/** `sluice partition list`: leader and replicas of each partition, all or those that something is wrong with. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { brokerId, type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { isUnderReplicated, placeCells, placeColumns, placeOf } from "../../partition/partition-place.js";
import { type NamedPartition, partitionsOf } from "../../partition/select-partitions.js";
import { printAnswer } from "../../print-answer.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface ListOptions extends ClusterOptions {
  readonly internal?: true;
  readonly broker?: number;
  readonly underReplicated?: true;
  /** False with --no-leader. */
  readonly leader: boolean;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("[topic]")
    .option("--internal", "those of topics that Sluice keeps for itself, too")
    .option("--broker <id>", "only those that this broker keeps", brokerId)
    .option("--under-replicated", "only those of which not all replicas are in sync")
    .option("--no-leader", "only those without a leader")
    .action((topic: string | undefined, options: ListOptions) => list(topic, options, context));
}

async function list(topic: string | undefined, options: ListOptions, context: CommandContext): Promise<void> {
  const request = topic === undefined ? {} : { topics: [topic] };
  const { topics } = await withClient(options, context, (client) => client.admin().fetchTopicMetadata(request));
  const visible = topics.filter(({ isInternal }) => topic !== undefined || options.internal === true || !isInternal);
  const shown = partitionsOf(visible)
    .filter((partition) => isWanted(partition, options))
    .map((one) => ({ topic: one.topic, ...placeOf(one) }));
  await printAnswer(context, options, {
    value: { partitions: shown },
    text: () =>
      formatTable(
        [{ title: "TOPIC" }, ...placeColumns],
        shown.map((row) => [row.topic, ...placeCells(row)]),
      ),
  });
}

function isWanted(partition: NamedPartition, options: ListOptions): boolean {
  if (options.broker !== undefined && !partition.replicas.includes(options.broker)) return false;
  if (options.underReplicated === true && !isUnderReplicated(partition)) return false;
  return options.leader || partition.leaderId === undefined;
}
