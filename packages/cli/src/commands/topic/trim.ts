/**
 * `sluice topic trim`: deletes the records of a topic below a place. It shows what goes and asks; what is gone is gone, for every group.
 *
 * With --dry-run nothing changes, and exit code 3 says that something would.
 */

import type { Admin } from "@sluice/client";
import { SluiceError } from "@sluice/model";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import {
  type ClusterOptions,
  collectPartitions,
  isForPrograms,
  required,
  withClusterOptions,
  withYesOption,
  type YesOptions,
} from "../../command-options.js";
import { confirm } from "../../confirm.js";
import { offsetsAt } from "../../consume/topic-range.js";
import { exitCode } from "../../exit-code.js";
import { type Position, parsePosition } from "../../position.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { counted } from "../../quantities.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

interface TrimOptions extends ClusterOptions, YesOptions {
  readonly before?: Position;
  readonly partition?: readonly number[];
  readonly dryRun?: true;
}

interface PlannedTrim {
  readonly partition: number;
  /** First offset that can be read now. */
  readonly start: number;
  /** First offset that can be read then. */
  readonly new: number;
  readonly end: number;
  /** Offsets that go. */
  readonly records: number;
}

export function configure(command: Command, context: CommandContext): void {
  withYesOption(withClusterOptions(command))
    .argument("<topic>")
    .option("--before <position>", "first record to keep: an offset, end, a time (UTC), -1h, or -N", parsePosition)
    .option("--partition <numbers>", "only these, as 0 or 0,1", collectPartitions)
    .option("--dry-run", "show what would go, and delete nothing (exit code 3 where something would)")
    .action((topic: string, options: TrimOptions) => trim(topic, options, context));
}

async function trim(topic: string, options: TrimOptions, context: CommandContext): Promise<void> {
  const before = required("--before", options.before);
  const { dryRun = false } = options;
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    const plan = await planOf(admin, topic, { before, partitions: options.partition });
    const records = plan.reduce((sum, row) => sum + row.records, 0);
    const executed = !dryRun && records > 0;
    if (!isForPrograms(options)) await context.stdout.write(planText(plan));
    if (executed) {
      await confirm(context, options, `Delete ${counted(records, "record")} of topic ${topic} for good`);
      const partitions = plan
        .filter((row) => row.records > 0)
        .map((row) => ({ partition: row.partition, offset: row.new }));
      await admin.deleteTopicRecords({ topic, partitions });
    }
    if (dryRun && records > 0) context.setExitCode(exitCode.unhealthy);
    if (isForPrograms(options)) return printJson(context, { topic, executed, records, partitions: plan }, options);
    await say(context, options, remarkOf(records, executed));
  });
}

function remarkOf(records: number, executed: boolean): string {
  if (records === 0) return "Nothing to delete: there are no records before that.\n";
  const count = counted(records, "record");
  return executed
    ? `${count} can no longer be read. Disk space comes back with the segments that held only these.\n`
    : `Nothing is deleted: ${count} would be. Leave out --dry-run to do it.\n`;
}

async function planOf(
  admin: Admin,
  topic: string,
  options: { readonly before: Position; readonly partitions: readonly number[] | undefined },
): Promise<readonly PlannedTrim[]> {
  const wanted = await offsetsAt(admin, topic, options.before);
  const log = await admin.fetchTopicOffsets(topic);
  const missing = options.partitions?.find((partition) => !wanted.has(partition));
  if (missing !== undefined) throw new SluiceError("UNKNOWN_PARTITION", { topic, partition: missing });
  return log
    .filter(({ partition }) => options.partitions === undefined || options.partitions.includes(partition))
    .map(({ partition, low, high }) => {
      const target = Math.min(high, Math.max(low, wanted.get(partition) ?? low));
      return { partition, start: low, new: target, end: high, records: target - low };
    });
}

function planText(plan: readonly PlannedTrim[]): string {
  const columns = ["PARTITION", "START", "NEW", "END", "RECORDS"].map((title) => ({ title, align: "right" as const }));
  return formatTable(
    columns,
    plan.map(({ partition, start, new: target, end, records }) => [partition, start, target, end, records]),
  );
}
