/** Logger port of a simulated broker: every line is a line of the timeline. */

import type { Logger } from "@sluice/broker";
import { isSluiceError } from "@sluice/model";
import type { Trace } from "../kernel/trace.js";

export function traceLogger(trace: Trace, name: string, bound: Record<string, unknown> = {}): Logger {
  const tell =
    (level: string) =>
    (fields: object, message: string): void =>
      trace.tell(name, `${level}${message}${textOf({ ...bound, ...fields })}`);
  return {
    debug: (fields, message) => trace.note(`${name} ${message}${textOf({ ...bound, ...fields })}`),
    info: tell(""),
    warn: tell("WARN "),
    error: tell("ERROR "),
    child: (fields) => traceLogger(trace, name, { ...bound, ...withoutBroker(fields) }),
  };
}

/** Every line of a broker names it already. */
function withoutBroker(fields: Record<string, unknown>): Record<string, unknown> {
  const { broker: _broker, ...others } = fields;
  return others;
}

function textOf(fields: object): string {
  const texts = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`);
  return texts.length === 0 ? "" : ` {${texts.join(" ")}}`;
}

function valueText(value: unknown): string {
  if (isSluiceError(value)) return `${value.code} (${value.message})`;
  if (value instanceof Error) return value.stack ?? value.message;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
