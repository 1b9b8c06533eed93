/**
 * A logger for programs that name a level and bring no logger: one JSON object a line on standard error, with pino's names.
 *
 * It is at the edge of the process; it never throws and never waits.
 */

import type { Logger } from "./logger.js";

/** pino's numbers. */
const numbers = { debug: 20, info: 30, warn: 40, error: 50 } as const;

/** @param write default: to standard error. */
export function stderrLogger(
  write: (line: string) => void = (line) => void process.stderr.write(line),
  nowMs: () => number = Date.now,
): Logger {
  const say =
    (level: keyof typeof numbers) =>
    (data: object, message: string): void =>
      write(
        `${JSON.stringify({ level: numbers[level], time: nowMs(), name: "sluice", ...data, msg: message }, plain)}\n`,
      );
  return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
}

/** Errors have no fields that JSON knows, and a bigint throws. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (!(value instanceof Error)) return value;
  const { code } = value as { code?: unknown };
  return { type: value.name, ...(code === undefined ? {} : { code }), message: value.message, stack: value.stack };
}
