/**
 * Checks of options that callers give as plain objects.
 *
 * TypeScript finds a misspelled option; plain JavaScript does not, and an option that is silently ignored costs somebody an
 * afternoon. So names are checked at run time, and the nearest name is said.
 */

import { nearestName, SluiceError } from "@sluice/model";

/**
 * Refuses names that are not options.
 * @param subject what the options belong to, as people say it: "a producer".
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION where `given` is not an object.
 */
export function checkOptionNames(subject: string, given: object | undefined, allowed: readonly string[]): void {
  if (given === undefined) return;
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new SluiceError("INVALID_OPTION", { option: "options", subject, reason: "it takes an object" });
  for (const option in given) {
    if (!allowed.includes(option))
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
