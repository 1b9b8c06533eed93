/**
 * `sluice consume`: prints records. Without --follow it ends at the end of the log as it was when it began. With --group it is a member
 * of the group, and commits what it printed.
 */

import type { Sluice } from "@sluice/client";
import type { Command } from "commander";
import { type CommandContext, UsageError } from "../command-context.js";
import {
  type ClusterOptions,
  collectPartitions,
  integerBetween,
  parsePattern,
  withClusterOptions,
} from "../command-options.js";
import { consumeAlone } from "../consume/consume-alone.js";
import { consumeInGroup } from "../consume/consume-in-group.js";
import { matchingTopics } from "../consume/matching-topics.js";
import { type MessageTemplate, parseTemplate } from "../consume/message-template.js";
import { RecordPrinter } from "../consume/record-printer.js";
import { type Position, parsePosition } from "../position.js";
import { say } from "../print-answer.js";
import { withClient } from "../with-client.js";

interface ConsumeOptions extends ClusterOptions {
  readonly from: Position;
  readonly to?: Position;
  readonly partition?: readonly number[];
  readonly count?: number;
  readonly format?: MessageTemplate;
  readonly group?: string;
  readonly grep?: RegExp;
  readonly keyGrep?: RegExp;
  readonly follow?: true;
}

const countMax = Number.MAX_SAFE_INTEGER;

const helpText = `
Without --follow it ends at the end of the log as it was when it began.

Places in --format: %t topic, %p partition, %o offset, %k key, %v value, %h headers,
%T timestamp in ms, %d timestamp as ISO 8601, %K and %V bytes of key and value, \\n, \\t.

  sluice consume orders --from -10                  the last ten of each partition
  sluice consume orders --from -1h --grep 'ann'     what was written in the last hour
  sluice consume '/^orders-/' --follow              several topics
  sluice consume orders -f '%k\\t%v\\n'               keys and values`;

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<topic...>", "names, or /pattern/")
    .option("--from <position>", "earliest, latest, an offset, -N, a time (UTC), or -1h", parsePosition, "earliest")
    .option("--to <position>", "first record that is not printed, in the same words; also end", parsePosition)
    .option("--partition <numbers>", "only these, as 0 or 0,1", collectPartitions)
    .option("-n, --count <records>", "end after so many", integerBetween(0, countMax))
    .option("-f, --format <text>", "print each record so, as '%t %p %o %k %v\\n'", parseTemplate)
    .option("-g, --group <name>", "read as a member of this group; --from counts where nothing is committed")
    .option("--grep <pattern>", "only records whose value matches this regular expression", parsePattern)
    .option("--key-grep <pattern>", "only records whose key matches this regular expression", parsePattern)
    .option("--follow", "stay for records to come")
    .addHelpText("after", helpText)
    .action((topics: readonly string[], options: ConsumeOptions) => consume(topics, options, context));
}

async function consume(words: readonly string[], options: ConsumeOptions, context: CommandContext): Promise<void> {
  if (options.group === "") throw new UsageError("--group names no group.", "Name one, or leave the option out.");
  const { signal } = context;
  let printer: RecordPrinter | undefined;
  try {
    const read = async (client: Sluice): Promise<void> => {
      const topics = await matchingTopics(client, words);
      const { format: template, output, grep, keyGrep } = options;
      printer = new RecordPrinter(context.stdout, { output, template, grep, keyGrep, withTopic: topics.length > 1 });
      await print(client, topics, options, { printer, signal });
      if (printer.count === 0 && options.count !== 0 && options.follow !== true)
        await say(context, options, emptyRemark(options, topics));
    };
    await withClient(options, context, read, { finishesItself: true });
  } finally {
    await printer?.flush();
  }
  signal.throwIfAborted();
}

/** An empty answer looks like a command that did nothing. */
function emptyRemark({ group, grep, keyGrep }: ConsumeOptions, [topic = ""]: readonly string[]): string {
  if (grep !== undefined || keyGrep !== undefined) return "No record matches.\n";
  if (group === undefined) return `No records there: 'sluice topic offsets ${topic}' shows where they begin and end.\n`;
  return `No records for the group: 'sluice group describe ${group}' shows where it is, 'sluice group reset' moves it.\n`;
}

async function print(
  client: Sluice,
  topics: readonly string[],
  options: ConsumeOptions,
  output: { readonly printer: RecordPrinter; readonly signal: AbortSignal },
): Promise<void> {
  const { group, from, to, partition: partitions, count, follow } = options;
  const consumption = { topics, from, to, partitions, count, follow };
  if (group !== undefined) return consumeInGroup(client, { ...consumption, group }, output);
  await consumeAlone(client, consumption, output);
}
