/** `sluice produce`: sends lines, ndjson or CSV from a file or standard input, and says how much was acknowledged. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Sluice } from "@sluice/client";
import { type Command, Option } from "commander";
import { type CommandContext, UsageError } from "../command-context.js";
import { type ClusterOptions, withClusterOptions } from "../command-options.js";
import { printJson } from "../print-json.js";
import { type InputFormat, messagesOf } from "../produce/input-format.js";
import { RecordSender } from "../produce/record-sender.js";
import { grouped, ProgressBar } from "../progress-bar.js";
import { untilAborted } from "../until-aborted.js";
import { withClient } from "../with-client.js";

interface ProduceOptions extends ClusterOptions {
  readonly file?: string;
  readonly format: InputFormat;
  readonly keyField?: string;
  readonly timestampField?: string;
  readonly acks: "all" | "leader" | "none";
}

const readBytes = 256 * 1024;

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<topic>")
    .option("--file <path>", "read this file instead of standard input")
    .addOption(
      new Option("--format <format>", "lines: the bytes of a line are the value; csv: a row becomes a JSON object")
        .choices(["lines", "ndjson", "csv"])
        .default("lines"),
    )
    .option("--key-field <name>", "member that is the key (ndjson and csv)")
    .option(
      "--timestamp-field <name>",
      "member that is the time: ISO 8601, or milliseconds since 1970 (ndjson and csv)",
    )
    .addOption(
      new Option("--acks <acks>", "whose answer counts: of all in-sync replicas, of the leader, of nobody")
        .choices(["all", "leader", "none"])
        .default("all"),
    )
    .action((topic: string, options: ProduceOptions) => produce(topic, options, context));
}

async function produce(topic: string, options: ProduceOptions, context: CommandContext): Promise<void> {
  checkFields(options);
  const total = options.file === undefined ? undefined : (await stat(options.file)).size;
  await withClient(options, context, (client) => sendInput(client, { ...options, topic, total }, context), {
    finishesItself: true,
  });
}

async function sendInput(
  client: Sluice,
  options: ProduceOptions & { readonly topic: string; readonly total: number | undefined },
  context: CommandContext,
): Promise<void> {
  const { topic, total, format, acks } = options;
  const { signal } = context;
  // A topic that is not there is said before anything is read.
  await client.admin().fetchTopicMetadata({ topics: [topic] }, { signal });
  const sender = new RecordSender(topic, client.producer({ acks }));
  const progress = new ProgressBar(context.stderr, { total, unit: "records" });
  const startedMs = performance.now();
  let readTotal = 0;
  const input = counted(openInput(options, context), (bytes) => {
    readTotal += bytes;
  });
  try {
    for await (const messages of messagesOf(untilAborted(input, signal), format, options)) {
      await sender.send(messages);
      progress.update(readTotal, sender.acknowledged.records);
    }
    await sender.settle();
  } finally {
    // Also after a failure: what was acknowledged is in the log, and is said. The failure itself is under way already.
    await sender.settle().catch(() => undefined);
    progress.clear();
    const { records, bytes } = sender.acknowledged;
    await printSummary(context, options, { records, bytes, seconds: (performance.now() - startedMs) / 1000 });
  }
}

function checkFields(options: ProduceOptions): void {
  const name = options.keyField === undefined ? "--timestamp-field" : "--key-field";
  if (options.format === "lines" && (options.keyField !== undefined || options.timestampField !== undefined))
    throw new UsageError(
      `${name} names a member, and a line of text has none.`,
      "Add --format ndjson or --format csv, or leave the option out.",
    );
}

function openInput(options: ProduceOptions, context: CommandContext): AsyncIterable<Buffer> {
  return options.file === undefined
    ? context.stdin
    : (createReadStream(options.file, { highWaterMark: readBytes }) as AsyncIterable<Buffer>);
}

async function* counted(chunks: AsyncIterable<Buffer>, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onRead(chunk.length);
    yield chunk;
  }
}

async function printSummary(
  context: CommandContext,
  options: ProduceOptions,
  summary: { readonly records: number; readonly bytes: number; readonly seconds: number },
): Promise<void> {
  const seconds = Number(summary.seconds.toFixed(3));
  if (options.output === "json") return printJson(context, { ...summary, seconds });
  const rate = grouped(Math.round(summary.records / Math.max(0.001, seconds)));
  await context.stderr.write(
    `${grouped(summary.records)} records, ${grouped(summary.bytes)} bytes in ${seconds} s (${rate} records/s)\n`,
  );
}
