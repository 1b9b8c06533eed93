/**
 * `sluice group lag`: how many records a group is behind in each partition, and how long ago the next one of them was written.
 *
 * With --watch again and again: on a terminal in place, else one block after the other, until it is stopped.
 */

import { setTimeout } from "node:timers/promises";
import type { Admin, GroupLag } from "@sluice/client";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import {
  type ClusterOptions,
  collectText,
  durationBetween,
  isForPrograms,
  withClusterOptions,
} from "../../command-options.js";
import { dataText } from "../../print-answer.js";
import { grouped } from "../../progress-bar.js";
import { counted, durationText } from "../../quantities.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface LagOptions extends ClusterOptions {
  readonly topic?: readonly string[];
  readonly watch?: true;
  readonly interval: number;
}

/** Puts the cursor at the top and clears what is below. */
const clearScreen = "\u001b[H\u001b[J";
const defaultIntervalMs = 2000;

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<group>")
    .option("--topic <name>", "only of this topic; may be repeated", collectText)
    .option("--watch", "show it again and again, until Ctrl-C")
    .option("--interval <time>", "how often, with --watch", durationBetween(100, 3_600_000), defaultIntervalMs)
    .action((group: string, options: LagOptions) => lag(group, options, context));
}

async function lag(group: string, options: LagOptions, context: CommandContext): Promise<void> {
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    if (options.watch === true) await watch(admin, group, options, context);
    else await context.stdout.write(lagText(await fetchLag(admin, group, options), options));
  });
}

async function watch(admin: Admin, group: string, options: LagOptions, context: CommandContext): Promise<void> {
  const { stdout, signal } = context;
  const redraws = stdout.isTerminal && !isForPrograms(options);
  let before: number | undefined;
  for (;;) {
    const found = await fetchLag(admin, group, options);
    const title = isForPrograms(options)
      ? ""
      : `${new Date().toISOString()}  ${group}${trendText(before, found.lag)}\n\n`;
    await stdout.write(
      `${redraws ? clearScreen : ""}${title}${lagText(found, options)}${redraws || isForPrograms(options) ? "" : "\n"}`,
    );
    before = found.lag;
    await setTimeout(options.interval, undefined, { signal });
  }
}

function fetchLag(admin: Admin, group: string, { topic: topics }: LagOptions): Promise<GroupLag> {
  return admin.fetchLag({ groupId: group, topics });
}

function trendText(before: number | undefined, now: number): string {
  if (before === undefined || before === now) return "";
  return now > before ? `  (+${grouped(now - before)})` : `  (-${grouped(before - now)})`;
}

function lagText({ groupId, lag: total, timeLagMs, partitions }: GroupLag, options: LagOptions): string {
  if (isForPrograms(options)) {
    const rows = partitions.map((row) => ({
      topic: row.topic,
      partition: row.partition,
      committed: row.committed ?? null,
      end: row.end,
      lag: row.lag ?? null,
      timeLagMs: row.timeLagMs ?? null,
      memberId: row.memberId ?? null,
    }));
    return dataText(options, { group: groupId, lag: total, timeLagMs: timeLagMs ?? null, partitions: rows });
  }
  const right = { align: "right" } as const;
  const table = formatTable(
    [
      { title: "TOPIC" },
      { title: "PARTITION", ...right },
      { title: "COMMITTED", ...right },
      { title: "END", ...right },
      { title: "LAG", ...right },
      { title: "TIME", ...right },
      { title: "MEMBER" },
    ],
    partitions.map((row) => [
      row.topic,
      row.partition,
      row.committed ?? null,
      row.end,
      row.lag ?? null,
      row.timeLagMs === undefined ? null : durationText(row.timeLagMs),
      row.memberId ?? null,
    ]),
  );
  const time = timeLagMs === undefined ? "" : `, ${durationText(timeLagMs)}`;
  const unknown = partitions.filter(({ committed }) => committed === undefined).length;
  // Where a group has committed nothing it is not known what it will read: it depends on where its members start.
  const rest = unknown === 0 ? "" : ` Nothing is committed for ${counted(unknown, "partition")}.`;
  return `${table}\nBehind by ${counted(total, "record")}${time}.${rest}\n`;
}
