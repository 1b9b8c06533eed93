/**
 * `sluice consume`: prints records. Without --follow it ends at the end of the log as it was when it began. With --group it is a member
 * of the group, and commits what it printed.
 */

import type { Sluice } from "@sluice/client";
import type { Command } from "commander";
import { type CommandContext, UsageError } from "../command-context.js";
import { type ClusterOptions, integerBetween, withClusterOptions } from "../command-options.js";
import { consumeInGroup } from "../consume/consume-in-group.js";
import { RecordPrinter } from "../consume/record-printer.js";
import { type Position, parsePosition } from "../position.js";
import { withClient } from "../with-client.js";

interface ConsumeOptions extends ClusterOptions {
  readonly from: Position;
  readonly to?: Position;
  readonly partition?: number;
  readonly count?: number;
  readonly group?: string;
  readonly follow?: true;
}

const countMax = Number.MAX_SAFE_INTEGER;

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<topic>")
    .option("--from <position>", "earliest, latest, an offset or an ISO 8601 time (UTC)", parsePosition, "earliest")
    .option("--to <position>", "first record that is not printed, in the same words", parsePosition)
    .option("--partition <number>", "only this one", integerBetween(0, countMax))
    .option("--count <records>", "end after so many", integerBetween(0, countMax))
    .option("--group <name>", "read as a member of this group; --from counts where nothing is committed")
    .option("--follow", "stay for records to come")
    .addHelpText("after", "\nWithout --follow it ends at the end of the log as it was when it began.")
    .action((topic: string, options: ConsumeOptions) => consume(topic, options, context));
}

async function consume(topic: string, options: ConsumeOptions, context: CommandContext): Promise<void> {
  if (options.group === "") throw new UsageError("--group names no group.", "Name one, or leave the option out.");
  const { signal } = context;
  const printer = new RecordPrinter(context.stdout, options.output);
  try {
    await withClient(options, context, (client) => print(client, topic, options, { printer, signal }), {
      finishesItself: true,
    });
  } finally {
    await printer.flush();
  }
  signal.throwIfAborted();
}

async function print(
  client: Sluice,
  topic: string,
  options: ConsumeOptions,
  output: { readonly printer: RecordPrinter; readonly signal: AbortSignal },
): Promise<void> {
  const { group, from, to, partition, count: limit, follow } = options;
  if (group !== undefined) return consumeInGroup(client, { topic, ...options, group }, output);
  const { printer, signal } = output;
  for await (const message of client.consumer().read({ topic, from, to, partition, limit, follow, signal }))
    await printer.print(message);
}
