/** Turns what a command threw into text for a person and an exit code. The text ends with what to do next. */

import { isSluiceError, type SluiceError } from "@sluice/model";
import { AdvisedError } from "./advice.js";
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

/** What is wrong with a path, and what to do, by the code of the file system's error. */
const fileFailures: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ["does not exist", "Check the path."],
  ENOTDIR: ["does not exist: a part of the path is a file", "Check the path."],
  EISDIR: ["is a directory", "Name a file."],
  ENAMETOOLONG: ["is longer than a path may be", "Check the path."],
  ELOOP: ["leads from one link to the next without an end", "Check the links in the path."],
  EACCES: ["may not be used", "Check who may read and write it."],
  EPERM: ["may not be used", "Check who may read and write it."],
  EROFS: ["may only be read", "Mount its file system for writing."],
  ENOSPC: ["has no room left", "Free some space on its disk."],
  EDQUOT: ["has no room left", "Free some space, or have the quota raised."],
  EMFILE: ["cannot be opened: this process has too many files open", "Raise the limit (ulimit -n)."],
  EIO: ["cannot be read or written: its disk fails", "Check the disk, and copy what can still be read."],
};

export function describeFailure(error: unknown): Failure {
  if (error instanceof AdvisedError) {
    const failure = describeFailure(error.cause);
    return { ...failure, text: `${failure.text}\n${error.advice}` };
  }
  if (error instanceof UsageError) return { text: `${error.message}\n${error.hint}`, exitCode: exitCode.usage };
  if (error instanceof InputError) return { text: `${error.message}\n${error.hint}`, exitCode: exitCode.failed };
  if (isSluiceError(error)) {
    const code = usageCodes.has(error.code) ? exitCode.usage : isTimeout(error) ? exitCode.timeout : exitCode.failed;
    return { text: `${error.message} (${error.code})\n${error.hint}${flagText(error)}`, exitCode: code };
  }
  const fileText = fileFailureText(error);
  if (fileText !== undefined) return { text: fileText, exitCode: exitCode.failed };
  const message = error instanceof Error ? error.message : String(error);
  return {
    text: `${message}\nThis should not happen: please report it, with the command line that led to it.`,
    exitCode: exitCode.failed,
  };
}

/** No answer in time: from one broker, or from the last of all that were asked. */
function isTimeout({ code, cause }: SluiceError): boolean {
  return code === "REQUEST_TIMED_OUT" || (code === "BROKER_UNREACHABLE" && isSluiceError(cause, "REQUEST_TIMED_OUT"));
}

/** Where a setting is meant by its key, how it is set from the command line. */
function flagText({ code, details }: SluiceError): string {
  const { option } = details;
  if (code !== "ADDRESS_IN_USE" || typeof option !== "string") return "";
  const words = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `\nThe flag is --${words}, the environment variable SLUICE_${words.replaceAll("-", "_").toUpperCase()}.`;
}

/** Undefined for an error that is none of a file. */
function fileFailureText(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "", path, message } = error as NodeJS.ErrnoException;
  const failure = Object.hasOwn(fileFailures, code) ? fileFailures[code] : undefined;
  if (failure === undefined) return undefined;
  const [what, hint] = failure;
  return path === undefined ? `${message}\n${hint}` : `${path} ${what}.\n${hint}`;
}
