/** `sluice group delete`. A group with members is refused. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { printJson } from "../../print-json.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<group>")
    .action(async (group: string, options: ClusterOptions) => {
      await withClient(options, context, (client) => client.admin().deleteGroups([group]));
      if (options.output === "json") return printJson(context, { group, deleted: true });
      await context.stderr.write(`Group ${group} and its committed offsets are deleted.\n`);
    });
}
