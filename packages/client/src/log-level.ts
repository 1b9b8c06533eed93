/** How much the client says, and the logger that it has where the program gives it none. */

import { SluiceError } from "@sluice/model";
import { type Logger, silentLogger } from "./logger.js";
import { choiceOption } from "./option-check.js";

/** From much to nothing. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Levels by the names that kafkajs has for them. */
export const logLevel = {
  NOTHING: "silent",
  ERROR: "error",
  WARN: "warn",
  INFO: "info",
  DEBUG: "debug",
} as const satisfies Record<string, LogLevel>;

const order = ["debug", "info", "warn", "error"] as const;
const subject = "Sluice";

/**
 * The logger for what a program asked for: its own, from the level that it named on; without one, one that is made with
 * `makeDefault`, where it named a level, else none.
 * @throws SluiceError INVALID_OPTION
 */
export function loggerFor(
  options: { readonly logger?: Logger | undefined; readonly logLevel?: LogLevel | undefined },
  makeDefault: () => Logger,
): Logger {
  if (options.logger !== undefined) checkLogger(options.logger);
  const fallback = options.logger === undefined ? "silent" : "debug";
  const level = choiceOption({ subject, option: "logLevel" }, options.logLevel, {
    fallback,
    choices: [...order, "silent"],
  });
  if (level === "silent") return silentLogger;
  const logger = options.logger ?? makeDefault();
  if (level === "debug") return logger;
  const said = new Set<string>(order.slice(order.indexOf(level)));
  return {
    debug: (data, message) => (said.has("debug") ? logger.debug(data, message) : undefined),
    info: (data, message) => (said.has("info") ? logger.info(data, message) : undefined),
    warn: (data, message) => (said.has("warn") ? logger.warn(data, message) : undefined),
    error: (data, message) => logger.error(data, message),
  };
}

function checkLogger(logger: Logger): void {
  const missing = order.find((level) => typeof (logger as Partial<Logger> | null)?.[level] !== "function");
  if (missing === undefined) return;
  const reason = `it takes an object with debug, info, warn and error, and ${missing} is not a function`;
  throw new SluiceError("INVALID_OPTION", { option: "logger", subject, reason });
}
