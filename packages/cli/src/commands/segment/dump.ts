/**
 * `sluice segment dump`: what one file of a log holds, without a broker: the records of a `.log`, the entries of its indexes, the rows
 * of a producer snapshot, the lines of the small files. Only reads. One object a line with -o json.
 *
 * Damage does not end it: what can still be found behind it is shown, and the exit code is 1. A last segment that ends inside a
 * batch is no damage: a running broker, or one that was killed, leaves it so.
 */

import { basename, dirname, resolve } from "node:path";
import {
  type DumpedBatch,
  type DumpedDamage,
  type DumpedRecord,
  dumpOffsetIndex,
  dumpProducerSnapshot,
  dumpSegment,
  dumpTextFile,
  dumpTimeIndex,
  NodeFileSystem,
  parseStoredFileName,
} from "@sluice/log";
import type { SluiceError } from "@sluice/model";
import type { Command } from "commander";
import { type CommandContext, InputError } from "../../command-context.js";
import { integerBetween, isForPrograms, type OutputFormat, withOutputOption } from "../../command-options.js";
import { LineWriter } from "../../line-writer.js";
import { dataText } from "../../print-answer.js";
import { printable } from "../../printable.js";
import { batchJson, batchText, damageJson, damageText } from "../../segment/batch-lines.js";
import { refuseStoredFile } from "../../segment/refuse-stored-file.js";

interface DumpOptions {
  readonly output: OutputFormat;
  readonly headersOnly?: true;
  readonly fromOffset?: number;
  readonly limit?: number;
}

const examples = `
Examples:
  sluice segment dump 00000000000000000000.log
  sluice segment dump 00000000000000000000.log --headers-only --from-offset 1000
  sluice segment dump 00000000000000000000.timeindex -o json
  sluice segment dump leader-epoch-checkpoint

Exit code 1: the file is damaged; what can still be found is shown. It is safe beside a running broker.

Files of a partition: .log, .index, .timeindex, .snapshot, leader-epoch-checkpoint, compaction-checkpoint,
partition.metadata. Of a data directory: meta, life, recovery-point, log-start-offset, clean-shutdown, lossy. Also
with .cleaned, .swap, .deleted or .tmp behind the name.`;

export function configure(command: Command, context: CommandContext): void {
  const wholeNumber = integerBetween(0, Number.MAX_SAFE_INTEGER);
  withOutputOption(command)
    .argument("<file>", "a file of a partition or of a data directory")
    .option("--headers-only", "of a .log: the batches without their records")
    .option("--from-offset <offset>", "leave out what lies before the offset", wholeNumber)
    .option("--limit <count>", "end after so many records, batches (with --headers-only) or entries", wholeNumber)
    .addHelpText("after", examples)
    .action((file: string, options: DumpOptions) => dump(resolve(file), options, context));
}

async function dump(path: string, options: DumpOptions, context: CommandContext): Promise<void> {
  const lines = new LineWriter(context.stdout);
  try {
    await dumpFile(path, options, { lines, signal: context.signal });
  } finally {
    await lines.flush();
  }
}

interface Sink {
  readonly lines: LineWriter;
  readonly signal: AbortSignal;
}

async function dumpFile(path: string, options: DumpOptions, sink: Sink): Promise<void> {
  const fileSystem = new NodeFileSystem();
  const kind = parseStoredFileName(path)?.kind;
  switch (kind) {
    case "log":
      return dumpLog(path, options, sink);
    case "index":
      return dumpEntries(path, await dumpOffsetIndex(fileSystem, path), options, sink);
    case "timeindex":
      return dumpEntries(path, await dumpTimeIndex(fileSystem, path), options, sink);
    case "snapshot": {
      const { rows: entries, problem } = await dumpProducerSnapshot(fileSystem, path);
      return dumpEntries(path, { entries, problem }, options, sink);
    }
    case "text":
      return dumpEntries(path, await dumpTextFile(fileSystem, path), options, sink);
    case undefined:
      return refuseStoredFile(path, "shown");
  }
}

