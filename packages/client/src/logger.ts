/**
 * Where the client says what it does: the subset of pino's logger that it uses. Without one it says nothing.
 *
 * Levels: `debug` each retry, `info` changes of state, `warn` what may need somebody soon, `error` what the client gave up on.
 */

export interface Logger {
  /** What is of use to who looks for a fault: each retry. */
  debug(data: object, message: string): void;
  /** A change of state. */
  info(data: object, message: string): void;
  /** What may need somebody soon. */
  warn(data: object, message: string): void;
  /** What the client gave up on. */
  error(data: object, message: string): void;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
