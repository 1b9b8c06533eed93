/** Prints what a command found: for people as text, for programs as one JSON object a line or one YAML document. */

import type { CommandContext } from "./command-context.js";
import { isForPrograms, type OutputOptions } from "./command-options.js";
import { formatYaml } from "./yaml.js";

/**
 * Prints an answer in the format that was asked for. The JSON and YAML shapes are documented in docs/command-line.md, and stay.
 * @param text what people read; called only for them
 */
export async function printAnswer(
  context: CommandContext,
  options: OutputOptions,
  answer: { readonly value: object; readonly text: () => string },
): Promise<void> {
  await context.stdout.write(isForPrograms(options) ? dataText(options, answer.value) : answer.text());
}

/** A value as JSON on a line or as a YAML document that begins with `---`, so that several may follow one another. */
export function dataText({ output }: Pick<OutputOptions, "output">, value: unknown): string {
  return output === "yaml" ? `---\n${formatYaml(value)}` : `${JSON.stringify(value)}\n`;
}

/** Says something to the person, on standard error, unless told to be quiet. */
export async function say(context: CommandContext, options: Pick<OutputOptions, "quiet">, text: string): Promise<void> {
  if (options.quiet !== true) await context.stderr.write(text);
}
