/**
 * `sluice group reset`: moves what a group has committed for a topic. Without --execute it only shows what it would do. A group with
 * members is refused, with their names.
 */

import type { PlannedOffsetReset } from "@sluice/client";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, required, withClusterOptions } from "../../command-options.js";
import { parseResetTarget, type ResetTarget } from "../../position.js";
import { printJson } from "../../print-json.js";
import { grouped } from "../../progress-bar.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface ResetOptions extends ClusterOptions {
  readonly topic?: string;
  readonly to?: ResetTarget;
  readonly execute?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<group>")
    .option("--topic <name>", "topic whose offsets move")
    .option(
      "--to <target>",
      "earliest, latest, offset:N, time:ISO-TIME (UTC), or shift:N (back where negative)",
      parseResetTarget,
    )
    .option("--execute", "move the offsets; without it, only show the plan")
    .action((group: string, options: ResetOptions) => reset(group, options, context));
}

async function reset(group: string, options: ResetOptions, context: CommandContext): Promise<void> {
  const topic = required("--topic", options.topic);
  const to = required("--to", options.to);
  const executed = options.execute === true;
  const plan = await withClient(options, context, (client) =>
    client.admin().resetOffsets({ groupId: group, topic, to, dryRun: !executed }),
  );
  const partitions = plan.map(planRow);
  if (options.output === "json") return printJson(context, { group, executed, partitions });
  const right = { align: "right" } as const;
  const columns = [
    { title: "TOPIC" },
    { title: "PARTITION", ...right },
    { title: "CURRENT", ...right },
    { title: "NEW", ...right },
    { title: "DELTA", ...right },
  ];
  const rows = partitions.map((row) => [row.topic, row.partition, row.current, row.new, signed(row.delta)]);
  await context.stdout.write(formatTable(columns, rows));
  const toRead = grouped(partitions.reduce((sum, row) => sum + Math.max(0, row.end - row.new), 0));
  await context.stderr.write(
    executed
      ? `Done. The group has ${toRead} records to read.\n`
      : `Nothing is changed: the group would have ${toRead} records to read. Add --execute to move the offsets.\n`,
  );
}

/** `current` and `delta` are null where nothing was committed. */
function planRow({ topic, partition, current, target, end }: PlannedOffsetReset) {
  const delta = current === undefined ? null : target - current;
  return { topic, partition, current: current ?? null, new: target, delta, end };
}

function signed(delta: number | null): string | null {
  return delta === null ? null : delta > 0 ? `+${delta}` : String(delta);
}
