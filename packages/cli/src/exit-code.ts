/** Exit codes of `sluice`: they never change their meaning. */

export const exitCode = {
  ok: 0,
  /** The command could not do its work. */
  failed: 1,
  /** It was called in a way that can never work. */
  usage: 2,
  /** It did its work, and what it looked at is not well; or --dry-run found something that it would change. */
  unhealthy: 3,
  /** No answer in time: it may or may not have happened. */
  timeout: 4,
  /** Ctrl-C. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
