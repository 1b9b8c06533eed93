/** Prints the answer of a command to a program. */

import type { CommandContext } from "./command-context.js";
import type { OutputOptions } from "./command-options.js";
import { dataText } from "./print-answer.js";

/** Prints one JSON object on a line; one YAML document where that was asked for. */
export async function printJson(
  context: CommandContext,
  value: unknown,
  options: Pick<OutputOptions, "output"> = { output: "json" },
): Promise<void> {
  await context.stdout.write(dataText(options, value));
}
