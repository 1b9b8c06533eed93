/**
 * `sluice segment verify`: checks files of logs, and only reads: checksums, offsets, indexes, producer snapshots, the epoch checkpoint
 * and the other small files against the log. Exit code 3 where something is damaged. A tail that was cut short, a file that is
 * missing or that a crash left behind is no damage: the next start of the broker mends it.
 */

import { relative, resolve } from "node:path";
import { NodeFileSystem, parseStoredFileName, type VerificationFinding, verifyLogDirectory } from "@sluice/log";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { isForPrograms, type OutputFormat, withOutputOption } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { printJson } from "../../print-json.js";
import { isFile } from "../../segment/is-file.js";
import { refuseStoredFile } from "../../segment/refuse-stored-file.js";
import { formatTable } from "../../table.js";

interface VerifyOptions {
  readonly output: OutputFormat;
  readonly all?: true;
  readonly compacted?: true;
}

const examples = `
Examples:
  sluice segment verify ./sluice-data/broker-1
  sluice segment verify ./5b0f2c4e-1d2a-4c3b-9e8f-0a1b2c3d4e5f-0 --all
  sluice segment verify 00000000000000000000.log

Exit code 3: something is damaged; 1: it could not be checked. It is safe beside a running broker.`;

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .argument("<path>", "a file, a partition, a data directory, or a directory with some of these")
    .option("--all", "list also the files that are well")
    .option("--compacted", "take offsets that are missing inside a segment as removed by compaction")
    .addHelpText("after", examples)
    .action((path: string, options: VerifyOptions) => verify(resolve(path), options, context));
}

async function verify(path: string, options: VerifyOptions, context: CommandContext): Promise<void> {
  const isCompacted = options.compacted === true;
  if (parseStoredFileName(path) === undefined && (await isFile(path))) await refuseStoredFile(path, "checked");
  const findings = await verifyLogDirectory(new NodeFileSystem(), path, { isCompacted });
  const damaged = findings.filter(({ status }) => status === "corrupt").length;
  if (damaged > 0) context.setExitCode(exitCode.unhealthy);
  if (isForPrograms(options)) return printJson(context, { files: findings.length, damaged, findings }, options);
  const shown = findings.filter(({ status }) => options.all === true || status !== "ok");
  const rows = shown.map((finding) => [relative(path, finding.path) || ".", finding.status, finding.problem]);
  const table =
    rows.length === 0 ? "" : formatTable([{ title: "FILE" }, { title: "STATUS" }, { title: "PROBLEM" }], rows);
  await context.stdout.write(`${table}${summaryOf(findings, damaged)}\n`);
}

function summaryOf(findings: readonly VerificationFinding[], damaged: number): string {
  const files = findings.length === 1 ? "1 file" : `${findings.length} files`;
  const others = [
    ["tornTail", "torn"],
    ["missing", "missing"],
    ["leftover", "left over"],
  ].flatMap(([status, words]) => {
    const count = findings.filter((finding) => finding.status === status).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  return [files, ...others, damaged === 0 ? "none damaged" : `${damaged} damaged`].join(", ");
}
