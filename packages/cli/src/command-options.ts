/** Options that many commands take, and parsers of option values. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "./command-context.js";

/** Tables for people, with more columns in `wide`; `json` and `yaml` for programs. */
export type OutputFormat = "table" | "wide" | "json" | "yaml";

/** Values of the options that `withOutputOption` adds. */
export interface OutputOptions {
  readonly output: OutputFormat;
  readonly quiet?: true | undefined;
}

/** Values of the options that `withClusterOptions` adds. */
export interface ClusterOptions extends OutputOptions {
  readonly brokers?: string | undefined;
  readonly context?: string | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly verbose?: true | undefined;
}

/** The value of the option that `withYesOption` adds. */
export interface YesOptions {
  readonly yes?: true | undefined;
}

const timeoutMsMax = 3_600_000;

/** Heading in the help of the options that every command has, behind its own. */
export const sharedHeading = "Options of all commands:";

/** Adds what a command needs that asks a cluster: --brokers, --context, --timeout, -v, and those of `withOutputOption`. */
export function withClusterOptions(command: Command): Command {
  return withOutputOption(command)
    .addOption(
      shared(
        "--brokers <list>",
        "brokers to ask, as host1:9092,host2:9092 (default: $SLUICE_BROKERS, else the context, else localhost:9092)",
      ),
    )
    .addOption(
      shared("--context <name>", "context to take the brokers from (default: $SLUICE_CONTEXT, else the current one)"),
    )
    .addOption(
      shared("--timeout <time>", "how long an answer may take, as 500ms, 5s or 1m (default: 30s)").argParser(
        durationBetween(1, timeoutMsMax),
      ),
    )
    .addOption(shared("-v, --verbose", "say on standard error what is asked of which broker"));
}

/** Adds -o, -q and --no-color. */
export function withOutputOption(command: Command): Command {
  return command
    .addOption(
      shared("-o, --output <format>", "table or wide for people, json or yaml for programs")
        .choices(["table", "wide", "json", "yaml"])
        .default("table"),
    )
    .addOption(shared("-q, --quiet", "no remarks on standard error, only errors"))
    .addOption(shared("--no-color", "no colours (also with NO_COLOR in the environment)"));
}

function shared(flags: string, description: string): Option {
  return new Option(flags, description).helpGroup(sharedHeading);
}

/** Adds --yes to a command that asks before it destroys something. */
export function withYesOption(command: Command): Command {
  return command.option("-y, --yes", "do it without asking, as a script must");
}

/** True where the answer is for a program: nothing but data goes to standard output. */
export function isForPrograms({ output }: Pick<OutputOptions, "output">): boolean {
  return output === "json" || output === "yaml";
}

/**
 * The value of an option that a command cannot do without. Commander's own check would come before that of misspelled options, and hide
 * what is wrong.
 * @throws UsageError
 */
export function required<Value>(
  option: string,
  value: Value | undefined,
  hint = "Add it; --help says what it takes.",
): Value {
  if (value !== undefined) return value;
  throw new UsageError(`${option} is missing.`, hint);
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

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of `500ms`, `1.5s`, `2m`, `1h`, `7d` or `1w`; undefined where it is none of them. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text);
  if (match === null) return undefined;
  const ms = Math.round(Number(match[1]) * (unitMs[match[2] ?? ""] ?? Number.NaN));
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** Parser of durations, to milliseconds in [minMs, maxMs]. A number without a unit is refused: nobody agrees what it means. */
export function durationBetween(minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    const ms = durationMs(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    throw new InvalidArgumentError(
      `It takes a time with its unit, as 500ms, 5s or 1m, from ${minMs}ms to ${maxMs / 1000}s.`,
    );
  };
}

const suffixFactor: Readonly<Record<string, number>> = { k: 1000, m: 1_000_000, g: 1_000_000_000 };

/** Parser of counts such as `500`, `1k` or `2.5M`. */
export function countBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const match = /^(\d+(?:\.\d+)?)([kmg])?$/i.exec(text);
    const value = match === null ? Number.NaN : Number(match[1]) * (suffixFactor[(match[2] ?? "").toLowerCase()] ?? 1);
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      max === Number.MAX_SAFE_INTEGER
        ? `It takes a number from ${min}, as 500, 1k or 2M.`
        : `It takes a number from ${min} to ${max}, as 500, 1k or 2M.`,
    );
  };
}

/** Parser of a rate: records a second, as `500`, `1k` or `1k/s`. */
export function parseRate(text: string): number {
  try {
    return countBetween(1, 1_000_000_000)(text.replace(/\/s$/, ""));
  } catch {
    throw new InvalidArgumentError("It takes records a second, as 500, 1k or 1k/s.");
  }
}

/** Parser of a regular expression. */
export function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    throw new InvalidArgumentError(`It takes a regular expression: ${(error as Error).message}.`);
  }
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

/** Parser of an option that is given several times. */
export function collectText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Parser of partitions: `0` or `0,1,2`; also several times. */
export function collectPartitions(text: string, before: readonly number[] = []): readonly number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError("It takes partitions, as 0 or 0,1,2.");
  const partitions = text.split(",").map(Number);
  if (partitions.some((partition) => !Number.isSafeInteger(partition)))
    throw new InvalidArgumentError("The partition is too large.");
  return [...new Set([...before, ...partitions])];
}

/** Parser of the id of a broker. */
export const brokerId: (text: string) => number = integerBetween(0, 0x7fff_fffe);

/** Parser of brokers, the preferred leader first: `1,2,3`. */
export function parseBrokers(text: string): readonly number[] {
  if (!/^\d+(,\d+)*$/.test(text))
    throw new InvalidArgumentError("It takes ids of brokers, as 1,2,3, the preferred leader first.");
  return text.split(",").map(brokerId);
}
