/**
 * `sluice topic alter`: changes settings of a topic. The change is shown first; where it lets records go that would have stayed, it asks.
 *
 * With --dry-run nothing changes, and exit code 3 says that something would.
 */

import type { Admin, TopicConfigEntry } from "@sluice/client";
import type { Command } from "commander";
import { type CommandContext, UsageError } from "../../command-context.js";
import {
  type ClusterOptions,
  collectSetting,
  collectText,
  isForPrograms,
  withClusterOptions,
  withYesOption,
  type YesOptions,
} from "../../command-options.js";
import { confirm } from "../../confirm.js";
import { exitCode } from "../../exit-code.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { formatTable } from "../../table.js";
import { type ConfigChange, changesOf, losesRecords } from "../../topic/config-changes.js";
import { withClient } from "../../with-client.js";

interface AlterOptions extends ClusterOptions, YesOptions {
  readonly set?: readonly { readonly name: string; readonly value: string }[];
  readonly reset?: readonly string[];
  readonly dryRun?: true;
}

export function configure(command: Command, context: CommandContext): void {
  withYesOption(withClusterOptions(command))
    .argument("<topic>")
    .option("--set <key=value>", "give a setting this value; may be repeated", collectSetting)
    .option("--reset <key>", "give a setting its default back; may be repeated", collectText)
    .option("--dry-run", "show what would change, and change nothing (exit code 3 where something would)")
    .action((topic: string, options: AlterOptions) => alter(topic, options, context));
}

async function alter(topic: string, options: AlterOptions, context: CommandContext): Promise<void> {
  const { set = [], reset = [], dryRun = false } = options;
  if (set.length + reset.length === 0)
    throw new UsageError(
      "Nothing is to be changed.",
      "Add --set key=value or --reset key; docs/configuration.md lists the keys.",
    );
  await withClient(options, context, async (client) => {
    const admin = client.admin();
    const request = { topic, set: Object.fromEntries(set.map(({ name, value }) => [name, value])), reset };
    const { before, changes } = await planOf(admin, request);
    const executed = !dryRun && changes.length > 0;
    if (!isForPrograms(options)) await context.stdout.write(changesText(changes));
    if (executed) {
      if (losesRecords(changes)) await confirm(context, options, `Change topic ${topic}, which may delete records`);
      await admin.alterTopicConfigs(request);
    }
    if (dryRun && changes.length > 0) context.setExitCode(exitCode.unhealthy);
    if (isForPrograms(options))
      return printJson(context, { topic, executed, changes, settings: before.length }, options);
    const remark = executed
      ? "Done: it counts from now on."
      : changes.length === 0
        ? "Nothing to change: it is so already."
        : "Nothing is changed. Leave out --dry-run to do it.";
    await say(context, options, `${remark}\n`);
  });
}

interface AlterRequest {
  readonly topic: string;
  readonly set: Readonly<Record<string, string>>;
  readonly reset: readonly string[];
}

async function planOf(
  admin: Admin,
  request: AlterRequest,
): Promise<{ readonly before: readonly TopicConfigEntry[]; readonly changes: readonly ConfigChange[] }> {
  const { configs: before } = await admin.describeTopic(request.topic);
  const after = await admin.alterTopicConfigs({ ...request, dryRun: true });
  return { before, changes: changesOf(before, after) };
}

function changesText(changes: readonly ConfigChange[]): string {
  if (changes.length === 0) return "";
  return formatTable(
    [{ title: "SETTING" }, { title: "CURRENT" }, { title: "NEW" }, { title: "SET" }],
    changes.map(({ key, current, new: value, isDefault }) => [
      key,
      current,
      value,
      isDefault ? "default" : "for this topic",
    ]),
  );
}
