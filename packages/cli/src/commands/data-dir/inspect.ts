/**
 * `sluice data-dir inspect`: whose a data directory is, how its last life ended, and what every partition in it holds. Only reads and
 * takes no lock. Exit code 3 where something looks wrong.
 */

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type DataDirectoryReport, inspectDataDirectory, NodeFileSystem, type PartitionReport } from "@sluice/log";
import { isSluiceError } from "@sluice/model";
import type { Command } from "commander";
import { type CommandContext, UsageError } from "../../command-context.js";
import { isForPrograms, type OutputFormat, withOutputOption } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { printJson } from "../../print-json.js";
import { printable } from "../../printable.js";
import { grouped } from "../../progress-bar.js";
import { counted } from "../../quantities.js";
import { type Cell, formatTable } from "../../table.js";

interface InspectOptions {
  readonly output: OutputFormat;
  readonly topic?: string;
}

const examples = `
Examples:
  sluice data-dir inspect ./sluice-data/broker-1
  sluice data-dir inspect ./sluice-data/broker-1 --topic orders -o json

Exit code 3: something looks wrong. It reads the small files and the tail of each log; 'sluice segment verify' reads
everything. It is safe beside a running broker.`;

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .argument("<directory>", "the data directory of one broker")
    .option("--topic <name>", "only partitions of the topic of that name or id")
    .addHelpText("after", examples)
    .action((path: string, options: InspectOptions) => inspect(resolve(path), options, context));
}

async function inspect(path: string, options: InspectOptions, context: CommandContext): Promise<void> {
  const { topic } = options;
  const report = await inspectOrPointBelow(path, topic === undefined ? {} : { topic });
  const problems = problemsOf(report);
  if (problems.length > 0) context.setExitCode(exitCode.unhealthy);
  if (isForPrograms(options)) return printJson(context, jsonOf(report), options);
  const leftovers = [
    ...report.leftovers,
    ...report.partitions.flatMap(({ directory, leftovers: names }) => names.map((name) => `${directory}/${name}`)),
  ];
  const sections = [
    headOf(report),
    partitionTable(report.partitions),
    listOf("Left over, for the next start to finish or remove:", leftovers),
    listOf("Problems:", problems),
    totalOf(report),
  ];
  await context.stdout.write(sections.filter((section) => section !== "").join("\n"));
}

/** Of several brokers at once nothing is shown: whoever names the directory above them is told their names. */
async function inspectOrPointBelow(path: string, options: { topic?: string }): Promise<DataDirectoryReport> {
  try {
    return await inspectDataDirectory(new NodeFileSystem(), path, options);
  } catch (error) {
    if (!isSluiceError(error, "FILE_NOT_FOUND")) throw error;
    const names = await readdir(path).catch(() => []);
    const below = names.filter((name) => existsSync(join(path, name, "meta"))).sort();
    if (below.length === 0) throw error;
    throw new UsageError(`${path} is above the data directories of brokers.`, `Name one of them: ${below.join(", ")}.`);
  }
}

/** Undefined is null, so that every field is always there. */
function jsonOf(report: DataDirectoryReport): unknown {
  return JSON.parse(JSON.stringify(report, (_key, value: unknown) => (value === undefined ? null : value)));
}

function headOf(report: DataDirectoryReport): string {
  const { meta, life, reserveBytes } = report;
  const state =
    report.state === "stopped" ? "stopped in order" : "a broker runs here, or the last one ended without closing";
  const rows: [string, string][] = [
    ["broker", meta === undefined ? "unknown" : `${meta.brokerId} of cluster ${meta.clusterId}`],
    ["directory id", meta?.directoryId ?? "unknown"],
    ["last life", life === undefined ? "unknown" : `broker epoch ${life.brokerEpoch}, incarnation ${life.incarnation}`],
    ["state", state],
    ["disk", `${grouped(report.freeBytes)} bytes free, ${grouped(reserveBytes ?? 0)} in reserve`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)}  ${printable(value)}\n`).join("");
}

function partitionTable(partitions: readonly PartitionReport[]): string {
  const right = { align: "right" } as const;
  const columns = [
    { title: "TOPIC" },
    { title: "PARTITION", ...right },
    { title: "SEGMENTS", ...right },
    { title: "BYTES", ...right },
    { title: "START", ...right },
    { title: "END", ...right },
    { title: "DURABLE", ...right },
    { title: "EPOCH", ...right },
    { title: "PRODUCERS", ...right },
    { title: "CLEANED TO", ...right },
    { title: "" },
  ];
  const rows = partitions.map((each): Cell[] => [
    each.topic ?? each.topicId,
    each.partition,
    each.segmentCount,
    each.sizeBytes,
    each.logStartOffset ?? null,
    each.logEndOffset ?? (each.segmentCount === 0 ? null : "damaged"),
    each.recoveryPoint ?? null,
    each.epochs.at(-1)?.epoch ?? null,
    each.producerCount ?? null,
    each.compaction?.cleanedTo ?? null,
    remarksOf(each),
  ]);
  return rows.length === 0 ? "" : formatTable(columns, rows);
}

function remarksOf(partition: PartitionReport): string {
  const remarks = [
    partition.problems.length > 0 && "PROBLEM",
    partition.wasClosed === false && "not closed in order",
    partition.isTorn && "torn tail",
    partition.lossyEndOffset !== undefined && "may have lost records",
  ];
  return remarks.filter((remark) => remark !== false).join(", ");
}

function problemsOf(report: DataDirectoryReport): string[] {
  const ofPartitions = report.partitions.flatMap((partition) => {
    const name = `${partition.topic ?? partition.topicId}-${partition.partition}`;
    return partition.problems.map((problem) => `${name} (${partition.directory}): ${problem}`);
  });
  return [...report.problems, ...ofPartitions];
}

function listOf(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${title}\n${lines.map((line) => `  ${printable(line)}\n`).join("")}`;
}

function totalOf({ totals }: DataDirectoryReport): string {
  const { partitions, segments, sizeBytes, withProblems } = totals;
  const verdict = withProblems === 0 ? "" : `, ${withProblems} with problems`;
  return `${counted(partitions, "partition")}, ${counted(segments, "segment")}, ${grouped(sizeBytes)} bytes${verdict}\n`;
}
