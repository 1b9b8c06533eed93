/** `sluice topic describe`: partitions with their leaders and offsets, and the settings in force. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, isForPrograms, withClusterOptions } from "../../command-options.js";
import { placeCells, placeColumns, placeOf } from "../../partition/partition-place.js";
import { printJson } from "../../print-json.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<name>")
    .action((name: string, options: ClusterOptions) => describe(name, options, context));
}

async function describe(name: string, options: ClusterOptions, context: CommandContext): Promise<void> {
  const topic = await withClient(options, context, async (client) => {
    const admin = client.admin();
    const description = await admin.describeTopic(name);
    // Offsets are the leaders' to say: without a leader the topic is described all the same.
    const hasLeaders = description.partitions.every(({ leaderId }) => leaderId !== undefined);
    return { ...description, offsets: hasLeaders ? await admin.fetchTopicOffsets(name) : [] };
  });
  const offsets = new Map(topic.offsets.map((offset) => [offset.partition, offset]));
  const partitions = topic.partitions.map((one) => {
    const known = offsets.get(one.partition);
    return { ...placeOf(one), start: known?.low ?? null, end: known?.high ?? null };
  });
  const { configs } = topic;
  if (isForPrograms(options)) return printJson(context, { topic: name, id: topic.id, partitions, configs }, options);
  const partitionTable = formatTable(
    [
      ...placeColumns,
      { title: "START", align: "right" },
      { title: "END", align: "right" },
      { title: "RECORDS", align: "right" },
    ],
    partitions.map((row) => [...placeCells(row), row.start, row.end, recordsOf(row.start, row.end)]),
  );
  const configTable = formatTable(
    [{ title: "SETTING" }, { title: "VALUE" }, { title: "SET" }],
    configs.map((config) => [config.name, config.value, config.isDefault ? "default" : "for this topic"]),
  );
  await context.stdout.write(`Topic ${name} (${topic.id})\n\n${partitionTable}\n${configTable}`);
}

/** Offsets from the first that can be read to the end. Compaction may have taken some of their records. */
function recordsOf(start: number | null, end: number | null): number | null {
  return start === null || end === null ? null : end - start;
}
