/** `sluice topic create`. */

import { SluiceError } from "@sluice/model";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import {
  type ClusterOptions,
  collectSetting,
  integerBetween,
  isForPrograms,
  required,
  withClusterOptions,
} from "../../command-options.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { withClient } from "../../with-client.js";

interface CreateOptions extends ClusterOptions {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: readonly { readonly name: string; readonly value: string }[];
  readonly ifNotExists?: true;
  readonly dryRun?: true;
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
    .option("--if-not-exists", "a topic of that name that is there already is no error, whatever its settings")
    .option("--dry-run", "check everything and create nothing")
    .action((name: string, options: CreateOptions) => create(name, options, context));
}

async function create(name: string, options: CreateOptions, context: CommandContext): Promise<void> {
  const partitions = required("--partitions", options.partitions);
  const isCreated = await withClient(options, context, async (client) => {
    const topic = topicOf(name, partitions, options);
    const isNew = await client.admin().createTopics({ topics: [topic], validateOnly: options.dryRun === true });
    if (!isNew && options.ifNotExists !== true) throw new SluiceError("TOPIC_ALREADY_EXISTS", { topic: name });
    return isNew;
  });
  if (isForPrograms(options)) {
    const extra = { ...(isCreated ? {} : { existed: true }), ...(options.dryRun === true ? { dryRun: true } : {}) };
    return printJson(context, { topic: name, partitions, ...extra }, options);
  }
  const count = `${partitions} ${partitions === 1 ? "partition" : "partitions"}`;
  const done = options.dryRun === true ? `could be created with ${count}; nothing is changed` : `has ${count}`;
  await say(context, options, isCreated ? `Topic ${name} ${done}.\n` : `Topic ${name} exists already.\n`);
}

function topicOf(name: string, partitions: number, { replicationFactor, config = [] }: CreateOptions) {
  return {
    topic: name,
    numPartitions: partitions,
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    configEntries: [...config],
  };
}
