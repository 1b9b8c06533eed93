/** Says of a path that a command of `segment` cannot take why that is. */

import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { isFileError, SluiceError } from "@sluice/model";
import { UsageError } from "../command-context.js";

/**
 * Always throws. `done`: what cannot be done with the file, as in "can be shown".
 * @throws UsageError where there is something of another kind; SluiceError FILE_NOT_FOUND; errors of the file system
 */
export async function refuseStoredFile(path: string, done: string): Promise<never> {
  if (await isDirectory(path)) {
    throw new UsageError(
      `${path} is a directory, and one file can be ${done} at a time.`,
      "Name a file in it. 'sluice segment verify' and 'sluice data-dir inspect' take directories.",
    );
  }
  throw new UsageError(
    `'${basename(path)}' is not the name of a file that can be ${done}.`,
    "'sluice segment dump --help' lists the names of the files of a broker.",
  );
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (!isFileError(error, "ENOENT") && !isFileError(error, "ENOTDIR")) throw error;
    throw new SluiceError("FILE_NOT_FOUND", { path }, { cause: error });
  }
}
