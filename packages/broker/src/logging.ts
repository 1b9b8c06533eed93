/**
 * Logging: the little that the broker asks of a logger, and pino as the one that it comes with.
 *
 * Messages are constant, data is in the object. `error`: an operator must act; `warn`: may become so; `info`: changes of
 * state; `debug`: single requests. Never the bytes of records.
 */

import { type DestinationStream, pino } from "pino";

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: Record<string, unknown>): Logger;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Logger that writes one JSON object a line to standard error, or to `destination`. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
