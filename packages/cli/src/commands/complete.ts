/**
 * `sluice __complete -- WORDS`: asked by the scripts of `sluice generate completion`. A candidate a line, its description behind a tab;
 * a line `:files` where file names would do.
 *
 * Whatever goes wrong, it says nothing: an error in the middle of a line that somebody types helps nobody.
 */

import type { Command } from "commander";
import type { CommandContext } from "../command-context.js";
import { complete } from "../completion/complete.js";
import { findNames } from "../completion/find-names.js";

export function configure(command: Command, context: CommandContext): void {
  command.argument("[words...]").action((words: readonly string[]) => answer(words, context));
}

async function answer(words: readonly string[], context: CommandContext): Promise<void> {
  try {
    const { candidates, files } = await complete(words.length === 0 ? [""] : words, context, (kind, before) =>
      findNames(kind, before, context),
    );
    const lines = candidates.map(({ value, description }) => `${value}\t${description.split("\n")[0] ?? ""}\n`);
    await context.stdout.write(`${lines.join("")}${files ? ":files\n" : ""}`);
  } catch {
    // No candidates.
  }
}
