/**
 * Entry of the `sluice` program: the only file of this package that reads arguments, environment and signals.
 *
 * The first SIGINT or SIGTERM asks the command to stop; the second ends the process at once.
 */

import { Interruption } from "./command-context.js";
import { describeFailure } from "./describe-failure.js";
import { exitCode } from "./exit-code.js";
import { NodeOutput } from "./node-output.js";
import { runProgram } from "./program.js";

const interrupt = new AbortController();
const hasColors = process.env.NO_COLOR === undefined || process.env.NO_COLOR === "";
// A dumb terminal shows control sequences as they are: it gets what a file would get.
const isDumb = process.env.TERM === "dumb";
// `sluice consume t | head` is no failure: the reader has what it wanted.
const onReaderGone = (): void => interrupt.abort(new Interruption("nobody reads the output", exitCode.ok));
// Output that got lost is a failure, also where the command had ended by then.
const onOutputFailed = (error: NodeJS.ErrnoException): void => {
  const { text } = describeFailure(Object.assign(error, { path: "Standard output" }));
  process.once("exit", () => {
    process.exitCode = exitCode.failed;
  });
  void stderr.write(`error: ${text}\n`);
  interrupt.abort(new Interruption("standard output failed", exitCode.failed));
};
const stdout = new NodeOutput(process.stdout, { hasColors, isDumb, onReaderGone, onFailed: onOutputFailed });
// Where not even errors can be said, the exit code is all that is left.
const nothing = (): void => undefined;
const stderr = new NodeOutput(process.stderr, { hasColors, isDumb, onReaderGone: nothing, onFailed: nothing });

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    const code = signal === "SIGINT" ? exitCode.interrupted : exitCode.terminated;
    if (interrupt.signal.aborted) process.exit(code);
    interrupt.abort(new Interruption(`stopped by ${signal}`, code));
  });
}

// The timers of the client keep no process alive, and a command may wait for nothing else: for the pause before a retry.
const keepAlive = setInterval(() => undefined, 0x7fff_ffff);
process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout,
  stderr,
  isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  signal: interrupt.signal,
});
clearInterval(keepAlive);
// A command that was stopped may leave standard input open, which would keep the process waiting for it.
if (interrupt.signal.aborted) process.exit();
