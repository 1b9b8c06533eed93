/** What a command knows of the process it runs in: streams, environment, and the signal to stop. */

import type { ExitCode } from "./exit-code.js";

/** One of the two standard outputs. */
export interface TextOutput {
  /** A person reads it, on a terminal that knows control sequences. */
  readonly isTerminal: boolean;
  /** Colours may be used. */
  readonly hasColors: boolean;
  /** Width of the terminal in characters; 80 where there is none. */
  readonly columns: number;
  /** Resolves when there is room for more. After the reader has gone it does nothing. */
  write(text: string): Promise<void>;
}

export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Buffer>;
  /** Data. */
  readonly stdout: TextOutput;
  /** Everything else: progress, remarks, errors. */
  readonly stderr: TextOutput;
  /** A person can be asked: standard input and standard error are a terminal. */
  readonly isInteractive: boolean;
  /** Aborts at Ctrl-C, at SIGTERM, and when nobody reads standard output any more. The reason is an `Interruption`. */
  readonly signal: AbortSignal;
  /** Says how the command ended where it neither failed nor went well. */
  setExitCode(code: ExitCode): void;
}

/** Why a command was asked to stop: the reason of `CommandContext.signal`. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line can never work as it is. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** What to do instead. */
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** What a command was given to read is not what it says it is. Exit code 1. */
export class InputError extends Error {
  override readonly name = "InputError";
  /** What to do next. */
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
