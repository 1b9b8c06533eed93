/**
 * `sluice segment verify`: checks every segment below a directory, and only reads: checksums, offsets, and the indexes against the log.
 * Exit code 3 where something is damaged. A tail that was cut short and an index that is missing are no damage: the next start
 * of the broker mends them.
 */

import { relative, resolve } from "node:path";
import { NodeFileSystem, verifyLogDirectory } from "@sluice/log";
import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { withOutputOption } from "../../command-options.js";
import { exitCode } from "../../exit-code.js";
import { printJson } from "../../print-json.js";
import { formatTable } from "../../table.js";

interface VerifyOptions {
  readonly output: "table" | "json";
}

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command)
    .argument("<directory>", "a partition, a data directory, or a directory with some of these")
    .action((directory: string, options: VerifyOptions) => verify(resolve(directory), options, context));
}

async function verify(directory: string, options: VerifyOptions, context: CommandContext): Promise<void> {
  const findings = await verifyLogDirectory(new NodeFileSystem(), directory);
  const damaged = findings.filter(({ status }) => status === "corrupt").length;
  if (damaged > 0) context.setExitCode(exitCode.unhealthy);
  if (options.output === "json") return printJson(context, { files: findings.length, damaged, findings });
  const shown = findings.filter(({ status }) => status !== "ok");
  const rows = shown.map(({ path, status, problem }) => [relative(directory, path), status, problem]);
  const table =
    rows.length === 0 ? "" : formatTable([{ title: "FILE" }, { title: "STATUS" }, { title: "PROBLEM" }], rows);
  const verdict = damaged === 0 ? "none damaged" : `${damaged} damaged`;
  await context.stdout.write(`${table}${findings.length} files, ${verdict}\n`);
}
