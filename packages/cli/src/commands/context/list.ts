/** `sluice context list`. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { type OutputOptions, withOutputOption } from "../../command-options.js";
import { contextPath, readContexts } from "../../contexts/context-file.js";
import { printAnswer } from "../../print-answer.js";
import { formatTable } from "../../table.js";

export function configure(command: Command, context: CommandContext): void {
  withOutputOption(command).action((options: OutputOptions) => list(options, context));
}

async function list(options: OutputOptions, context: CommandContext): Promise<void> {
  const path = contextPath(context.env);
  const { contexts, current } = await readContexts(path);
  const shown = Object.entries(contexts)
    .map(([name, { brokers }]) => ({ context: name, brokers, current: name === current }))
    .sort((left, right) => (left.context < right.context ? -1 : 1));
  await printAnswer(context, options, {
    value: { file: path, contexts: shown },
    text: () =>
      shown.length === 0
        ? "There are no contexts. 'sluice context create NAME --brokers host:9092' makes one.\n"
        : formatTable(
            [{ title: "CONTEXT" }, { title: "BROKERS" }, { title: "" }],
            shown.map((row) => [row.context, row.brokers, row.current ? "current" : ""]),
          ),
  });
}
