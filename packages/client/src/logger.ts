/**
 * Where the client says what it does: the subset of pino's logger that it uses. Without one it says nothing.
 *
 * Levels: `debug` each retry, `info` changes of state, `warn` what may need somebody soon, `error` what the client gave up on.
 */

export interface Logger {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
