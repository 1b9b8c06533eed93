/** `sluice group list`. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, isForPrograms, withClusterOptions } from "../../command-options.js";
import { printJson } from "../../print-json.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command).action((options: ClusterOptions) => list(options, context));
}

async function list(options: ClusterOptions, context: CommandContext): Promise<void> {
  const { groups } = await withClient(options, context, (client) => client.admin().listGroups());
  const shown = groups.map(({ groupId, state, members }) => ({ group: groupId, state, members }));
  if (isForPrograms(options)) return printJson(context, { groups: shown }, options);
  const columns = [{ title: "GROUP" }, { title: "STATE" }, { title: "MEMBERS", align: "right" }] as const;
  await context.stdout.write(
    formatTable(
      columns,
      shown.map(({ group, state, members }) => [group, state, members]),
    ),
  );
}
