/** `sluice produce`: sends lines, ndjson, CSV or one whole input, and says how much was acknowledged. */

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Logger, Sluice } from "@sluice/client";
import { type Command, Option } from "commander";
import { type CommandContext, InputError, UsageError } from "../command-context.js";
import {
  type ClusterOptions,
  integerBetween,
  isForPrograms,
  parseRate,
  withClusterOptions,
} from "../command-options.js";
import { say } from "../print-answer.js";
import { printJson } from "../print-json.js";
import { type InputFormat, type InputGroup, messagesOf } from "../produce/input-format.js";
import { collectHeader, withSharedFields } from "../produce/message-fields.js";
import { pacedGroups } from "../produce/paced-groups.js";
import { RecordSender } from "../produce/record-sender.js";
import { StallWatch } from "../produce/stall-watch.js";
import { grouped, ProgressBar } from "../progress-bar.js";
import { counted as countedText } from "../quantities.js";
import { untilAborted } from "../until-aborted.js";
import { withClient } from "../with-client.js";

interface ProduceOptions extends ClusterOptions {
  readonly file?: string;
  readonly format: InputFormat;
  readonly key?: string;
  readonly header?: Readonly<Record<string, readonly string[]>>;
  readonly partition?: number;
  readonly keyField?: string;
  readonly timestampField?: string;
  readonly rate?: number;
  readonly compression: "none" | "gzip" | "snappy" | "lz4" | "zstd";
  readonly acks: "all" | "leader" | "none";
}

const readBytes = 256 * 1024;
const stopGraceMs = 500;

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<topic>")
    .option("--file <path>", "read this file instead of standard input; - is standard input")
    .addOption(
      new Option(
        "--format <format>",
        "lines: a line is a value; ndjson: and is JSON; csv: a row becomes a JSON object; raw: all is one value",
      )
        .choices(["lines", "ndjson", "csv", "raw"])
        .default("lines"),
    )
    .option("-k, --key <text>", "key of every record")
    .option("-H, --header <name=value>", "header of every record; may be repeated", collectHeader)
    .option("-p, --partition <number>", "partition of every record", integerBetween(0, 0x7fff_ffff))
    .option("--key-field <name>", "member that is the key (ndjson and csv)")
    .option(
      "--timestamp-field <name>",
      "member that is the time: ISO 8601, or milliseconds since 1970 (ndjson and csv)",
    )
    .option("--rate <records>", "at most so many records a second, as 500 or 1k/s", parseRate)
    .addOption(
      new Option("--compression <codec>", "how batches are compressed")
        .choices(["none", "gzip", "snappy", "lz4", "zstd"])
        .default("none"),
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
  const file = options.file === "-" ? undefined : options.file;
  const total = file === undefined ? undefined : await sizeOf(file);
  const sending: Sending = { sender: undefined };
  const watch = new StallWatch({
    progress: () => sending.sender?.acknowledged.records ?? 0,
    isWaiting: () => sending.sender?.isWaiting === true,
    say: (text) => void say(context, options, text),
  });
  watch.start();
  try {
    const work = (client: Sluice): Promise<void> =>
      sendInput(client, { ...options, topic, file, total }, { context, sending });
    const logger = (next?: Logger): Logger => watch.logger(next);
    await withClient(options, context, work, { finishesItself: true, logger });
  } finally {
    watch.stop();
  }
}

interface Input extends Omit<ProduceOptions, "file"> {
  readonly topic: string;
  /** Undefined: standard input. */
  readonly file: string | undefined;
  /** Bytes; undefined: not known. */
  readonly total: number | undefined;
}

/** Where the watch finds the sender, once there is one. */
interface Sending {
  sender: RecordSender | undefined;
}

