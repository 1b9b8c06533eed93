/**
 * `sluice segment dump`: what a segment file holds, without a broker: the records of a `.log`, the entries of an `.index` or a
 * `.timeindex`. One object a line with -o json.
 */

import { basename, extname, resolve } from "node:path";
import { type DumpedBatch, dumpOffsetIndex, dumpSegment, dumpTimeIndex, NodeFileSystem } from "@sluice/log";
import { SluiceError } from "@sluice/model";
import type { Command } from "commander";
import { type CommandContext, UsageError } from "../../command-context.js";
import { withOutputOption } from "../../command-options.js";
import { LineWriter } from "../../line-writer.js";
import { bytesToJson, bytesToText, headersToJson, timeText } from "../../record-format.js";

interface DumpOptions {
  readonly output: "table" | "json";
}

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .argument("<file>", "a .log, .index or .timeindex file")
    .action((file: string, options: DumpOptions) => dump(resolve(file), options, context));
}

async function dump(path: string, options: DumpOptions, context: CommandContext): Promise<void> {
  const lines = new LineWriter(context.stdout);
  try {
    switch (extname(path)) {
      case ".log":
        await dumpRecords(path, options, { lines, signal: context.signal });
        break;
      case ".index":
        for (const entry of await dumpOffsetIndex(new NodeFileSystem(), path))
          await lines.write(indexLine(entry, options));
        break;
      case ".timeindex":
        for (const entry of await dumpTimeIndex(new NodeFileSystem(), path))
          await lines.write(indexLine(entry, options));
        break;
      default:
        throw new UsageError(
          `${basename(path)} is no segment file.`,
          "Name a file that ends in .log, .index or .timeindex.",
        );
    }
  } finally {
    await lines.flush();
  }
}

async function dumpRecords(
  path: string,
  options: DumpOptions,
  { lines, signal }: { readonly lines: LineWriter; readonly signal: AbortSignal },
): Promise<void> {
  const toText = options.output === "json" ? batchJson : batchText;
  for await (const batch of dumpSegment(new NodeFileSystem(), path)) {
    signal.throwIfAborted();
    for (const line of toText(batch)) await lines.write(line);
    if (batch.isChecksumValid) continue;
    throw new SluiceError("CORRUPT_RECORD_BATCH", { where: `${path} at position ${batch.position}` });
  }
}

function* batchJson(batch: DumpedBatch): Iterable<string> {
  const { leaderEpoch, baseOffset, position, compression } = batch;
  for (const { offset, timestampMs: timestamp, key, value, headers } of batch.records) {
    const shown = {
      offset,
      timestamp,
      key: bytesToJson(key),
      value: bytesToJson(value),
      headers: headersToJson(byName(headers)),
    };
    yield `${JSON.stringify({ ...shown, leaderEpoch, batch: { baseOffset, position, compression } })}\n`;
  }
}

function* batchText(batch: DumpedBatch): Iterable<string> {
  const { baseOffset, lastOffset, leaderEpoch, position, sizeBytes, compression, isChecksumValid } = batch;
  const checksum = isChecksumValid ? "" : "  CHECKSUM DOES NOT FIT";
  yield `batch ${baseOffset}..${lastOffset}  epoch ${leaderEpoch}  position ${position}  ${sizeBytes} bytes  ${compression}${checksum}\n`;
  for (const { offset, timestampMs, key, value } of batch.records)
    yield `  ${String(offset).padStart(10)}  ${timeText(timestampMs)}  ${bytesToText(key)}  ${bytesToText(value)}\n`;
}

function indexLine(entry: object, options: DumpOptions): string {
  if (options.output === "json") return `${JSON.stringify(entry)}\n`;
  return `${Object.entries(entry)
    .map(([name, value]) => `${name} ${value}`)
    .join("  ")}\n`;
}

/** Headers by name, as consumers get them. */
function byName(headers: Iterable<{ readonly key: string; readonly value: Buffer | null }>) {
  const named: Record<string, (Buffer | null)[]> = Object.create(null) as Record<string, (Buffer | null)[]>;
  for (const { key, value } of headers) named[key] = [...(named[key] ?? []), value];
  return Object.fromEntries(
    Object.entries(named).map(([key, values]) => [key, values.length === 1 ? (values[0] as Buffer | null) : values]),
  );
}
