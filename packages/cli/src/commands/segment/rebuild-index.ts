/**
 * `sluice segment rebuild-index`: makes the indexes of segments from their log files. Without --execute it only says what it would
 * write; with it, it refuses a directory that a broker holds. A segment whose log file is damaged gets none.
 */

import { basename, resolve } from "node:path";
import { NodeFileSystem, parseStoredFileName, type RebuiltSegment, rebuildIndexes } from "@sluice/log";
import { SluiceError } from "@sluice/model";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { integerBetween, isForPrograms, type OutputFormat, withOutputOption } from "../../command-options.js";
import { printJson } from "../../print-json.js";
import { isFile } from "../../segment/is-file.js";
import { refuseStoredFile } from "../../segment/refuse-stored-file.js";
import { type Cell, formatTable } from "../../table.js";

interface RebuildIndexOptions {
  readonly output: OutputFormat;
  readonly indexIntervalBytes: number;
  readonly execute?: true;
  readonly compacted?: true;
}

const examples = `
Examples:
  sluice segment rebuild-index ./5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f-0
  sluice segment rebuild-index 00000000000000000000.log --execute

Exit code 1: a log file is damaged; the other segments are done all the same.

A broker makes indexes that are missing or damaged by itself when it starts. An index that was made with another
interval differs, and is as good.`;

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .argument("<path>", "a .log file, or the directory of a partition")
    .option(
      "--index-interval-bytes <bytes>",
      "bytes of log between two entries: index.interval.bytes of the topic",
      integerBetween(0, 0x7fffffff),
      4096,
    )
    .option("--compacted", "take offsets that are missing inside a segment as removed by compaction")
    .option("--execute", "write the files; without it, only show what would be written")
    .addHelpText("after", examples)
    .action((path: string, options: RebuildIndexOptions) => rebuildIndex(resolve(path), options, context));
}

async function rebuildIndex(path: string, options: RebuildIndexOptions, context: CommandContext): Promise<void> {
  const { indexIntervalBytes } = options;
  const execute = options.execute === true;
  const isCompacted = options.compacted === true;
  if (!isLog(path) && (await isFile(path))) await refuseStoredFile(path, "indexed");
  const segments: RebuiltSegment[] = [];
  const rebuilding = { path, indexIntervalBytes, execute, isCompacted };
  for await (const segment of rebuildIndexes(new NodeFileSystem(), rebuilding)) {
    context.signal.throwIfAborted();
    segments.push(segment);
  }
  await print(segments, options, context);
  const damaged = segments.find((segment) => segment.damage !== undefined);
  if (damaged === undefined) return;
  throw new SluiceError("CORRUPT_FILE", { path: damaged.path, reason: damaged.damage ?? "" });
}

function isLog(path: string): boolean {
  const file = parseStoredFileName(path);
  return file?.kind === "log" && file.leftover === undefined;
}

async function print(
  segments: readonly RebuiltSegment[],
  options: RebuildIndexOptions,
  context: CommandContext,
): Promise<void> {
  const executed = options.execute === true;
  if (isForPrograms(options)) return printJson(context, { executed, segments }, options);
  const right = { align: "right" } as const;
  const columns = [
    { title: "FILE" },
    { title: "ENTRIES", ...right },
    { title: "BYTES", ...right },
    { title: "FOUND" },
    { title: executed ? "DONE" : "TO DO" },
  ];
  const rows = segments.flatMap(({ path, files, damage }): Cell[][] => {
    if (damage !== undefined) return [[basename(path), null, null, "damaged", "nothing"]];
    return files.map((file): Cell[] => {
      const work = file.found === "same" ? "nothing" : executed ? "written" : "write";
      return [basename(file.path), file.entryCount, file.sizeBytes, file.found, work];
    });
  });
  await context.stdout.write(formatTable(columns, rows));
  const count = segments.flatMap(({ files }) => files).filter(({ found }) => found !== "same").length;
  const files = count === 1 ? "1 file" : `${count} files`;
  await context.stderr.write(
    executed ? `Done: ${files} written.\n` : `Nothing is changed: ${files} to write. Add --execute to write.\n`,
  );
}
