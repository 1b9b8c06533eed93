/** Prints the answer of a command to a program. */

import type { CommandContext } from "./command-context.js";

/** Prints one JSON object on a line. */
export async function printJson(context: CommandContext, value: unknown): Promise<void> {
  await context.stdout.write(`${JSON.stringify(value)}\n`);
}
