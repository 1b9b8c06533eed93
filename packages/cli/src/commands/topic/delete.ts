/** `sluice topic delete`. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../../command-options.js";
import { printJson } from "../../print-json.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<name>")
    .action(async (name: string, options: ClusterOptions) => {
      await withClient(options, context, (client) => client.admin().deleteTopics({ topics: [name] }));
      if (options.output === "json") return printJson(context, { topic: name, deleted: true });
      await context.stderr.write(`Topic ${name} and its records are deleted.\n`);
    });
}
