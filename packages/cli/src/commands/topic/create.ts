/** `sluice topic create`. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import {
  type ClusterOptions,
  collectSetting,
  integerBetween,
  required,
  withClusterOptions,
} from "../../command-options.js";
import { printJson } from "../../print-json.js";
import { withClient } from "../../with-client.js";

interface CreateOptions extends ClusterOptions {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: readonly { readonly name: string; readonly value: string }[];
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<name>")
    .option("--partitions <count>", "how many partitions", integerBetween(1, Number.MAX_SAFE_INTEGER))
    .option("--replication-factor <count>", "replicas of each partition", integerBetween(1, Number.MAX_SAFE_INTEGER))
    .option(
      "--config <key=value>",
      "a setting of the topic, see docs/configuration.md; may be repeated",
      collectSetting,
    )
    .action((name: string, options: CreateOptions) => create(name, options, context));
}

async function create(name: string, options: CreateOptions, context: CommandContext): Promise<void> {
  const { replicationFactor, config = [] } = options;
  const partitions = required("--partitions", options.partitions);
  await withClient(options, context, (client) =>
    client.admin().createTopics({
      topics: [
        {
          topic: name,
          numPartitions: partitions,
          ...(replicationFactor === undefined ? {} : { replicationFactor }),
          configEntries: [...config],
        },
      ],
    }),
  );
  if (options.output === "json") return printJson(context, { topic: name, partitions });
  await context.stderr.write(`Topic ${name} has ${partitions} ${partitions === 1 ? "partition" : "partitions"}.\n`);
}
