/** Asks before something is destroyed or moved. Scripts say --yes; where nobody can be asked, nothing is done. */

import { type CommandContext, InputError, UsageError } from "./command-context.js";
import type { YesOptions } from "./command-options.js";
import { untilAborted } from "./until-aborted.js";

/**
 * Returns where the answer is yes.
 * @param question without its question mark: "Delete topic orders and its 1,200 records"
 * @throws UsageError where nobody can be asked; InputError where the answer is no
 */
export async function confirm(context: CommandContext, options: YesOptions, question: string): Promise<void> {
  if (options.yes === true) return;
  if (!context.isInteractive)
    throw new UsageError(
      `Nothing is done: '${question}' has to be confirmed, and there is no terminal to ask on.`,
      "Add --yes to do it without being asked.",
    );
  await context.stderr.write(`${question}? [y/N] `);
  const answer = (await firstLine(context)).trim().toLowerCase();
  if (answer !== "y" && answer !== "yes")
    throw new InputError("Nothing is done: the answer was not yes.", "Answer y, or add --yes.");
}

async function firstLine(context: CommandContext): Promise<string> {
  let text = "";
  for await (const chunk of untilAborted(context.stdin, context.signal)) {
    text += chunk.toString("utf8");
    if (text.includes("\n")) break;
  }
  // Ctrl-D ends no line on the terminal.
  if (!text.includes("\n")) await context.stderr.write("\n");
  return text.split("\n")[0] ?? "";
}
