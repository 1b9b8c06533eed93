/** Options that many commands take, and parsers of option values. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { type CommandContext, UsageError } from "./command-context.js";

/** Values of the options that `withClusterOptions` adds. */
export interface ClusterOptions {
  readonly brokers?: string;
  readonly output: "table" | "json";
}

/** Adds --brokers and -o to a command that asks a cluster. */
export function withClusterOptions(command: Command): Command {
  return withOutputOption(command).option(
    "--brokers <list>",
    "brokers to ask, for example host1:9092,host2:9092 (default: $SLUICE_BROKERS or localhost:9092)",
  );
}

/** Adds -o. */
export function withOutputOption(command: Command): Command {
  return command.addOption(
    new Option("-o, --output <format>", "table for people, json for programs")
      .choices(["table", "json"])
      .default("table"),
  );
}

/** Where the cluster is: the option, else the environment, else this machine. */
export function brokersOf(options: ClusterOptions, context: CommandContext): string {
  return options.brokers ?? (context.env.SLUICE_BROKERS || undefined) ?? "localhost:9092";
}

/**
 * The value of an option that a command cannot do without. Commander's own check would come before that of misspelled options, and hide
 * what is wrong.
 * @throws UsageError
 */
export function required<Value>(option: string, value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new UsageError(`${option} is missing.`, "Add it; --help says what it takes.");
}

/** Parser of whole numbers in [min, max]. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      max === Number.MAX_SAFE_INTEGER
        ? `It takes a whole number from ${min}.`
        : `It takes a whole number from ${min} to ${max}.`,
    );
  };
}

/** Parser of an option that is given once for each `key=value`. */
export function collectSetting(
  text: string,
  before: readonly { name: string; value: string }[] = [],
): readonly { name: string; value: string }[] {
  const separator = text.indexOf("=");
  if (separator <= 0) throw new InvalidArgumentError("It takes key=value.");
  return [...before, { name: text.slice(0, separator), value: text.slice(separator + 1) }];
}
