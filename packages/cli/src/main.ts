/**
 * Entry of the `sluice` program: the only file of this package that reads arguments, environment and signals.
 *
 * The first SIGINT or SIGTERM asks the command to stop; the second ends the process at once.
 */

import { Interruption } from "./command-context.js";
import { exitCode } from "./exit-code.js";
import { NodeOutput } from "./node-output.js";
import { runProgram } from "./program.js";

const interrupt = new AbortController();
const hasColors = process.env.NO_COLOR === undefined || process.env.NO_COLOR === "";
// `sluice consume t | head` is no failure: the reader has what it wanted.
const onReaderGone = (): void => interrupt.abort(new Interruption("nobody reads the output", exitCode.ok));
const stdout = new NodeOutput(process.stdout, { hasColors, onReaderGone });
const stderr = new NodeOutput(process.stderr, { hasColors, onReaderGone: () => undefined });

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    const number = signal === "SIGINT" ? 130 : 143;
    if (interrupt.signal.aborted) process.exit(number);
    interrupt.abort(new Interruption(`stopped by ${signal}`, exitCode.interrupted));
  });
}

// The timers of the client keep no process alive, and a command may wait for nothing else: for the pause before a retry.
const keepAlive = setInterval(() => undefined, 0x7fff_ffff);
process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout,
  stderr,
  signal: interrupt.signal,
});
clearInterval(keepAlive);
// A command that was stopped may leave standard input open, which would keep the process waiting for it.
if (interrupt.signal.aborted) process.exit();
