/** Keeps a server running until it is asked to stop, and ends it within a bound. */

import type { CommandContext } from "./command-context.js";
import { describeFailure } from "./describe-failure.js";
import { exitCode } from "./exit-code.js";

/** What stopping may take beyond the time that clients are given: closing files, leaving the cluster. */
const closingMs = 10_000;

/** Waits for the signal, then for `close`, at most `graceMs` and ten seconds. A stop that fails is told, and exit code 1. */
export async function stopOnSignal(
  context: CommandContext,
  graceMs: number,
  close: () => Promise<void>,
): Promise<void> {
  const { signal } = context;
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  let timer: NodeJS.Timeout | undefined;
  const isLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, graceMs + closingMs, true);
  });
  try {
    if (!(await Promise.race([close().then(() => false), isLate]))) return;
    await context.stderr.write("error: it did not stop in time, and is ended.\nThe next start checks what it left.\n");
    context.setExitCode(exitCode.failed);
  } catch (error) {
    // Thrown on, it would pass for the way out of a command that was interrupted.
    await context.stderr.write(`error: it did not stop in order: ${describeFailure(error).text}\n`);
    context.setExitCode(exitCode.failed);
  } finally {
    clearTimeout(timer);
  }
}
