/**
 * Reads the small text files of a data directory for people, as far as they can be read: checkpoints, JSON, and `name: value`
 * lines. Where one makes no sense, its entries are given all the same, with what is wrong.
 */

import { type FileSystem, SluiceError } from "@sluice/model";
import { crc32c } from "@sluice/record";
import { splitBlocks } from "./known-epochs.js";
import { orFileNotFound } from "./missing-file.js";
import { parseStoredFileName, type TextFileName } from "./stored-file-name.js";

/** A line of a checkpoint by the names of its columns, or the one object of a JSON file. */
export type DumpedEntry = Readonly<Record<string, unknown>>;

export interface DumpedTextFile {
  readonly name: TextFileName;
  readonly entries: readonly DumpedEntry[];
  /** What is wrong with the file, in a sentence without its end; undefined where nothing is. */
  readonly problem: string | undefined;
}

/** Columns of the lines of each checkpoint; the last one takes the rest of the line. None: it is no checkpoint. */
const columns: Readonly<Record<TextFileName, readonly string[]>> = {
  meta: [],
  life: [],
  "clean-shutdown": ["name", "value"],
  "recovery-point": ["partition", "offset", "flush"],
  "log-start-offset": ["partition", "offset"],
  "replication-offset-checkpoint": ["partition", "offset"],
  lossy: ["partition", "offset"],
  "known-epochs": ["partition", "epoch", "brokerEpoch"],
  "leader-epoch-checkpoint": ["epoch", "startOffset"],
  "compaction-checkpoint": ["name", "offset"],
  "partition.metadata": [],
};

const metaKeys = ["clusterId", "brokerId", "directoryId"];
const lifeKeys = ["brokerEpoch", "incarnation", "bootId"];

/** Columns that hold a whole number. */
const numberColumns: ReadonlySet<string> = new Set(["offset", "epoch", "startOffset"]);

/** What stands in such a column where the number is not known. */
const unknownNumbers: Readonly<Partial<Record<TextFileName, string>>> = {
  "recovery-point": "unknown",
  lossy: "unjudged",
};

/**
 * The content of a text file of a data directory.
 * @throws SluiceError FILE_NOT_FOUND, CORRUPT_FILE where the name is none of such a file
 */
export async function dumpTextFile(fileSystem: FileSystem, path: string): Promise<DumpedTextFile> {
  const file = parseStoredFileName(path);
  if (file?.kind !== "text") throw new SluiceError("CORRUPT_FILE", { path, reason: "its name is none of a text file" });
  return parseTextFile(file.name, await orFileNotFound(path, () => fileSystem.readFile(path)));
}

/** The content of the bytes of the file of that name. */
export function parseTextFile(name: TextFileName, bytes: Buffer): DumpedTextFile {
  const text = bytes.toString("utf8");
  if (name === "partition.metadata") return parseProperties(name, text);
  if (name === "known-epochs") return parseKnownEpochs(name, text);
  return name === "meta" || name === "life" ? parseJson(name, text) : parseLines(name, bytes);
}

function parseJson(name: TextFileName, text: string): DumpedTextFile {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      const missing = (name === "meta" ? metaKeys : lifeKeys).filter((key) => !(key in value));
      const problem = missing.length === 0 ? undefined : `${missing.join(", ")} is missing`;
      return { name, entries: [value as DumpedEntry], problem };
    }
  } catch {
    // What is no JSON is shown as it is: the problem says so.
  }
  return { name, entries: linesOf(text).map((line) => ({ line })), problem: "it is not a JSON object" };
}

function parseProperties(name: TextFileName, text: string): DumpedTextFile {
  const entries = linesOf(text).map((line): DumpedEntry => {
    const separator = line.indexOf(": ");
    return separator === -1 ? { line } : { name: line.slice(0, separator), value: line.slice(separator + 2) };
  });
  // Kafka's has no more than these.
  const isWhole = ["version", "topic_id"].every((key) => entries.some((entry) => entry.name === key));
  return { name, entries, problem: isWhole ? undefined : "version or topic_id is missing" };
}

function parseLines(name: TextFileName, bytes: Buffer): DumpedTextFile {
  const lines = linesOf(bytes.toString("latin1"));
  const checksum = /^crc32c [0-9a-f]{8}$/.test(lines.at(-1) ?? "") ? lines.pop() : undefined;
  const [version, count, ...rest] = lines;
  const entries = rest.map((line) => entryOf(columns[name], line));
  const problem = (): string | undefined => {
    if (version !== "0") return "it does not begin with version 0";
    if (count !== String(rest.length))
      return `it says ${count ?? "nothing"} of how many entries it has, and has ${rest.length}`;
    if (bytes.at(-1) !== 0x0a) return "its last line has no end";
    const senseless = entries.findIndex((entry) => !makesSense(name, entry));
    if (senseless !== -1) return `entry ${senseless + 1} makes no sense`;
    // Kafka has this file too, without a checksum.
    if (checksum === undefined) return name === "leader-epoch-checkpoint" ? undefined : "it has no checksum";
    const body = bytes.subarray(0, bytes.length - checksum.length - 1);
    return checksum === `crc32c ${crc32c(body).toString(16).padStart(8, "0")}`
      ? undefined
      : "its checksum does not fit";
  };
  return { name, entries, problem: problem() };
}

/** Later entries of a partition count; those of a block that is not whole do not, and are left out. */
function parseKnownEpochs(name: TextFileName, text: string): DumpedTextFile {
  const blocks = splitBlocks(text);
  const whole = blocks.filter(({ isWhole }) => isWhole);
  const entries = whole.flatMap(({ lines }) => lines.map((line) => entryOf(columnsOfKnown(line), line)));
  // What was being written at the end was never acted upon.
  const isDamaged = whole.length === 0 || blocks.some(({ isWhole }, index) => !isWhole && index < blocks.length - 1);
  return { name, entries, problem: isDamaged ? "the checksum of one of its blocks does not fit" : undefined };
}

function columnsOfKnown(line: string): readonly string[] {
  return line.startsWith("history ")
    ? ["name", "history", "revision", "brokerEpoch", "state"]
    : columns["known-epochs"];
}

function entryOf(names: readonly string[], line: string): DumpedEntry {
  const words = line.split(" ");
  const texts = names.map((_, index) => (index === names.length - 1 ? words.slice(index).join(" ") : words[index]));
  return Object.fromEntries(names.map((name, index) => [name, numberOrText(texts[index] ?? "")]));
}

function makesSense(name: TextFileName, entry: DumpedEntry): boolean {
  return Object.entries(entry).every(([column, value]) => {
    if (!numberColumns.has(column)) return value !== "";
    return typeof value === "number" || value === unknownNumbers[name];
  });
}

function numberOrText(text: string): number | string {
  return /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
