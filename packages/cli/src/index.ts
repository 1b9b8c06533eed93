/** Public door of @sluice/cli: the `sluice` program, run in this process. Its command line is the documented way in. */

export { type CommandContext, Interruption, type TextOutput } from "./command-context.js";
export { type CommandReference, commandReference, type OptionReference } from "./command-reference.js";
export { type ExitCode, exitCode } from "./exit-code.js";
export { runProgram } from "./program.js";
