/** Turns what a command threw into text for a person and an exit code. The text ends with what to do next. */

import { isFileError, isSluiceError } from "@sluice/model";
import { InputError, UsageError } from "./command-context.js";
import { type ExitCode, exitCode } from "./exit-code.js";

export interface Failure {
  /** One line that says what is wrong, then one that says what to do. No stack trace. */
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** Codes of errors that another command line would not have caused. */
const usageCodes: ReadonlySet<string> = new Set([
  "INVALID_TOPIC_NAME",
  "INVALID_GROUP_NAME",
  "INVALID_PARTITION_COUNT",
  "UNKNOWN_CONFIG_KEY",
  "INVALID_CONFIG_VALUE",
  "UNKNOWN_OPTION",
  "INVALID_OPTION",
]);

export function describeFailure(error: unknown): Failure {
  if (error instanceof UsageError) return { text: `${error.message}\n${error.hint}`, exitCode: exitCode.usage };
  if (error instanceof InputError) return { text: `${error.message}\n${error.hint}`, exitCode: exitCode.failed };
  if (isSluiceError(error)) {
    const code = usageCodes.has(error.code)
      ? exitCode.usage
      : error.code === "REQUEST_TIMED_OUT"
        ? exitCode.timeout
        : exitCode.failed;
    return { text: `${error.message} (${error.code})\n${error.hint}`, exitCode: code };
  }
  if (isFileError(error, "ENOENT")) return fileFailure(error, "does not exist", "Check the path.");
  if (isFileError(error, "EACCES")) return fileFailure(error, "may not be used", "Check who may read and write it.");
  if (isFileError(error, "EISDIR")) return fileFailure(error, "is a directory", "Name a file.");
  const message = error instanceof Error ? error.message : String(error);
  return {
    text: `${message}\nThis should not happen: please report it, with the command line that led to it.`,
    exitCode: exitCode.failed,
  };
}

function fileFailure(error: unknown, what: string, hint: string): Failure {
  const { path, message } = error as NodeJS.ErrnoException;
  return { text: `${path ?? message} ${what}.\n${hint}`, exitCode: exitCode.failed };
}
