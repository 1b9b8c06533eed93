/** A command context for tests: what is written is kept, what is typed is given, nobody is asked unless told. */

import type { CommandContext, TextOutput } from "../command-context.js";
import type { ExitCode } from "../exit-code.js";

export interface FakeOutput extends TextOutput {
  text: string;
}

export interface FakeContext extends CommandContext {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  /** What `setExitCode` was last told. */
  exitCode: ExitCode | undefined;
  /** Stops the command. */
  readonly stop: AbortController;
}

export function fakeContext(
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly typed?: readonly string[];
    readonly isInteractive?: boolean;
    readonly isTerminal?: boolean;
  } = {},
): FakeContext {
  const stop = new AbortController();
  const { env = {}, typed = [], isInteractive = false, isTerminal = false } = options;
  const self: FakeContext = {
    env,
    stdin: typedText(typed),
    stdout: fakeOutput(isTerminal),
    stderr: fakeOutput(isTerminal),
    isInteractive,
    signal: stop.signal,
    stop,
    exitCode: undefined,
    setExitCode: (code) => {
      self.exitCode = code;
    },
  };
  return self;
}

export function fakeOutput(isTerminal: boolean): FakeOutput {
  const self: FakeOutput = {
    text: "",
    isTerminal,
    hasColors: isTerminal,
    columns: 80,
    write: async (text) => {
      self.text += text;
    },
  };
  return self;
}

async function* typedText(lines: readonly string[]): AsyncGenerator<Buffer> {
  for (const line of lines) yield Buffer.from(line);
}