async function sendInput(
  client: Sluice,
  options: Input,
  { context, sending }: { readonly context: CommandContext; readonly sending: Sending },
): Promise<void> {
  const { topic, total, acks, compression, header: headers, key, partition } = options;
  const { signal } = context;
  // A topic that is not there is said before anything is read.
  await client.admin().fetchTopicMetadata({ topics: [topic] }, { signal });
  const sender = new RecordSender(topic, client.producer({ acks, compression }));
  sending.sender = sender;
  const progress = new ProgressBar(context.stderr, { total, unit: "records" });
  const startedMs = performance.now();
  let readTotal = 0;
  const input = counted(openInput(options.file, context), (bytes) => {
    readTotal += bytes;
  });
  try {
    for await (const group of groupsOf(input, options, signal)) {
      await untilStopped(sender.send(withSharedFields(group, { key, headers, partition })), signal);
      signal.throwIfAborted();
      if (options.quiet !== true) progress.update(readTotal, sender.acknowledged.records);
    }
    await untilStopped(sender.settle(), signal);
    signal.throwIfAborted();
  } finally {
    // Also after a failure: what was acknowledged is in the log, and is said. The failure itself is under way already.
    await untilStopped(
      sender.settle().catch(() => undefined),
      signal,
    );
    progress.clear();
    const { records, bytes } = sender.acknowledged;
    await printSummary(context, options, { records, bytes, seconds: (performance.now() - startedMs) / 1000 });
  }
}

/** What is under way when the command is stopped has a moment to be acknowledged; it is not waited for as long as the client would. */
async function untilStopped(settled: Promise<void>, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const stopped = (async (): Promise<void> => {
    if (!signal.aborted) await once(signal, "abort", { signal: over.signal });
    await setTimeout(stopGraceMs, undefined, { signal: over.signal });
  })();
  try {
    await Promise.race([settled, stopped]);
  } finally {
    over.abort();
    await stopped.catch(() => undefined); // Broken off, because the sends were faster.
  }
}

function groupsOf(input: AsyncIterable<Buffer>, options: Input, signal: AbortSignal): AsyncGenerator<InputGroup> {
  const groups = messagesOf(untilAborted(input, signal), options.format, options);
  return options.rate === undefined ? groups : pacedGroups(groups, options.rate, signal);
}

/** Undefined for a pipe or a device, which has no size. */
async function sizeOf(file: string): Promise<number | undefined> {
  const found = await stat(file);
  if (found.isDirectory()) throw new InputError(`${file} is a directory.`, "Name a file.");
  return found.isFile() ? found.size : undefined;
}

function checkFields(options: ProduceOptions): void {
  const name = options.keyField === undefined ? "--timestamp-field" : "--key-field";
  const hasMembers = options.format === "ndjson" || options.format === "csv";
  if (!hasMembers && (options.keyField !== undefined || options.timestampField !== undefined))
    throw new UsageError(
      `${name} names a member, and a line of text has none.`,
      "Add --format ndjson or --format csv, or leave the option out.",
    );
  if (options.key !== undefined && options.keyField !== undefined)
    throw new UsageError("--key and --key-field exclude each other.", "Leave one of them out.");
}

function openInput(file: string | undefined, context: CommandContext): AsyncIterable<Buffer> {
  return file === undefined
    ? context.stdin
    : (createReadStream(file, { highWaterMark: readBytes }) as AsyncIterable<Buffer>);
}

async function* counted(chunks: AsyncIterable<Buffer>, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onRead(chunk.length);
    yield chunk;
  }
}

async function printSummary(
  context: CommandContext,
  options: Input,
  summary: { readonly records: number; readonly bytes: number; readonly seconds: number },
): Promise<void> {
  const seconds = Number(summary.seconds.toFixed(3));
  if (isForPrograms(options)) return printJson(context, { ...summary, seconds }, options);
  const rate = grouped(Math.round(summary.records / Math.max(0.001, seconds)));
  await say(
    context,
    options,
    `${countedText(summary.records, "record")}, ${countedText(summary.bytes, "byte")} in ${seconds} s (${rate} records/s)\n`,
  );
}
