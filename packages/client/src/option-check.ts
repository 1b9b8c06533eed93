/**
 * Checks of options that callers give as plain objects.
 *
 * TypeScript finds a misspelled option; plain JavaScript does not, and an option that is silently ignored costs somebody an
 * afternoon. So names are checked at run time, and the nearest name is said.
 */

import { nearestName, SluiceError } from "@sluice/model";

/** Options that programs written for kafkajs have and Sluice does not: why not, and what to do instead, as a sentence. */
export type ReplacedOptions = Readonly<Record<string, { readonly reason: string; readonly replacement: string }>>;

const noneReplaced: ReplacedOptions = {};

/**
 * Refuses names that are not options.
 * @param subject what the options belong to, as people say it: "a producer".
 * @param replaced names that get an answer of their own; `kafkajs-options.ts` has them.
 * @throws SluiceError UNKNOWN_OPTION, REPLACED_OPTION, INVALID_OPTION where `given` is not an object.
 */
export function checkOptionNames(
  subject: string,
  given: object | undefined,
  allowed: readonly string[],
  replaced: ReplacedOptions = noneReplaced,
): void {
  if (given === undefined) return;
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new SluiceError("INVALID_OPTION", { option: "options", subject, reason: "it takes an object" });
  for (const option in given) {
    if (allowed.includes(option)) continue;
    const known = Object.hasOwn(replaced, option) ? replaced[option] : undefined;
    // An option that is not set asks for nothing, whatever its name.
    if (known !== undefined && (given as Record<string, unknown>)[option] === undefined) continue;
    if (known !== undefined) throw new SluiceError("REPLACED_OPTION", { option, subject, ...known });
    throw new SluiceError("UNKNOWN_OPTION", { option, subject, nearest: nearestName(option, allowed) });
  }
}

/**
 * `value`, or `fallback` where it is undefined.
 * @throws SluiceError INVALID_OPTION unless it is a whole number in [min, max].
 */
export function integerOption(
  where: { readonly subject: string; readonly option: string },
  value: number | undefined,
  limits: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  if (value === undefined) return limits.fallback;
  if (!Number.isSafeInteger(value) || value < limits.min || value > limits.max)
    throw new SluiceError("INVALID_OPTION", {
      ...where,
      reason: `it takes a whole number from ${limits.min} to ${limits.max}, not ${String(value)}`,
    });
  return value;
}

/**
 * `value`, or `fallback` where it is undefined.
 * @throws SluiceError INVALID_OPTION unless it is one of `choices`.
 */
export function choiceOption<const Choice extends string>(
  where: { readonly subject: string; readonly option: string },
  value: Choice | undefined,
  options: { readonly fallback: NoInfer<Choice>; readonly choices: readonly Choice[] },
): Choice {
  if (value === undefined) return options.fallback;
  if (!options.choices.includes(value))
    throw new SluiceError("INVALID_OPTION", {
      ...where,
      reason: `it takes ${options.choices.join(", ")}, not ${String(value)}`,
    });
  return value;
}