async function dumpLog(path: string, options: DumpOptions, { lines, signal }: Sink): Promise<void> {
  const isJson = isForPrograms(options);
  const tally = new DamageTally(path);
  let remaining = options.limit ?? Number.POSITIVE_INFINITY;
  const range = { fromOffset: options.fromOffset ?? 0, hasRecords: options.headersOnly !== true };
  for await (const item of dumpSegment(new NodeFileSystem(), path, range)) {
    signal.throwIfAborted();
    if (remaining <= 0) break;
    tally.add(item);
    if (item.type === "damage") {
      await lines.write(`${isJson ? damageJson(item) : damageText(item)}\n`);
      continue;
    }
    const records = recordsFrom(item, range.fromOffset).slice(0, remaining);
    remaining -= options.headersOnly === true ? 1 : records.length;
    const shown = isJson ? batchJson(item, records) : batchText(item, records);
    for (const line of shown) await lines.write(`${line}\n`);
  }
  await lines.flush();
  await tally.throwIfAny();
}

function recordsFrom(batch: DumpedBatch, offset: number): readonly DumpedRecord[] {
  return batch.records.filter((record) => record.offset >= offset);
}

/** What of a log file could not be shown. */
class DamageTally {
  readonly #path: string;
  #first: string | undefined;
  #count = 0;
  #torn: DumpedDamage | undefined;
  #missingCodec: SluiceError | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  add(item: DumpedBatch | DumpedDamage): void {
    const reason = damageOf(item);
    if (item.type === "damage" && item.isTorn) this.#torn = item;
    else if (reason !== undefined) {
      this.#count += 1;
      this.#first ??= `position ${item.position}: ${reason}`;
    }
    if (item.type === "batch" && item.recordsError?.code === "MISSING_CODEC_PACKAGE") {
      this.#missingCodec ??= item.recordsError;
    }
  }

  /** @throws InputError for damage; SluiceError MISSING_CODEC_PACKAGE */
  async throwIfAny(): Promise<void> {
    const torn = this.#torn;
    if (torn !== undefined && !(await isLastSegment(this.#path))) {
      this.#count += 1;
      this.#first ??= `position ${torn.position}: ${torn.reason}`;
    }
    if (this.#count > 0) {
      const places = this.#count === 1 ? "in one place" : `in ${this.#count} places, the first`;
      throw new InputError(
        `${this.#path} is damaged ${places} at ${this.#first}.`,
        `All that could still be found is printed. 'sluice segment verify ${dirname(this.#path)}' checks the whole partition.`,
      );
    }
    if (this.#missingCodec !== undefined) throw this.#missingCodec;
  }
}

function damageOf(item: DumpedBatch | DumpedDamage): string | undefined {
  if (item.type === "damage") return item.reason;
  if (!item.isChecksumValid) return `the checksum of the batch at offset ${item.baseOffset} does not fit its bytes`;
  if (item.disorder !== undefined) return item.disorder;
  const error = item.recordsError;
  return error === undefined || error.code === "MISSING_CODEC_PACKAGE" ? undefined : error.message;
}

async function isLastSegment(path: string): Promise<boolean> {
  const names = await new NodeFileSystem().list(dirname(path));
  const isLog = (name: string): boolean => {
    const file = parseStoredFileName(name);
    return file?.kind === "log" && file.leftover === undefined;
  };
  return !names.some((name) => isLog(name) && name > basename(path));
}

async function dumpEntries(
  path: string,
  file: { readonly entries: readonly object[]; readonly problem: string | undefined },
  options: DumpOptions,
  { lines, signal }: Sink,
): Promise<void> {
  const { fromOffset = 0, limit = file.entries.length } = options;
  const shown = file.entries.filter((entry) => offsetOf(entry) >= fromOffset).slice(0, limit);
  for (const entry of shown) {
    signal.throwIfAborted();
    await lines.write(isForPrograms(options) ? dataText(options, entry) : `${entryText(entry)}\n`);
  }
  await lines.flush();
  if (file.problem === undefined) return;
  throw new InputError(
    `${path} is damaged: ${file.problem}.`,
    `All that could still be found is printed. 'sluice segment verify ${dirname(path)}' says what the next start makes of it.`,
  );
}

/** Infinite for an entry that is not about an offset. */
function offsetOf(entry: object): number {
  const { offset, lastOffset, startOffset } = entry as Record<string, unknown>;
  const found = offset ?? lastOffset ?? startOffset;
  return typeof found === "number" ? found : Number.POSITIVE_INFINITY;
}

/** `name value` of each, with flags only where they are set. */
function entryText(entry: object): string {
  const { isOutOfOrder, ...rest } = entry as { readonly isOutOfOrder?: boolean };
  const words = Object.entries(rest).map(([name, value]) => `${name} ${printable(String(value))}`);
  return [...words, ...(isOutOfOrder === true ? ["OUT OF ORDER"] : [])].join("  ");
}
