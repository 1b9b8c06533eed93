/**
 * `sluice group reset`: moves what a group has committed. Without --execute it only shows what it would do. A group with members is
 * refused, with their names.
 */

import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { type CommandContext, UsageError } from "../../command-context.js";
import {
  type ClusterOptions,
  required,
  withClusterOptions,
  withYesOption,
  type YesOptions,
} from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { importPlan } from "../../group/import-plan.js";
import { carryOut } from "../../group/reset-plan.js";
import { collectTopic, type SelectedTopic } from "../../group/topic-selection.js";
import { parseResetTarget, type ResetTarget } from "../../position.js";
import { withClient } from "../../with-client.js";

interface ResetOptions extends ClusterOptions, YesOptions {
  readonly topic?: readonly SelectedTopic[];
  readonly allTopics?: true;
  readonly to?: ResetTarget;
  readonly dryRun?: true;
  readonly execute?: true;
}

const helpText = `
  --to earliest | latest           the ends of the log
  --to 42                          this offset
  --to +100 | -100                 so many records on, or back
  --to -1h                         what was written in the last hour
  --to @2026-01-31T12:00:00Z       what was written from then on (UTC)
  --to group:OTHER                 what another group has committed
  --to file:offsets.csv            what 'sluice group export' has written

Also, as before: offset:42, time:2026-01-31T12:00:00Z, shift:-100.
Without --execute nothing changes; with --dry-run exit code 3 says that something would.`;

export function configure(command: Command, context: CommandContext): void {
  withYesOption(withClusterOptions(command))
    .argument("<group>")
    .option("--topic <name>", "topic whose offsets move, as orders or orders:0,1; may be repeated", collectTopic)
    .option("--all-topics", "all topics for which the group has something committed")
    .option("--to <target>", "where to, see below", parseResetTarget)
    .option("--dry-run", "only show the plan, which is the default")
    .option("--execute", "move the offsets; --yes says the same")
    .addHelpText("after", helpText)
    .action((group: string, options: ResetOptions) => reset(group, options, context));
}

async function reset(group: string, options: ResetOptions, context: CommandContext): Promise<void> {
  const { dryRun = false, allTopics = false } = options;
  const wantsExecute = options.execute === true || options.yes === true;
  if (dryRun && wantsExecute)
    throw new UsageError("--dry-run and --execute exclude each other.", "Leave one of them out.");
  const to = required("--to", options.to);
  const isFile = typeof to === "object" && "file" in to;
  if (isFile && (options.topic !== undefined || allTopics))
    throw new UsageError("A file says itself which topics it is about.", "Leave out --topic and --all-topics.");
  if (allTopics && options.topic !== undefined)
    throw new UsageError("--topic and --all-topics exclude each other.", "Leave one of them out.");
  const topics =
    isFile || allTopics
      ? undefined
      : required("--topic", options.topic, "Name a topic, or say --all-topics for all that the group has committed.");
  const text = isFile ? await readFile(to.file, "utf8") : "";
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    const plan = isFile
      ? await importPlan(admin, group, text)
      : await admin.resetOffsets({ groupId: group, topics, to, dryRun: true });
    const changes = plan.some(({ current, target }) => current !== target);
    await carryOut(admin, plan, { group, execute: wantsExecute }, { options, context });
    if (dryRun && changes) context.setExitCode(exitCode.unhealthy);
  });
}
