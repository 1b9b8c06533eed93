/** `sluice topic offsets`: where each partition begins and ends, or which offset is at a time. */

import type { Admin } from "@sluice/client";
import { type Command, InvalidArgumentError } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type ClusterOptions, isForPrograms, withClusterOptions } from "../../command-options.js";
import { offsetsAt } from "../../consume/topic-range.js";
import { type Position, parsePosition } from "../../position.js";
import { printJson } from "../../print-json.js";
import { timeText } from "../../record-format.js";
import { formatTable } from "../../table.js";
import { withClient } from "../../with-client.js";

type At = "max-timestamp" | Position;

interface OffsetsOptions extends ClusterOptions {
  readonly at?: At;
}

interface PartitionOffset {
  readonly partition: number;
  /** Null: there is no record. */
  readonly offset: number | null;
  /** Milliseconds since 1970; only with max-timestamp. */
  readonly timestamp?: number | null;
}

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<topic>")
    .option("--at <position>", "earliest, latest, max-timestamp, a time (UTC), -1h, or -N", parseAt)
    .addHelpText("after", "\nWithout --at it shows the first offset, the end, and how many offsets are between.")
    .action((topic: string, options: OffsetsOptions) => offsets(topic, options, context));
}

const atForm =
  "It takes earliest, latest, max-timestamp, -N for the last N records, a time such as 2026-01-31T12:00:00Z, or -1h for an hour ago.";

function parseAt(text: string): At {
  if (text === "max-timestamp") return text;
  if (/^\d+$/.test(text)) throw new InvalidArgumentError("An offset is where it is: name a time or a place.");
  try {
    return parsePosition(text);
  } catch {
    throw new InvalidArgumentError(atForm);
  }
}

async function offsets(topic: string, options: OffsetsOptions, context: CommandContext): Promise<void> {
  const { at } = options;
  if (at === undefined) return range(topic, options, context);
  const partitions = await withClient(options, context, (client) => find(client.admin(), topic, at));
  if (isForPrograms(options)) return printJson(context, { topic, partitions }, options);
  const right = { align: "right" } as const;
  const columns = [
    { title: "PARTITION", ...right },
    { title: "OFFSET", ...right },
  ];
  const table =
    at === "max-timestamp"
      ? formatTable(
          [...columns, { title: "TIMESTAMP" }],
          partitions.map(({ partition, offset, timestamp = null }) => {
            return [partition, offset, timestamp === null ? null : timeText(timestamp)];
          }),
        )
      : formatTable(
          columns,
          partitions.map(({ partition, offset }) => [partition, offset]),
        );
  await context.stdout.write(table);
}

async function find(admin: Admin, topic: string, at: At): Promise<readonly PartitionOffset[]> {
  if (at !== "max-timestamp")
    return [...(await offsetsAt(admin, topic, at))].map(([partition, offset]) => ({ partition, offset }));
  return (await admin.fetchTopicLatestRecords(topic)).map(({ partition, offset, timestamp }) =>
    timestamp < 0 ? { partition, offset: null, timestamp: null } : { partition, offset, timestamp },
  );
}

async function range(topic: string, options: OffsetsOptions, context: CommandContext): Promise<void> {
  const found = await withClient(options, context, (client) => client.admin().fetchTopicOffsets(topic));
  const partitions = found.map(({ partition, low, high }) => ({
    partition,
    start: low,
    end: high,
    records: high - low,
  }));
  if (isForPrograms(options)) return printJson(context, { topic, partitions }, options);
  const columns = ["PARTITION", "START", "END", "RECORDS"].map((title) => ({ title, align: "right" as const }));
  await context.stdout.write(
    formatTable(
      columns,
      partitions.map(({ partition, start, end, records }) => [partition, start, end, records]),
    ),
  );
}
